//! One case, from its start tag to its end.

use std::time::Duration;

use retro_domain::{Attachment, Location, Outcome, TestCase, TestId};

use super::{Place, exception, place};
use crate::directives::attachment;
use crate::kept_text::{append, first_line, with_whole_message};
use crate::numbers;
use crate::output::Output;
use crate::xml::{Attributes, ReferenceText};

/// The most properties and attachments kept of one case.
const MOST_ITEMS: usize = 1_000;

/// A failure, or the reason why a case did not run.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) kind: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) trace: Option<String>,
}

/// A case whose end was not read yet.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) line: u64,
    pub(crate) name: Option<String>,
    pub(crate) duration: Option<Duration>,
    pub(crate) location: Option<Location>,
    /// What its own failure says; what comes first counts.
    pub(crate) failure: Option<Told>,
    /// Why it did not run, or is not content, when it did not fail.
    pub(crate) reason: Option<String>,
    stdout: Option<String>,
    stderr: Option<String>,
    properties: Vec<(String, String)>,
    attachments: Vec<Attachment>,
    /// How many bytes properties and attachments may still have.
    room: usize,
    /// How many bytes one output may have.
    most: usize,
    /// How many bytes all texts may still have.
    text_room: usize,
    /// What it takes of the room that is shared by cases inside of others.
    taken: usize,
}

/// How many texts of full length a case inside of another may have: message, trace, outputs, and
/// all names, properties and attachments together.
const TEXTS: usize = 6;

impl Draft {
    /// A case that begins, and its attributes if it may keep them. Inside of another case it may
    /// keep less, and the deeper the less.
    pub(crate) fn begin<'a, K>(
        attributes: Attributes<'a>,
        place: &mut Place<'_, '_, K>,
    ) -> (Self, Attributes<'a>) {
        let most = place.out.options.max_text;
        let mut draft = Self {
            line: place.line,
            name: None,
            duration: None,
            location: None,
            failure: None,
            reason: None,
            stdout: None,
            stderr: None,
            properties: Vec::new(),
            attachments: Vec::new(),
            room: most,
            most,
            text_room: usize::MAX,
            taken: 0,
        };
        if !place.in_case {
            return (draft, attributes);
        }
        let room = place.out.open_room() / 2;
        draft.taken = room.min(most.saturating_mul(TEXTS));
        place.out.take_open(draft.taken);
        draft.room = most.min(draft.taken / TEXTS);
        draft.text_room = draft.taken - draft.room;
        if attributes.size() > draft.text_room / 2 {
            return (draft, Attributes::none());
        }
        draft.text_room -= attributes.size();
        (draft, attributes)
    }

    /// How many bytes the next text may have.
    pub(crate) fn text_room(&self) -> usize {
        self.text_room
    }

    /// Notes that a text of so many bytes was read.
    pub(crate) fn keeps_text(&mut self, bytes: usize) {
        self.text_room = self.text_room.saturating_sub(bytes);
    }

    /// Ends it without a case of its own.
    pub(crate) fn discard(self, out: &mut Output<'_>) {
        out.give_open(self.taken);
    }

    /// What to call it in a message.
    pub(crate) fn shown(&self) -> &str {
        self.name.as_deref().unwrap_or("without a name")
    }

    /// Notes how long it took. Gives what is odd about it.
    pub(crate) fn took(&mut self, text: &str) -> Option<String> {
        self.duration = numbers::duration(text);
        let is_odd = self.duration.is_none() && !text.trim().is_empty();
        is_odd.then(|| format!("{text:?} is no duration"))
    }

    pub(crate) fn property(&mut self, name: impl Into<String>, value: String) {
        let name = name.into();
        let size = name.len() + value.len();
        if self.properties.len() < MOST_ITEMS && size <= self.room && !name.is_empty() {
            self.room -= size;
            self.properties.push((name, value));
        }
    }

    /// A file it points at, under the last part of its path.
    pub(crate) fn attachment(&mut self, path: &str) {
        if self.attachments.len() < MOST_ITEMS && path.len() <= self.room {
            self.room -= path.len();
            self.attachments.extend(attachment(path));
        }
    }

    pub(crate) fn stdout(&mut self, text: ReferenceText) {
        if let Some(text) = text.finish() {
            append(&mut self.stdout, text, self.most);
        }
    }

    pub(crate) fn stderr(&mut self, text: ReferenceText) {
        if let Some(text) = text.finish() {
            append(&mut self.stderr, text, self.most);
        }
    }

    /// The failure, to say something about it.
    pub(crate) fn failure(&mut self) -> &mut Told {
        self.failure.get_or_insert_default()
    }

    /// The finished case under an id. `method` helps to find its place in a stack trace.
    pub(crate) fn finish(
        self,
        id: TestId,
        outcome: Outcome,
        method: Option<&str>,
        out: &mut Output<'_>,
    ) -> TestCase {
        out.give_open(self.taken);
        let mut case = TestCase::new(id, outcome);
        case.duration = self.duration;
        let Told {
            kind,
            mut message,
            trace,
        } = self.failure.unwrap_or_default();
        if message.is_none() && trace.is_none() {
            message = self.reason;
        }
        case.location = self.location;
        if outcome.is_failure() {
            case.kind = kind.or_else(|| exception(message.as_deref()?));
            case.location = case
                .location
                .or_else(|| place(trace.as_deref()?, method.unwrap_or(&case.id.name)));
        }
        let text = message.as_deref().or(trace.as_deref());
        case.message = text.and_then(first_line);
        case.detail = with_whole_message(message.as_deref(), trace);
        case.stdout = self.stdout;
        case.stderr = self.stderr;
        case.attachments = self.attachments;
        case.properties = self.properties;
        case
    }
}
