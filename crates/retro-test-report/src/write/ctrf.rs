//! The Common Test Report Format.

use std::io::{self, Write};
use std::time::Duration;

use retro_domain::{Outcome, OutcomeCounts, TestCase, TestId, Timestamp};
use serde_json::{Map, Value, json};

use super::extra::{self, Extra};
use crate::{Collected, Format, Options, SuiteMetadata, parse};

/// What comes before the tests.
const HEAD: &[u8] = br#"{"reportFormat":"CTRF","specVersion":"0.0.0","generatedBy":"git-retro",
"results":{"tool":{"name":"git-retro"},
"tests":["#;

/// Writes a CTRF document, version 0.0.0 of its schema and later, case by case.
///
/// The summary comes after the tests, for it counts them. A test that errored is `failed` with the
/// raw status `errored`. Start and stop are those of the suites, see
/// [`Summary::suites`](crate::Summary::suites), and 0 where those tell none. What the format has no
/// place for is kept in a test's `extra` under `git-retro`, so that [`parse`](crate::parse) gives
/// back the same cases.
///
/// ```
/// use retro_domain::{Outcome, TestCase, TestId};
/// use retro_test_report::{Collected, CtrfWriter, Options, parse};
///
/// let mut case = TestCase::new(TestId::named("adds"), Outcome::Errored);
/// case.message = Some("out of memory".into());
///
/// let mut document = Vec::new();
/// let mut writer = CtrfWriter::new(&mut document)?;
/// writer.case(&case)?;
/// writer.finish()?;
///
/// let mut read = Collected::default();
/// parse(&document[..], None, &Options::default(), &mut read)?;
/// assert_eq!(read.cases, [case]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct CtrfWriter<W: Write> {
    to: W,
    counts: OutcomeCounts,
    start: Option<Timestamp>,
    stop: Option<Timestamp>,
}

impl<W: Write> CtrfWriter<W> {
    /// Writes what comes before the tests.
    ///
    /// # Errors
    ///
    /// Those of `to`.
    pub fn new(mut to: W) -> io::Result<Self> {
        to.write_all(HEAD)?;
        Ok(Self {
            to,
            counts: OutcomeCounts::default(),
            start: None,
            stop: None,
        })
    }

    /// Writes a test.
    ///
    /// # Errors
    ///
    /// Those of the writer below.
    pub fn case(&mut self, case: &TestCase) -> io::Result<()> {
        let is_first = self.counts.total() == 0;
        self.counts.add(case.outcome, case.flaky);
        self.to.write_all(if is_first { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut self.to, &exact(case)?)?;
        Ok(())
    }

    /// Takes what the summary says of suites: when the first began and the last ended.
    pub fn suites(&mut self, suites: &[SuiteMetadata]) {
        for suite in suites {
            let Some(started) = suite.started else {
                continue;
            };
            let ended = started.plus(suite.duration.unwrap_or_default());
            self.start = Some(self.start.map_or(started, |start| start.min(started)));
            self.stop = self.stop.max(Some(ended));
        }
    }

    /// Writes the summary.
    ///
    /// # Errors
    ///
    /// Those of the writer below.
    pub fn finish(mut self) -> io::Result<()> {
        let counts = self.counts;
        let millis = |at: Option<Timestamp>| at.map_or(0, |at| at.unix_millis().max(0));
        let summary = json!({
            "tests": counts.total(),
            "passed": counts.passed,
            "failed": counts.failures(),
            "skipped": counts.skipped,
            "pending": 0,
            "other": 0,
            "flaky": counts.flaky,
            "start": millis(self.start),
            "stop": millis(self.stop),
        });
        write!(self.to, "\n],\n\"summary\":{summary}}}}}\n")?;
        self.to.flush()
    }
}

/// A test so that it reads back as the case is.
fn exact(case: &TestCase) -> io::Result<Value> {
    let mut test = plain(case);
    let document = serde_json::to_vec(&json!({
        "reportFormat": "CTRF",
        "results": { "tests": [test] },
    }))?;
    let mut read = Collected::default();
    let options = Options {
        max_text: document.len(),
        ..Options::default()
    };
    let parsed = parse(&document[..], Some(Format::Ctrf), &options, &mut read);
    let read = match (parsed, read.cases.pop()) {
        (Ok(_), Some(read)) => read,
        // Never with what was just written; everything is kept apart then.
        _ => TestCase::new(TestId::default(), Outcome::Passed),
    };
    let missing = Extra::between(case, &read);
    if !missing.is_empty() {
        let kept = serde_json::to_string(&missing)?;
        test.insert("extra".to_owned(), json!({ extra::NAME: kept }));
    }
    Ok(Value::Object(test))
}

fn plain(case: &TestCase) -> Map<String, Value> {
    let mut test = Map::new();
    let mut put = |key: &str, value: Value| drop(test.insert(key.to_owned(), value));
    put("name", json!(case.id.name));
    put("status", json!(status(case.outcome)));
    if case.outcome == Outcome::Errored {
        put("rawStatus", json!("errored"));
    }
    // The format wants one.
    put("duration", millis(case.duration.unwrap_or_default()));
    if !case.id.suite.is_empty() {
        put("suite", json!(case.id.suite));
    }
    for (key, text) in [("message", &case.message), ("trace", &case.detail)] {
        if let Some(text) = text {
            put(key, json!(text));
        }
    }
    if let Some(place) = &case.location {
        put("filePath", json!(place.file));
        if let Some(line) = place.line {
            put("line", json!(line));
        }
    }
    for (key, output) in [("stdout", &case.stdout), ("stderr", &case.stderr)] {
        if let Some(output) = output {
            put(key, json!(output.split('\n').collect::<Vec<_>>()));
        }
    }
    if case.flaky {
        put("flaky", json!(true));
    }
    if let [earlier @ .., _] = case.attempts.as_slice() {
        put("retries", json!(earlier.len()));
        let attempts: Vec<Value> = earlier
            .iter()
            .enumerate()
            .map(|(number, attempt)| {
                let mut it = json!({ "attempt": number + 1, "status": status(attempt.outcome) });
                let took = attempt.duration.map(millis);
                let message = attempt.message.as_ref().map(|text| json!(text));
                let trace = attempt.detail.as_ref().map(|text| json!(text));
                for (key, value) in [("duration", took), ("message", message), ("trace", trace)] {
                    if let Some(value) = value {
                        it[key] = value;
                    }
                }
                it
            })
            .collect();
        put("retryAttempts", json!(attempts));
    }
    if !case.attachments.is_empty() {
        let attachments = case.attachments.iter().map(|it| {
            // The format wants a type; what is in the file is not known here.
            json!({ "name": it.name, "contentType": "application/octet-stream", "path": it.path })
        });
        put("attachments", attachments.collect());
    }
    test
}

fn status(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "passed",
        Outcome::Skipped => "skipped",
        Outcome::Failed | Outcome::Errored => "failed",
    }
}

/// Milliseconds, which the format wants whole.
fn millis(took: Duration) -> Value {
    json!(u64::try_from(took.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
#[path = "ctrf_tests.rs"]
mod tests;
