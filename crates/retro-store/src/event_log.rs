//! What happened, in order.

use async_trait::async_trait;
use retro_domain::{Event, RunId};

use crate::StoreError;

/// An append-only log of events for each run.
///
/// # Guarantees
///
/// - The sequence numbers of a run are 1, 2, 3 … without gaps or repeats.
/// - A batch is appended whole or not at all.
#[async_trait]
pub trait EventLog: Send + Sync {
    /// Appends events of one run. The first must carry the number after the last one stored.
    /// Appending nothing is fine.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when the numbers do not continue the log; [`StoreError::Backend`]
    /// when the events are of several runs.
    async fn append(&self, events: &[Event]) -> Result<(), StoreError>;

    /// At most `limit` events of a run with numbers above `after`, in order.
    async fn read(&self, run: &RunId, after: u64, limit: usize) -> Result<Vec<Event>, StoreError>;
}
