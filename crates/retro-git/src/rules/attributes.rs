//! Attributes of paths: `.gitattributes` files, read as git reads them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::rule_pattern::{RulePattern, lines};

/// The attributes that one file sets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AttributeFile {
    lines: Vec<Line>,
    macros: BTreeMap<Vec<u8>, Vec<(Vec<u8>, State)>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    pattern: RulePattern,
    settings: Vec<(Vec<u8>, State)>,
}

/// What a path has of an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// `name`
    Set,
    /// `-name`
    Unset,
    /// `!name`
    Unspecified,
    /// `name=value`
    Value(Vec<u8>),
}

impl AttributeFile {
    pub(crate) fn parse(text: &[u8]) -> Self {
        let mut file = Self::default();
        for line in lines(text) {
            let line = line.trim_ascii_start();
            if let Some(rest) = line.strip_prefix(b"[attr]") {
                let mut words = words(rest);
                if let Some(name) = words.next() {
                    let settings = words.map(parse_setting).collect();
                    file.macros.insert(name.to_vec(), settings);
                }
            } else if let Some((pattern, rest)) = split_pattern(line)
                // Negative patterns are forbidden in attribute files; git leaves them out.
                && !pattern.starts_with(b"!")
            {
                file.lines.push(Line {
                    pattern: RulePattern::new(&pattern),
                    settings: words(rest).map(parse_setting).collect(),
                });
            }
        }
        file
    }
}

fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| b" \t\r".contains(byte))
        .filter(|word| !word.is_empty())
}

fn parse_setting(word: &[u8]) -> (Vec<u8>, State) {
    match word {
        [b'-', name @ ..] => (name.to_vec(), State::Unset),
        [b'!', name @ ..] => (name.to_vec(), State::Unspecified),
        _ => match word.iter().position(|&byte| byte == b'=') {
            Some(at) => (word[..at].to_vec(), State::Value(word[at + 1..].to_vec())),
            None => (word.to_vec(), State::Set),
        },
    }
}

/// The pattern, unquoted, and what follows it; `None` for a line without one.
fn split_pattern(line: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    match line {
        [] | [b'#', ..] => None,
        [b'"', rest @ ..] => {
            let mut pattern = Vec::new();
            let mut at = 0;
            loop {
                match *rest.get(at)? {
                    b'"' => return Some((pattern, &rest[at + 1..])),
                    b'\\' => {
                        at += 1;
                        let escaped = *rest.get(at)?;
                        pattern.push(match escaped {
                            b'a' => 7,
                            b'b' => 8,
                            b'f' => 12,
                            b'n' => b'\n',
                            b'r' => b'\r',
                            b't' => b'\t',
                            b'v' => 11,
                            b'0'..=b'3' => {
                                let digits = std::str::from_utf8(rest.get(at..at + 3)?).ok()?;
                                at += 2;
                                u8::from_str_radix(digits, 8).ok()?
                            }
                            other => other,
                        });
                    }
                    byte => pattern.push(byte),
                }
                at += 1;
            }
        }
        _ => {
            let end = line
                .iter()
                .position(|byte| b" \t".contains(byte))
                .unwrap_or(line.len());
            Some((line[..end].to_vec(), &line[end..]))
        }
    }
}

/// The attribute files in force in one folder.
#[derive(Clone, Default)]
pub(crate) struct AttributeStack {
    /// From weakest to strongest, each with the length of its folder's path, slash included.
    levels: Vec<(usize, Arc<AttributeFile>)>,
}

impl AttributeStack {
    /// Puts the file of the folder whose path, with a slash at its end unless it is the root, has this
    /// length.
    pub(crate) fn push(&mut self, prefix: usize, file: Arc<AttributeFile>) {
        self.levels.push((prefix, file));
    }

    pub(crate) fn pop(&mut self) {
        self.levels.pop();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.levels.is_empty()
    }

    /// Everything that is set on the file with this whole path.
    pub(crate) fn of(&self, path: &[u8]) -> BTreeMap<Vec<u8>, State> {
        let mut found = BTreeMap::new();
        for (prefix, file) in self.levels.iter().rev() {
            for line in file.lines.iter().rev() {
                if !line.pattern.only_folders && line.pattern.matches(&path[*prefix..]) {
                    self.fill(&mut found, &line.settings);
                }
            }
        }
        found
    }

    /// Takes over settings from the last to the first, unless a stronger one was there before.
    fn fill(&self, found: &mut BTreeMap<Vec<u8>, State>, settings: &[(Vec<u8>, State)]) {
        for (name, state) in settings.iter().rev() {
            if found.contains_key(name) {
                continue;
            }
            found.insert(name.clone(), state.clone());
            if *state == State::Set {
                self.expand(found, name);
            }
        }
    }

    fn expand(&self, found: &mut BTreeMap<Vec<u8>, State>, name: &[u8]) {
        // Only the file at the root may define macros.
        let at_root = self.levels.first().filter(|(prefix, _)| *prefix == 0);
        if let Some(settings) = at_root.and_then(|(_, file)| file.macros.get(name)) {
            self.fill(found, settings);
        } else if name == b"binary" {
            let parts = [b"diff".as_slice(), b"merge", b"text"];
            self.fill(found, &parts.map(|part| (part.to_vec(), State::Unset)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(file: &str, path: &str, attribute: &str, expected: Option<State>) {
        let mut stack = AttributeStack::default();
        stack.push(0, Arc::new(AttributeFile::parse(file.as_bytes())));
        let found = stack.of(path.as_bytes()).remove(attribute.as_bytes());
        assert_eq!(found, expected, "{file:?}: {attribute} of {path:?}");
    }

    #[test]
    fn the_last_line_that_matches_decides() {
        let value = |text: &str| Some(State::Value(text.as_bytes().to_vec()));
        check("* text=auto\n*.sh eol=lf", "a/b.sh", "text", value("auto"));
        check("*.sh eol=crlf\n*.sh eol=lf", "a/b.sh", "eol", value("lf"));
        check("* -text\n/b.sh text", "a/b.sh", "text", Some(State::Unset));
        check("*.png binary", "x.png", "text", Some(State::Unset));
        check(
            "[attr]dos text eol=crlf\n*.bat dos",
            "x.bat",
            "eol",
            value("crlf"),
        );
        check(
            "*.bat eol=lf dos\n[attr]dos eol=crlf",
            "x.bat",
            "eol",
            value("crlf"),
        );
        check("\"a b\" text", "a b", "text", Some(State::Set));
        check("\"a\\142\" text", "ab", "text", Some(State::Set));
        check("x/ text", "x/y", "text", None);
        check(
            "* text\n*.bin !text",
            "x.bin",
            "text",
            Some(State::Unspecified),
        );
        check("# c\n!x text", "x", "text", None);
    }
}
