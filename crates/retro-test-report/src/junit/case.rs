//! One `<testcase>`, from its start tag to its end.

use std::time::Duration;

use retro_domain::{Attachment, Attempt, Location, Outcome, TestCase, TestId};

use crate::directives::{attachment, directives};
use crate::kept_text::{first_line, with_whole_message};
use crate::numbers;
use crate::panic_message::find_panic;
use crate::xml::Attributes;

/// The most properties, attachments, results and attempts kept of one case.
pub(super) const MOST_ITEMS: usize = 1_000;

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
    results: Vec<ResultElement>,
    attempts: Vec<Attempt>,
    stdout: Option<String>,
    stderr: Option<String>,
    properties: Vec<(String, String)>,
    attachments: Vec<Attachment>,
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
    pub(super) fn new(line: u64, attributes: Attributes<'_>) -> (Self, Vec<String>) {
        let mut case = Self {
            line,
            name: None,
            class: None,
            id: None,
            duration: None,
            file: None,
            source_line: None,
            not_run: false,
            results: Vec::new(),
            attempts: Vec::new(),
            stdout: None,
            stderr: None,
            properties: Vec::new(),
            attachments: Vec::new(),
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

    pub(super) fn result(&mut self, result: ResultElement) {
        if self.results.len() < MOST_ITEMS {
            self.results.push(result);
        }
    }

    pub(super) fn attempt(&mut self, attempt: Attempt) {
        if self.attempts.len() < MOST_ITEMS {
            self.attempts.push(attempt);
        }
    }

    /// A property; one called `attachment…` points at a file.
    pub(super) fn property(&mut self, name: String, value: String) {
        if name.starts_with("attachment") && self.attachments.len() < MOST_ITEMS {
            self.attachments.extend(attachment(&value));
        } else if self.properties.len() < MOST_ITEMS {
            self.properties.push((name, value));
        }
    }

    pub(super) fn stdout(&mut self, text: String) {
        append(&mut self.stdout, text);
    }

    pub(super) fn stderr(&mut self, text: String) {
        append(&mut self.stderr, text);
    }

    /// What it counts as so far.
    pub(super) fn outcome(&self) -> Outcome {
        let ran = if self.not_run {
            Outcome::Skipped
        } else {
            Outcome::Passed
        };
        self.results
            .iter()
            .map(|result| result.outcome)
            .fold(ran, Outcome::max)
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
                    append(
                        &mut case.detail,
                        format!("\n[{}] {text}", other.outcome.name()),
                    );
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

fn append(slot: &mut Option<String>, text: String) {
    match slot {
        Some(existing) => {
            existing.push('\n');
            existing.push_str(&text);
        }
        None => *slot = Some(text),
    }
}
