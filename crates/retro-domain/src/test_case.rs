//! What one test said.

use std::ops::AddAssign;
use std::time::Duration;

use crate::TestId;

/// How a test ended. Ordered by precedence: the later one wins when an element claims several.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Outcome {
    /// It ran and was content.
    Passed,
    /// It did not run.
    Skipped,
    /// It ran and an expectation did not hold.
    Failed,
    /// It could not run to its end.
    Errored,
}

impl Outcome {
    /// Every outcome, by rising precedence.
    pub const ALL: [Self; 4] = [Self::Passed, Self::Skipped, Self::Failed, Self::Errored];

    /// Whether this is [`Outcome::Failed`] or [`Outcome::Errored`].
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::Errored)
    }

    /// The stable lower-case name: `passed`, `skipped`, `failed`, `errored`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
            Self::Errored => "errored",
        }
    }
}

/// Where a test, or its failure, is in the source.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Location {
    /// The file as the runner names it.
    pub file: String,
    /// The line, from 1.
    pub line: Option<u32>,
}

/// One execution of a test among several.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Attempt {
    /// How it ended.
    pub outcome: Outcome,
    /// How long it took.
    pub duration: Option<Duration>,
    /// The one-line message of its failure.
    pub message: Option<String>,
    /// The failure's type, such as an exception's class.
    pub kind: Option<String>,
    /// The failure's full text.
    pub detail: Option<String>,
}

/// A file that a test points at.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Attachment {
    /// What it is called; the path's last part when the format gives no name.
    pub name: String,
    /// The path as the report has it. Not checked, not opened.
    pub path: String,
}

/// Everything known about one test in one run.
#[derive(Clone, PartialEq, Debug)]
pub struct TestCase {
    /// Its stable name.
    pub id: TestId,
    /// How it ended, all attempts considered.
    pub outcome: Outcome,
    /// Whether it passed after an attempt that did not.
    pub flaky: bool,
    /// How long it took.
    pub duration: Option<Duration>,
    /// The one-line message of a failure, or why it was skipped.
    pub message: Option<String>,
    /// The failure's type, such as an exception's class.
    pub kind: Option<String>,
    /// The failure's full text.
    pub detail: Option<String>,
    /// Where it is in the source.
    pub location: Option<Location>,
    /// What it wrote to standard output.
    pub stdout: Option<String>,
    /// What it wrote to standard error.
    pub stderr: Option<String>,
    /// Every execution when there were several, sorted; empty when there was one.
    pub attempts: Vec<Attempt>,
    /// Files it points at.
    pub attachments: Vec<Attachment>,
    /// Names and values the report attaches to it.
    pub properties: Vec<(String, String)>,
}

/// How repeated results of one test are judged together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RepeatRule {
    /// They are executions of the same test: one that passed makes it passed, and flaky when
    /// another did not.
    AnyPassPasses,
    /// They may be different tests under one name: one that failed makes it failed.
    AnyFailureFails,
}

impl TestCase {
    /// A case with an outcome and nothing else.
    pub fn new(id: TestId, outcome: Outcome) -> Self {
        Self {
            id,
            outcome,
            flaky: false,
            duration: None,
            message: None,
            kind: None,
            detail: None,
            location: None,
            stdout: None,
            stderr: None,
            attempts: Vec::new(),
            attachments: Vec::new(),
            properties: Vec::new(),
        }
    }

    fn as_attempt(&self) -> Attempt {
        Attempt {
            outcome: self.outcome,
            duration: self.duration,
            message: self.message.clone(),
            kind: self.kind.clone(),
            detail: self.detail.clone(),
        }
    }

    fn all_attempts(&self) -> Vec<Attempt> {
        if self.attempts.is_empty() {
            vec![self.as_attempt()]
        } else {
            self.attempts.clone()
        }
    }

    /// Joins another result of the same test. The outcome, the flaky mark and the attempts do not
    /// depend on which of the two came first.
    ///
    /// The details (message, output, location) are those of the side that decides the outcome; the
    /// text that sorts first when both do.
    #[must_use]
    pub fn merge(self, other: Self, rule: RepeatRule) -> Self {
        let mut attempts = self.all_attempts();
        attempts.extend(other.all_attempts());
        attempts.sort();
        let flaky_before = self.flaky || other.flaky;
        let passed = attempts
            .iter()
            .any(|attempt| attempt.outcome == Outcome::Passed);
        let failed = attempts.iter().any(|attempt| attempt.outcome.is_failure());
        let worst = self.outcome.max(other.outcome);
        let outcome = match rule {
            RepeatRule::AnyPassPasses if passed => Outcome::Passed,
            RepeatRule::AnyFailureFails | RepeatRule::AnyPassPasses => worst,
        };
        let rank = |case: &Self| {
            (
                case.outcome != outcome,
                case.message.clone(),
                case.detail.clone(),
            )
        };
        let (mut kept, spare) = if rank(&self) <= rank(&other) {
            (self, other)
        } else {
            (other, self)
        };
        kept.outcome = outcome;
        kept.flaky = outcome == Outcome::Passed && (failed || flaky_before);
        kept.attempts = attempts;
        kept.location = kept.location.or(spare.location);
        kept
    }
}

/// How many tests ended how. `errored` and `failed` are apart; `flaky` tests are counted in
/// `passed` too.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct OutcomeCounts {
    /// Tests that passed.
    pub passed: u64,
    /// Tests that failed.
    pub failed: u64,
    /// Tests that could not run to their end.
    pub errored: u64,
    /// Tests that did not run.
    pub skipped: u64,
    /// Tests that passed after an attempt that did not.
    pub flaky: u64,
}

impl OutcomeCounts {
    /// Counts one case.
    pub fn add(&mut self, outcome: Outcome, flaky: bool) {
        match outcome {
            Outcome::Passed => self.passed += 1,
            Outcome::Failed => self.failed += 1,
            Outcome::Errored => self.errored += 1,
            Outcome::Skipped => self.skipped += 1,
        }
        self.flaky += u64::from(flaky);
    }

    /// How many tests there were.
    pub fn total(&self) -> u64 {
        self.passed + self.failed + self.errored + self.skipped
    }

    /// How many tests failed or errored.
    pub fn failures(&self) -> u64 {
        self.failed + self.errored
    }
}

impl AddAssign for OutcomeCounts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.errored += other.errored;
        self.skipped += other.skipped;
        self.flaky += other.flaky;
    }
}

#[cfg(test)]
#[path = "test_case_tests.rs"]
mod tests;
