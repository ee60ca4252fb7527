//! JUnit XML, as the schema of Jenkins' xUnit plugin (`junit-10.xsd`) has it, which other readers
//! such as GitLab's accept too.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use retro_domain::{Outcome, OutcomeCounts, TestCase, Timestamp};

use super::extra::{self, Extra};
use super::seconds;
use crate::{Collected, Format, Options, SuiteMetadata, parse};

/// Writes a JUnit document.
///
/// Cases stand in their order, inside one `<testsuite>` for each suite of their ids; a suite that
/// comes again later is opened again. `suites` tells more about suites than the ids do, see
/// [`Summary::suites`](crate::Summary::suites); one without cases is written too. Counts are those
/// of the cases.
///
/// The schema has no place for some of what a case may hold: where it is, its parameters, its
/// attachments and properties, what XML cannot carry. Attachments and properties are written as
/// `[[ATTACHMENT|path]]` and `[[PROPERTY|name=value]]` in a `<system-out>` of their own, and what is
/// still missing as a property `git-retro`, so that [`parse`](crate::parse) gives back the same cases.
///
/// # Errors
///
/// Those of `to`.
///
/// ```
/// use retro_domain::{Outcome, TestCase, TestId};
/// use retro_test_report::{Collected, Options, parse, write_junit};
///
/// let mut case = TestCase::new(TestId::named("adds"), Outcome::Failed);
/// case.id.suite.push("math".into());
/// case.message = Some("1 + 1 was 3".into());
///
/// let mut document = Vec::new();
/// write_junit(&mut document, &[case.clone()], &[])?;
///
/// let mut read = Collected::default();
/// parse(&document[..], None, &Options::default(), &mut read)?;
/// assert_eq!(read.cases, [case]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_junit(
    mut to: impl Write,
    cases: &[TestCase],
    suites: &[SuiteMetadata],
) -> io::Result<()> {
    let plan = Plan::new(cases, suites);
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
    let all = cases.iter().fold(OutcomeCounts::default(), count);
    counts(&mut text, &all);
    text.push_str(">\n");
    let mut depth = 1;
    for step in &plan.steps {
        match step {
            Step::Open(at) => {
                open(&mut text, depth, &plan.suites[*at]);
                depth += 1;
            }
            Step::Case(case) => {
                indent(&mut text, depth);
                exact(&mut text, case)?;
                text.push('\n');
            }
            Step::Close => {
                depth -= 1;
                indent(&mut text, depth);
                text.push_str("</testsuite>\n");
            }
        }
        if text.len() > 1 << 16 {
            to.write_all(text.as_bytes())?;
            text.clear();
        }
    }
    text.push_str("</testsuites>\n");
    to.write_all(text.as_bytes())?;
    to.flush()
}

/// Elements deeper than this are not written: readers leave them out of names.
const DEEPEST: usize = 100;

enum Step<'a> {
    Open(usize),
    Case(&'a TestCase),
    Close,
}

struct Suite<'a> {
    name: &'a str,
    counts: OutcomeCounts,
    metadata: Option<&'a SuiteMetadata>,
}

/// The document before it is written: counts of a suite stand before its cases.
#[derive(Default)]
struct Plan<'a> {
    steps: Vec<Step<'a>>,
    suites: Vec<Suite<'a>>,
    /// The suites that are open.
    open: Vec<usize>,
}

impl<'a> Plan<'a> {
    fn new(cases: &'a [TestCase], suites: &'a [SuiteMetadata]) -> Self {
        let mut plan = Self::default();
        let mut untold: HashMap<&[String], &SuiteMetadata> = HashMap::new();
        for suite in suites {
            untold.entry(&suite.path).or_insert(suite);
        }
        for case in cases {
            plan.go_to(written_path(case), &mut untold);
            for &open in &plan.open {
                let suite = &mut plan.suites[open];
                suite.counts.add(case.outcome, case.flaky);
            }
            plan.steps.push(Step::Case(case));
        }
        for suite in suites {
            if !suite.path.is_empty() && untold.contains_key(&suite.path[..]) {
                plan.go_to(&suite.path, &mut untold);
            }
        }
        plan.close_to(0);
        plan
    }

    /// Closes and opens suites until those of `path` are open. A case without a suite gets one
    /// without a name, since the schema wants one.
    fn go_to(&mut self, path: &'a [String], untold: &mut HashMap<&[String], &'a SuiteMetadata>) {
        let names: Vec<&str> = match path {
            [] => vec![""],
            path => path.iter().map(String::as_str).collect(),
        };
        let same = self
            .open
            .iter()
            .zip(&names)
            .take_while(|(open, name)| self.suites[**open].name == **name)
            .count();
        self.close_to(same);
        for (depth, name) in names.into_iter().enumerate().skip(same) {
            let metadata = path.get(..=depth).and_then(|path| untold.remove(path));
            self.open.push(self.suites.len());
            self.steps.push(Step::Open(self.suites.len()));
            self.suites.push(Suite {
                name,
                counts: OutcomeCounts::default(),
                metadata,
            });
        }
    }

    fn close_to(&mut self, depth: usize) {
        while self.open.len() > depth {
            self.open.pop();
            self.steps.push(Step::Close);
        }
    }
}

/// The path that elements can stand for; nothing where they cannot, and the id is kept apart.
fn written_path(case: &TestCase) -> &[String] {
    let path = &case.id.suite;
    let plain = path.len() <= DEEPEST && path.iter().all(|name| !name.is_empty() && is_plain(name));
    if plain { path } else { &[] }
}

fn count(mut counts: OutcomeCounts, case: &TestCase) -> OutcomeCounts {
    counts.add(case.outcome, case.flaky);
    counts
}

fn counts(text: &mut String, counts: &OutcomeCounts) {
    let (all, failed, errored) = (counts.total(), counts.failed, counts.errored);
    let _ = write!(
        text,
        " tests=\"{all}\" failures=\"{failed}\" errors=\"{errored}\""
    );
}

fn open(text: &mut String, depth: usize, suite: &Suite<'_>) {
    indent(text, depth);
    text.push_str("<testsuite");
    attribute(text, "name", suite.name);
    counts(text, &suite.counts);
    let _ = write!(text, " skipped=\"{}\"", suite.counts.skipped);
    let Some(metadata) = suite.metadata else {
        text.push_str(">\n");
        return;
    };
    if let Some(took) = metadata.duration {
        // The schema allows three decimals here.
        let _ = write!(text, " time=\"{:.3}\"", took.as_secs_f64());
    }
    if let Some(started) = metadata.started.and_then(date_time) {
        attribute(text, "timestamp", &started);
    }
    if let Some(hostname) = &metadata.hostname {
        attribute(text, "hostname", hostname);
    }
    text.push_str(">\n");
    if !metadata.properties.is_empty() {
        indent(text, depth + 1);
        text.push_str("<properties>\n");
        for (name, value) in &metadata.properties {
            indent(text, depth + 2);
            text.push_str("<property");
            attribute(text, "name", name);
            attribute(text, "value", value);
            text.push_str("/>\n");
        }
        indent(text, depth + 1);
        text.push_str("</properties>\n");
    }
    for (element, output) in [
        ("system-out", &metadata.stdout),
        ("system-err", &metadata.stderr),
    ] {
        if let Some(output) = output {
            indent(text, depth + 1);
            with_text(text, element, output);
            text.push('\n');
        }
    }
}

/// A case so that it reads back as it is.
fn exact(text: &mut String, case: &TestCase) -> io::Result<()> {
    let start = text.len();
    plain(text, case, None);
    if is_simple(case) {
        return Ok(());
    }
    let mut read = Collected::default();
    let options = Options {
        max_text: usize::MAX,
        ..Options::default()
    };
    let parsed = parse(
        &text.as_bytes()[start..],
        Some(Format::Junit),
        &options,
        &mut read,
    );
    let missing = match (parsed, read.cases.pop()) {
        (Ok(_), Some(mut read)) => {
            read.id.suite.extend_from_slice(written_path(case));
            Extra::between(case, &read)
        }
        // Never with what was just written; everything is kept apart then.
        _ => Extra::between(case, &TestCase::new(Default::default(), Outcome::Passed)),
    };
    if !missing.is_empty() {
        text.truncate(start);
        plain(text, case, Some(missing.to_directive()?));
    }
    Ok(())
}

/// Whether there is nothing about a case that a reader could see in another way.
fn is_simple(case: &TestCase) -> bool {
    let class = case.id.class.as_deref();
    case.outcome == Outcome::Passed
        && !case.flaky
        && case.duration.is_none_or(|took| took.as_secs() < 1_000_000)
        && is_plain(&case.id.name)
        && !case.id.name.is_empty()
        && class.is_none_or(|class| !class.is_empty() && is_plain(class))
        && written_path(case).len() == case.id.suite.len()
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

/// Whether XML can hold a text as it is: readers may take a carriage return for a line's end.
fn is_plain(text: &str) -> bool {
    text.chars().all(|c| c != '\r' && !is_forbidden(c))
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

fn indent(text: &mut String, depth: usize) {
    text.extend(std::iter::repeat_n("  ", depth));
}

fn with_text(text: &mut String, element: &str, content: &str) {
    let _ = write!(text, "<{element}>");
    escaped(text, content, false);
    let _ = write!(text, "</{element}>");
}

fn attribute(text: &mut String, name: &str, value: &str) {
    let _ = write!(text, " {name}=\"");
    escaped(text, value, true);
    text.push('"');
}

fn escaped(text: &mut String, value: &str, in_attribute: bool) {
    for c in value.chars() {
        match c {
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '&' => text.push_str("&amp;"),
            '"' if in_attribute => text.push_str("&quot;"),
            // Readers make blanks of these in attributes, and a line feed of every line's end.
            '\t' | '\n' if in_attribute => drop(write!(text, "&#{};", u32::from(c))),
            '\r' => text.push_str("&#13;"),
            c if is_forbidden(c) => text.push('\u{fffd}'),
            c => text.push(c),
        }
    }
}

/// Characters that no XML 1.0 document may hold, even escaped.
fn is_forbidden(c: char) -> bool {
    matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

/// Such as `2026-11-21T15:04:05.25Z`; `None` for years that no calendar has.
fn date_time(at: Timestamp) -> Option<String> {
    let at = jiff::Timestamp::from_millisecond(at.unix_millis()).ok()?;
    Some(at.to_string())
}

#[cfg(test)]
#[path = "junit_tests.rs"]
mod tests;
