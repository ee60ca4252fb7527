//! What happened during a run: one log feeds the terminal, the report and a replay.

use std::time::Duration;

use crate::{CommitId, OutcomeCounts, RunId, Timestamp, Verdict};

/// One thing that happened in one run.
#[derive(Clone, PartialEq, Debug)]
pub struct Event {
    /// The run.
    pub run: RunId,
    /// Its place in the run, from 1 without gaps.
    pub seq: u64,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub kind: EventKind,
}

/// What a worker does for a job, in this order; `Retry` only where tests failed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Phase {
    /// Bringing the work tree to the commit.
    Checkout,
    /// Running the build command.
    Build,
    /// Running the tests.
    Test,
    /// Running them again.
    Retry,
    /// Storing what they said.
    Record,
}

impl Phase {
    /// Every phase, in order.
    pub const ALL: [Self; 5] = [
        Self::Checkout,
        Self::Build,
        Self::Test,
        Self::Retry,
        Self::Record,
    ];

    /// The stable lower-case name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Checkout => "checkout",
            Self::Build => "build",
            Self::Test => "test",
            Self::Retry => "retry",
            Self::Record => "record",
        }
    }
}

/// What can happen in a look back.
#[derive(Clone, PartialEq, Debug)]
pub enum EventKind {
    /// The plan is made and work begins.
    RunStarted {
        /// Commits in the range.
        commits: u64,
        /// Distinct trees among them.
        trees: u64,
        /// Trees whose result is already known.
        cached: u64,
        /// Jobs to run.
        to_run: u64,
    },
    /// A worker claimed a commit's job.
    JobStarted {
        /// The commit.
        commit: CommitId,
        /// The worker, from 0.
        worker: u32,
    },
    /// A phase of a job began.
    JobPhase {
        /// The commit.
        commit: CommitId,
        /// The worker, from 0.
        worker: u32,
        /// Which one.
        phase: Phase,
    },
    /// A job ended with a verdict.
    JobFinished {
        /// The commit.
        commit: CommitId,
        /// The worker, from 0.
        worker: u32,
        /// What it found.
        verdict: Verdict,
        /// Its tests.
        counts: OutcomeCounts,
        /// From claim to record.
        took: Duration,
    },
    /// git-retro itself could not do a job.
    JobFailed {
        /// The commit.
        commit: CommitId,
        /// The worker, from 0.
        worker: u32,
        /// What went wrong.
        reason: String,
    },
    /// A job was handed back unfinished.
    JobHandedBack {
        /// The commit.
        commit: CommitId,
        /// The worker, from 0.
        worker: u32,
    },
    /// Something a person should know that stops nothing.
    Warning {
        /// What it is.
        message: String,
    },
    /// The run is over.
    RunFinished {
        /// Jobs that ended with a verdict.
        completed: u64,
        /// Jobs git-retro could not do.
        failed: u64,
        /// Jobs not done.
        remaining: u64,
        /// Whether someone stopped it.
        interrupted: bool,
    },
}
