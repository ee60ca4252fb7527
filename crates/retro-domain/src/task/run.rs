//! One run of a task.

use super::branch_name::BranchName;
use super::context::TaskContext;
use super::state::TaskRunState;
use crate::{CommitId, RepoId, RunId, Timestamp};

/// One run of a task.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TaskRun {
    /// Names this run, and no other.
    pub id: RunId,
    /// The repository that the change is for, wherever its work tree is.
    pub repo: RepoId,
    /// Which run of its task in the repository it is, from 1.
    pub run_number: u32,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// The task, with its project's settings below its own.
    pub context: TaskContext,
    /// Where it stands.
    pub state: TaskRunState,
    /// Where its change is.
    pub git: GitFacts,
}

/// Where a change is in git; how far it has come is
/// [`TaskRunState::git`](super::TaskRunState::git).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct GitFacts {
    /// Its branch. Runs are found by it.
    pub branch_name: Option<BranchName>,
    /// The commit that the branch began at; none in a repository that was empty.
    pub base: Option<CommitId>,
    /// The last commit of it.
    pub commit_sha: Option<CommitId>,
    /// Its pull request.
    pub pr_url: Option<String>,
}
