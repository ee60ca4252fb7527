//! What is odd about one piece of a file.

use crate::MAX_WARNINGS;
use crate::output::Output;

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
