//! What an element inside a `<testcase>` says of how it ended.

use std::time::Duration;

use retro_domain::{Attempt, Outcome};

use crate::kept_text::with_whole_message;
use crate::numbers;
use crate::panic_message::without_head;
use crate::spare::Spare;
use crate::xml::Attributes;

/// How many bytes some texts have together.
pub(super) fn size<const N: usize>(texts: [&Option<String>; N]) -> usize {
    texts.into_iter().flatten().map(String::len).sum()
}

/// A `<failure>`, `<error>`, `<skipped>`, or one of Surefire's flaky and rerun elements.
#[derive(Debug)]
pub(super) struct ResultElement {
    pub(super) outcome: Outcome,
    message: Option<String>,
    pub(super) kind: Option<String>,
    duration: Option<Duration>,
    pub(super) detail: Option<String>,
    pub(super) extra: Option<String>,
}

impl ResultElement {
    /// One without texts.
    fn bare(outcome: Outcome) -> Self {
        Self {
            outcome,
            message: None,
            kind: None,
            duration: None,
            detail: None,
            extra: None,
        }
    }

    /// Drops what it says, all but its outcome.
    pub(super) fn strip(&mut self) {
        *self = Self::bare(self.outcome);
    }

    /// How many bytes its texts have.
    pub(super) fn size(&self) -> usize {
        size([&self.message, &self.kind, &self.detail, &self.extra])
    }

    pub(super) fn new(outcome: Outcome, attributes: Attributes<'_>, spare: &mut Spare) -> Self {
        let mut result = Self::bare(outcome);
        for (name, value) in attributes {
            match name {
                b"message" if result.message.is_none() => {
                    let text = Attributes::cow(value);
                    result.message = (!text.trim().is_empty()).then(|| spare.copy(&text));
                }
                b"type" if result.kind.is_none() => {
                    let text = Attributes::cow(value);
                    result.kind = (!text.is_empty()).then(|| spare.copy(&text));
                }
                b"time" => result.duration = numbers::duration(&Attributes::cow(value)),
                _ => {}
            }
        }
        result
    }

    pub(super) fn message(&self) -> Option<String> {
        let text = self.message.as_deref().or(self.detail.as_deref())?;
        without_head(text, self.detail.as_deref())
    }

    /// Takes the text out. The whole of a message of several lines belongs to it.
    pub(super) fn take_full_text(&mut self) -> Option<String> {
        with_whole_message(self.message.as_deref(), self.detail.take())
    }

    /// The text of a result that does not decide.
    pub(super) fn aside(&self) -> String {
        let message = self.message();
        let detail = self.detail.clone().filter(|d| message.as_ref() != Some(d));
        [message, detail]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join("\n")
    }

    pub(super) fn into_attempt(self) -> Attempt {
        Attempt {
            outcome: self.outcome,
            duration: self.duration,
            message: self.message(),
            detail: self.detail.or(self.extra),
            kind: self.kind,
        }
    }

    pub(super) fn give_back(self, spare: &mut Spare) {
        for text in [self.message, self.kind, self.detail, self.extra] {
            spare.give(text);
        }
    }
}
