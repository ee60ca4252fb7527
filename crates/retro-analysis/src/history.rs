//! What was stored: outcomes per test over a graph of commits.

use retro_domain::{Outcome, TestId};

/// Outcomes over history.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct History {
    /// The tests. Everything here names a test by its index in this list.
    pub tests: Vec<TestId>,
    /// The commits, oldest first: each comes after all its listed ancestors. Everything here names a
    /// commit by its index in this list.
    pub commits: Vec<Observation>,
}

/// One listed commit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Observation {
    /// The nearest listed ancestors, one or more for each parent that has any; empty for a commit
    /// with no listed ancestor. Every index is below the commit's own. Repeats do no harm.
    pub parents: Vec<usize>,
    /// What is known of it.
    pub state: State,
}

/// What is known of one commit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum State {
    /// The suite ran. By test index: the outcome and whether it passed only after a failed attempt
    /// (the mark counts on [`Outcome::Passed`] alone); `None` for a test with no result. May be
    /// shorter than the list of tests: the rest have no result. Cells beyond the list are ignored.
    Tested(Vec<Option<(Outcome, bool)>>),
    /// It could not be tested: the build is broken, or the command said to skip it.
    Untestable,
    /// The suite ran out of time.
    TimedOut,
    /// Nobody has tried, or the tool itself failed.
    NotRun,
}

/// What one commit says about one test.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Seen {
    /// Passed, at the first attempt as far as is known. A firm result.
    Passed,
    /// Failed or errored. A firm result.
    Failed,
    /// Passed after an attempt that did not.
    Flaky,
    /// In the results, but not run.
    Skipped,
    /// The commit was tested and the test is not among the results: it does not exist there.
    Absent,
    /// The test is not among the results, but the command as a whole failed, so it may well exist: a
    /// runner that crashed half-way lists only what it reached.
    Lost,
    /// The commit could not be tested.
    Untestable,
    /// The suite ran out of time.
    TimedOut,
    /// The commit was not run.
    NotRun,
}

impl Seen {
    /// Whether this alone says that the test works or that it does not:
    /// [`Passed`](Self::Passed) or [`Failed`](Self::Failed).
    pub const fn is_firm(self) -> bool {
        matches!(self, Self::Passed | Self::Failed)
    }

    /// The stable lower-case name, such as `passed` or `timed-out`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Flaky => "flaky",
            Self::Skipped => "skipped",
            Self::Absent => "absent",
            Self::Lost => "lost",
            Self::Untestable => "untestable",
            Self::TimedOut => "timed-out",
            Self::NotRun => "not-run",
        }
    }
}

impl State {
    /// What this commit says about one test, `tests` being the list the indices refer to.
    pub fn seen(&self, tests: &[TestId], test: usize) -> Seen {
        let cells = match self {
            Self::Tested(cells) => cells,
            Self::Untestable => return Seen::Untestable,
            Self::TimedOut => return Seen::TimedOut,
            Self::NotRun => return Seen::NotRun,
        };
        match cells.get(test).copied().flatten() {
            Some((Outcome::Passed, false)) => Seen::Passed,
            Some((Outcome::Passed, true)) => Seen::Flaky,
            Some((Outcome::Skipped, _)) => Seen::Skipped,
            Some((Outcome::Failed | Outcome::Errored, _)) => Seen::Failed,
            None if self.command_failed(tests) => Seen::Lost,
            None => Seen::Absent,
        }
    }

    /// Whether the commit was tested and the command of a suite, as a whole, failed there with no
    /// test to explain it. What has no result at such a commit need not be absent.
    pub fn command_failed(&self, tests: &[TestId]) -> bool {
        let Self::Tested(cells) = self else {
            return false;
        };
        let mut both = tests.iter().zip(cells);
        both.any(|(id, cell)| {
            cell.is_some_and(|(outcome, _)| outcome.is_failure()) && id.is_command()
        })
    }

    /// Whether the commit was tried and gave no results: untestable or timed out.
    pub const fn is_untestable(&self) -> bool {
        matches!(self, Self::Untestable | Self::TimedOut)
    }
}

impl History {
    /// What one commit says about one test.
    ///
    /// # Panics
    ///
    /// When there is no such commit.
    pub fn seen(&self, commit: usize, test: usize) -> Seen {
        self.commits[commit].state.seen(&self.tests, test)
    }

    /// Checks what every walk relies on, so that a wrong list is an early panic that names the
    /// commit and not a wrong culprit.
    pub(crate) fn check_order(&self) {
        for (commit, observation) in self.commits.iter().enumerate() {
            for &parent in &observation.parents {
                assert!(
                    parent < commit,
                    "commit {commit} of the history lists {parent} as a parent, which does not come before it: list commits oldest first"
                );
            }
        }
    }
}
