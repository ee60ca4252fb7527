//! One `<testcase>`.

use std::fmt::Write as _;
use std::io;

use retro_domain::{Outcome, TestCase};

use super::super::extra::{self, Extra, as_xml_text};
use super::super::seconds;
use super::super::whole::Note;
use super::text::{attribute, escaped, is_plain, with_text};
use super::{inside, read_back, written_path};

/// A case so that it reads back as it is.
pub(super) fn exact(text: &mut String, case: &TestCase) -> io::Result<()> {
    let start = text.len();
    plain(text, case, None);
    if is_simple(case) {
        return Ok(());
    }
    let (mut cases, _) = read_back(&inside(written_path(&case.id.suite), &text[start..]));
    let missing = match cases.pop() {
        Some(read) => Extra::between(case, &read),
        // Never with what was just written; everything is kept apart then.
        None => Extra::between(case, &TestCase::new(Default::default(), Outcome::Passed)),
    };
    if !missing.is_empty() {
        text.truncate(start);
        plain(text, case, Some(as_xml_text(&missing)?));
    }
    Ok(())
}

/// A note as a case, marked so that it reads back as a note.
pub(super) fn note(text: &mut String, note: &Note, case: &TestCase) -> io::Result<()> {
    let mark = as_xml_text(&Extra::of_note(note))?;
    plain(text, case, Some(mark));
    Ok(())
}

/// Whether there is nothing about a case that a reader could see in another way.
fn is_simple(case: &TestCase) -> bool {
    let class = case.id.class.as_deref();
    // Names of suites that are paths of one machine mean something to a reader.
    let is_path = |name: &String| {
        name.starts_with(['/', '\\']) || name.as_bytes().get(1).is_some_and(|&b| b == b':')
    };
    case.outcome == Outcome::Passed
        && !case.flaky
        && case.duration.is_none_or(|took| took.as_secs() < 1_000_000)
        && is_plain(&case.id.name)
        && !case.id.name.is_empty()
        && class.is_none_or(|class| !class.is_empty() && is_plain(class))
        && written_path(&case.id.suite).len() == case.id.suite.len()
        && !case.id.suite.iter().any(is_path)
        && case.id.parameters.is_none()
        && case.message.is_none()
        && case.kind.is_none()
        && case.detail.is_none()
        && case.location.is_none()
        && case.stdout.is_none()
        && case.stderr.is_none()
        && case.attempts.is_empty()
        && case.attachments.is_empty()
        && case.properties.is_empty()
}

fn plain(text: &mut String, case: &TestCase, extra: Option<String>) {
    text.push_str("<testcase");
    attribute(text, "name", &case.id.name);
    if let Some(class) = &case.id.class {
        attribute(text, "classname", class);
    }
    if let Some(took) = case.duration {
        let _ = write!(text, " time=\"{}\"", seconds(took));
    }
    let start = text.len();
    text.push('>');
    let element = match case.outcome {
        Outcome::Failed => Some("failure"),
        Outcome::Errored => Some("error"),
        Outcome::Skipped => Some("skipped"),
        Outcome::Passed => None,
    };
    if let Some(element) = element {
        let _ = write!(text, "<{element}");
        for (name, value) in [("message", &case.message), ("type", &case.kind)] {
            if let Some(value) = value {
                attribute(text, name, value);
            }
        }
        match &case.detail {
            Some(detail) => {
                text.push('>');
                escaped(text, detail, false);
                let _ = write!(text, "</{element}>");
            }
            None => text.push_str("/>"),
        }
    }
    attempts(text, case);
    if let Some(output) = &case.stdout {
        with_text(text, "system-out", output);
    }
    directives(text, case, extra);
    if let Some(output) = &case.stderr {
        with_text(text, "system-err", output);
    }
    if text.len() == start + 1 {
        text.truncate(start);
        text.push_str("/>");
    } else {
        text.push_str("</testcase>");
    }
}

/// The failed executions before the last one.
fn attempts(text: &mut String, case: &TestCase) {
    let kind = match case.outcome {
        Outcome::Passed => "flaky",
        _ => "rerun",
    };
    let mut last_is_due = case.outcome.is_failure();
    for attempt in &case.attempts {
        let is_last = attempt.outcome == case.outcome
            && attempt.message == case.message
            && attempt.detail == case.detail
            && attempt.duration == case.duration;
        if is_last && last_is_due {
            last_is_due = false;
            continue;
        }
        let element = match attempt.outcome {
            Outcome::Failed => format!("{kind}Failure"),
            Outcome::Errored => format!("{kind}Error"),
            _ => continue,
        };
        let _ = write!(text, "<{element}");
        if let Some(message) = &attempt.message {
            attribute(text, "message", message);
        }
        // The schema wants one.
        attribute(text, "type", attempt.kind.as_deref().unwrap_or_default());
        text.push('>');
        if let Some(detail) = &attempt.detail {
            with_text(text, "stackTrace", detail);
        }
        let _ = write!(text, "</{element}>");
    }
}

fn directives(text: &mut String, case: &TestCase, extra: Option<String>) {
    let mut lines = String::new();
    let fits = |part: &str| {
        !part.is_empty()
            && is_plain(part)
            && !part.contains([']', '\n', '\r'])
            && part.trim() == part
    };
    for attachment in case.attachments.iter().filter(|it| fits(&it.path)) {
        let _ = writeln!(lines, "[[ATTACHMENT|{}]]", attachment.path);
    }
    for (name, value) in &case.properties {
        if fits(name) && fits(value) && !name.contains('=') && name != extra::NAME {
            let _ = writeln!(lines, "[[PROPERTY|{name}={value}]]");
        }
    }
    if let Some(extra) = extra {
        let _ = writeln!(lines, "[[PROPERTY|{}={extra}]]", extra::NAME);
    }
    if !lines.is_empty() {
        with_text(text, "system-out", lines.trim_end());
    }
}
