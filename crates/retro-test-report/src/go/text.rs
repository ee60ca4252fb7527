//! The text of `go test`, with `-v` or without.
//!
//! The name of a package comes after its tests, so what is known of them waits until then.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io::BufRead;
use std::time::Duration;

use retro_domain::{Outcome, TestCase, TestId};

use super::failure::panic_message;
use super::json::not_built;
use super::line::{Bench, End, Line, PackageEnd, classify, end_after_output, without_procs};
use super::package::{Left, OVER, OpenTest, PackageEnding, add_output, left_open};
use super::text_package::{Held, Package};
use crate::foreign::Foreign;
use crate::kept_text::{KeptText, first_line};
use crate::libtest::without_colours;
use crate::lines::Lines;
use crate::open_room::OpenRoom;
use crate::output::Output;
use crate::{ParseError, SuiteMetadata};

/// Reads a stream; whether there was any test run in it.
pub(crate) fn read<R: BufRead>(reader: R, out: &mut Output<'_>) -> Result<bool, ParseError> {
    let mut lines = Lines::new(reader, out.options.max_text.max(4096));
    let package = Package::new(&out.options);
    let mut run = Run {
        builds_room: OpenRoom::new(&out.options),
        out,
        package,
        builds: BTreeMap::new(),
        build: None,
        number: 0,
        recognised: false,
        is_silent: false,
        foreign: Foreign::default(),
    };
    let mut is_whole = true;
    while let Some(line) = lines.next()? {
        run.number += 1;
        let line = String::from_utf8_lossy(line).into_owned();
        is_whole = lines.ended();
        run.package.is_cut |= !is_whole && run.package.verdict.is_some() && may_go_on(&line);
        let plain = without_colours(&line);
        run.line(&plain, &line);
    }
    run.end(is_whole);
    Ok(run.recognised)
}

/// Whether a line without an end may be the start of one that `go test` has after a verdict.
fn may_go_on(line: &str) -> bool {
    ["exit status ", "FAIL\t", "ok  \t"]
        .iter()
        .any(|start| start.starts_with(line) || line.starts_with(start))
}

struct Run<'o, 's> {
    out: &'o mut Output<'s>,
    package: Package,
    /// What the compiler said, by package.
    builds: BTreeMap<String, KeptText>,
    builds_room: OpenRoom,
    /// The package about which the compiler speaks.
    build: Option<String>,
    number: u64,
    recognised: bool,
    /// Whether a package passed without naming its tests.
    is_silent: bool,
    foreign: Foreign,
}

impl Run<'_, '_> {
    /// Reads a line without its colours; output keeps them.
    fn line(&mut self, plain: &str, line: &str) {
        let kind = classify(plain);
        if !matches!(kind, Line::Other) {
            self.build = None;
        }
        match kind {
            Line::Run(name) => self.begin(name),
            Line::Current(name) => {
                self.settle();
                self.package.current = Some(name.to_owned());
                if let Some(open) = self.package.open.get_mut(name) {
                    open.is_paused = false;
                }
            }
            Line::Pause(name) => {
                self.settle();
                self.package.current = None;
                if let Some(open) = self.package.open.get_mut(name) {
                    open.is_paused = true;
                }
            }
            Line::Attribute(name, key, value) => {
                let Package { open, room, .. } = &mut self.package;
                if let Some(open) = open.get_mut(name) {
                    open.property(key, value, room);
                }
            }
            Line::Artifacts(name, path) => {
                let Package { open, room, .. } = &mut self.package;
                if let Some(open) = open.get_mut(name) {
                    open.artifacts(path, room);
                }
            }
            Line::End(end) => self.end_test(end),
            Line::Bench(bench) => self.bench(bench),
            // What it logged follows, and belongs to no test that is open.
            Line::BenchLog(_) => {
                self.settle();
                self.package.current = None;
            }
            Line::Verdict(passed) => {
                self.settle();
                self.package.current = None;
                self.package.verdict = Some(passed);
            }
            Line::Package(package) => {
                self.recognised = true;
                let name = package.name.to_owned();
                self.package.coverage = package
                    .coverage
                    .map(ToOwned::to_owned)
                    .or(self.package.coverage.take());
                let is_quiet = package.ended == PackageEnd::Passed
                    && self.package.is_empty()
                    && self.package.last.is_none();
                self.is_silent |= is_quiet && !package.has_note;
                self.end_package(Some(&name), package.ended, package.took);
            }
            Line::PackageHeader(name) => {
                self.end_binary();
                self.package.header = Some(name.to_owned());
            }
            Line::Build(name) => {
                self.settle();
                self.package.current = None;
                let is_known = self.builds.contains_key(name);
                if is_known || self.builds_room.enter(name.len()) {
                    self.builds
                        .entry(name.to_owned())
                        .or_insert_with(|| KeptText::new(64 << 10));
                    self.build = Some(name.to_owned());
                }
            }
            Line::Coverage(text) => self.package.coverage = Some(text.to_owned()),
            // Said by `go test`, which has a line for the package after it.
            Line::ExitStatus => self.package.is_cut |= self.package.verdict.is_some(),
            Line::Other => self.other(plain, line),
        }
    }

    fn other(&mut self, plain: &str, line: &str) {
        if let Some((output, end)) = end_after_output(plain) {
            if self.package.open.contains_key(end.name) {
                self.output(output);
                return self.end_test(end);
            }
            // A benchmark begins with its name, and ends on the same line when it failed.
            if without_procs(output.trim()) == end.name {
                return self.end_test(end);
            }
        }
        if let Some(at) = line.find("=== RUN   ").filter(|&at| at > 0)
            && let Line::Run(name) = classify(&line[at..])
        {
            self.output(&line[..at]);
            return self.begin(name);
        }
        if let Some(text) = self
            .build
            .as_ref()
            .and_then(|name| self.builds.get_mut(name))
        {
            let room = &mut self.builds_room.texts;
            text.push_within(line.as_bytes(), room);
            return text.push_within(b"\n", room);
        }
        if self.package.is_empty() && self.package.last.is_none() {
            self.foreign.look(self.number, plain, self.out);
        }
        self.output(line);
    }

    fn output(&mut self, line: &str) {
        let package = &mut self.package;
        if package.panic.is_none() {
            package.panic = panic_message(line);
        }
        package.make_room(line.len() + 1);
        let Package {
            room,
            open,
            current,
            last,
            output,
            ..
        } = package;
        let current = current.as_ref().and_then(|name| open.get_mut(name));
        match last.as_mut().map(|held| &mut held.open).or(current) {
            Some(test) => package.is_over |= add_output(test, line, "\n", room),
            None => {
                output.push_within(line.as_bytes(), &mut room.texts);
                output.push_within(b"\n", &mut room.texts);
            }
        }
    }

    /// A binary that ended without a line for its package, when another one begins.
    fn end_binary(&mut self) {
        if let Some(passed) = self.package.verdict {
            let ended = if passed {
                PackageEnd::Passed
            } else {
                PackageEnd::Failed
            };
            if !self.package.is_empty() {
                self.end_package(None, ended, None);
            }
            self.package.verdict = None;
        }
    }

    fn begin(&mut self, name: &str) {
        self.end_binary();
        self.settle();
        self.recognised = true;
        if let Some(open) = self.package.open.remove(name) {
            self.unended(
                name,
                open,
                Outcome::Errored,
                "the test did not end: it began again",
            );
        }
        let package = &mut self.package;
        if package.room.enter(name.len()) {
            let limit = self.out.options.max_text;
            let open = Box::new(OpenTest::new(limit));
            package.open.insert(name.to_owned(), open);
        } else {
            package.untracked += 1;
        }
        package.current = Some(name.to_owned());
    }

    fn unended(&mut self, name: &str, open: Box<OpenTest>, outcome: Outcome, why: &str) {
        self.hold(Held {
            name: name.to_owned(),
            outcome,
            took: None,
            open,
            message: outcome.is_failure().then(|| why.to_owned()),
            has_room: true,
        });
    }

    fn end_test(&mut self, end: End<'_>) {
        self.end_binary();
        self.settle();
        self.recognised = true;
        let package = &mut self.package;
        let limit = self.out.options.max_text;
        let open = package.open.remove(end.name);
        let mut has_room = true;
        if open.is_none() {
            // Without -v only the ends of failed tests are there.
            package.untracked = package.untracked.saturating_sub(1);
            has_room = package.room.enter(end.name.len());
        }
        package.last = Some(Held {
            name: end.name.to_owned(),
            outcome: end.outcome,
            took: end.took,
            open: open.unwrap_or_else(|| Box::new(OpenTest::new(limit))),
            message: None,
            has_room,
        });
        package.current = None;
    }

    fn bench(&mut self, bench: Bench<'_>) {
        self.end_binary();
        self.recognised = true;
        let package = &mut self.package;
        // Measured again, with `-count` or `-cpu`.
        if let Some(held) = package.last.as_mut()
            && held.name == bench.name
            && held.outcome == Outcome::Passed
        {
            held.open
                .property("bench", bench.figures, &mut package.room);
            return;
        }
        let end = End {
            outcome: Outcome::Passed,
            name: bench.name,
            took: None,
        };
        self.end_test(end);
        let Package { last, room, .. } = &mut self.package;
        if let Some(held) = last {
            held.open.property("bench", bench.figures, room);
        }
    }

    /// The output of the test that ended last is complete.
    fn settle(&mut self) {
        if let Some(held) = self.package.last.take() {
            self.hold(held);
        }
    }

    fn hold(&mut self, held: Held) {
        let package = &mut self.package;
        package.tests += 1;
        package.failed += u64::from(held.outcome.is_failure());
        if package.is_nameless {
            return self.deliver(held, None);
        }
        let has_room = held.has_room;
        package.held.push(held);
        if !has_room {
            self.out.warn(
                self.number,
                "a package has too many tests to wait for its name; they are told without it",
            );
            self.package.is_nameless = true;
            self.package.asked = 0;
            for held in std::mem::take(&mut self.package.held) {
                self.deliver(held, None);
            }
        }
    }

    fn deliver(&mut self, held: Held, package: Option<&str>) {
        let Held {
            name,
            outcome,
            took,
            open,
            message,
            has_room,
        } = held;
        if has_room {
            open.leave(&name, &mut self.package.room);
        }
        let mut case: TestCase = open.case(&name, outcome, message);
        case.duration = took;
        case.id.suite.extend(package.map(ToOwned::to_owned));
        self.out.case(case);
    }

    fn end_package(&mut self, name: Option<&str>, ended: PackageEnd, took: Option<Duration>) {
        self.settle();
        let panic = self.package.panic.clone();
        let ending = match ended {
            PackageEnd::Passed | PackageEnd::Skipped => PackageEnding::Passed,
            PackageEnd::Failed | PackageEnd::NotBuilt(_) => PackageEnding::Failed(panic.as_deref()),
        };
        let fresh = Package::new(&self.out.options);
        let header = self.package.header.take();
        let name = name.map(ToOwned::to_owned).or(header);
        self.deliver_all(name.as_deref(), ending);
        let package = std::mem::replace(&mut self.package, fresh);
        let output = package.output.finish();
        let build = name.as_ref().and_then(|name| self.compiled(name));
        let mut whole = match ended {
            PackageEnd::NotBuilt(why) => Some(not_built(why, build.as_deref())),
            PackageEnd::Failed if package.failed == 0 => {
                let mut case = TestCase::new(TestId::named("[failed]"), Outcome::Errored);
                let said = output.as_deref().and_then(first_line);
                case.message = package.panic.or(said);
                case.message
                    .get_or_insert_with(|| "the package failed without a failed test".to_owned());
                case.detail = output.clone();
                Some(case)
            }
            _ => None,
        };
        if let Some(mut case) = whole.take() {
            case.id.suite.extend(name.clone());
            self.out.case(case);
        }
        let left = self.out.suite_text_left();
        let text = build.or(output).filter(|text| text.len() <= left);
        self.out
            .spend_suite_text(text.as_ref().map_or(0, String::len));
        self.out.suite(SuiteMetadata {
            path: name.into_iter().collect(),
            duration: took,
            properties: package
                .coverage
                .map(|text| ("coverage".to_owned(), text))
                .into_iter()
                .collect(),
            stdout: text,
            ..SuiteMetadata::default()
        });
    }

    /// What the compiler said about a package.
    fn compiled(&mut self, package: &str) -> Option<String> {
        let said = self.builds.remove(package)?;
        self.builds_room.leave(package.len(), said.len());
        said.finish()
    }

    /// Hands over the tests that waited for their package, and those that have no end.
    fn deliver_all(&mut self, package: Option<&str>, ending: PackageEnding<'_>) {
        let package = package.filter(|_| !self.package.is_nameless);
        let left = self.left(ending);
        for held in std::mem::take(&mut self.package.held) {
            self.deliver(held, package);
        }
        for (name, left) in left {
            let Some(open) = self.package.open.remove(&name) else {
                continue;
            };
            let Some(outcome) = left.outcome() else {
                continue;
            };
            if outcome == Outcome::Passed && !name.starts_with("Benchmark") {
                let why = format!("{name} has no end; its package passed");
                self.out.warn(self.number, why);
            }
            self.package.tests += 1;
            self.package.failed += u64::from(outcome.is_failure());
            let held = Held {
                name,
                outcome,
                took: None,
                open,
                message: ending.why(left),
                has_room: true,
            };
            self.deliver(held, package);
        }
        self.warn_untracked();
    }

    /// What becomes of the tests without an end.
    fn left(&self, ending: PackageEnding<'_>) -> Vec<(String, Left)> {
        let Package { open, held, .. } = &self.package;
        if open.is_empty() {
            return Vec::new();
        }
        let roots: HashSet<&str> = held
            .iter()
            .filter(|held| held.outcome == Outcome::Passed && !held.name.contains('/'))
            .map(|held| held.name.as_str())
            .collect();
        let measured: BTreeSet<&str> = held
            .iter()
            .filter(|held| held.name.starts_with("Benchmark"))
            .map(|held| held.name.as_str())
            .collect();
        let mut left = left_open(open, ending);
        for (name, left) in &mut left {
            // What a test that passed ran inside has passed, even when its end was lost.
            let root = name.split('/').next().unwrap_or_default();
            if name.contains('/') && roots.contains(root) {
                *left = Left::Passed;
            }
            // Benchmarks inside another one were measured, and it has no figures of its own.
            let inner = format!("{name}/");
            let next = measured.range(&*inner..).next();
            if *left == Left::Passed && next.is_some_and(|next| next.starts_with(&inner)) {
                *left = Left::Out;
            }
        }
        left
    }

    fn warn_untracked(&mut self) {
        if self.package.is_over {
            self.out.warn(self.number, OVER);
        }
        if self.package.untracked > 0 {
            let why = format!(
                "{} tests were open at once with too many others and have no end",
                self.package.untracked
            );
            self.out.warn(self.number, why);
            self.out.summary.truncated = true;
        }
    }

    fn end(&mut self, is_whole: bool) {
        self.settle();
        let package = &self.package;
        if package.verdict.is_some() {
            self.out.summary.truncated |= package.is_cut;
            self.end_binary();
        } else if !package.is_empty() || package.panic.is_some() {
            self.out.summary.truncated = true;
            let open = package.open.len();
            let header = self.package.header.take();
            if let Some(panic) = self.package.panic.clone() {
                self.deliver_all(header.as_deref(), PackageEnding::Failed(Some(&panic)));
                self.out.run_failure(panic);
            } else {
                if open > 0 && !is_whole {
                    self.out.warn(
                        self.number,
                        format!("the output ends inside {open} tests, which are left out"),
                    );
                }
                self.deliver_all(header.as_deref(), PackageEnding::Cut(is_whole));
            }
        }
        if self.is_silent {
            self.out.warn(
                None,
                "packages passed without naming their tests; `go test -v` or `-json` names them",
            );
        }
    }
}
