//! Runs of tasks.

use async_trait::async_trait;
use retro_domain::{
    BranchName, Epoch, GitFacts, RepoId, RunId, TaskContext, TaskRun, TaskRunEvent, TaskRunState,
    Timestamp,
};

use crate::StoreError;

/// A run of a task that is asked for. Its number comes from the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTaskRun {
    /// Names the run; from the caller, who gives the same one when it tries again.
    pub id: RunId,
    /// The repository that the change is for.
    pub repo: RepoId,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// The task, with its project's settings below its own. Stored as it is: whatever stands for a
    /// secret in it stays what it is, and is looked up by who runs the task.
    pub context: TaskContext,
}

/// Which runs of tasks are meant: those that are all of what is said here, so every one where
/// nothing is.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct TaskRunFilter {
    /// Of this repository.
    pub repo: Option<RepoId>,
    /// Of the task with this id, in whichever repository.
    pub task_id: Option<String>,
    /// With their change on this branch.
    pub branch: Option<BranchName>,
}

/// Runs of tasks and their leases.
///
/// # Guarantees
///
/// - [`apply`](Self::apply) is [`retro_domain::transition_task`] made atomic: of several callers
///   with the same event exactly one sees its effect, and a caller with an older epoch is refused.
/// - The runs of a task in a repository have the numbers 1, 2, 3 …; no number is given twice, not
///   even after its run was removed.
/// - A write that returned `Ok` is seen by every later read of any handle on the same store, and
///   survives the death of the process.
///
/// # Not guaranteed
///
/// - Survival of the last writes when the machine loses power; what is there stays consistent.
///
/// A crash in the middle of a call leaves either all of its effect or none, but for
/// [`prune_task_runs`](Self::prune_task_runs), which may have removed some.
#[async_trait]
pub trait TaskRunStore: Send + Sync {
    /// Stores a new run, which waits for a runner, and returns it with its number. One that is
    /// there already, of the same task, repository and place, is returned as it stands: a caller
    /// that does not know whether its first try succeeded tries again.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when the id is that of another run; [`StoreError::Backend`] when
    /// the address of the repository holds a password or a token, which would be stored.
    async fn create_task_run(&self, run: &NewTaskRun) -> Result<TaskRun, StoreError>;

    /// The run with this id.
    async fn task_run(&self, run: &RunId) -> Result<Option<TaskRun>, StoreError>;

    /// The newest `limit` runs that are meant, newest first. Runs that were asked for together are
    /// ordered by id.
    async fn task_runs(
        &self,
        filter: &TaskRunFilter,
        limit: usize,
    ) -> Result<Vec<TaskRun>, StoreError>;

    /// The oldest `limit` runs that are not over, oldest first; with a moment, those of them that
    /// need somebody then: they wait for a runner, the lease of theirs is over, or the time in
    /// which somebody could have agreed is.
    async fn unfinished(
        &self,
        due: Option<Timestamp>,
        limit: usize,
    ) -> Result<Vec<TaskRun>, StoreError>;

    /// Applies an event to a run and returns its new state.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`], or [`StoreError::TaskTransition`] when the run's state does not
    /// allow the event.
    async fn apply(&self, run: &RunId, event: &TaskRunEvent) -> Result<TaskRunState, StoreError>;

    /// Says where a run's change is, in place of what was said before.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`], or [`StoreError::TaskTransition`] when `epoch` is not that of the
    /// latest claim.
    async fn set_git(&self, run: &RunId, epoch: Epoch, git: &GitFacts) -> Result<(), StoreError>;

    /// Removes runs that are over, were asked for before `before` and are not among the newest
    /// `keep_newest` of their task in their repository, with what the journal and the log of the
    /// same store have of them. Returns how many runs.
    async fn prune_task_runs(
        &self,
        before: Timestamp,
        keep_newest: usize,
    ) -> Result<u64, StoreError>;
}
