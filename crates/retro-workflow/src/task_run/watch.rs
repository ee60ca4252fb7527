//! Who looks after a run while its phases are done: its lease, and whether somebody wants an end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use retro_domain::{Clock, Epoch, LeasePolicy, RunId, TaskRunEvent};
use retro_exec::CancelToken;
use retro_store::{StoreError, TaskRunStore};

use crate::Interrupt;

/// How often is looked.
const TICK: Duration = Duration::from_millis(200);
/// How often the run is read, to see whether somebody else wants an end.
const READ_EVERY: u32 = 5;

/// What the watch and the run's thread share.
#[derive(Clone)]
pub(super) struct Watch {
    pub(super) run: RunId,
    pub(super) epoch: Epoch,
    pub(super) runs: Arc<dyn TaskRunStore>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) policy: LeasePolicy,
    pub(super) interrupt: Interrupt,
    pub(super) cancel: CancelToken,
    pub(super) cancelled: Arc<AtomicBool>,
    /// Set when the lease is somebody else's, or could not be renewed before its end.
    pub(super) lost: Arc<AtomicBool>,
}

impl Watch {
    /// Looks until it is dropped.
    pub(super) async fn look(self) {
        let mut ticks = tokio::time::interval(TICK);
        let mut renewed_at = self.clock.now();
        let mut count = 0;
        let mut is_told = false;
        loop {
            ticks.tick().await;
            count += 1;
            let now = self.clock.now();
            if now.since(renewed_at) >= self.policy.renew_every {
                match self.renew(now).await {
                    Ok(()) => renewed_at = now,
                    Err(error)
                        if error.is_retryable() && now.since(renewed_at) < self.policy.ttl => {}
                    Err(_) => {
                        self.lost.store(true, Ordering::Release);
                        self.stop();
                        return;
                    }
                }
            }
            if self.interrupt.is_raised() && !is_told {
                // Written down, so that whoever takes the run over knows, too.
                let said = self.runs.apply(&self.run, &TaskRunEvent::Interrupt).await;
                is_told = said.is_ok();
                self.stop();
            }
            if count % READ_EVERY == 0 && !is_told {
                let run = self.runs.task_run(&self.run).await;
                if let Ok(Some(run)) = run
                    && run.state.interrupted_in.is_some()
                {
                    is_told = true;
                    self.stop();
                }
            }
        }
    }

    fn stop(&self) {
        self.cancel.cancel();
        self.cancelled.store(true, Ordering::Release);
    }

    async fn renew(&self, now: retro_domain::Timestamp) -> Result<(), StoreError> {
        let event = TaskRunEvent::Renew {
            epoch: self.epoch,
            now,
            ttl: self.policy.ttl,
        };
        self.runs.apply(&self.run, &event).await.map(drop)
    }
}
