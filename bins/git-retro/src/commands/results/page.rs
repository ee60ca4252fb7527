//! What people are shown of a result file.

use std::fmt::Write as _;

use retro_domain::TestCase;
use retro_test_report::{ParseError, ReportSink, Summary, Warning};

use super::TRUNCATED;
use retro_bootstrap::terminal::{Paint, case_lines, count, one_line};

/// What is shown of one file. Passed and skipped tests are counted and forgotten.
pub(super) struct Page {
    paint: Paint,
    all: bool,
    tests: String,
    /// What was odd, each thing once, in the order it was first noticed, with how often it was.
    warnings: Vec<(Warning, usize)>,
    /// Tests that are not shown for want of room.
    more: usize,
    shown: usize,
}

/// So many failed tests of one file are shown unless all are asked for.
const MOST_SHOWN: usize = 50;

impl Page {
    pub(super) fn new(paint: Paint, all: bool) -> Self {
        Self {
            paint,
            all,
            tests: String::new(),
            warnings: Vec::new(),
            more: 0,
            shown: 0,
        }
    }

    pub(super) fn finish(self, file: &str, ended: &Result<Summary, ParseError>) -> String {
        let mut text = format!("{}: ", one_line(file));
        match ended {
            Err(error) => {
                let _ = writeln!(text, "{} {error}", self.paint.bad("error:"));
            }
            Ok(summary) => {
                let counts = summary.counts;
                let total = count(counts.total(), "test");
                let _ = write!(text, "{}, {total}", summary.format.title());
                let parts = [
                    (counts.passed, "passed"),
                    (counts.failed, "failed"),
                    (counts.errored, "errored"),
                    (counts.skipped, "skipped"),
                    (counts.flaky, "flaky"),
                    (summary.subtests.total(), "subtests"),
                ];
                let parts: Vec<String> = parts
                    .into_iter()
                    .filter(|(number, _)| *number > 0)
                    .map(|(number, name)| format!("{number} {name}"))
                    .collect();
                if !parts.is_empty() {
                    let _ = write!(text, ": {}", parts.join(", "));
                }
                text.push('\n');
            }
        }
        text += &self.tests;
        if self.more > 0 {
            let _ = writeln!(text, "  … and {} more (--all shows them)", self.more);
        }
        if let Ok(summary) = ended {
            if let Some(failure) = &summary.run_failure {
                let label = self.paint.bad("the run failed:");
                let _ = writeln!(text, "  {label} {}", one_line(failure));
            }
            if summary.truncated {
                let _ = writeln!(text, "  {} {TRUNCATED}", self.paint.doubtful("truncated:"));
            }
        }
        for (warning, times) in &self.warnings {
            let label = self.paint.doubtful("warning:");
            let _ = write!(text, "  {label} {}", one_line(&warning.to_string()));
            if *times > 1 {
                let _ = write!(text, " (and {} more like it)", times - 1);
            }
            text.push('\n');
        }
        text
    }
}

impl ReportSink for Page {
    fn case(&mut self, case: &TestCase) {
        if !self.all && !case.outcome.is_failure() && !case.flaky {
            return;
        }
        if !self.all && self.shown == MOST_SHOWN {
            self.more += 1;
            return;
        }
        self.shown += 1;
        self.tests += &case_lines(case, self.paint);
    }

    fn warning(&mut self, warning: Warning) {
        let mut earlier = self.warnings.iter_mut();
        match earlier.find(|(earlier, _)| earlier.message == warning.message) {
            Some((_, times)) => *times += 1,
            None => self.warnings.push((warning, 1)),
        }
    }
}
