//! What running a suite on a commit said.

use std::fmt;

/// What a completed commit job found. Trouble of git-retro's own is not a verdict: it fails the job.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Results were read and every test that ran passed.
    Passed,
    /// Results were read and at least one test failed, or the command failed around its tests.
    TestsFailed,
    /// The commit cannot be judged.
    Untestable(UntestableReason),
    /// The command was stopped at its time limit.
    TimedOut,
}

impl Verdict {
    /// Whether the verdict says something about tests (passed or failed).
    pub fn is_tested(&self) -> bool {
        matches!(self, Self::Passed | Self::TestsFailed)
    }

    /// The stable lower-case name: `passed`, `tests-failed`, `untestable`, `timed-out`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::TestsFailed => "tests-failed",
            Self::Untestable(_) => "untestable",
            Self::TimedOut => "timed-out",
        }
    }
}

/// Why a commit cannot be judged.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum UntestableReason {
    /// The build command did not succeed; how it ended.
    BuildFailed(String),
    /// The run command asked to be skipped with this exit code.
    SkipCode(i32),
    /// The run command left no readable result; why.
    NoResults(String),
    /// The overlay does not fit this commit; why.
    OverlayConflict(String),
    /// The command is part of the work tree, and this commit does not have it.
    CommandMissing(String),
}

impl UntestableReason {
    /// The stable lower-case name, such as `build-failed`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::BuildFailed(_) => "build-failed",
            Self::SkipCode(_) => "skip-code",
            Self::NoResults(_) => "no-results",
            Self::OverlayConflict(_) => "overlay-conflict",
            Self::CommandMissing(_) => "command-missing",
        }
    }
}

impl fmt::Display for UntestableReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuildFailed(how) => write!(f, "the build failed: {how}"),
            Self::SkipCode(code) => write!(f, "the command asked to be skipped (exit code {code})"),
            Self::NoResults(why) => write!(f, "no readable result: {why}"),
            Self::OverlayConflict(why) => write!(f, "the overlay does not fit: {why}"),
            Self::CommandMissing(what) => write!(f, "{what} does not exist in this commit"),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => f.write_str("passed"),
            Self::TestsFailed => f.write_str("tests failed"),
            Self::Untestable(reason) => write!(f, "untestable: {reason}"),
            Self::TimedOut => f.write_str("timed out"),
        }
    }
}
