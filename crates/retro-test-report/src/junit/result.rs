//! What an element inside a `<testcase>` says of how it ended.

use std::time::Duration;

use retro_domain::{Attempt, Outcome};

use crate::kept_text::{first_line, trimmed};
use crate::numbers;
use crate::spare::Spare;
use crate::xml::Attributes;

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
    pub(super) fn new(outcome: Outcome, attributes: Attributes<'_>, spare: &mut Spare) -> Self {
        let mut result = Self {
            outcome,
            message: None,
            kind: None,
            duration: None,
            detail: None,
            extra: None,
        };
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
        first_line(text)
    }

    /// Takes the text out. The whole of a message of several lines belongs to it.
    pub(super) fn take_full_text(&mut self) -> Option<String> {
        let whole = self
            .message
            .as_deref()
            .map(trimmed)
            .filter(|m| m.len() > 500 || m.trim().contains('\n'));
        match (whole, self.detail.take()) {
            (Some(whole), Some(detail)) if !detail.contains(whole) => {
                Some(format!("{whole}\n{detail}"))
            }
            (Some(whole), None) => Some(whole.to_owned()),
            (_, detail) => detail,
        }
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
