//! Jobs.

use async_trait::async_trait;
use retro_domain::{CommitJob, JobEvent, JobState};

use crate::{RunRecord, StoreError};

/// Jobs and their leases.
///
/// # Guarantees
///
/// - [`apply`](Self::apply) is [`retro_domain::transition`] made atomic: of several callers with
///   the same event exactly one sees its effect, and a caller with an older epoch is refused.
/// - A write that returned `Ok` is seen by every later read of any handle on the same store, and
///   survives the death of the process.
///
/// # Not guaranteed
///
/// - Survival of the last writes when the machine loses power; what is there stays consistent.
/// - Any order among jobs.
///
/// A crash in the middle of a call leaves either all of its effect or none; of several jobs that
/// are added, some may be.
#[async_trait]
pub trait JobStore: Send + Sync {
    /// Adds jobs as `Pending`; those that exist stay as they are. Returns how many were added.
    async fn enqueue(&self, jobs: &[CommitJob]) -> Result<usize, StoreError>;

    /// As [`enqueue`](Self::enqueue), for jobs of this run: a store that people look into keeps
    /// with each what they want to know of its commit. A job that waits already becomes one of
    /// this run's.
    async fn enqueue_for(&self, run: &RunRecord, jobs: &[CommitJob]) -> Result<usize, StoreError> {
        let _ = run;
        self.enqueue(jobs).await
    }

    /// The state of a job.
    async fn job(&self, job: &CommitJob) -> Result<Option<JobState>, StoreError>;

    /// The states of several jobs, in the order asked for; each is read at a moment of its own.
    async fn states(&self, jobs: &[CommitJob]) -> Result<Vec<Option<JobState>>, StoreError> {
        let mut states = Vec::with_capacity(jobs.len());
        for job in jobs {
            states.push(self.job(job).await?);
        }
        Ok(states)
    }

    /// Applies an event to a job and returns its new state.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`] for a job that was never enqueued, [`StoreError::Transition`] when
    /// its state does not allow the event.
    async fn apply(&self, job: &CommitJob, event: &JobEvent) -> Result<JobState, StoreError>;
}
