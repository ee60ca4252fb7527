//! Results in the forms that other tools read.

use std::fmt::Write;

use retro_domain::{Outcome, TestCase};
use retro_store::{ResultSummary, RunCommit};
use serde::Serialize;

use crate::document::{CaseDocument, DOCUMENT_VERSION, millis, rfc3339};

/// One commit's results, ready to be written.
#[derive(Clone, Copy, Debug)]
pub struct Exported<'a> {
    /// The commit.
    pub commit: &'a RunCommit,
    /// Its result.
    pub summary: &'a ResultSummary,
    /// Every test of it.
    pub cases: &'a [TestCase],
}

/// The first line of the CSV form. Fields follow RFC 4180.
pub const CSV_HEADER: &str =
    "commit,committed_at,suite,verdict,test,outcome,flaky,duration_ms,message\r\n";

/// One commit as CSV, a line for each test; a commit without tests has a line with empty fields.
pub fn csv(exported: &Exported<'_>) -> String {
    let Exported {
        commit,
        summary,
        cases,
    } = exported;
    let head = format!(
        "{},{},{},{}",
        commit.commit,
        rfc3339(commit.committed_at),
        csv_field(&summary.suite_name),
        summary.verdict.name()
    );
    if cases.is_empty() {
        return format!("{head},,,,,\r\n");
    }
    let mut text = String::new();
    for case in *cases {
        let took = case
            .duration
            .map(|took| format!("{:.3}", millis(took)))
            .unwrap_or_default();
        let _ = write!(
            text,
            "{head},{},{},{},{took},{}\r\n",
            csv_field(&case.id.to_string()),
            case.outcome.name(),
            case.flaky,
            csv_field(case.message.as_deref().unwrap_or_default()),
        );
    }
    text
}

fn csv_field(text: &str) -> String {
    if text.contains(['"', ',', '\r', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[derive(Serialize)]
struct Line<'a> {
    version: u32,
    kind: &'static str,
    commit: String,
    committed_at: String,
    suite: &'a str,
    verdict: &'static str,
    #[serde(flatten)]
    case: CaseDocument,
}

/// One commit as JSON lines, one for each test. `kind` is `case`.
///
/// # Errors
///
/// When a text cannot be written as JSON; no text of a test case is of that kind.
pub fn jsonl(exported: &Exported<'_>) -> Result<String, serde_json::Error> {
    let Exported {
        commit,
        summary,
        cases,
    } = exported;
    let mut text = String::new();
    for case in *cases {
        text += &serde_json::to_string(&Line {
            version: DOCUMENT_VERSION,
            kind: "case",
            commit: commit.commit.to_string(),
            committed_at: rfc3339(commit.committed_at),
            suite: &summary.suite_name,
            verdict: summary.verdict.name(),
            case: CaseDocument::new(case),
        })?;
        text.push('\n');
    }
    Ok(text)
}

/// What opens a JUnit document.
pub const JUNIT_HEAD: &str =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"git-retro\">\n";

/// What closes a JUnit document.
pub const JUNIT_TAIL: &str = "</testsuites>\n";

/// One commit as a JUnit suite, named by the commit. A commit without results is a suite with an
/// error, so that no reader takes it for passed.
pub fn junit(exported: &Exported<'_>) -> String {
    let Exported {
        commit,
        summary,
        cases,
    } = exported;
    let count = |wanted: Outcome| cases.iter().filter(|case| case.outcome == wanted).count();
    let untested = !summary.verdict.is_tested();
    let mut text = String::new();
    let _ = writeln!(
        text,
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{:.3}\" timestamp=\"{}\">",
        commit.commit,
        cases.len() + usize::from(untested),
        count(Outcome::Failed),
        count(Outcome::Errored) + usize::from(untested),
        count(Outcome::Skipped),
        summary.usage.wall.as_secs_f64(),
        rfc3339(summary.started_at),
    );
    let _ = writeln!(
        text,
        "    <properties><property name=\"subject\" value=\"{}\"/></properties>",
        xml(&commit.summary)
    );
    if untested {
        let why = xml(&summary.verdict.to_string());
        let suite = xml(&summary.suite_name);
        let _ = writeln!(
            text,
            "    <testcase classname=\"{suite}\" name=\"(commit)\"><error message=\"{why}\"/></testcase>"
        );
    }
    for case in *cases {
        junit_case(&mut text, case);
    }
    text.push_str("  </testsuite>\n");
    text
}

fn junit_case(text: &mut String, case: &TestCase) {
    let mut class: Vec<&str> = case.id.suite.iter().map(String::as_str).collect();
    class.extend(case.id.class.as_deref());
    let name = match &case.id.parameters {
        Some(parameters) => format!("{}[{parameters}]", case.id.name),
        None => case.id.name.clone(),
    };
    let _ = write!(
        text,
        "    <testcase classname=\"{}\" name=\"{}\"",
        xml(&class.join("/")),
        xml(&name)
    );
    if let Some(took) = case.duration {
        let _ = write!(text, " time=\"{:.6}\"", took.as_secs_f64());
    }
    if let Some(place) = &case.location {
        let _ = write!(text, " file=\"{}\"", xml(&place.file));
        if let Some(line) = place.line {
            let _ = write!(text, " line=\"{line}\"");
        }
    }
    let element = match case.outcome {
        Outcome::Failed => "failure",
        Outcome::Errored => "error",
        Outcome::Skipped => "skipped",
        Outcome::Passed if case.flaky => "flakyFailure",
        Outcome::Passed => {
            text.push_str("/>\n");
            return;
        }
    };
    let _ = write!(text, "><{element}");
    if let Some(message) = &case.message {
        let _ = write!(text, " message=\"{}\"", xml(message));
    }
    if let Some(kind) = &case.kind {
        let _ = write!(text, " type=\"{}\"", xml(kind));
    }
    match &case.detail {
        Some(detail) => {
            let _ = write!(text, ">{}</{element}>", xml(detail));
        }
        None => text.push_str("/>"),
    }
    text.push_str("</testcase>\n");
}

/// Text for XML 1.0: markup escaped, characters that no document may hold replaced.
fn xml(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '"' => safe.push_str("&quot;"),
            '\t' | '\n' | '\r' => {
                let _ = write!(safe, "&#{};", u32::from(c));
            }
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}
