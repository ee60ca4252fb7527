//! One test, in the keys of the format.

use std::io;
use std::time::Duration;

use retro_domain::{Outcome, TestCase, TestId};
use serde::Serialize;

use super::super::extra::Extra;
use crate::ctrf::read_test;

/// A test. A key that is absent is not written.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Test<'a> {
    // The format wants these three.
    name: &'a str,
    status: &'static str,
    duration: u64,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    suite: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    raw_status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stdout: Option<Vec<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stderr: Option<Vec<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    flaky: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retries: Option<usize>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    retry_attempts: Vec<Attempt<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<Attachment<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extra: Option<Kept>,
}

#[derive(Serialize)]
struct Attempt<'a> {
    attempt: usize,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Attachment<'a> {
    name: &'a str,
    content_type: &'static str,
    path: &'a str,
}

/// What the format has no place for.
#[derive(Serialize)]
struct Kept {
    /// Under [`extra::NAME`](super::extra::NAME).
    #[serde(rename = "git-retro")]
    text: String,
}

/// Writes a test so that it reads back as the case is.
pub(super) fn exact(text: &mut Vec<u8>, case: &TestCase) -> io::Result<()> {
    let mut test = Test::new(case);
    let read = match expected(case) {
        Some(read) => read,
        None => {
            let start = text.len();
            serde_json::to_writer(&mut *text, &test)?;
            let read = read_test(&text[start..]);
            text.truncate(start);
            // Never without one of what was just written; everything is kept apart then.
            read.unwrap_or_else(|| TestCase::new(TestId::default(), Outcome::Passed))
        }
    };
    test.keep(&Extra::between(case, &read))?;
    serde_json::to_writer(text, &test)?;
    Ok(())
}

/// Writes a case that stands for something else.
pub(super) fn marked(text: &mut Vec<u8>, case: &TestCase, mark: &Extra) -> io::Result<()> {
    let mut test = Test::new(case);
    test.keep(mark)?;
    serde_json::to_writer(text, &test)?;
    Ok(())
}

/// What a reader makes of a test that is little more than its name. Of others, the reader is asked.
fn expected(case: &TestCase) -> Option<TestCase> {
    let is_plain = |text: &String| !text.trim().is_empty() && !text.contains('\0');
    let is_whole = |took: Duration| {
        took.as_secs() < 1_000_000 && took.subsec_nanos().is_multiple_of(1_000_000)
    };
    let TestId { suite, name, .. } = &case.id;
    let is_simple = case.outcome != Outcome::Errored
        && !case.flaky
        && case.duration.is_none_or(is_whole)
        && is_plain(name)
        && suite.iter().all(is_plain)
        && case.message.is_none()
        && case.detail.is_none()
        && case.location.is_none()
        && case.stdout.is_none()
        && case.stderr.is_none()
        && case.attempts.is_empty()
        && case.attachments.is_empty();
    is_simple.then(|| {
        let id = TestId {
            suite: suite.clone(),
            ..TestId::named(name.as_str())
        };
        TestCase {
            duration: Some(case.duration.unwrap_or_default()),
            ..TestCase::new(id, case.outcome)
        }
    })
}

impl<'a> Test<'a> {
    fn new(case: &'a TestCase) -> Self {
        let lines = |output: &'a Option<String>| output.as_ref().map(|it| it.split('\n').collect());
        let place = case.location.as_ref();
        let earlier = case.attempts.split_last().map_or(&[][..], |(_, all)| all);
        let attempts = earlier.iter().enumerate().map(|(number, it)| Attempt {
            attempt: number + 1,
            status: status(it.outcome),
            duration: it.duration.map(millis),
            message: it.message.as_deref(),
            trace: it.detail.as_deref(),
        });
        let attachments = case.attachments.iter().map(|it| Attachment {
            name: &it.name,
            // The format wants a type; what is in the file is not known here.
            content_type: "application/octet-stream",
            path: &it.path,
        });
        Self {
            name: named(&case.id.name),
            status: status(case.outcome),
            duration: millis(case.duration.unwrap_or_default()),
            suite: &case.id.suite,
            raw_status: (case.outcome == Outcome::Errored).then_some("errored"),
            message: case.message.as_deref(),
            trace: case.detail.as_deref(),
            file_path: place.map(|place| place.file.as_str()),
            line: place.and_then(|place| place.line),
            stdout: lines(&case.stdout),
            stderr: lines(&case.stderr),
            flaky: case.flaky.then_some(true),
            retries: (!case.attempts.is_empty()).then_some(earlier.len()),
            retry_attempts: attempts.collect(),
            attachments: attachments.collect(),
            extra: None,
        }
    }

    fn keep(&mut self, extra: &Extra) -> io::Result<()> {
        if !extra.is_empty() {
            let text = serde_json::to_string(extra)?;
            self.extra = Some(Kept { text });
        }
        Ok(())
    }
}

/// What a test without a name is called by its reader.
fn named(name: &str) -> &str {
    if name.trim().is_empty() {
        "(unnamed)"
    } else {
        name
    }
}

fn status(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "passed",
        Outcome::Skipped => "skipped",
        Outcome::Failed | Outcome::Errored => "failed",
    }
}

/// Milliseconds, which the format wants whole.
fn millis(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}
