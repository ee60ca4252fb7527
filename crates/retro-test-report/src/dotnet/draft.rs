//! One case, from its start tag to its end.

use std::time::Duration;

use retro_domain::{Attachment, Location, Outcome, TestCase, TestId};

use super::{Place, exception, place};
use crate::directives::attachment;
use crate::kept_text::{append, first_line, with_whole_message};
use crate::odd::{quoted, short};
use crate::xml::ReferenceText;
use crate::{Options, numbers};

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
    /// How many properties and attachments there was no room for.
    left_out: u64,
    /// How many bytes the cases around it hold.
    pub(crate) around: usize,
}

impl Draft {
    pub(crate) fn new(line: u64, options: &Options) -> Self {
        Self {
            line,
            name: None,
            duration: None,
            location: None,
            failure: None,
            reason: None,
            stdout: None,
            stderr: None,
            properties: Vec::new(),
            attachments: Vec::new(),
            room: options.max_text,
            most: options.max_text,
            left_out: 0,
            around: 0,
        }
    }

    /// How many bytes it holds, and the cases around it.
    pub(crate) fn held(&self) -> usize {
        let told = self.failure.as_ref();
        let told = told.map(|told| [&told.kind, &told.message, &told.trace]);
        let own = [&self.name, &self.reason, &self.stdout, &self.stderr];
        let texts = own.into_iter().chain(told.into_iter().flatten());
        let texts = texts.flatten().map(String::len).sum::<usize>();
        let location = self.location.as_ref().map_or(0, |it| it.file.len());
        let items = self.properties.len() + self.attachments.len();
        // Twice, for what is around a draft.
        let fixed = 2 * size_of::<Self>() + items * 48;
        self.around + fixed + texts + location + self.most.saturating_sub(self.room)
    }

    /// Warns when some of what it has was left out.
    pub(crate) fn warn_left_out<K>(&self, place: &mut Place<'_, '_, K>) {
        if self.left_out > 0 {
            place.warn(format!(
                "{} properties or attachments of the test {} are left out: one test may have {MOST_ITEMS} of \
                 each, and {} bytes of them",
                self.left_out,
                short(self.shown()),
                self.most
            ));
        }
    }

    /// What to call it in a message.
    pub(crate) fn shown(&self) -> &str {
        self.name.as_deref().unwrap_or("without a name")
    }

    /// Notes how long it took. Gives what is odd about it.
    pub(crate) fn took(&mut self, text: &str) -> Option<String> {
        self.duration = numbers::duration(text);
        let is_odd = self.duration.is_none() && !text.trim().is_empty();
        is_odd.then(|| format!("{} is no duration", quoted(text)))
    }

    pub(crate) fn property(&mut self, name: impl Into<String>, value: String) {
        let name = name.into();
        let size = name.len() + value.len();
        if name.is_empty() {
            return;
        }
        if self.properties.len() < MOST_ITEMS && size <= self.room {
            self.room -= size;
            self.properties.push((name, value));
        } else {
            self.left_out += 1;
        }
    }

    /// A file it points at, under the last part of its path.
    pub(crate) fn attachment(&mut self, path: &str) {
        if self.attachments.len() < MOST_ITEMS && path.len() <= self.room {
            self.room -= path.len();
            self.attachments.extend(attachment(path));
        } else {
            self.left_out += 1;
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
    pub(crate) fn finish(self, id: TestId, outcome: Outcome, method: Option<&str>) -> TestCase {
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
