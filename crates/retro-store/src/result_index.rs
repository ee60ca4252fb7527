//! Which job has the result of a key.

use async_trait::async_trait;
use retro_domain::{CacheKey, CommitJob, RepoId};

use crate::StoreError;

/// Which job has the result of a key, for those who want to know whether a tree was run already,
/// whatever commit it belonged to. A note is a hint: the job may have been removed or run again
/// since, and whoever follows it looks at the job.
///
/// # Guarantees
///
/// - Of several notes that expect the same, exactly one is made.
/// - A note that returned `Ok` is seen by every later read of any handle on the same store.
///
/// A crash in the middle of a call leaves either all of its effect or none.
#[async_trait]
pub trait ResultIndex: Send + Sync {
    /// The noted jobs of a repository's keys, in the order asked for.
    async fn noted(
        &self,
        repo: &RepoId,
        keys: &[CacheKey],
    ) -> Result<Vec<Option<CommitJob>>, StoreError>;

    /// Notes that `job` has the result of `key`, in the place of `replaces`.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when something else than `replaces` is noted.
    async fn note(
        &self,
        key: CacheKey,
        job: &CommitJob,
        replaces: Option<&CommitJob>,
    ) -> Result<(), StoreError>;
}
