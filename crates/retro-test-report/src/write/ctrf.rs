//! The Common Test Report Format.

use std::io::{self, Write};
use std::time::Duration;

use retro_domain::{Outcome, OutcomeCounts, TestCase, TestId};
use serde_json::{Map, Value, json};

use super::extra::{self, Extra};
use crate::{Collected, Format, Options, SuiteMetadata, parse};

/// Writes a CTRF document, version 0.0.0 of its schema and later.
///
/// A test that errored is `failed` with the raw status `errored`. Start and stop are those of
/// `suites`, see [`Summary::suites`](crate::Summary::suites), and 0 where those tell none. What the
/// format has no place for is kept in a test's `extra` under `git-retro`, so that
/// [`parse`](crate::parse) gives back the same cases.
///
/// # Errors
///
/// Those of `to`.
///
/// ```
/// use retro_domain::{Outcome, TestCase, TestId};
/// use retro_test_report::{Collected, Options, parse, write_ctrf};
///
/// let mut case = TestCase::new(TestId::named("adds"), Outcome::Errored);
/// case.message = Some("out of memory".into());
///
/// let mut document = Vec::new();
/// write_ctrf(&mut document, &[case.clone()], &[])?;
///
/// let mut read = Collected::default();
/// parse(&document[..], None, &Options::default(), &mut read)?;
/// assert_eq!(read.cases, [case]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_ctrf(
    mut to: impl Write,
    cases: &[TestCase],
    suites: &[SuiteMetadata],
) -> io::Result<()> {
    let mut counts = OutcomeCounts::default();
    cases
        .iter()
        .for_each(|case| counts.add(case.outcome, case.flaky));
    let start = suites.iter().filter_map(|suite| suite.started).min();
    let stop = suites.iter().filter_map(|suite| {
        let started = suite.started?;
        Some(started.plus(suite.duration.unwrap_or_default()))
    });
    let summary = json!({
        "tests": counts.total(),
        "passed": counts.passed,
        "failed": counts.failures(),
        "skipped": counts.skipped,
        "pending": 0,
        "other": 0,
        "flaky": counts.flaky,
        "start": start.map_or(0, |at| at.unix_millis().max(0)),
        "stop": stop.max().map_or(0, |at| at.unix_millis().max(0)),
    });
    let head = json!({
        "reportFormat": "CTRF",
        "specVersion": "0.0.0",
        "generatedBy": "git-retro",
    });
    let head = serde_json::to_string(&head)?;
    // The tests are written one by one, inside of the last brace.
    let open = head.trim_end_matches('}');
    write!(
        to,
        "{open},\n\"results\":{{\"tool\":{{\"name\":\"git-retro\"}},\n\"summary\":{summary},\n\"tests\":["
    )?;
    for (number, case) in cases.iter().enumerate() {
        to.write_all(if number == 0 { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut to, &exact(case)?)?;
    }
    to.write_all(b"\n]}}\n")?;
    to.flush()
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
