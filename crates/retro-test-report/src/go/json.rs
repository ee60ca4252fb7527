//! The events of `go test -json`, one object a line.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::BufRead;
use std::time::Duration;

use retro_domain::{Outcome, TestCase, TestId};
use serde::Deserialize;

use super::builds::Builds;
use super::events_package::Package;
use super::failure::panic_message;
use super::line::{Line, PackageEnd, classify};
use super::package::{OVER, OpenTest, PackageEnding, add_output, left_open};
use crate::foreign::Foreign;
use crate::json::{Number, each_line, object_in};
use crate::kept_text::first_line;
use crate::numbers::timestamp;
use crate::open_room::OpenRoom;
use crate::output::Output;
use crate::{ParseError, SuiteMetadata};

/// One line.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event<'a> {
    #[serde(borrow)]
    action: Cow<'a, str>,
    #[serde(borrow, default)]
    time: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    package: Cow<'a, str>,
    #[serde(borrow, default)]
    test: Option<Cow<'a, str>>,
    #[serde(default)]
    elapsed: Number,
    #[serde(borrow, default)]
    output: Cow<'a, str>,
    /// `frame` is what the test's runner prints, `error` what fails the test.
    #[serde(borrow, default)]
    output_type: Cow<'a, str>,
    #[serde(borrow, default)]
    import_path: Cow<'a, str>,
    #[serde(borrow, default)]
    failed_build: Cow<'a, str>,
    #[serde(borrow, default)]
    key: Cow<'a, str>,
    #[serde(borrow, default)]
    value: Cow<'a, str>,
    #[serde(borrow, default)]
    path: Cow<'a, str>,
}

/// How an object of these events can begin inside a line.
const STARTS: [&str; 3] = ["{\"Time\":\"", "{\"Action\":\"", "{\"ImportPath\":\""];

/// Whether a line can only be an event.
pub(crate) fn is_evidence(line: &[u8]) -> bool {
    let line = String::from_utf8_lossy(line);
    object_in(&line, &STARTS)
        .is_some_and(|(_, object)| object.contains("\"Action\"") && parse(object).is_some())
}

fn parse(object: &str) -> Option<Event<'_>> {
    const ACTIONS: [&str; 13] = [
        "start",
        "run",
        "pause",
        "cont",
        "pass",
        "bench",
        "fail",
        "output",
        "skip",
        "attr",
        "artifacts",
        "build-output",
        "build-fail",
    ];
    let event: Event<'_> = serde_json::from_str(object).ok()?;
    ACTIONS.contains(&&*event.action).then_some(event)
}

/// Reads a stream; whether there was any event in it.
pub(crate) fn read<R: BufRead>(reader: R, out: &mut Output<'_>) -> Result<bool, ParseError> {
    let limit = out.options.max_text;
    let mut run = Run {
        room: OpenRoom::new(&out.options),
        out,
        packages: HashMap::new(),
        builds: Builds::default(),
        foreign: Foreign::default(),
        untracked: 0,
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
    run.end(is_whole);
    Ok(run.recognised)
}

struct Run<'o, 's> {
    out: &'o mut Output<'s>,
    room: OpenRoom,
    packages: HashMap<String, Package>,
    builds: Builds,
    foreign: Foreign,
    untracked: u64,
    number: u64,
    recognised: bool,
}

impl Run<'_, '_> {
    /// Reads a line; false when it begins like an object and is none.
    fn line(&mut self, line: &str) -> bool {
        let Some((noise, object)) = object_in(line, &STARTS) else {
            self.noise(line);
            return true;
        };
        if !noise.is_empty() {
            self.noise(noise);
        }
        match parse(object) {
            Some(event) => {
                self.recognised = true;
                self.event(event);
                true
            }
            None => {
                // A test may print objects of its own.
                if object.contains("\"Action\":") {
                    self.out
                        .warn(self.number, "an event that cannot be read was left out");
                }
                false
            }
        }
    }

    /// Older versions of Go write what the compiler says between the events.
    fn noise(&mut self, line: &str) {
        if let Line::Package(package) = classify(line)
            && let PackageEnd::NotBuilt(why) = package.ended
            && let Some(entry) = self.package(package.name)
        {
            entry.not_built = Some(why);
            let name = package.name.to_owned();
            self.end_package(&name, PackageEnding::Failed(None), None);
        } else {
            self.foreign.look(self.number, line, self.out);
        }
    }

    fn event(&mut self, event: Event<'_>) {
        if event.action.starts_with("build-") {
            return self.build(&event);
        }
        let name = event.package.clone().into_owned();
        let Some(package) = self.package(&name) else {
            self.untracked += 1;
            return;
        };
        if package.started.is_none() {
            package.started = event.time.as_deref().and_then(timestamp);
        }
        let took = event
            .elapsed
            .0
            .and_then(|s| Duration::try_from_secs_f64(s).ok());
        let Some(test) = event.test.as_deref().filter(|test| !test.is_empty()) else {
            return match &*event.action {
                "start" => package.is_open = true,
                "output" => self.package_output(&name, &event.output),
                "pass" | "skip" => self.end_package(&name, PackageEnding::Passed, took),
                "fail" => {
                    if !event.failed_build.is_empty() {
                        package.not_built.get_or_insert("build failed");
                        let path = self.room.keep(event.failed_build.into_owned());
                        if let Some(package) = self.packages.get_mut(&name) {
                            package.failed_build = path;
                        }
                    }
                    self.end_package(&name, PackageEnding::Failed(None), took);
                }
                _ => {}
            };
        };
        match &*event.action {
            "run" => self.begin(&name, test),
            "pass" => self.end_test(&name, test, Outcome::Passed, took),
            "fail" => self.end_test(&name, test, Outcome::Failed, took),
            "skip" => self.end_test(&name, test, Outcome::Skipped, took),
            "output" | "bench" => self.test_output(&name, test, &event),
            action => {
                let package = self.packages.get_mut(&name);
                if let Some(test) = package.and_then(|package| package.tests.get_mut(test)) {
                    match action {
                        "pause" => test.is_paused = true,
                        "cont" => test.is_paused = false,
                        "attr" => test.property(&event.key, &event.value, &mut self.room),
                        "artifacts" => test.artifacts(&event.path, &mut self.room),
                        _ => {}
                    }
                }
            }
        }
    }

    fn package(&mut self, name: &str) -> Option<&mut Package> {
        if !self.packages.contains_key(name) {
            if !self.room.enter(name.len()) {
                return None;
            }
            let limit = self.out.options.max_text;
            self.packages.insert(name.to_owned(), Package::new(limit));
        }
        self.packages.get_mut(name)
    }

    fn begin(&mut self, package: &str, test: &str) {
        // A benchmark runs several times under one name.
        let open = self.packages.get(package).map(|package| &package.tests);
        if open.is_some_and(|open| open.contains_key(test)) && !test.starts_with("Benchmark") {
            self.left(
                package,
                test,
                Outcome::Errored,
                "the test did not end: it began again",
            );
        }
        let limit = self.out.options.max_text;
        let Some(entry) = self.packages.get_mut(package) else {
            return;
        };
        entry.is_open = true;
        if entry.tests.contains_key(test) {
            return;
        }
        if self.room.enter(test.len()) {
            let open = Box::new(OpenTest::new(limit));
            entry.tests.insert(test.to_owned(), open);
        } else {
            entry.untracked += 1;
        }
    }

    fn left(&mut self, package: &str, test: &str, outcome: Outcome, why: &str) {
        let open = self
            .packages
            .get_mut(package)
            .and_then(|p| p.tests.remove(test));
        if let Some(open) = open {
            self.deliver(package, test, *open, outcome, None, Some(why.to_owned()));
        }
    }

    fn end_test(&mut self, package: &str, test: &str, outcome: Outcome, took: Option<Duration>) {
        let limit = self.out.options.max_text;
        let Some(entry) = self.packages.get_mut(package) else {
            return;
        };
        let open = entry.tests.remove(test);
        if open.is_none() {
            entry.untracked = entry.untracked.saturating_sub(1);
        }
        if outcome == Outcome::Passed && !test.contains('/') {
            // What a test that passed ran inside has passed, even when its end was lost.
            let inner = format!("{test}/");
            let names = entry.tests.range(inner.clone()..);
            let names: Vec<String> = names
                .map(|(name, _)| name.clone())
                .take_while(|name| name.starts_with(&inner))
                .collect();
            for name in names {
                self.end_test(package, &name, Outcome::Passed, None);
            }
        }
        match open {
            Some(open) => self.deliver(package, test, *open, outcome, took, None),
            None => {
                let mut case = OpenTest::new(limit).case(test, outcome, None);
                case.duration = took;
                self.hand_over(package, case);
            }
        }
    }

    fn deliver(
        &mut self,
        package: &str,
        test: &str,
        open: OpenTest,
        outcome: Outcome,
        took: Option<Duration>,
        message: Option<String>,
    ) {
        open.leave(test, &mut self.room);
        let mut case = open.case(test, outcome, message);
        case.duration = took;
        self.hand_over(package, case);
    }

    fn hand_over(&mut self, package: &str, mut case: TestCase) {
        if let Some(entry) = self.packages.get_mut(package) {
            entry.failed += u64::from(case.outcome.is_failure());
        }
        case.id
            .suite
            .extend(Some(package.to_owned()).filter(|name| !name.is_empty()));
        self.out.case(case);
    }

    fn test_output(&mut self, package: &str, test: &str, event: &Event<'_>) {
        let Some(entry) = self.packages.get_mut(package) else {
            return;
        };
        if entry.panic.is_none() {
            let message = panic_message(&event.output);
            entry.panic = message.and_then(|message| self.room.keep(message));
        }
        let Some(open) = entry.tests.get_mut(test) else {
            return;
        };
        let is_frame = event.output_type == "frame"
            || matches!(
                classify(&event.output),
                Line::Run(_)
                    | Line::Current(_)
                    | Line::Pause(_)
                    | Line::End(_)
                    | Line::Attribute(..)
                    | Line::Artifacts(..)
                    | Line::BenchLog(_)
            );
        if !is_frame && add_output(open, &event.output, "", &mut self.room) && !entry.is_over {
            entry.is_over = true;
            self.out.warn(self.number, OVER);
        }
    }

    fn package_output(&mut self, name: &str, output: &str) {
        let Some(entry) = self.packages.get_mut(name) else {
            return;
        };
        let Some(line) = entry.line(output, &mut self.room) else {
            return;
        };
        if entry.panic.is_none() {
            let message = panic_message(&line);
            entry.panic = message.and_then(|message| self.room.keep(message));
        }
        match classify(&line) {
            // Before version 1.20, benchmarks are no tests of their own.
            Line::Bench(bench) => {
                let mut case = TestCase::new(TestId::named(bench.name), Outcome::Passed);
                case.properties
                    .push(("bench".to_owned(), bench.figures.to_owned()));
                self.hand_over(name, case);
            }
            Line::Coverage(text) => {
                if let Some(before) = entry.coverage.take() {
                    self.room.give(before.len());
                }
                entry.coverage = self.room.keep(text.to_owned());
            }
            Line::Package(package) => {
                if let PackageEnd::NotBuilt(why) = package.ended {
                    entry.not_built = Some(why);
                }
            }
            Line::Verdict(_) | Line::ExitStatus => {}
            _ => entry
                .output
                .push_within(line.as_bytes(), &mut self.room.texts),
        }
    }

    fn build(&mut self, event: &Event<'_>) {
        let Self { builds, room, .. } = self;
        let has_failed = event.action == "build-fail";
        let limit = self.out.options.max_text;
        builds.add(&event.import_path, &event.output, has_failed, limit, room);
    }

    fn end_package(&mut self, name: &str, ending: PackageEnding<'_>, took: Option<Duration>) {
        let limit = self.out.options.max_text;
        // What was told to have ended is told again by some versions of Go.
        let Some(entry) = self.packages.get_mut(name).filter(|entry| entry.is_open) else {
            return;
        };
        let mut entry = std::mem::replace(entry, Package::new(limit));
        let kept = [&entry.panic, &entry.coverage, &entry.failed_build];
        for kept in kept.into_iter().flatten() {
            self.room.give(kept.len());
        }
        let failed_build = entry.failed_build.as_deref();
        let build = self.builds.take(name, failed_build, &mut self.room);
        let ending = match ending {
            PackageEnding::Failed(_) => PackageEnding::Failed(entry.panic.as_deref()),
            other => other,
        };
        for (test, left) in left_open(&entry.tests, ending) {
            let Some(open) = entry.tests.remove(&test) else {
                continue;
            };
            match left.outcome() {
                Some(outcome) => {
                    entry.failed += u64::from(outcome.is_failure());
                    if outcome == Outcome::Passed && !test.starts_with("Benchmark") {
                        let why = format!("{test} has no end; its package passed");
                        self.out.warn(self.number, why);
                    }
                    self.deliver(name, &test, *open, outcome, None, ending.why(left));
                }
                None => open.leave(&test, &mut self.room),
            }
        }
        if entry.untracked > 0 {
            let why = format!(
                "{} tests of {name} were open at once with too many others and have no end",
                entry.untracked
            );
            self.out.warn(self.number, why);
            self.out.summary.truncated = true;
        }
        self.room.texts += entry.output.len() + entry.line.len();
        let output = entry.output.finish();
        if ending == PackageEnding::Passed || matches!(ending, PackageEnding::Cut(_)) {
        } else if let Some(why) = entry.not_built {
            let said = build.as_deref().or(output.as_deref());
            self.hand_over(name, not_built(why, said));
        } else if entry.failed == 0 {
            let why = entry.panic.clone();
            let why = why.or_else(|| output.as_deref().and_then(first_line));
            let why = why.map_or(String::new(), |why| format!(": {why}"));
            self.out
                .run_failure(format!("{name} failed without a failed test{why}"));
        }
        let left = self.out.suite_text_left();
        let text = build.or(output).filter(|text| text.len() <= left);
        self.out
            .spend_suite_text(text.as_ref().map_or(0, String::len));
        self.out.suite(SuiteMetadata {
            path: Some(name.to_owned())
                .filter(|name| !name.is_empty())
                .into_iter()
                .collect(),
            started: entry.started,
            duration: took,
            properties: entry
                .coverage
                .map(|text| ("coverage".to_owned(), text))
                .into_iter()
                .collect(),
            stdout: text,
            ..SuiteMetadata::default()
        });
        if let Some(fresh) = self.packages.get_mut(name) {
            // Events that come late are of a package that has ended.
            fresh.is_open = false;
        }
    }

    fn end(&mut self, is_whole: bool) {
        let mut names: Vec<String> = self
            .packages
            .iter()
            .filter(|(_, package)| package.is_open)
            .map(|(name, _)| name.clone())
            .collect();
        names.sort();
        for name in names {
            self.out.summary.truncated = true;
            let open = self
                .packages
                .get(&name)
                .map_or(0, |package| package.tests.len());
            if open > 0 && !is_whole {
                self.out.warn(
                    self.number,
                    format!("the report ends inside {open} tests of {name}, which are left out"),
                );
            }
            self.end_package(&name, PackageEnding::Cut(is_whole), None);
        }
        for failure in self.builds.untold() {
            self.out.run_failure(failure);
        }
        self.out.summary.truncated |= !is_whole;
        if self.untracked > 0 {
            let why = format!(
                "{} events of too many packages were left out",
                self.untracked
            );
            self.out.warn(None, why);
            self.out.summary.truncated = true;
        }
    }
}

/// A package whose tests were not built, as a test of its own.
pub(super) fn not_built(why: &str, said: Option<&str>) -> TestCase {
    let mut case = TestCase::new(TestId::named(format!("[{why}]")), Outcome::Errored);
    let first = said.and_then(|text| {
        text.lines()
            .find(|line| !line.starts_with("# ") && !line.trim().is_empty())
    });
    case.message = first.and_then(first_line).or_else(|| Some(why.to_owned()));
    case.location = first.and_then(place);
    case.detail = said.map(ToOwned::to_owned);
    case
}

/// `FILE:LINE:COLUMN: …` or `FILE:LINE: …`, also after `vet: `
fn place(line: &str) -> Option<retro_domain::Location> {
    let line = line.trim();
    let mut parts = line.strip_prefix("vet: ").unwrap_or(line).splitn(3, ':');
    let (file, number) = (parts.next()?, parts.next()?.parse().ok()?);
    Some(retro_domain::Location {
        file: file.to_owned(),
        line: Some(number),
    })
}
