//! How much may be kept of tests that are open at once.

use crate::Options;

/// Room that every open test of a report shares. What does not fit is not kept; that tests end
/// and how is read all the same.
#[derive(Debug)]
pub(crate) struct OpenRoom {
    names: usize,
    items: usize,
    pub(crate) texts: usize,
    /// For what says why a test failed, when there is no room for its output.
    pub(crate) reasons: usize,
}

/// For the names of open tests.
const NAMES: usize = 20 << 20;

/// For what else is known of them beside outputs.
const ITEMS: usize = 8 << 20;

/// What an open test takes beside its name.
const EACH: usize = 240;

impl OpenRoom {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            names: NAMES,
            items: ITEMS,
            texts: options.max_text.saturating_mul(4),
            reasons: options.max_text,
        }
    }

    /// Takes the room of one test with names of so many bytes; false when there is none.
    pub(crate) fn enter(&mut self, name_bytes: usize) -> bool {
        let room = self.names.checked_sub(EACH + 2 * name_bytes);
        self.names = room.unwrap_or(self.names);
        room.is_some()
    }

    /// Takes room for what is known of a test or a package beside its name; false when there is none.
    pub(crate) fn take(&mut self, bytes: usize) -> bool {
        let room = self.items.checked_sub(bytes);
        self.items = room.unwrap_or(self.items);
        room.is_some()
    }

    /// Gives back what [`take`](Self::take) took.
    pub(crate) fn give(&mut self, bytes: usize) {
        self.items += bytes;
    }

    /// A text as far as there is room for it as a whole.
    pub(crate) fn keep(&mut self, text: String) -> Option<String> {
        self.take(text.len()).then_some(text)
    }

    /// Gives the room of a test back, and that of its texts.
    pub(crate) fn leave(&mut self, name_bytes: usize, text_bytes: usize) {
        self.names += EACH + 2 * name_bytes;
        self.texts += text_bytes;
    }
}
