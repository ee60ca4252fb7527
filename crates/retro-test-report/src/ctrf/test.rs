//! One test of a CTRF report.

use std::time::Duration;

use retro_domain::{Attachment, Attempt, Location, Outcome, TestCase, TestId, Timestamp};

use crate::json::Node;
use crate::kept_text::{first_line, shortened};
use crate::write::extra::{self, Extra};
use crate::write::whole::Note;

/// The most properties, attachments or attempts of one test.
const MOST_ITEMS: usize = 1_000;

/// The most bytes of a property.
const LONGEST: usize = 4_096;

/// A test that was read.
pub(super) struct Read {
    pub(super) case: TestCase,
    /// What is odd about it.
    pub(super) warning: Option<String>,
    /// What it stands for, when it is no test.
    pub(super) note: Option<Note>,
}

/// Reads a test.
pub(super) fn read(mut node: Node, max_text: usize) -> Read {
    let mut warning = None;
    let name = node.take("name").text().unwrap_or_else(|| {
        warning = Some("a test has no name".to_owned());
        "(unnamed)".to_owned()
    });
    let status = node.take("status").text();
    let raw = node.take("rawStatus").text();
    let outcome = outcome(status.as_deref(), raw.as_deref());
    if !matches!(
        status.as_deref(),
        Some("passed" | "failed" | "skipped" | "pending" | "other")
    ) {
        warning = Some(format!(
            "the test {name:?} has the unknown status {:?}",
            status.as_deref().unwrap_or_default()
        ));
    }
    let file = node.take("filePath").text();
    let suite = node.take("suite").texts();
    // Tests of several files may share a name; a path of one machine is no part of one.
    let is_relative = |file: &String| !file.starts_with(['/', '\\']) && !file.contains(':');
    let class = file
        .clone()
        .filter(|file| suite.is_empty() && is_relative(file));
    let parameters = match node.take("parameters") {
        Node::Null => None,
        node => Some(shortened(node.compact(), LONGEST)).filter(|text| !text.is_empty()),
    };
    let mut case = TestCase::new(
        TestId {
            suite,
            class,
            name,
            parameters,
        },
        outcome,
    );
    case.duration = node.take("duration").number().and_then(millis);
    let said = node.take("message").text();
    case.message = said.as_deref().and_then(first_line);
    let told = detail(said, node.take("trace").text());
    case.detail = told.map(|text| shortened(text, max_text));
    let snippet = node.take("snippet").text();
    let line = node
        .take("line")
        .number()
        .filter(|n| *n >= 1.0 && *n < 4e9)
        .map(|n| n as u32);
    case.location = file.map(|file| Location { file, line });
    case.stdout = joined(node.take("stdout"), max_text);
    case.stderr = joined(node.take("stderr"), max_text);
    for mut attachment in node.take("attachments").items() {
        let (name, path) = (
            attachment.take("name").text(),
            attachment.take("path").text(),
        );
        if let Some(path) = path.filter(|path| path.len() <= LONGEST)
            && case.attachments.len() < MOST_ITEMS
        {
            let last = path.rsplit(['/', '\\']).next().unwrap_or(&path).to_owned();
            case.attachments.push(Attachment {
                name: name.unwrap_or(last),
                path,
            });
        }
    }
    attempts(&mut case, node.take("retryAttempts").items(), max_text);
    let claims_flaky = node.take("flaky").text().as_deref() == Some("true");
    case.flaky |= claims_flaky && outcome == Outcome::Passed;
    let mut push = |name: &str, value: Option<String>| {
        let value = value.filter(|value| value.len() <= LONGEST);
        case.properties
            .extend(value.map(|value| (name.to_owned(), value)));
    };
    push("rawStatus", raw.filter(|raw| Some(raw) != status.as_ref()));
    for key in [
        "id", "type", "retries", "browser", "device", "threadId", "ai",
    ] {
        let value = node.take(key).text();
        push(key, value.filter(|value| key != "retries" || value != "0"));
    }
    push("snippet", snippet);
    for tag in node.take("tags").texts().into_iter().take(MOST_ITEMS) {
        push("tag", Some(tag));
    }
    case.properties.extend(properties(node.take("labels")));
    let mut more = node.take("extra");
    let kept = more.take(extra::NAME).text();
    case.properties.extend(properties(more));
    let steps = node.take("steps").items();
    if case.outcome.is_failure() {
        let failed = steps.into_iter().find_map(|mut step| {
            let is_failed = step.take("status").text().as_deref() == Some("failed");
            step.take("name").text().filter(|_| is_failed)
        });
        case.properties
            .extend(failed.map(|name| ("failed step".to_owned(), name)));
    }
    case.properties.truncate(MOST_ITEMS);
    // What a writer of ours kept beside the plain form.
    let mut kept = kept.and_then(|text| serde_json::from_str::<Extra>(&text).ok());
    let note = kept.as_mut().and_then(|kept| kept.note.take());
    if let Some(kept) = kept {
        kept.put_back(&mut case);
    }
    Read {
        case,
        warning,
        note,
    }
}

/// `other` is what a runner's own word says, and else a test that has no result.
fn outcome(status: Option<&str>, raw: Option<&str>) -> Outcome {
    match status {
        Some("passed") => return Outcome::Passed,
        Some("failed") => return Outcome::Failed,
        Some("skipped" | "pending") => return Outcome::Skipped,
        _ => {}
    }
    let word = match status {
        Some("other") | None => raw,
        status => status,
    };
    let word: String = word
        .unwrap_or_default()
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    match word.to_ascii_lowercase().as_str() {
        "pass" | "passed" | "ok" | "success" => Outcome::Passed,
        "fail" | "failed" | "failure" => Outcome::Failed,
        "error" | "errored" | "broken" | "timeout" | "timedout" | "interrupted" | "crashed"
        | "aborted" | "cancelled" | "canceled" => Outcome::Errored,
        _ => Outcome::Skipped,
    }
}

fn detail(said: Option<String>, trace: Option<String>) -> Option<String> {
    let whole = said.filter(|said| said.trim().contains('\n') || said.len() > 500);
    match (whole, trace) {
        (Some(whole), Some(trace)) if !trace.contains(whole.trim()) => {
            Some(format!("{whole}\n{trace}"))
        }
        (whole, trace) => trace.or(whole),
    }
}

/// A runner lists the attempts before the last one.
fn attempts(case: &mut TestCase, earlier: Vec<Node>, max_text: usize) {
    if earlier.is_empty() {
        return;
    }
    for mut node in earlier.into_iter().take(MOST_ITEMS) {
        let status = node.take("status").text();
        let said = node.take("message").text();
        let message = said.as_deref().and_then(first_line);
        let told = detail(said, node.take("trace").text());
        case.attempts.push(Attempt {
            outcome: outcome(status.as_deref(), None),
            duration: node.take("duration").number().and_then(millis),
            message,
            kind: None,
            detail: told.map(|text| shortened(text, max_text)),
        });
    }
    case.flaky = case.outcome == Outcome::Passed
        && case
            .attempts
            .iter()
            .any(|attempt| attempt.outcome.is_failure());
    case.attempts.push(Attempt {
        outcome: case.outcome,
        duration: case.duration,
        message: case.message.clone(),
        kind: None,
        detail: case.detail.clone(),
    });
    case.attempts.sort();
}

fn joined(node: Node, max_text: usize) -> Option<String> {
    let lines = node.texts();
    (!lines.is_empty()).then(|| shortened(lines.join("\n"), max_text))
}

/// The plain values of an object.
pub(super) fn properties(node: Node) -> Vec<(String, String)> {
    let plain = |(key, value): (String, Node)| {
        let value = match value {
            Node::Text(value) => value,
            list @ Node::List(_) => list.texts().join(", "),
            _ => return None,
        };
        (!value.is_empty() && value.len() <= LONGEST).then_some((key, value))
    };
    node.entries()
        .into_iter()
        .filter_map(plain)
        .take(MOST_ITEMS)
        .collect()
}

pub(super) fn millis(value: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(value / 1000.0).ok()
}

/// Milliseconds since 1970, or seconds in reports of some runners.
pub(super) fn moment(value: f64) -> Option<Timestamp> {
    let is_sane = (0.0..1e14).contains(&value);
    let millis = if value < 1e11 { value * 1000.0 } else { value };
    is_sane.then(|| Timestamp::from_unix_millis(millis as i64))
}
