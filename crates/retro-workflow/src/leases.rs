//! Claiming jobs, and keeping the claims alive while commands run.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use retro_domain::{
    Clock, CommitJob, Epoch, IllegalTransition, JobEvent, JobStatus, LeaseOwner, LeasePolicy,
    Timestamp,
};
use retro_exec::CancelToken;
use retro_store::{JobStore, StoreError};

use crate::options::Claims;
use crate::report::LeftBecause;

/// Tells whether the holder of a lease is known to be dead, so that its lease need not run out.
/// "Not known" is `false`.
pub type IsGone = Arc<dyn Fn(&LeaseOwner) -> bool + Send + Sync>;

/// How a claim ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// The job is ours under this epoch.
    Ours(Epoch),
    /// Someone else works on it.
    Busy,
    /// It is not to be claimed.
    Left(LeftBecause),
}

/// Claims a job for `owner`.
///
/// A job that ended, or that was lost too often, is started over where `claims` says so: that its
/// result was asked for and is not stored is reason enough. A lease whose holder is gone is
/// revoked.
pub(crate) async fn claim(
    jobs: &dyn JobStore,
    job: &CommitJob,
    owner: &LeaseOwner,
    now: Timestamp,
    policy: LeasePolicy,
    claims: Claims,
    is_gone: &IsGone,
) -> Result<Claim, StoreError> {
    let event = JobEvent::Claim {
        owner: owner.clone(),
        now,
        ttl: policy.ttl,
    };
    let mut started_over = false;
    loop {
        let refused = match jobs.apply(job, &event).await {
            Ok(state) => return Ok(Claim::Ours(state.epoch)),
            Err(StoreError::Transition(refused)) => refused,
            Err(other) => return Err(other),
        };
        match refused {
            IllegalTransition::Held { .. } => {
                let Some(state) = jobs.job(job).await? else {
                    return Ok(Claim::Busy);
                };
                let JobStatus::Running(lease) = &state.status else {
                    continue;
                };
                if !is_gone(&lease.owner) {
                    return Ok(Claim::Busy);
                }
                tolerate_race(
                    jobs.apply(job, &JobEvent::Revoke { epoch: lease.epoch })
                        .await,
                )?;
            }
            IllegalTransition::WrongStatus { status, .. } if claims == Claims::OnlyWaiting => {
                return Ok(Claim::Left(LeftBecause::Ended(status)));
            }
            IllegalTransition::AttemptsSpent { .. } if claims == Claims::OnlyWaiting => {
                return Ok(Claim::Left(LeftBecause::AttemptsSpent));
            }
            _ if started_over => return Ok(Claim::Busy),
            _ => {
                started_over = true;
                tolerate_race(jobs.apply(job, &JobEvent::Requeue { now }).await)?;
            }
        }
    }
}

/// A job claimed ahead of the look back that does it, by someone who has to prepare for it first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedJob {
    /// The job.
    pub job: CommitJob,
    /// The epoch of the claim.
    pub epoch: Epoch,
    /// When it was claimed.
    pub since: Timestamp,
}

impl ClaimedJob {
    /// Claims a job that waits, or whose lease has expired. The inner error says why it was left
    /// as it is.
    ///
    /// # Errors
    ///
    /// When the store does not know the job, or cannot be reached.
    pub async fn claim(
        jobs: &dyn JobStore,
        job: &CommitJob,
        owner: &LeaseOwner,
        clock: &dyn Clock,
        policy: LeasePolicy,
    ) -> Result<Result<Self, LeftBecause>, StoreError> {
        let since = clock.now();
        let nobody: IsGone = Arc::new(|_| false);
        let claims = Claims::OnlyWaiting;
        Ok(
            match claim(jobs, job, owner, since, policy, claims, &nobody).await? {
                Claim::Ours(epoch) => Ok(Self {
                    job: job.clone(),
                    epoch,
                    since,
                }),
                Claim::Busy => Err(LeftBecause::Held),
                Claim::Left(because) => Err(because),
            },
        )
    }

    /// Renews the lease for as long as `work` takes. `None` when the lease was lost, or could not be
    /// renewed in time: then `work` was dropped.
    pub async fn keep_during<T>(
        &self,
        jobs: &dyn JobStore,
        clock: &dyn Clock,
        policy: LeasePolicy,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        let keep = async {
            let mut renewed_at = self.since;
            loop {
                tokio::time::sleep(policy.renew_every).await;
                let now = clock.now();
                let event = JobEvent::Renew {
                    epoch: self.epoch,
                    now,
                    ttl: policy.ttl,
                };
                match jobs.apply(&self.job, &event).await {
                    Ok(_) => renewed_at = now,
                    Err(StoreError::Transition(_)) => return,
                    // The store may answer again before the lease ends.
                    Err(_) if now.since(renewed_at) + SAFETY_MARGIN < policy.ttl => {}
                    Err(_) => return,
                }
            }
        };
        tokio::select! {
            biased;
            done = work => Some(done),
            () = keep => None,
        }
    }
}

/// Another worker that was faster is no error: the next claim sees what it did.
pub(crate) fn tolerate_race<T>(result: Result<T, StoreError>) -> Result<(), StoreError> {
    match result {
        Ok(_) | Err(StoreError::Transition(_)) => Ok(()),
        Err(other) => Err(other),
    }
}

/// The leases that a process holds, by worker.
#[derive(Debug, Default)]
pub(crate) struct HeldLeases(Mutex<HashMap<usize, Held>>);

#[derive(Clone, Debug)]
struct Held {
    job: CommitJob,
    epoch: Epoch,
    renewed_at: Timestamp,
    cancel: CancelToken,
    lost: bool,
}

/// Work stops this long before a lease ends that cannot be renewed.
const SAFETY_MARGIN: Duration = Duration::from_secs(10);

impl HeldLeases {
    /// From now on the lease is renewed; `cancel` is used when it is lost.
    pub(crate) fn hold(
        &self,
        worker: usize,
        job: &CommitJob,
        epoch: Epoch,
        now: Timestamp,
        cancel: &CancelToken,
    ) {
        let (job, cancel) = (job.clone(), cancel.clone());
        let held = Held {
            job,
            epoch,
            renewed_at: now,
            cancel,
            lost: false,
        };
        self.map().insert(worker, held);
    }

    /// Stops renewing, and tells whether the lease was lost meanwhile.
    pub(crate) fn release(&self, worker: usize) -> bool {
        self.map().remove(&worker).is_some_and(|held| held.lost)
    }

    /// Whether the worker's lease was lost.
    pub(crate) fn is_lost(&self, worker: usize) -> bool {
        self.map().get(&worker).is_some_and(|held| held.lost)
    }

    /// Renews what is due.
    pub(crate) async fn renew_due(
        &self,
        jobs: &dyn JobStore,
        clock: &dyn Clock,
        policy: LeasePolicy,
    ) {
        let now = clock.now();
        let due: Vec<(usize, Held)> = self
            .map()
            .iter()
            .filter(|(_, held)| !held.lost && now.since(held.renewed_at) >= policy.renew_every)
            .map(|(&worker, held)| (worker, held.clone()))
            .collect();
        for (worker, held) in due {
            let event = JobEvent::Renew {
                epoch: held.epoch,
                now,
                ttl: policy.ttl,
            };
            let renewed = jobs.apply(&held.job, &event).await;
            let mut map = self.map();
            let Some(current) = map
                .get_mut(&worker)
                .filter(|h| h.epoch == held.epoch && h.job == held.job)
            else {
                continue;
            };
            match renewed {
                Ok(_) => current.renewed_at = now,
                Err(StoreError::Transition(_)) => current.give_up(),
                // The store may answer again before the lease ends.
                Err(_) if now.since(held.renewed_at) + SAFETY_MARGIN < policy.ttl => {}
                Err(_) => current.give_up(),
            }
        }
    }

    fn map(&self) -> MutexGuard<'_, HashMap<usize, Held>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn give_up(&mut self) {
        self.lost = true;
        self.cancel.kill();
    }
}
