//! How a look back ended.

use retro_domain::{CommitId, RunId};

use crate::LookBackError;

/// How a look back ended.
#[derive(Debug)]
pub struct LookBackReport {
    /// Its id, under which it is stored.
    pub run: RunId,
    /// Jobs that ended with a verdict.
    pub completed: usize,
    /// Jobs that git-retro could not do, and why.
    pub failed: Vec<(CommitId, String)>,
    /// Jobs that were left as they are, and why; only with [`Claims::OnlyWaiting`].
    pub left: Vec<(CommitId, LeftBecause)>,
    /// Jobs that were not done.
    pub remaining: usize,
    /// Why it ended early, if it did.
    pub stopped: Option<StopCause>,
}

/// Why a look back ended before its last job.
#[derive(Debug)]
pub enum StopCause {
    /// Someone stopped it.
    Interrupted,
    /// A commit's tests failed and that was to be enough.
    FailFast,
    /// Its time was up.
    TimeLimit,
    /// No job could have succeeded.
    Fatal(LookBackError),
}

/// Why a job was left as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeftBecause {
    /// It has ended, with this status.
    Ended(&'static str),
    /// Another process works on it.
    Held,
    /// It was lost as often as is allowed.
    AttemptsSpent,
}
