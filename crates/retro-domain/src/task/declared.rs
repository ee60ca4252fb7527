//! What an executor says of its work, in a file that it writes.

use crate::CommitId;

const MAX_BYTES: usize = 256 * 1024;
const MAX_SUMMARY: usize = 8 * 1024;
const MAX_FILES: usize = 5_000;
const MAX_PATH: usize = 1_024;

/// What an executor declares. Nothing is ever taken from what it prints.
///
/// The file is UTF-8. Each line is a name, a colon and a value; empty lines and lines that start with
/// `#` say nothing:
///
/// ```text
/// Pushed-Commit: 40 or 64 hexadecimal digits, once at most
/// Summary: a line for people; several are the lines of one text
/// File: a path that was changed, relative to the work tree's root; as many as there are
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DeclaredResult {
    /// The commit that the executor pushed by itself.
    pub pushed_commit: Option<CommitId>,
    /// What it did, for people.
    pub summary: Option<String>,
    /// The files that it changed.
    pub files: Vec<String>,
}

/// A file declares nothing that can be used. All of it is left aside.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the executor's result file: {why}")]
pub struct DeclaredFault {
    /// The line, from 1; 0 for the file as a whole.
    pub line: usize,
    /// What is wrong.
    pub why: &'static str,
}

impl DeclaredResult {
    /// Reads the file. An empty one declares nothing.
    ///
    /// # Errors
    ///
    /// When it is longer than 256 KiB or no UTF-8, or a line is not as described.
    pub fn parse(bytes: &[u8]) -> Result<Self, DeclaredFault> {
        let whole = |why| DeclaredFault { line: 0, why };
        if bytes.len() > MAX_BYTES {
            return Err(whole("it is longer than 256 KiB"));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| whole("it is not UTF-8"))?;
        let mut found = Self::default();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim_end();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            found.read(line).map_err(|why| DeclaredFault {
                line: index + 1,
                why,
            })?;
        }
        Ok(found)
    }

    fn read(&mut self, line: &str) -> Result<(), &'static str> {
        let (name, value) = line
            .split_once(':')
            .ok_or("it has no colon; write NAME: VALUE")?;
        let value = value.trim();
        if value.chars().any(char::is_control) {
            return Err("it has a control character in it");
        }
        match name {
            "Pushed-Commit" => {
                let commit = value.parse();
                let commit = commit.map_err(|_| "it names no full commit id")?;
                match self.pushed_commit.replace(commit) {
                    Some(before) if before != commit => Err("another commit was named before"),
                    _ => Ok(()),
                }
            }
            "Summary" => {
                let summary = self.summary.get_or_insert_default();
                if !summary.is_empty() {
                    summary.push('\n');
                }
                summary.push_str(value);
                if summary.len() > MAX_SUMMARY {
                    return Err("the summary is longer than 8 KiB");
                }
                Ok(())
            }
            "File" => {
                let is_inner = !value.split('/').any(|part| matches!(part, "" | "." | ".."));
                if !is_inner || value.len() > MAX_PATH {
                    return Err("it is no path within the work tree");
                }
                if self.files.len() == MAX_FILES {
                    return Err("there are more than 5,000 files");
                }
                self.files.push(value.to_owned());
                Ok(())
            }
            _ => Err("its name is not known; known are Pushed-Commit, Summary and File"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, line: usize, why: &str) {
        let fault = DeclaredResult::parse(text.as_bytes()).unwrap_err();
        assert!(fault.line == line && fault.why.contains(why), "{fault}");
    }

    #[test]
    fn what_is_declared_is_read() {
        let id = "a9".repeat(20);
        let text = format!(
            "# by the agent\r\nPushed-Commit: {id}\r\n\nSummary: two\nSummary: lines\n\
             File: src/a b.rs\nFile: x: y\n"
        );
        let expected = DeclaredResult {
            pushed_commit: Some(id.parse().unwrap()),
            summary: Some("two\nlines".to_owned()),
            files: vec!["src/a b.rs".to_owned(), "x: y".to_owned()],
        };
        assert_eq!(DeclaredResult::parse(text.as_bytes()), Ok(expected));
        assert_eq!(DeclaredResult::parse(b""), Ok(DeclaredResult::default()));
    }

    #[test]
    fn nothing_is_guessed() {
        let id = "a9".repeat(20);
        check("I pushed it.", 1, "no colon");
        check("\nI pushed commit: a9a9a9a", 2, "not known");
        check("Pushed-Commit: a9a9a9a", 1, "no full commit id");
        check(&format!("pushed-commit: {id}"), 1, "not known");
        let other = "b8".repeat(20);
        let two = format!("Pushed-Commit: {id}\nPushed-Commit: {other}");
        check(&two, 2, "another commit");
        for path in ["/etc/passwd", "../x", "a//b", "a/./b", ""] {
            check(&format!("File: {path}"), 1, "no path");
        }
        check("Summary: \x1b[31mred", 1, "control character");
        check(&"File: a\n".repeat(5_001), 5_001, "5,000");
        check(&format!("Summary: {}", "x".repeat(9_000)), 1, "8 KiB");
        check(&"#".repeat(300_000), 0, "256 KiB");
        assert!(DeclaredResult::parse(b"\xff").is_err());
    }

    proptest! {
        #[test]
        fn anything_is_survived(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            drop(DeclaredResult::parse(&bytes));
        }
    }
}
