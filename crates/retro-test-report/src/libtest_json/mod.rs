//! The events of Rust's test harness (`--format json`), one object a line; also those of
//! cargo-nextest (`--message-format libtest-json`), which name their binary in each test.
//!
//! The harness does not name its binary. When Cargo's own lines are part of the stream, the suite
//! is what they name, and otherwise it is empty.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::BufRead;
use std::time::Duration;

use retro_domain::{Attempt, Outcome, OutcomeCounts, TestCase, TestId};
use serde::Deserialize;

use crate::json::{Number, each_line, object_in};
use crate::kept_text::{first_line, shortened, trimmed};
use crate::libtest::{self, binary_death, binary_name, documentation_test};
use crate::open_room::OpenRoom;
use crate::output::Output;
use crate::panic_message::failure_message;
use crate::{ClaimedCounts, ParseError, SuiteMetadata};

mod nextest;

/// One line.
#[derive(Debug, Deserialize)]
struct Event<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    event: Cow<'a, str>,
    #[serde(borrow, default)]
    name: Cow<'a, str>,
    #[serde(default)]
    exec_time: Number,
    #[serde(default)]
    stdout: Option<String>,
    #[serde(default)]
    stderr: Option<String>,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    test_count: Option<u64>,
    #[serde(default)]
    passed: u64,
    #[serde(default)]
    failed: u64,
    #[serde(default)]
    allowed_fail: u64,
    #[serde(default)]
    ignored: u64,
    #[serde(default)]
    measured: u64,
    #[serde(default)]
    median: Number,
    #[serde(default)]
    deviation: Number,
    #[serde(default)]
    mib_per_second: Number,
    #[serde(borrow, default)]
    nextest: Option<Nextest<'a>>,
}

/// What cargo-nextest adds to a suite.
#[derive(Debug, Deserialize)]
struct Nextest<'a> {
    #[serde(borrow, rename = "crate", default)]
    package: Cow<'a, str>,
    #[serde(borrow, default)]
    test_binary: Cow<'a, str>,
}

/// How an object of these events can begin inside a line.
const STARTS: [&str; 4] = [
    "{ \"type\": \"",
    "{\"type\":\"",
    "{ \"name\": \"",
    "{\"name\":\"",
];

/// Whether a line can only be an event.
pub(crate) fn is_evidence(line: &[u8]) -> bool {
    let line = String::from_utf8_lossy(line);
    let Some((_, object)) = object_in(&line, &STARTS) else {
        return false;
    };
    let known = |event: Event<'_>| {
        matches!(
            (&*event.kind, &*event.event),
            ("suite", "started" | "ok" | "failed" | "discovery")
                | (
                    "test",
                    "started" | "ok" | "failed" | "ignored" | "timeout" | "discovered"
                )
        ) || event.kind == "bench" && event.median.0.is_some()
    };
    object.contains("\"type\"") && serde_json::from_str(object).is_ok_and(known)
}

/// Reads a stream; whether there was any event in it.
pub(crate) fn read<R: BufRead>(reader: R, out: &mut Output<'_>) -> Result<bool, ParseError> {
    let limit = out.options.max_text;
    let mut run = Run {
        room: OpenRoom::new(&out.options),
        out,
        suite: None,
        others: Vec::new(),
        nextest: BTreeMap::new(),
        next: Vec::new(),
        text: libtest::Run::default(),
        death: None,
        number: 0,
        recognised: false,
    };
    let is_whole = each_line(reader, limit, |number, line, was_cut| {
        run.number = number;
        let is_understood = run.line(line);
        if was_cut {
            run.out.warn(number, "a line is too long and was not read");
        }
        is_understood
    })?;
    run.died(is_whole);
    while let Some(other) = run.others.pop() {
        run.suite = Some(other);
        run.died(is_whole);
    }
    run.end_binaries();
    run.text.end(run.out);
    run.out.summary.truncated |= !is_whole;
    Ok(run.recognised)
}

/// A binary that has not ended.
#[derive(Default)]
struct Suite {
    path: Vec<String>,
    announced: Option<u64>,
    open: BTreeMap<String, ()>,
    /// Open tests there was no room for.
    untracked: u64,
    seen: OutcomeCounts,
    /// The binary, where cargo-nextest names it in each test.
    binary: Option<String>,
}

struct Run<'o, 's> {
    out: &'o mut Output<'s>,
    room: OpenRoom,
    suite: Option<Suite>,
    /// Suites of cargo-nextest that have not ended, while another one is told of.
    others: Vec<Suite>,
    /// The binaries that cargo-nextest ran, by name.
    nextest: BTreeMap<String, nextest::Binary>,
    /// The suite of the next binary.
    next: Vec<String>,
    /// What binaries print that write no events, as documentation tests may.
    text: libtest::Run,
    /// What told that a binary died.
    death: Option<String>,
    number: u64,
    recognised: bool,
}

impl Run<'_, '_> {
    /// Reads a line; false when it begins like an object and is none.
    fn line(&mut self, line: &str) -> bool {
        let Some((_, object)) = object_in(line, &STARTS) else {
            if let Some(name) = binary_name(line) {
                self.died(true);
                self.next = name;
            }
            if self.suite.is_none() {
                let line = libtest::without_colours(line);
                self.text.line(self.number, &line, self.out);
            } else if self.death.is_none() {
                self.death = binary_death(line);
            }
            return true;
        };
        let Ok(event) = serde_json::from_str::<Event<'_>>(object) else {
            if object.contains("\"type\"") && object.contains("\"event\"") {
                let why = "an event that cannot be read was left out";
                self.out.warn(self.number, why);
            }
            return false;
        };
        match (&*event.kind, &*event.event) {
            ("suite", "started") => self.begin(&event),
            ("suite", "ok" | "failed") => self.finish(&event),
            ("suite", "discovery" | "completed") | ("test", "discovered") | ("report", _) => {}
            ("test", "started") => self.started(&event.name),
            ("test", "ok") => self.ended(event, Outcome::Passed),
            ("test", "ignored") => self.ended(event, Outcome::Skipped),
            ("test", "failed") => self.ended(event, Outcome::Failed),
            // Known to fail, in old versions.
            ("test", "allowed_failure") => self.ended(event, Outcome::Skipped),
            // It runs for long, and goes on.
            ("test", "timeout") => {}
            ("bench", _) if event.median.0.is_some() => self.ended(event, Outcome::Passed),
            _ => return true,
        }
        self.recognised = true;
        true
    }

    fn begin(&mut self, event: &Event<'_>) {
        if self.others.len() < nextest::AT_ONCE {
            let nextest = self.suite.take_if(|suite| suite.binary.is_some());
            self.others.extend(nextest);
        }
        self.died(true);
        self.text.began_elsewhere(self.out);
        let mut path = std::mem::take(&mut self.next);
        if let Some(nextest) = &event.nextest {
            path = [&nextest.package, &nextest.test_binary]
                .map(|part| part.clone().into_owned())
                .into();
        }
        self.suite = Some(Suite {
            path,
            announced: event.test_count,
            binary: event.nextest.as_ref().map(Nextest::binary),
            ..Suite::default()
        });
    }

    fn started(&mut self, name: &str) {
        let name = without_attempt(name).0;
        self.turn_to(nextest::binary(name));
        let suite = self.suite.get_or_insert_default();
        let waits = nextest::waits(&self.nextest, name);
        if waits || suite.open.contains_key(name) {
            return;
        }
        if self.room.enter(name.len()) {
            suite.open.insert(name.to_owned(), ());
        } else {
            suite.untracked += 1;
        }
    }

    fn ended(&mut self, event: Event<'_>, outcome: Outcome) {
        let (name, attempt) = without_attempt(&event.name);
        self.turn_to(nextest::binary(name));
        let suite = self.suite.get_or_insert_default();
        let open = suite.open.remove(name);
        match open.or_else(|| nextest::ended(&mut self.nextest, name)) {
            Some(()) => self.room.leave(name.len(), 0),
            None => suite.untracked = suite.untracked.saturating_sub(1),
        }
        suite.seen.add(outcome, false);
        let mut case = case(&suite.path, name, outcome);
        case.duration = seconds(event.exec_time);
        case.message = event.message.as_deref().and_then(first_line);
        if event.reason.as_deref() == Some("time limit exceeded") {
            case.kind = event.reason;
        }
        if let (Some(median), Some(deviation)) = (event.median.0, event.deviation.0) {
            let mut figures = format!("{median} ns/iter (+/- {deviation})");
            if let Some(speed) = event.mib_per_second.0 {
                figures.push_str(&format!(" = {speed} MB/s"));
            }
            case.properties.push(("bench".to_owned(), figures));
        }
        let limit = self.out.options.max_text;
        let kept = |text: Option<String>| {
            let text = text.filter(|text| !text.trim().is_empty());
            text.map(|text| shortened(text, limit))
        };
        let text = kept(event.stdout);
        if outcome == Outcome::Failed {
            if let Some(text) = text {
                let (message, location) = failure_message(&text);
                case.message = case.message.or(message);
                case.location = case.location.or(location);
                case.detail = Some(trimmed(&text).to_owned());
            }
            let kind = case.kind.clone();
            case.message = case.message.or(kind);
        } else {
            case.stdout = text;
        }
        case.stderr = kept(event.stderr);
        if attempt > 1 {
            // The failed attempts before have no events of their own.
            let of = |outcome| Attempt {
                outcome,
                duration: None,
                message: None,
                kind: None,
                detail: None,
            };
            case.flaky = outcome == Outcome::Passed;
            case.attempts = vec![of(Outcome::Failed); (attempt - 1).min(100) as usize];
            case.attempts.push(Attempt {
                outcome,
                duration: case.duration,
                message: case.message.clone(),
                kind: case.kind.clone(),
                detail: case.detail.clone(),
            });
            case.attempts.sort();
        }
        self.out.case(case);
    }

    fn finish(&mut self, event: &Event<'_>) {
        self.turn_to(event.nextest.as_ref().map(Nextest::binary).as_deref());
        let mut suite = self.suite.take().unwrap_or_default();
        let passed = event.passed.saturating_add(event.measured);
        let ignored = event.ignored.saturating_add(event.allowed_fail);
        let total = passed.saturating_add(event.failed).saturating_add(ignored);
        let binary = suite.binary.take().filter(|binary| {
            self.nextest.contains_key(binary) || self.room.enter(binary.len() + nextest::BINARY)
        });
        if let Some(binary) = binary {
            let part = nextest::Part {
                announced: suite.announced,
                seen: suite.seen,
                run: passed.saturating_add(event.failed),
                ignored,
                open: std::mem::take(&mut suite.open),
            };
            self.nextest.entry(binary).or_default().add(part);
            // What it ignored is counted again in each part.
            suite.announced = None;
            suite.seen.skipped = ignored;
        }
        self.leave(&mut suite, "its binary ended");
        let seen = [suite.seen.passed, suite.seen.failures(), suite.seen.skipped];
        if seen != [passed, event.failed, ignored] {
            let message = format!(
                "a suite claims {passed} passed, {} failed, {ignored} ignored; \
                 the events before are {}, {} and {}",
                event.failed, seen[0], seen[1], seen[2]
            );
            self.out.warn(self.number, message);
        }
        self.out.summary.truncated |= suite.seen.total() < total;
        if let Some(announced) = suite.announced.filter(|announced| *announced != total) {
            self.out.summary.truncated |= total < announced;
            let message =
                format!("{announced} tests were announced; the suite's end counts {total}");
            self.out.warn(self.number, message);
        }
        if event.event == "failed" && suite.seen.failures() == 0 {
            self.out
                .run_failure("a test binary failed without naming a failed test");
        }
        self.out.suite(SuiteMetadata {
            path: suite.path,
            duration: seconds(event.exec_time),
            claimed: ClaimedCounts {
                tests: Some(total),
                failures: Some(event.failed),
                errors: None,
                skipped: Some(ignored),
            },
            ..SuiteMetadata::default()
        });
        self.death = None;
    }

    /// The end of a binary that did not tell it.
    fn died(&mut self, is_whole: bool) {
        let death = self.death.take();
        let Some(mut suite) = self.suite.take() else {
            return;
        };
        if is_whole {
            let why = death.as_deref().unwrap_or("its binary died");
            self.leave(&mut suite, why);
        } else if !suite.open.is_empty() {
            let why = format!(
                "the report ends inside {} tests, which are left out",
                suite.open.len()
            );
            self.out.warn(self.number, why);
        }
        self.out.summary.truncated = true;
        let name = suite.path.first().map_or("a test binary", String::as_str);
        let of = suite
            .announced
            .map_or(String::new(), |count| format!(" of {count}"));
        let why = death.map_or(String::new(), |death| format!(": {death}"));
        self.out.run_failure(format!(
            "{name} ended without a result after {}{of} tests{why}",
            suite.seen.total()
        ));
    }

    /// Tests that were started and have no end.
    fn leave(&mut self, suite: &mut Suite, why: &str) {
        for name in std::mem::take(&mut suite.open).into_keys() {
            self.room.leave(name.len(), 0);
            suite.seen.add(Outcome::Errored, false);
            let mut case = case(&suite.path, &name, Outcome::Errored);
            case.message = Some(format!("the test did not end: {why}"));
            self.out.case(case);
        }
        if suite.untracked > 0 {
            let why = format!(
                "{} tests were open at once with too many others and have no end",
                suite.untracked
            );
            self.out.warn(self.number, why);
            self.out.summary.truncated = true;
        }
    }
}

impl Nextest<'_> {
    /// The binary, as the names of its tests have it.
    fn binary(&self) -> String {
        format!("{}::{}", self.package, self.test_binary)
    }
}

fn seconds(number: Number) -> Option<Duration> {
    Duration::try_from_secs_f64(number.0?).ok()
}

/// cargo-nextest's `package::binary$test` has its suite in the name.
fn case(suite: &[String], name: &str, outcome: Outcome) -> TestCase {
    let name = &*without_controls(name);
    let (suite, name) = match name.split_once('$') {
        Some((binary, test)) if !binary.contains(' ') && !test.is_empty() => {
            let parts = binary
                .split_once("::")
                .map_or(vec![binary], |(a, b)| vec![a, b]);
            (parts.into_iter().map(ToOwned::to_owned).collect(), test)
        }
        _ => (suite.to_vec(), name),
    };
    let mut case = TestCase::new(
        TestId {
            suite,
            ..TestId::named(name)
        },
        outcome,
    );
    case.location = documentation_test(name);
    case
}

/// Old versions of the harness wrote the backslashes of paths on Windows as they are, so that some
/// of them read as escapes. No name has control characters of its own.
fn without_controls(name: &str) -> Cow<'_, str> {
    if !name.contains(char::is_control) {
        return Cow::Borrowed(name);
    }
    let letters = [
        ('\u{8}', "\\b"),
        ('\u{c}', "\\f"),
        ('\n', "\\n"),
        ('\r', "\\r"),
        ('\t', "\\t"),
    ];
    let mut text = name.to_owned();
    for (control, letter) in letters {
        text = text.replace(control, letter);
    }
    Cow::Owned(text)
}

/// cargo-nextest's `NAME#3` is the third attempt at `NAME`.
fn without_attempt(name: &str) -> (&str, u64) {
    match name.rsplit_once('#').map(|(name, n)| (name, n.parse())) {
        Some((name, Ok(attempt))) if name.contains('$') => (name, attempt),
        _ => (name, 1),
    }
}
