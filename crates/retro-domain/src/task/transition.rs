//! The state machine of a task run.

use std::time::Duration;

use super::course::next_phase;
use super::git_status::GitStatus;
use super::outcome::PhaseOutcome;
use super::phase::TaskPhase;
use super::state::{TaskRunState, TaskRunStatus};
use crate::{Epoch, Lease, LeaseOwner, Timestamp};

/// What can happen to a run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TaskRunEvent {
    /// A runner takes it: when nobody has it, or under an expired lease. A phase whose runners were
    /// lost as often as is allowed is ended by this.
    Claim {
        /// The runner.
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
    /// The holder hands the run back in order; the try of the phase in hand does not count.
    HandBack {
        /// The holder's epoch.
        epoch: Epoch,
    },
    /// The holder is known to be dead, so its lease need not run out; the try counts.
    Revoke {
        /// The dead holder's epoch.
        epoch: Epoch,
    },
    /// The holder begins a phase, which must be the next one. It may begin the one in hand again.
    Begin {
        /// The holder's epoch.
        epoch: Epoch,
        /// The phase.
        phase: TaskPhase,
    },
    /// The phase in hand has ended. The end of the clean-up ends the run.
    End {
        /// The holder's epoch.
        epoch: Epoch,
        /// The phase.
        phase: TaskPhase,
        /// How.
        outcome: PhaseOutcome,
    },
    /// Something was done in git, or failed.
    Git {
        /// The holder's epoch.
        epoch: Epoch,
        /// How far the change has come by it.
        status: GitStatus,
    },
    /// The holder leaves the run until somebody agrees.
    AwaitApproval {
        /// The holder's epoch.
        epoch: Epoch,
        /// How long.
        until: Timestamp,
    },
    /// Somebody agrees.
    Approve,
    /// Somebody does not.
    Deny {
        /// Why.
        reason: String,
    },
    /// Nobody did in time.
    Expire {
        /// The present moment.
        now: Timestamp,
    },
    /// Somebody wants an end. The holder sees it in the state, and ends the phase in hand if that can
    /// be interrupted.
    Interrupt,
}

impl TaskRunEvent {
    fn name(&self) -> &'static str {
        match self {
            Self::Claim { .. } => "be claimed",
            Self::Renew { .. } => "be renewed",
            Self::HandBack { .. } => "be handed back",
            Self::Revoke { .. } => "be revoked",
            Self::Begin { .. } => "begin a phase",
            Self::End { .. } => "end a phase",
            Self::Git { .. } => "change in git",
            Self::AwaitApproval { .. } => "wait for approval",
            Self::Approve => "be approved",
            Self::Deny { .. } => "be denied",
            Self::Expire { .. } => "run out of time",
            Self::Interrupt => "be interrupted",
        }
    }

    /// The epoch of who does it, where only the holder may.
    fn epoch(&self) -> Option<Epoch> {
        match self {
            Self::Renew { epoch, .. }
            | Self::HandBack { epoch }
            | Self::Revoke { epoch }
            | Self::Begin { epoch, .. }
            | Self::End { epoch, .. }
            | Self::Git { epoch, .. }
            | Self::AwaitApproval { epoch, .. } => Some(*epoch),
            Self::Claim { .. } | Self::Approve | Self::Deny { .. } => None,
            Self::Expire { .. } | Self::Interrupt => None,
        }
    }
}

/// An event that a run's state does not allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IllegalTaskTransition {
    /// The status has no such transition.
    #[error("a task run that is {status} cannot {event}")]
    WrongStatus {
        /// The name of the status.
        status: &'static str,
        /// What was to happen.
        event: &'static str,
    },
    /// Another runner has claimed the run since.
    #[error("the lease is lost: epoch {held} was superseded by epoch {current}")]
    StaleEpoch {
        /// The epoch the event carried.
        held: u64,
        /// The epoch of the latest claim.
        current: u64,
    },
    /// Another runner holds an unexpired lease.
    #[error("{owner} holds the task run")]
    Held {
        /// The holder.
        owner: String,
    },
    /// Another phase is in hand, or comes next.
    #[error("phase {phase} has no place here: the run is at {expected}")]
    WrongPhase {
        /// The phase of the event.
        phase: &'static str,
        /// The one in hand, or the next one.
        expected: &'static str,
    },
    /// What is committed, pushed or opened does not become undone.
    #[error("a change that is {status} in git does not become {next}")]
    Backwards {
        /// How far it has come.
        status: &'static str,
        /// What was to be.
        next: &'static str,
    },
    /// There is time left.
    #[error("the approval's time is not over")]
    TooEarly,
}

/// The state after `event`, or why it is not allowed. The whole life of a task run is this function;
/// what comes next in it is [`next_phase`].
///
/// # Errors
///
/// Every pair of state and event that is not listed in the body is an [`IllegalTaskTransition`].
pub fn transition_task(
    state: &TaskRunState,
    event: &TaskRunEvent,
) -> Result<TaskRunState, IllegalTaskTransition> {
    use IllegalTaskTransition as Illegal;
    use TaskPhase::Approval;
    use TaskRunEvent as E;
    use TaskRunStatus as S;
    let wrong_phase = |phase: TaskPhase, expected: Option<TaskPhase>| Illegal::WrongPhase {
        phase: phase.name(),
        expected: expected.map_or("no phase", TaskPhase::name),
    };
    let in_hand = state.in_hand.map(|(phase, _)| phase);
    match (&state.status, event) {
        (S::Running(lease), E::Claim { now, .. }) if !lease.is_expired(*now) => {
            let owner = lease.owner.0.clone();
            Err(Illegal::Held { owner })
        }
        (S::Pending | S::Running(_), E::Claim { owner, now, ttl }) => {
            let mut next = state.taken_over();
            next.epoch = state.epoch.next();
            if !matches!(next.status, S::Finished(_)) {
                next.status = S::Running(Lease {
                    owner: owner.clone(),
                    epoch: next.epoch,
                    expires_at: now.plus(*ttl),
                });
            }
            Ok(next)
        }
        (S::Running(_), event) if event.epoch().is_some_and(|epoch| epoch != state.epoch) => {
            Err(Illegal::StaleEpoch {
                held: event.epoch().unwrap_or_default().0,
                current: state.epoch.0,
            })
        }
        (S::Running(lease), E::Renew { now, ttl, .. }) => {
            let expires_at = now.plus(*ttl);
            let lease = lease.clone();
            Ok(state.with_status(S::Running(Lease {
                expires_at,
                ..lease
            })))
        }
        (S::Running(_), E::HandBack { .. }) => {
            let mut next = state.clone().pending();
            next.in_hand = in_hand.zip(state.in_hand.map(|(_, tries)| tries.saturating_sub(1)));
            Ok(next)
        }
        (S::Running(_), E::Revoke { .. }) => Ok(state.clone().pending()),
        (S::Running(_), E::Begin { phase, .. }) if next_phase(state) != Some(*phase) => {
            Err(wrong_phase(*phase, next_phase(state)))
        }
        (S::Running(_), E::Begin { phase, .. }) => {
            let before = state.in_hand.filter(|(begun, _)| begun == phase);
            let mut next = state.clone();
            next.in_hand = Some((*phase, before.map_or(0, |(_, tries)| tries) + 1));
            Ok(next)
        }
        (S::Running(_), E::End { phase, .. }) if in_hand != Some(*phase) => {
            Err(wrong_phase(*phase, in_hand))
        }
        (S::Running(_), E::End { phase, outcome, .. }) => Ok(state.after(*phase, outcome.clone())),
        (S::Running(_), E::Git { status, .. })
            if state.git != GitStatus::Failed && *status < state.git =>
        {
            Err(Illegal::Backwards {
                status: state.git.name(),
                next: status.name(),
            })
        }
        (S::Running(_), E::Git { status, .. }) => {
            let mut next = state.clone();
            next.git = *status;
            Ok(next)
        }
        (S::Running(_), E::AwaitApproval { .. }) if in_hand != Some(Approval) => {
            Err(wrong_phase(Approval, in_hand))
        }
        (S::Running(_), E::AwaitApproval { until, .. }) => {
            let mut next = state.with_status(S::AwaitingApproval(*until));
            next.in_hand = None;
            Ok(next)
        }
        (S::AwaitingApproval(_), E::Approve) => {
            Ok(state.after(Approval, PhaseOutcome::Done).pending())
        }
        (S::AwaitingApproval(_), E::Deny { reason }) => {
            let outcome = PhaseOutcome::Failed(reason.clone());
            Ok(state.after(Approval, outcome).pending())
        }
        (S::AwaitingApproval(until), E::Expire { now }) if now < until => Err(Illegal::TooEarly),
        (S::AwaitingApproval(_), E::Expire { .. }) => {
            Ok(state.after(Approval, PhaseOutcome::TimedOut).pending())
        }
        (S::AwaitingApproval(_), E::Interrupt) => {
            Ok(state.after(Approval, PhaseOutcome::Interrupted).pending())
        }
        (S::Pending | S::Running(_), E::Interrupt) => {
            let mut next = state.clone();
            let phase = next_phase(state).unwrap_or(TaskPhase::CleanUp);
            next.interrupted_in.get_or_insert(phase);
            Ok(next)
        }
        (status, event) => Err(Illegal::WrongStatus {
            status: status.name(),
            event: event.name(),
        }),
    }
}

#[cfg(test)]
#[path = "transition_tests.rs"]
mod tests;
