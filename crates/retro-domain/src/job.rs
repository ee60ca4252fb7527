//! The commit job and its state machine.

use crate::{
    CommitId, Epoch, Lease, LeaseOwner, OutcomeCounts, RepoId, SuiteFingerprint, Timestamp, Verdict,
};
use std::time::Duration;

/// The identity of one piece of looking back: run one suite on one commit.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct CommitJob {
    /// The repository.
    pub repo: RepoId,
    /// The commit to check out.
    pub commit: CommitId,
    /// The suite to run, with what else changes the result: see [`SuiteFingerprint::with`].
    pub suite: SuiteFingerprint,
}

/// How many claims a job survives. A claim that is handed back in order does not count.
pub const MAX_ATTEMPTS: u32 = 3;

/// Where a job stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum JobStatus {
    /// Waiting for a worker.
    Pending,
    /// Claimed by a worker.
    Running(Lease),
    /// Finished with a verdict.
    Complete(Verdict),
    /// git-retro itself failed (git, disk, storage), for this reason.
    Failed(String),
}

impl JobStatus {
    /// The stable upper-case name: `PENDING`, `RUNNING`, `COMPLETE`, `FAILED`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Running(_) => "RUNNING",
            Self::Complete(_) => "COMPLETE",
            Self::Failed(_) => "FAILED",
        }
    }
}

/// A job's status with what fences and limits it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JobState {
    /// Where the job stands.
    pub status: JobStatus,
    /// The epoch of the latest claim.
    pub epoch: Epoch,
    /// Claims that did not end in order.
    pub attempts: u32,
}

impl JobState {
    /// A job nobody has claimed.
    pub const fn new() -> Self {
        Self {
            status: JobStatus::Pending,
            epoch: Epoch(0),
            attempts: 0,
        }
    }
}

impl Default for JobState {
    fn default() -> Self {
        Self::new()
    }
}

/// What a finished job is in numbers, for those who look at jobs without their results.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct JobFacts {
    /// How its tests ended.
    pub counts: OutcomeCounts,
    /// How long the job took, from its claim on.
    pub took: Duration,
    /// What its commit is, where that is not known from elsewhere.
    pub commit: Option<CommitNote>,
}

/// What a commit is, for those who look at jobs without the repository.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CommitNote {
    /// When it was committed.
    pub committed_at: Timestamp,
    /// The first line of its message.
    pub summary: String,
}

/// What can happen to a job.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum JobEvent {
    /// A worker takes the job: from `Pending`, or from `Running` under an expired lease.
    Claim {
        /// The worker.
        owner: LeaseOwner,
        /// The present moment.
        now: Timestamp,
        /// How long the lease lasts.
        ttl: Duration,
    },
    /// The holder extends its lease. Allowed after expiry while nobody else has claimed.
    Renew {
        /// The holder's epoch.
        epoch: Epoch,
        /// The present moment.
        now: Timestamp,
        /// How long the lease lasts from now.
        ttl: Duration,
    },
    /// The holder finished.
    Complete {
        /// The holder's epoch.
        epoch: Epoch,
        /// What it found.
        verdict: Verdict,
        /// The same in numbers; no part of the state.
        facts: JobFacts,
    },
    /// The holder could not do the work, for a reason that is git-retro's own.
    Fail {
        /// The holder's epoch.
        epoch: Epoch,
        /// What went wrong.
        reason: String,
    },
    /// The holder hands the job back in order; the attempt does not count.
    HandBack {
        /// The holder's epoch.
        epoch: Epoch,
    },
    /// The holder is known to be dead, so its lease need not run out; the attempt counts.
    Revoke {
        /// The dead holder's epoch.
        epoch: Epoch,
    },
    /// Someone asks for a job to be run again: finished, waiting, or left behind under an expired
    /// lease. The epoch goes on, the attempts start over.
    Requeue {
        /// The present moment.
        now: Timestamp,
    },
}

impl JobEvent {
    fn name(&self) -> &'static str {
        match self {
            Self::Claim { .. } => "claim",
            Self::Renew { .. } => "renew",
            Self::Complete { .. } => "complete",
            Self::Fail { .. } => "fail",
            Self::HandBack { .. } => "hand back",
            Self::Revoke { .. } => "revoke",
            Self::Requeue { .. } => "requeue",
        }
    }
}

/// An event that a job's state does not allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IllegalTransition {
    /// The state has no such transition.
    #[error("a job that is {status} cannot {event}")]
    WrongStatus {
        /// The name of the status.
        status: &'static str,
        /// The name of the event.
        event: &'static str,
    },
    /// Another worker has claimed the job since.
    #[error("the lease is lost: epoch {held} was superseded by epoch {current}")]
    StaleEpoch {
        /// The epoch the event carried.
        held: u64,
        /// The epoch of the latest claim.
        current: u64,
    },
    /// Another worker holds an unexpired lease.
    #[error("{owner} holds the job")]
    Held {
        /// The holder.
        owner: String,
    },
    /// The job was lost by its workers as often as is allowed.
    #[error("the job was lost {attempts} times; it is not tried again unless asked for")]
    AttemptsSpent {
        /// Claims that did not end in order.
        attempts: u32,
    },
}

/// The state after `event`, or why it is not allowed. The whole life of a job is this function.
///
/// # Errors
///
/// Every pair of state and event that is not listed in the body is an [`IllegalTransition`].
pub fn transition(state: &JobState, event: &JobEvent) -> Result<JobState, IllegalTransition> {
    use JobEvent as E;
    use JobStatus as S;
    match (&state.status, event) {
        (S::Running(lease), E::Claim { now, .. } | E::Requeue { now })
            if !lease.is_expired(*now) =>
        {
            Err(IllegalTransition::Held {
                owner: lease.owner.0.clone(),
            })
        }
        (S::Pending | S::Running(_), E::Claim { .. }) if state.attempts >= MAX_ATTEMPTS => {
            Err(IllegalTransition::AttemptsSpent {
                attempts: state.attempts,
            })
        }
        (S::Pending | S::Running(_), E::Claim { owner, now, ttl }) => {
            let epoch = state.epoch.next();
            let lease = Lease {
                owner: owner.clone(),
                epoch,
                expires_at: now.plus(*ttl),
            };
            Ok(JobState {
                status: S::Running(lease),
                epoch,
                attempts: state.attempts + 1,
            })
        }
        (
            S::Running(_),
            E::Renew { epoch, .. }
            | E::Complete { epoch, .. }
            | E::Fail { epoch, .. }
            | E::HandBack { epoch }
            | E::Revoke { epoch },
        ) if *epoch != state.epoch => Err(IllegalTransition::StaleEpoch {
            held: epoch.0,
            current: state.epoch.0,
        }),
        (S::Running(lease), E::Renew { now, ttl, .. }) => {
            let lease = Lease {
                expires_at: now.plus(*ttl),
                ..lease.clone()
            };
            Ok(JobState {
                status: S::Running(lease),
                ..*state
            })
        }
        (S::Running(_), E::Complete { verdict, .. }) => Ok(JobState {
            status: S::Complete(verdict.clone()),
            ..*state
        }),
        (S::Running(_), E::Fail { reason, .. }) => Ok(JobState {
            status: S::Failed(reason.clone()),
            ..*state
        }),
        (S::Running(_), E::HandBack { .. }) => Ok(JobState {
            status: S::Pending,
            epoch: state.epoch,
            attempts: state.attempts.saturating_sub(1),
        }),
        (S::Running(_), E::Revoke { .. }) => Ok(JobState {
            status: S::Pending,
            epoch: state.epoch,
            attempts: state.attempts,
        }),
        (_, E::Requeue { .. }) => Ok(JobState {
            status: S::Pending,
            epoch: state.epoch,
            attempts: 0,
        }),
        (status, event) => Err(IllegalTransition::WrongStatus {
            status: status.name(),
            event: event.name(),
        }),
    }
}

#[cfg(test)]
#[path = "job_tests.rs"]
mod tests;
