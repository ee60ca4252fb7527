//! Runs.

use async_trait::async_trait;
use retro_domain::{
    CacheKey, CommitId, LeaseOwner, RepoId, RunId, SuiteFingerprint, Timestamp, TreeId,
};

use crate::StoreError;

/// One commit of a run: what people see of it, and where its result is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunCommit {
    /// The commit.
    pub commit: CommitId,
    /// Its tree.
    pub tree: TreeId,
    /// The nearest ancestors of it that are part of the run: its parents, or what lies behind them
    /// when those were left out.
    pub parents: Vec<CommitId>,
    /// Whether commits between it and the nearest ancestors in the run, or the whole side of a
    /// parent, are not part of the run.
    pub skips_ancestors: bool,
    /// When it was committed.
    pub committed_at: Timestamp,
    /// Who wrote it.
    pub author: String,
    /// The first line of its message.
    pub summary: String,
    /// The suite that applies to it, as its job knows it: see [`SuiteFingerprint::with`].
    pub suite: SuiteFingerprint,
    /// The key of its result.
    pub key: CacheKey,
}

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RunStatus {
    /// Work goes on, or its process died without a word.
    Running,
    /// Every job of it has ended.
    Finished,
    /// Someone stopped it, or a limit did.
    Interrupted,
    /// git-retro itself could not go on.
    Failed,
}

impl RunStatus {
    /// Every status.
    pub const ALL: [Self; 4] = [
        Self::Running,
        Self::Finished,
        Self::Interrupted,
        Self::Failed,
    ];

    /// The stable lower-case name: `running`, `finished`, `interrupted`, `failed`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Finished => "finished",
            Self::Interrupted => "interrupted",
            Self::Failed => "failed",
        }
    }

    /// The status of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// One look back over a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRecord {
    /// Its id.
    pub id: RunId,
    /// The repository.
    pub repo: RepoId,
    /// The name of the suite.
    pub suite_name: String,
    /// What was asked for, as a person would type it.
    pub request: String,
    /// The process that works on it, as in the leases of its jobs.
    pub owner: LeaseOwner,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// How it stands.
    pub status: RunStatus,
    /// Its commits, oldest first: every commit comes after those of its parents that are here.
    pub commits: Vec<RunCommit>,
}

/// Runs: which commits belong together, and how far the work on them is.
///
/// # Guarantees
///
/// - Each change states what it expects to find; of several with the same expectation exactly one
///   succeeds.
/// - A write that returned `Ok` is seen by every later read of any handle on the same store, and
///   survives the death of the process.
///
/// A crash in the middle of a call leaves either all of its effect or none, but for
/// [`prune_runs`](Self::prune_runs), which may have removed some.
#[async_trait]
pub trait RunStore: Send + Sync {
    /// Stores a new run.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when a run of that id exists.
    async fn create_run(&self, run: &RunRecord) -> Result<(), StoreError>;

    /// Changes a run's status from `from` to `to`; `at` becomes its end unless `to` is `Running`,
    /// which takes its end away.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`], or [`StoreError::Conflict`] when its status is not `from`.
    async fn set_run_status(
        &self,
        run: &RunId,
        from: RunStatus,
        to: RunStatus,
        at: Timestamp,
    ) -> Result<(), StoreError>;

    /// The run with this id.
    async fn run(&self, run: &RunId) -> Result<Option<RunRecord>, StoreError>;

    /// The newest `limit` runs of a repository, newest first, or of every repository. Runs that
    /// started together are ordered by id.
    async fn runs(&self, repo: Option<&RepoId>, limit: usize)
    -> Result<Vec<RunRecord>, StoreError>;

    /// Removes runs that started before `before` and are not among the newest `keep_newest` of
    /// their repository, and jobs that ended (`Complete` or `Failed`) and belong to no remaining
    /// run. Returns how many runs.
    async fn prune_runs(&self, before: Timestamp, keep_newest: usize) -> Result<u64, StoreError>;
}
