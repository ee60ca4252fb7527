//! The stream itself, or one block of subtests.

use std::time::Duration;

use retro_domain::{Location, Outcome, TestCase, TestId};

use super::diagnostics::Diagnostics;
use super::line::{Directive, TestLine, file_of_absolute};
use super::plan::Plan;
use crate::spare::Spare;

/// One level of nesting.
#[derive(Debug, Default)]
pub(super) struct Level {
    /// What its tests are under; empty for a stream that names no script.
    pub(super) name: String,
    is_named: bool,
    /// `# Subtest:` of the block that comes next.
    announced: Option<String>,
    pub(super) plan: Plan,
    /// The number the next test should have.
    pub(super) next_number: u64,
    pub(super) out_of_sequence: bool,
    /// Tests that failed.
    pub(super) failed: u64,
    /// Numbers that the plan lists as to do, in order.
    pub(super) todo: Vec<u64>,
    /// A test that may still get diagnostics or subtests.
    pub(super) pending: Option<Pending>,
    /// Subtests that wait for the line of their test.
    pub(super) unclaimed: Subtests,
    /// What the tests of this level said.
    pub(super) results: Subtests,
}

impl Level {
    /// The stream itself, or the output of one script in it.
    pub(super) fn outermost(script: String) -> Self {
        Self {
            next_number: 1,
            name: script,
            ..Self::default()
        }
    }

    /// Whether a line says no more than a number that is the beginning of the one that is due, as
    /// `ok 1` where `ok 10` is: a test with that number ran long before.
    pub(super) fn begins_next_number(&self, test: &TestLine<'_>) -> bool {
        let is_bare = test.description.is_empty() && test.directive.is_none() && !test.opens;
        let number = test.number.filter(|_| is_bare).map(|n| n.to_string());
        let next = self.next_number.to_string();
        number.is_some_and(|number| number != next && next.starts_with(&number))
    }

    /// A `# Subtest: name` at this level. Some writers indent it with the subtests it names, some
    /// write it one level further out: at the start of a nameless block it is the block's name.
    pub(super) fn announce(&mut self, depth: usize, name: &str) {
        let fresh = self.plan == Plan::default() && self.pending.is_none();
        if depth > 0 && fresh && !self.is_named {
            self.name = name.to_owned();
            self.is_named = true;
        } else {
            self.announced = Some(name.to_owned());
        }
    }

    /// The level inside this one, named after the open test, after what was announced, or by its
    /// place.
    pub(super) fn open_inner(&mut self) -> Self {
        let open = self.pending.as_ref().map(|pending| pending.name.clone());
        let name = open.or_else(|| self.announced.take());
        let is_named = name.is_some();
        let name = name.unwrap_or_else(|| format!("(subtest {})", self.plan.tests + 1));
        Self {
            name,
            is_named,
            next_number: 1,
            ..Self::default()
        }
    }
}

/// What a block of subtests said.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Subtests {
    tests: u64,
    failed: u64,
    first_failed: Option<String>,
    pub(super) plan_missed: Option<String>,
}

impl Subtests {
    pub(super) fn count(&mut self, test: &Pending) {
        self.tests += 1;
        if test.outcome.is_failure() {
            self.failed += 1;
            self.first_failed
                .get_or_insert_with(|| match test.message() {
                    Some(message) => format!("{}: {message}", test.name),
                    None => test.name.clone(),
                });
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.tests += other.tests;
        self.failed += other.failed;
        self.first_failed = self.first_failed.take().or(other.first_failed);
        self.plan_missed = self.plan_missed.take().or(other.plan_missed);
    }

    fn message(&self) -> Option<String> {
        let failed = self.first_failed.as_ref().map(|first| {
            format!(
                "{} of {} subtests failed, first {first}",
                self.failed, self.tests
            )
        });
        let text = failed.or_else(|| Some(format!("subtests: {}", self.plan_missed.as_ref()?)))?;
        Some(text.chars().take(500).collect())
    }
}

/// A test whose line was read.
#[derive(Debug)]
pub(super) struct Pending {
    name: String,
    ok: bool,
    pub(super) outcome: Outcome,
    directive: Option<(Directive, String)>,
    duration: Option<Duration>,
    /// Whether its subtests follow in braces.
    pub(super) opens: bool,
    pub(super) subtests: Subtests,
    pub(super) diagnostics: Option<Box<Diagnostics>>,
    stdout: Option<String>,
    /// The file that the whole test is.
    file: Option<String>,
}

impl Pending {
    /// `ordinal` is its place among the tests, from 1; `stdout` is what came before its line.
    pub(super) fn new(
        line: TestLine<'_>,
        ordinal: u64,
        subtests: Subtests,
        stdout: Option<String>,
        spare: &mut Spare,
    ) -> Self {
        let mut name = spare.copy(&line.description);
        if name.is_empty() {
            name = format!("test {}", line.number.unwrap_or(ordinal));
        } else if memchr::memchr(0, name.as_bytes()).is_some() {
            name = name.replace('\0', "\u{fffd}");
        }
        let outcome = match (&line.directive, line.ok) {
            (Some(_), _) => Outcome::Skipped,
            (None, true) => Outcome::Passed,
            (None, false) => Outcome::Failed,
        };
        Self {
            name,
            ok: line.ok,
            outcome,
            directive: line
                .directive
                .map(|(directive, reason)| (directive, spare.copy(reason))),
            duration: line.duration,
            opens: line.opens,
            subtests,
            diagnostics: None,
            stdout,
            file: None,
        }
    }

    /// Makes it the test of a file, named without the folders of one machine.
    pub(super) fn be_file(&mut self) {
        if let Some(name) = file_of_absolute(&self.name) {
            let name = name.to_owned();
            self.file = Some(std::mem::replace(&mut self.name, name));
        }
    }

    /// Makes it one whose result was declared not to count.
    pub(super) fn be_todo(&mut self) {
        self.outcome = Outcome::Skipped;
        self.directive = Some((Directive::Todo, String::new()));
    }

    fn message(&self) -> Option<String> {
        let said = self
            .diagnostics
            .as_ref()
            .and_then(|diagnostics| diagnostics.message.as_ref());
        match &self.directive {
            Some((_, reason)) => Some(reason.clone()).filter(|reason| !reason.is_empty()),
            None if self.outcome.is_failure() => self.subtests.message().or(said.cloned()),
            None => None,
        }
    }
}

/// The case that is handed over, filled again with one test after the other.
#[derive(Debug)]
pub(super) struct Handed {
    case: TestCase,
    pub(super) spare: Spare,
    diagnostics: Option<Box<Diagnostics>>,
}

impl Handed {
    pub(super) fn new() -> Self {
        Self {
            case: TestCase::new(TestId::default(), Outcome::Passed),
            spare: Spare::default(),
            diagnostics: None,
        }
    }

    /// Diagnostics with nothing in them.
    pub(super) fn diagnostics(&mut self, limit: usize) -> Box<Diagnostics> {
        self.diagnostics
            .take()
            .unwrap_or_else(|| Box::new(Diagnostics::new(limit)))
    }

    /// Takes back a test that is not handed over.
    pub(super) fn forget(&mut self, test: Pending) {
        for text in [Some(test.name), test.stdout] {
            self.spare.give(text);
        }
        if let Some(mut diagnostics) = test.diagnostics {
            diagnostics.reset();
            self.diagnostics = Some(diagnostics);
        }
    }

    /// The finished case of a test, in the subtests of `path`.
    pub(super) fn fill(&mut self, mut test: Pending, path: Vec<String>) -> &TestCase {
        let message = test.message();
        let case = &mut self.case;
        for text in [
            &mut case.message,
            &mut case.kind,
            &mut case.detail,
            &mut case.stdout,
        ] {
            if text.is_some() {
                self.spare.give(text.take());
            }
        }
        let before = std::mem::replace(&mut case.id.name, test.name);
        self.spare.give(Some(before));
        case.id.suite = path;
        case.outcome = test.outcome;
        case.message = message;
        case.duration = test.duration;
        case.stdout = test.stdout;
        case.location = test.file.take().map(|file| Location { file, line: None });
        if let Some(mut diagnostics) = test.diagnostics.take() {
            case.duration = case.duration.or(diagnostics.duration);
            case.location = diagnostics.location().or(case.location.take());
            case.kind = diagnostics
                .kind
                .take()
                .filter(|_| test.outcome.is_failure());
            case.detail = diagnostics.take_detail();
            diagnostics.reset();
            self.diagnostics = Some(diagnostics);
        }
        case.properties.clear();
        if let Some((directive, reason)) = test.directive {
            self.spare.give(Some(reason));
            if directive == Directive::Todo {
                let result = if test.ok { "ok" } else { "not ok" };
                case.properties.push(("todo".to_owned(), result.to_owned()));
            }
        }
        case
    }
}
