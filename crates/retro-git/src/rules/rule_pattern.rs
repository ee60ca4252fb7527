//! The left side of a rule, as `.gitignore` and `.gitattributes` share it.

use super::wildmatch::Wildmatch;

/// A pattern that is relative to the folder of its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RulePattern {
    shape: Shape,
    /// It ended in a slash: only folders match.
    pub(super) only_folders: bool,
}

/// The two shapes that most patterns have are compared without a matcher.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Shape {
    NameLiteral(Vec<u8>),
    NameEnding(Vec<u8>),
    Name(Wildmatch),
    Path(Wildmatch),
}

impl RulePattern {
    pub(super) fn new(text: &[u8]) -> Self {
        let (text, only_folders) = match text.strip_suffix(b"/") {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        let is_plain = |text: &[u8]| !text.iter().any(|byte| b"*?[\\".contains(byte));
        let shape = if text.contains(&b'/') {
            Shape::Path(Wildmatch::new(
                text.strip_prefix(b"/").unwrap_or(text),
                true,
            ))
        } else if is_plain(text) {
            Shape::NameLiteral(text.to_vec())
        } else if text.first() == Some(&b'*') && is_plain(&text[1..]) {
            Shape::NameEnding(text[1..].to_vec())
        } else {
            Shape::Name(Wildmatch::new(text, false))
        };
        Self {
            shape,
            only_folders,
        }
    }

    /// Whether a path matches, which is given from the rule's folder on.
    pub(super) fn matches(&self, path: &[u8]) -> bool {
        let name = || path.rsplit(|&byte| byte == b'/').next().unwrap_or(path);
        match &self.shape {
            Shape::NameLiteral(literal) => name() == literal,
            Shape::NameEnding(ending) => name().ends_with(ending),
            Shape::Name(pattern) => pattern.matches(name()),
            Shape::Path(pattern) => pattern.matches(path),
        }
    }
}

/// The lines of a rule file, without a byte order mark and without line ends.
pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    text.split(|&byte| byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
}
