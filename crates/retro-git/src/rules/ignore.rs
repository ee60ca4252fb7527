//! What is ignored: `.gitignore` files, read as git reads them.

use std::sync::Arc;

use super::rule_pattern::{RulePattern, lines};

/// The rules of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct IgnoreRules(Vec<Rule>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    pattern: RulePattern,
    ignores: bool,
}

impl IgnoreRules {
    pub(crate) fn parse(text: &[u8]) -> Self {
        Self(lines(text).filter_map(parse_line).collect())
    }

    /// Whether the last rule that matches ignores the path, given from this file's folder on; `None`
    /// when no rule matches.
    fn verdict(&self, path: &[u8], is_folder: bool) -> Option<bool> {
        self.0
            .iter()
            .rev()
            .find(|rule| (is_folder || !rule.pattern.only_folders) && rule.pattern.matches(path))
            .map(|rule| rule.ignores)
    }
}

fn parse_line(line: &[u8]) -> Option<Rule> {
    let line = without_trailing_spaces(line);
    if line.is_empty() || line.starts_with(b"#") {
        return None;
    }
    let (text, ignores) = match line.strip_prefix(b"!") {
        Some(rest) => (rest, false),
        None => (line, true),
    };
    (!text.is_empty()).then(|| Rule {
        pattern: RulePattern::new(text),
        ignores,
    })
}

/// Trailing spaces do not count unless a backslash stands before them.
fn without_trailing_spaces(line: &[u8]) -> &[u8] {
    let mut end = line.len();
    while end > 0 && line[end - 1] == b' ' {
        let backslashes = line[..end - 1]
            .iter()
            .rev()
            .take_while(|&&b| b == b'\\')
            .count();
        if backslashes % 2 == 1 {
            break;
        }
        end -= 1;
    }
    &line[..end]
}

/// The rules in force in one folder: those of its own file and of every folder above it, and the
/// rules that hold everywhere.
#[derive(Clone, Default)]
pub(crate) struct IgnoreStack {
    /// From weakest to strongest, each with the length of its folder's path, slash included.
    levels: Vec<(usize, Arc<IgnoreRules>)>,
}

impl IgnoreStack {
    pub(crate) fn new(everywhere: Arc<IgnoreRules>) -> Self {
        Self {
            levels: vec![(0, everywhere)],
        }
    }

    /// Puts the rules of the folder whose path, with a slash at its end unless it is the root, has
    /// this length.
    pub(crate) fn push(&mut self, prefix: usize, rules: Arc<IgnoreRules>) {
        self.levels.push((prefix, rules));
    }

    pub(crate) fn pop(&mut self) {
        self.levels.pop();
    }

    /// Whether `path`, whole and below none that is ignored, is ignored.
    pub(crate) fn ignores(&self, path: &[u8], is_folder: bool) -> bool {
        self.levels
            .iter()
            .rev()
            .find_map(|(prefix, rules)| rules.verdict(&path[*prefix..], is_folder))
            .unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rules: &str, path: &str, is_folder: bool, expected: bool) {
        let stack = IgnoreStack::new(Arc::new(IgnoreRules::parse(rules.as_bytes())));
        let ignored = stack.ignores(path.as_bytes(), is_folder);
        assert_eq!(ignored, expected, "{rules:?} on {path:?}");
    }

    #[test]
    fn rules_are_read_as_git_reads_them() {
        for (rules, path, is_folder, expected) in [
            ("*.o", "a/b.o", false, true),
            ("/*.o", "a/b.o", false, false),
            ("/*.o", "b.o", false, true),
            ("target/", "a/target", true, true),
            ("target/", "a/target", false, false),
            ("a/b", "a/b", false, true),
            ("a/b", "x/a/b", false, false),
            ("*.o\n!keep.o", "keep.o", false, false),
            ("!keep.o\n*.o", "keep.o", false, true),
            ("# x", "# x", false, false),
            ("\\#x", "#x", false, true),
            ("\\!x", "!x", false, true),
            ("x  ", "x", false, true),
            ("x\\ ", "x ", false, true),
            ("x\r\n", "x", false, true),
            ("\u{feff}x", "x", false, true),
            ("x/**", "x/y", false, true),
            ("!", "!", false, false),
        ] {
            check(rules, path, is_folder, expected);
        }
    }

    #[test]
    fn the_deepest_file_with_a_matching_rule_decides() {
        let rules = |text: &str| Arc::new(IgnoreRules::parse(text.as_bytes()));
        let mut stack = IgnoreStack::new(rules("*.log"));
        stack.push(2, rules("!/important.log"));
        assert!(!stack.ignores(b"a/important.log", false));
        assert!(stack.ignores(b"a/other.log", false));
        stack.pop();
        assert!(stack.ignores(b"a/important.log", false));
    }
}
