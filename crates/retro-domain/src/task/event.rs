//! What happens in a task run: one log feeds the terminal, webhooks and subscribers.

use super::branch_name::BranchName;
use super::course::SkipReason;
use super::outcome::{PhaseOutcome, TaskEnding};
use super::phase::TaskPhase;
use crate::{CommitId, RunId, Timestamp};

/// One thing that happened in one task run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TaskEvent {
    /// The run.
    pub run: RunId,
    /// Its place in the run, from 1 without gaps.
    pub seq: u64,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub kind: TaskEventKind,
}

/// What can happen in a task run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TaskEventKind {
    /// A runner took the run.
    RunClaimed {
        /// The runner.
        runner: String,
        /// Which run of its task it is.
        run_number: u32,
    },
    /// A phase began.
    PhaseStarted {
        /// Which one.
        phase: TaskPhase,
        /// How often it was begun, this time included.
        tries: u32,
    },
    /// A phase ended.
    PhaseEnded {
        /// Which one.
        phase: TaskPhase,
        /// How.
        outcome: PhaseOutcome,
    },
    /// A phase was passed over.
    PhaseSkipped {
        /// Which one.
        phase: TaskPhase,
        /// Why.
        reason: SkipReason,
    },
    /// The run waits for somebody to agree.
    AwaitingApproval {
        /// Until when.
        until: Timestamp,
    },
    /// Somebody agreed, or did not.
    ApprovalDecided {
        /// Who.
        by: String,
        /// Whether they agreed.
        is_approved: bool,
    },
    /// The branch is there.
    GitBranchCreated {
        /// Its name.
        branch: BranchName,
        /// Where it began; none in an empty repository.
        base: Option<CommitId>,
        /// Whether it was there before.
        is_adopted: bool,
    },
    /// A commit was made.
    GitCommitCreated {
        /// The commit.
        commit: CommitId,
        /// How many files it changes.
        files: u64,
    },
    /// The branch was pushed.
    GitPushSuccess {
        /// The reference it was pushed to.
        reference: String,
        /// The commit that the reference names now.
        commit: CommitId,
    },
    /// The branch was not pushed.
    GitPushFailed {
        /// Why.
        reason: String,
        /// The reference that keeps the work in its place, where there is one.
        rescue: Option<String>,
    },
    /// A pull request is open.
    PullRequestOpened {
        /// Its address.
        url: String,
        /// Whether it was open before.
        is_adopted: bool,
    },
    /// Something else in git did not succeed.
    GitOperationFailed {
        /// What was to be done.
        operation: String,
        /// Why it was not.
        reason: String,
    },
    /// Somebody wants an end.
    Interrupted {
        /// Who or what.
        by: String,
    },
    /// Something a person should know that stops nothing.
    Warning {
        /// What it is.
        message: String,
    },
    /// The run is over.
    RunFinished {
        /// How it ended.
        ending: TaskEnding,
    },
}

impl TaskEventKind {
    /// The stable name, such as `git_push_success`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::RunClaimed { .. } => "task_run_claimed",
            Self::PhaseStarted { .. } => "task_phase_started",
            Self::PhaseEnded { .. } => "task_phase_ended",
            Self::PhaseSkipped { .. } => "task_phase_skipped",
            Self::AwaitingApproval { .. } => "task_awaiting_approval",
            Self::ApprovalDecided { .. } => "task_approval_decided",
            Self::GitBranchCreated { .. } => "git_branch_created",
            Self::GitCommitCreated { .. } => "git_commit_created",
            Self::GitPushSuccess { .. } => "git_push_success",
            Self::GitPushFailed { .. } => "git_push_failed",
            Self::PullRequestOpened { .. } => "pull_request_opened",
            Self::GitOperationFailed { .. } => "git_operation_failed",
            Self::Interrupted { .. } => "task_interrupted",
            Self::Warning { .. } => "task_warning",
            Self::RunFinished { .. } => "task_run_finished",
        }
    }
}
