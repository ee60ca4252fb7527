//! One `<testcase>`, from its start tag to its end.

use std::time::Duration;

use retro_domain::{Attachment, Attempt, Location, Outcome, TestCase, TestId};

use crate::Options;
use crate::directives::{attachment, directives};
use crate::kept_text::{append, first_line, with_whole_message};
use crate::numbers;
use crate::panic_message::find_panic;
use crate::xml::Attributes;

/// The most properties, attachments, results and attempts kept of one case.
pub(super) const MOST_ITEMS: usize = 1_000;

/// How many texts of full length the results, attempts and properties of one case may have.
const ROOM: usize = 8;

/// A case whose end was not read yet.
#[derive(Debug)]
pub(super) struct OpenCase {
    pub(super) line: u64,
    name: Option<String>,
    class: Option<String>,
    id: Option<String>,
    duration: Option<Duration>,
    file: Option<String>,
    source_line: Option<u32>,
    not_run: bool,
    /// The worst of its results, those that were not kept included.
    worst: Option<Outcome>,
    results: Vec<ResultElement>,
    attempts: Vec<Attempt>,
    stdout: Option<String>,
    stderr: Option<String>,
    properties: Vec<(String, String)>,
    attachments: Vec<Attachment>,
    /// How many bytes one text may have.
    most: usize,
    /// How many bytes results, attempts and properties may still have.
    room: usize,
}

/// A `<failure>`, `<error>`, `<skipped>`, or one of Surefire's flaky and rerun elements.
#[derive(Debug)]
pub(super) struct ResultElement {
    outcome: Outcome,
    message: Option<String>,
    kind: Option<String>,
    duration: Option<Duration>,
    pub(super) detail: Option<String>,
    pub(super) extra: Option<String>,
}

impl ResultElement {
    pub(super) fn new(outcome: Outcome, attributes: Attributes<'_>) -> Self {
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
                    let text = Attributes::text(value);
                    result.message = Some(text).filter(|text| !text.trim().is_empty());
                }
                b"type" if result.kind.is_none() => {
                    result.kind = Some(Attributes::text(value)).filter(|text| !text.is_empty());
                }
                b"time" => result.duration = numbers::duration(&Attributes::text(value)),
                _ => {}
            }
        }
        result
    }

    fn message(&self) -> Option<String> {
        let text = self.message.as_deref().or(self.detail.as_deref())?;
        first_line(text)
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
}

impl OpenCase {
    /// Reads the start tag. Gives the case and what is odd about it.
    pub(super) fn new(
        line: u64,
        attributes: Attributes<'_>,
        options: &Options,
    ) -> (Self, Vec<String>) {
        let mut case = Self {
            line,
            name: None,
            class: None,
            id: None,
            duration: None,
            file: None,
            source_line: None,
            not_run: false,
            worst: None,
            results: Vec::new(),
            attempts: Vec::new(),
            stdout: None,
            stderr: None,
            properties: Vec::new(),
            attachments: Vec::new(),
            most: options.max_text,
            room: options.max_text.saturating_mul(ROOM),
        };
        let mut odd = Vec::new();
        let mut left_out = 0_usize;
        for (name, raw) in attributes {
            let slot = match name {
                b"name" => &mut case.name,
                b"classname" | b"class" => &mut case.class,
                b"file" | b"filepath" => &mut case.file,
                b"id" => &mut case.id,
                b"time" | b"duration" => {
                    let text = Attributes::text(raw);
                    case.duration = case.duration.or_else(|| numbers::duration(&text));
                    if case.duration.is_none() && !text.trim().is_empty() {
                        odd.push(format!("{text:?} is no duration"));
                    }
                    continue;
                }
                b"line" | b"lineno" => {
                    let text = Attributes::text(raw);
                    case.source_line = case.source_line.or_else(|| text.trim().parse().ok());
                    continue;
                }
                b"status" | b"result" => {
                    let text = Attributes::text(raw).to_ascii_lowercase();
                    case.not_run |= matches!(
                        text.as_str(),
                        "notrun" | "suppressed" | "skipped" | "disabled"
                    );
                    if matches!(text.as_str(), "run" | "completed" | "passed") {
                        continue;
                    }
                    case.property(String::from_utf8_lossy(name).into_owned(), text);
                    continue;
                }
                _ => {
                    if case.properties.len() < MOST_ITEMS {
                        case.property(Attributes::text(name), Attributes::text(raw));
                    } else {
                        left_out += 1;
                    }
                    continue;
                }
            };
            if slot.is_none() {
                *slot = Some(Attributes::text(raw)).filter(|text| !text.is_empty());
            }
        }
        if left_out > 0 {
            odd.push(format!("{left_out} attributes of one test are left out"));
        }
        (case, odd)
    }

    /// What to call it in a message.
    pub(super) fn shown(&self) -> &str {
        self.name
            .as_deref()
            .or(self.class.as_deref())
            .unwrap_or("without a name")
    }

    /// Takes a result. When there is no more room for its texts, only its outcome.
    pub(super) fn result(&mut self, mut result: ResultElement) {
        self.worst = self.worst.max(Some(result.outcome));
        if self.results.len() < MOST_ITEMS {
            let texts = [&result.message, &result.kind, &result.detail, &result.extra];
            if !self.has_room(texts) {
                result = ResultElement::new(result.outcome, Attributes::new(b""));
            }
            self.results.push(result);
        }
    }

    /// Takes an attempt. When there is no more room for its texts, only its outcome.
    pub(super) fn attempt(&mut self, mut attempt: Attempt) {
        if self.attempts.len() < MOST_ITEMS {
            if !self.has_room([&attempt.message, &attempt.kind, &attempt.detail]) {
                (attempt.message, attempt.kind, attempt.detail) = (None, None, None);
            }
            self.attempts.push(attempt);
        }
    }

    fn has_room<const N: usize>(&mut self, texts: [&Option<String>; N]) -> bool {
        let size: usize = texts.into_iter().flatten().map(String::len).sum();
        let fits = size <= self.room;
        self.room -= if fits { size } else { 0 };
        fits
    }

    /// A property; one called `attachment…` points at a file.
    pub(super) fn property(&mut self, name: String, value: String) {
        let size = name.len() + value.len();
        if size > self.room {
            return;
        }
        if name.starts_with("attachment") && self.attachments.len() < MOST_ITEMS {
            self.room -= size;
            self.attachments.extend(attachment(&value));
        } else if self.properties.len() < MOST_ITEMS {
            self.room -= size;
            self.properties.push((name, value));
        }
    }

    pub(super) fn output(&mut self, is_stderr: bool, text: String, most: usize) {
        let slot = match is_stderr {
            true => &mut self.stderr,
            false => &mut self.stdout,
        };
        append(slot, text, most);
    }

    /// What it counts as so far.
    pub(super) fn outcome(&self) -> Outcome {
        let ran = if self.not_run {
            Outcome::Skipped
        } else {
            Outcome::Passed
        };
        self.worst.map_or(ran, |worst| worst.max(ran))
    }

    /// The finished case, in the suites of `path`; `suite_file` is where they are.
    pub(super) fn finish(mut self, path: &[String], suite_file: Option<&str>) -> TestCase {
        let outcome = self.outcome();
        for text in [&self.stdout, &self.stderr].into_iter().flatten() {
            let found = directives(text, MOST_ITEMS);
            self.attachments.extend(found.attachments);
            self.properties.extend(found.properties);
        }
        let name = self
            .name
            .take()
            .or(self.id.clone())
            .unwrap_or_else(|| "(unnamed)".to_owned());
        if let Some(id) = self.id.filter(|id| *id != name) {
            self.properties.push(("id".to_owned(), id));
        }
        let id = TestId {
            suite: path.to_vec(),
            class: self.class,
            name,
            parameters: None,
        };
        let mut case = TestCase::new(id, outcome);
        case.duration = self.duration;
        if let Some(deciding) = self
            .results
            .iter()
            .position(|result| result.outcome == outcome)
        {
            let deciding = self.results.remove(deciding);
            case.message = deciding.message();
            case.detail =
                with_whole_message(deciding.message.as_deref(), deciding.detail.as_deref());
            case.kind = deciding.kind;
            for other in &self.results {
                let parts = [
                    other.message(),
                    other
                        .detail
                        .clone()
                        .filter(|d| other.message().as_ref() != Some(d)),
                ];
                let text = parts.into_iter().flatten().collect::<Vec<_>>().join("\n");
                if !text.is_empty() {
                    let text = format!("\n[{}] {text}", other.outcome.name());
                    append(&mut case.detail, text, self.most);
                }
            }
        }
        let file = self.file.or_else(|| suite_file.map(ToOwned::to_owned));
        case.location = file.map(|file| Location {
            file,
            line: self.source_line,
        });
        if case.location.is_none() && outcome.is_failure() {
            let text = case
                .detail
                .as_deref()
                .or(case.message.as_deref())
                .unwrap_or_default();
            case.location = find_panic(text).and_then(|panic| panic.location);
        }
        if !self.attempts.is_empty() {
            self.attempts.push(Attempt {
                outcome,
                duration: case.duration,
                message: case.message.clone(),
                kind: case.kind.clone(),
                detail: case.detail.clone(),
            });
            case.flaky = outcome == Outcome::Passed
                && self
                    .attempts
                    .iter()
                    .any(|attempt| attempt.outcome.is_failure());
            self.attempts.sort();
            case.attempts = self.attempts;
        }
        case.stdout = self.stdout;
        case.stderr = self.stderr;
        case.attachments = self.attachments;
        case.properties = self.properties;
        case
    }
}
