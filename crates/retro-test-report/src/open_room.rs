//! How much may be kept of tests that are open at once.

use crate::Options;

/// Room that every open test of a report shares. What does not fit is not kept; that tests end
/// and how is read all the same.
#[derive(Debug)]
pub(crate) struct OpenRoom {
    names: usize,
    pub(crate) texts: usize,
}

/// For the names of open tests, and what is known of them beside texts.
const NAMES: usize = 20 << 20;

/// What an open test takes beside its name.
const EACH: usize = 240;

impl OpenRoom {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            names: NAMES,
            texts: options.max_text.saturating_mul(4),
        }
    }

    /// Takes the room of one test with names of so many bytes; false when there is none.
    pub(crate) fn enter(&mut self, name_bytes: usize) -> bool {
        let room = self.names.checked_sub(EACH + 2 * name_bytes);
        self.names = room.unwrap_or(self.names);
        room.is_some()
    }

    /// Gives the room of a test back, and that of its texts.
    pub(crate) fn leave(&mut self, name_bytes: usize, text_bytes: usize) {
        self.names += EACH + 2 * name_bytes;
        self.texts += text_bytes;
    }
}
