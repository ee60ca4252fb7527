//! A message with line ends in its values, which their writer should have escaped.

use super::message::{START, end_of_values};

/// The start of a message, and what followed on the next lines.
#[derive(Default)]
pub(super) struct Unfinished {
    text: String,
    limit: usize,
    /// Whether a value is open.
    in_value: bool,
}

impl Unfinished {
    pub(super) fn is_open(&self) -> bool {
        !self.text.is_empty()
    }

    /// Begins with a message that has no end on its line; whether it may have one later: a value
    /// must be open.
    pub(super) fn begin(&mut self, message: &str, limit: usize) -> bool {
        let mut in_value = false;
        let values = message.get(START.len()..).unwrap_or_default();
        let has_end = end_of_values(values, &mut in_value).is_some();
        let fits = message.len() < limit;
        if in_value && !has_end && fits {
            *self = Self {
                text: message.to_owned(),
                limit,
                in_value,
            };
        }
        self.is_open()
    }

    /// Takes the next line. Gives the whole message and what follows it once its end is there. It
    /// is no longer open without one when the line has a message of its own, or is too much.
    pub(super) fn next(&mut self, line: &str) -> Option<String> {
        if line.contains(START) || self.text.len() + line.len() > self.limit {
            self.text.clear();
            return None;
        }
        // As it should have been written.
        self.text.push_str("|n");
        let end = end_of_values(line, &mut self.in_value);
        self.text.push_str(line);
        end.map(|_| std::mem::take(&mut self.text))
    }
}
