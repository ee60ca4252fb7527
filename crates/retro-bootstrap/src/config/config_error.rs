//! What is wrong with a configuration, where, and what to do about it.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// A configuration cannot be used.
///
/// Displays as one line that starts with the place; [`ConfigError::report`] shows the offending
/// line as well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(Box<Inner>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Inner {
    place: Place,
    what: String,
    hint: Option<String>,
    excerpt: Option<Excerpt>,
}

/// Where a configuration is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// At a line of a file.
    Line {
        /// The file; relative to the repository's root when it is inside it.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column in characters, from 1.
        column: usize,
    },
    /// A file as a whole.
    File(PathBuf),
    /// An environment variable.
    Environment(String),
    /// A flag.
    Flag(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Excerpt {
    line: String,
    /// In characters.
    marked: Range<usize>,
}

impl ConfigError {
    pub(super) fn new(place: Place, what: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            place,
            what: what.into(),
            hint: None,
            excerpt: None,
        }))
    }

    pub(super) fn in_file(path: &Path, what: impl Into<String>) -> Self {
        Self::new(Place::File(path.to_owned()), what)
    }

    /// Something wrong with the bytes `span` of a file.
    pub(super) fn at(path: &Path, text: &str, span: Range<usize>, what: impl Into<String>) -> Self {
        let (line, column) = line_and_column(text, span.start);
        let mut error = Self::new(
            Place::Line {
                path: path.to_owned(),
                line,
                column,
            },
            what,
        );
        let line_text = text.lines().nth(line - 1).unwrap_or("");
        let from_start = line_text.chars().skip(column - 1);
        let mut width = 0;
        let mut bytes = span.end.saturating_sub(span.start);
        for ch in from_start {
            if bytes == 0 {
                break;
            }
            bytes = bytes.saturating_sub(ch.len_utf8());
            width += 1;
        }
        error.0.excerpt = Some(Excerpt {
            line: line_text.to_owned(),
            marked: column - 1..column - 1 + width.max(1),
        });
        error
    }

    pub(super) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Where it is wrong.
    pub fn place(&self) -> &Place {
        &self.0.place
    }

    /// What is wrong, without the place.
    pub fn what(&self) -> &str {
        &self.0.what
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// What is wrong, where, and the offending line with a mark below it; no line break at the end.
    pub fn report(&self) -> String {
        let mut report = match &self.0.place {
            Place::File(path) => format!("{}: {}", path.display(), self.0.what),
            place => format!("{}\n  in {place}", self.0.what),
        };
        if let (Some(excerpt), Place::Line { line, .. }) = (&self.0.excerpt, &self.0.place) {
            let number = line.to_string();
            let margin = " ".repeat(number.len());
            // A tab stays a tab above and below, so that the mark stands where it should.
            let before: String = excerpt
                .line
                .chars()
                .take(excerpt.marked.start)
                .map(|ch| if ch == '\t' { '\t' } else { ' ' })
                .collect();
            let marks = "^".repeat(excerpt.marked.len());
            report.push_str(&format!(
                "\n  {margin} |\n  {number} | {}\n  {margin} | {before}{marks}",
                excerpt.line
            ));
        }
        report
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.place, self.0.what)?;
        match &self.0.hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ConfigError {}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line { path, line, column } => write!(f, "{}:{line}:{column}", path.display()),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Environment(name) => write!(f, "the environment variable {name}"),
            Self::Flag(name) => write!(f, "the flag {name}"),
        }
    }
}

/// The line and the column of a byte, both from 1, the column in characters.
pub(super) fn line_and_column(text: &str, byte: usize) -> (usize, usize) {
    let mut end = byte.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let before = &text[..end];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (
        before.matches('\n').count() + 1,
        before[line_start..].chars().count() + 1,
    )
}
