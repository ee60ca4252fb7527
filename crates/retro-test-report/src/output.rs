//! What a reader writes to while it reads: the sink, the counts, the warnings.

use std::borrow::Borrow;

use retro_domain::TestCase;

use crate::open_suite::SuiteRoom;
use crate::xml::Notices;
use crate::{
    Format, MAX_SUITES, MAX_WARNINGS, Options, ReportSink, SuiteMetadata, Summary, Warning,
};

/// The most bytes of a warning.
const LONGEST_WARNING: usize = 1_000;

/// The way out for one file: counts what passes through and keeps the noise bounded.
pub(crate) struct Output<'s> {
    sink: &'s mut dyn ReportSink,
    pub(crate) options: Options,
    pub(crate) summary: Summary,
    /// Told or not.
    pub(crate) warnings: u64,
    run_failures: u64,
    suite_text_left: usize,
    /// Whether a writer of ours wrote the report, and all that is known of the run is in it.
    pub(crate) is_restored: bool,
    pub(crate) suite_room: SuiteRoom,
    /// What a reader of XML noticed beside the report.
    pub(crate) notices: Notices,
}

impl<'s> Output<'s> {
    pub(crate) fn new(sink: &'s mut dyn ReportSink, format: Format, options: &Options) -> Self {
        Self {
            sink,
            options: options.clone(),
            summary: Summary::new(format),
            warnings: 0,
            run_failures: 0,
            suite_text_left: options.max_text,
            is_restored: false,
            suite_room: SuiteRoom::default(),
            notices: Notices::default(),
        }
    }

    pub(crate) fn case(&mut self, case: impl Borrow<TestCase>) {
        let case = case.borrow();
        self.summary.counts.add(case.outcome, case.flaky);
        self.sink.case(case);
    }

    /// Hands over a case that is counted apart, see [`Summary::subtests`].
    pub(crate) fn subtest(&mut self, case: impl Borrow<TestCase>) {
        let case = case.borrow();
        self.summary.subtests.add(case.outcome, case.flaky);
        if self.options.subtests {
            self.sink.case(case);
        }
    }

    pub(crate) fn warn(&mut self, line: impl Into<Option<u64>>, message: impl Into<String>) {
        self.warnings += 1;
        if self.warnings <= MAX_WARNINGS as u64 {
            let mut message = message.into();
            if message.len() > LONGEST_WARNING {
                message.truncate(message.floor_char_boundary(LONGEST_WARNING));
                message.push('…');
            }
            self.sink.warning(Warning {
                line: line.into(),
                message,
            });
        }
    }

    /// Notes that the report calls the run a failure for this reason; the first one is told.
    pub(crate) fn run_failure(&mut self, reason: impl Into<String>) {
        self.run_failures += 1;
        self.summary
            .run_failure
            .get_or_insert_with(|| reason.into());
    }

    /// Whether the summary may have room for another suite with a path of so many bytes.
    pub(crate) fn has_room_for_suite(&self, path: usize) -> bool {
        self.summary.suites.len() < MAX_SUITES && self.suite_room.has(path)
    }

    pub(crate) fn suite(&mut self, suite: SuiteMetadata) {
        if self.summary.suites.len() < MAX_SUITES && self.suite_room.take_ended(&suite) {
            self.summary.suites.push(suite);
        } else {
            self.summary.suites_left_out += 1;
        }
    }

    /// How many bytes the next text of a suite may keep.
    pub(crate) fn suite_text_left(&self) -> usize {
        self.suite_text_left
    }

    pub(crate) fn spend_suite_text(&mut self, bytes: usize) {
        self.suite_text_left = self.suite_text_left.saturating_sub(bytes);
    }

    /// A report of no test whose suites claim some: they are lost, and failures among them are no
    /// reason to call it a good one. A suite whose tests were all skipped lost none.
    fn tell_lost_tests(&mut self) {
        let Summary {
            counts,
            subtests,
            suites,
            ..
        } = &self.summary;
        if self.is_restored || counts.total() + subtests.total() > 0 {
            return;
        }
        // PHPUnit writes no tests of a class that was skipped as a whole.
        let may_be_skipped = self.summary.format == Format::Junit;
        let has_tests = |suite: &SuiteMetadata| {
            let claimed = suite.claimed;
            let skipped = claimed.skipped.filter(|_| may_be_skipped);
            claimed.tests.is_some_and(|n| n > skipped.unwrap_or(0))
        };
        let is_cut = suites.iter().any(has_tests);
        let failures = |suite: &SuiteMetadata| {
            let claimed = suite.claimed;
            let count = claimed.failures.max(claimed.errors).filter(|n| *n > 0)?;
            let name = suite.path.last().map_or("the report", String::as_str);
            Some(format!("{name} claims {count} failures and has no test"))
        };
        let failure = suites.iter().find_map(failures);
        self.summary.truncated |= is_cut;
        if let Some(failure) = failure.filter(|_| self.summary.run_failure.is_none()) {
            self.run_failure(failure);
        }
    }

    pub(crate) fn finish(mut self) -> Summary {
        self.tell_lost_tests();
        let untold = self.warnings.saturating_sub(MAX_WARNINGS as u64);
        if untold > 0 {
            let message = format!("{untold} more warnings are not shown");
            self.sink.warning(Warning {
                line: None,
                message,
            });
        }
        if let Some(reason) = self
            .summary
            .run_failure
            .as_mut()
            .filter(|_| self.run_failures > 1)
        {
            reason.push_str(&format!(" (and {} more)", self.run_failures - 1));
        }
        self.summary
    }
}
