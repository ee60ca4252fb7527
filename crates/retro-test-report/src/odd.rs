//! What is odd about one piece of a file.

use crate::MAX_WARNINGS;
use crate::output::Output;

/// The most characters of a text of the file in a warning.
const SHOWN: usize = 200;

/// A text for a warning.
pub(crate) fn short(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The same in quotes.
pub(crate) fn quoted(text: &str) -> String {
    format!("{:?}", short(text))
}

/// What was odd about one token. As many as are ever told are kept; the others are counted.
#[derive(Debug, Default)]
pub(crate) struct Odd {
    told: Vec<String>,
    others: u64,
}

impl Odd {
    pub(crate) fn push(&mut self, odd: String) {
        if self.told.len() < MAX_WARNINGS {
            self.told.push(odd);
        } else {
            self.others += 1;
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.told.is_empty()
    }

    /// Warns of everything, and forgets it.
    pub(crate) fn tell(&mut self, line: u64, out: &mut Output<'_>) {
        for odd in self.told.drain(..) {
            out.warn(line, odd);
        }
        out.warnings += std::mem::take(&mut self.others);
    }
}
