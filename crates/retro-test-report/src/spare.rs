//! Texts whose memory is used again.

use crate::kept_text::MOST_KEPT_MEMORY;

/// The most texts kept.
const MOST: usize = 16;

/// Empty texts that have memory: what one case no longer needs, the next one fills.
#[derive(Debug, Default)]
pub(crate) struct Spare(Vec<String>);

impl Spare {
    /// An empty text.
    pub(crate) fn take(&mut self) -> String {
        self.0.pop().unwrap_or_default()
    }

    /// A text that begins as a copy.
    pub(crate) fn copy(&mut self, text: &str) -> String {
        let mut copy = self.take();
        copy.push_str(text);
        copy
    }

    /// Takes back a text that nobody reads any more.
    pub(crate) fn give(&mut self, text: Option<String>) {
        if let Some(mut text) = text
            && (1..=MOST_KEPT_MEMORY).contains(&text.capacity())
            && self.0.len() < MOST
        {
            text.clear();
            self.0.push(text);
        }
    }
}

/// Empties a text that will be filled again.
pub(crate) fn empty(text: &mut String) {
    text.clear();
    if text.capacity() > MOST_KEPT_MEMORY {
        *text = String::new();
    }
}
