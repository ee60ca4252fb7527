//! An event of a task run as JSON.

use retro_domain::{
    CommitId, RunId, SkipReason, TaskEnding, TaskEvent, TaskEventKind, TaskPhase, Timestamp,
};
use serde::{Deserialize, Serialize};

use super::event::check_numbers;
use super::task_run::{StoredOutcome, named, phase};
use super::{V1, Versioned, from_json, parsed, to_json};
use crate::StoreError;

/// A [`TaskEvent`] as it is stored, but for its run and number, which are stored beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredTaskEvent {
    v: u32,
    at_ms: i64,
    what: StoredKind,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum StoredKind {
    RunClaimed {
        runner: String,
        run_number: u32,
    },
    PhaseStarted {
        phase: String,
        tries: u32,
    },
    PhaseEnded {
        phase: String,
        outcome: StoredOutcome,
    },
    PhaseSkipped {
        phase: String,
        reason: String,
    },
    AwaitingApproval {
        until_ms: i64,
    },
    ApprovalDecided {
        by: String,
        is_approved: bool,
    },
    GitBranchCreated {
        branch: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        base: Option<String>,
        is_adopted: bool,
    },
    GitCommitCreated {
        commit: String,
        files: u64,
    },
    GitPushSuccess {
        reference: String,
        commit: String,
    },
    GitPushFailed {
        reason: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rescue: Option<String>,
    },
    PullRequestOpened {
        url: String,
        is_adopted: bool,
    },
    GitOperationFailed {
        operation: String,
        reason: String,
    },
    Interrupted {
        by: String,
    },
    Warning {
        message: String,
    },
    RunFinished {
        ending: String,
    },
}

impl Versioned for StoredTaskEvent {
    fn version(&self) -> u32 {
        self.v
    }
}

/// Checks that events may follow the event numbered `last` of their run.
///
/// # Errors
///
/// [`StoreError::Conflict`] when the numbers do not continue from `last`, [`StoreError::Backend`]
/// when the events are of several runs.
pub fn check_task_batch(events: &[TaskEvent], last: u64) -> Result<(), StoreError> {
    check_numbers(events.iter().map(|event| (&event.run, event.seq)), last)
}

impl StoredTaskEvent {
    /// The JSON text.
    ///
    /// # Errors
    ///
    /// [`StoreError::Backend`], which does not happen for any event there is.
    pub fn encode(event: &TaskEvent) -> Result<String, StoreError> {
        let stored = Self {
            v: V1,
            at_ms: event.at.unix_millis(),
            what: StoredKind::from(&event.kind),
        };
        to_json(&stored, "writing an event of a task run")
    }

    /// The event of a JSON text, with what is stored beside it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] when the text is damaged, [`StoreError::Backend`] when a newer
    /// version wrote it.
    pub fn decode(text: &str, run: RunId, seq: u64) -> Result<TaskEvent, StoreError> {
        let what = format!("event {seq} of task run {run}");
        let stored: Self = from_json(text, &what)?;
        Ok(TaskEvent {
            kind: stored.what.into_kind(&what)?,
            run,
            seq,
            at: Timestamp::from_unix_millis(stored.at_ms),
        })
    }
}

impl From<&TaskEventKind> for StoredKind {
    fn from(kind: &TaskEventKind) -> Self {
        use TaskEventKind as K;
        let name = |phase: &TaskPhase| phase.name().to_owned();
        match kind.clone() {
            K::RunClaimed { runner, run_number } => Self::RunClaimed { runner, run_number },
            K::PhaseStarted { phase, tries } => Self::PhaseStarted {
                phase: name(&phase),
                tries,
            },
            K::PhaseEnded { phase, outcome } => Self::PhaseEnded {
                phase: name(&phase),
                outcome: StoredOutcome::from(&outcome),
            },
            K::PhaseSkipped { phase, reason } => Self::PhaseSkipped {
                phase: name(&phase),
                reason: reason.name().to_owned(),
            },
            K::AwaitingApproval { until } => Self::AwaitingApproval {
                until_ms: until.unix_millis(),
            },
            K::ApprovalDecided { by, is_approved } => Self::ApprovalDecided { by, is_approved },
            K::GitBranchCreated {
                branch,
                base,
                is_adopted,
            } => Self::GitBranchCreated {
                branch: branch.to_string(),
                base: base.map(|commit| commit.to_string()),
                is_adopted,
            },
            K::GitCommitCreated { commit, files } => Self::GitCommitCreated {
                commit: commit.to_string(),
                files,
            },
            K::GitPushSuccess { reference, commit } => Self::GitPushSuccess {
                reference,
                commit: commit.to_string(),
            },
            K::GitPushFailed { reason, rescue } => Self::GitPushFailed { reason, rescue },
            K::PullRequestOpened { url, is_adopted } => Self::PullRequestOpened { url, is_adopted },
            K::GitOperationFailed { operation, reason } => {
                Self::GitOperationFailed { operation, reason }
            }
            K::Interrupted { by } => Self::Interrupted { by },
            K::Warning { message } => Self::Warning { message },
            K::RunFinished { ending } => Self::RunFinished {
                ending: ending.name().to_owned(),
            },
        }
    }
}

impl StoredKind {
    fn into_kind(self, what: &str) -> Result<TaskEventKind, StoreError> {
        use TaskEventKind as K;
        let id = |text: String| parsed::<CommitId>(&text, what);
        Ok(match self {
            Self::RunClaimed { runner, run_number } => K::RunClaimed { runner, run_number },
            Self::PhaseStarted { phase: name, tries } => K::PhaseStarted {
                phase: phase(&name, what)?,
                tries,
            },
            Self::PhaseEnded {
                phase: name,
                outcome,
            } => K::PhaseEnded {
                phase: phase(&name, what)?,
                outcome: outcome.into(),
            },
            Self::PhaseSkipped {
                phase: name,
                reason,
            } => K::PhaseSkipped {
                phase: phase(&name, what)?,
                reason: named(SkipReason::from_name, &reason, what)?,
            },
            Self::AwaitingApproval { until_ms } => K::AwaitingApproval {
                until: Timestamp::from_unix_millis(until_ms),
            },
            Self::ApprovalDecided { by, is_approved } => K::ApprovalDecided { by, is_approved },
            Self::GitBranchCreated {
                branch,
                base,
                is_adopted,
            } => K::GitBranchCreated {
                branch: parsed(&branch, what)?,
                base: base.map(id).transpose()?,
                is_adopted,
            },
            Self::GitCommitCreated { commit, files } => K::GitCommitCreated {
                commit: id(commit)?,
                files,
            },
            Self::GitPushSuccess { reference, commit } => K::GitPushSuccess {
                reference,
                commit: id(commit)?,
            },
            Self::GitPushFailed { reason, rescue } => K::GitPushFailed { reason, rescue },
            Self::PullRequestOpened { url, is_adopted } => K::PullRequestOpened { url, is_adopted },
            Self::GitOperationFailed { operation, reason } => {
                K::GitOperationFailed { operation, reason }
            }
            Self::Interrupted { by } => K::Interrupted { by },
            Self::Warning { message } => K::Warning { message },
            Self::RunFinished { ending } => K::RunFinished {
                ending: named(TaskEnding::from_name, &ending, what)?,
            },
        })
    }
}
