//! What happened in runs of tasks, in order.

use async_trait::async_trait;
use retro_domain::{RunId, TaskEvent};

use crate::StoreError;

/// An append-only log of events for each run of a task.
///
/// Beside its runner, who approves or cancels a run appends to its log. So the number is all that
/// keeps writers apart: one that is told of a [`StoreError::Conflict`] reads on and tries again.
///
/// # Guarantees
///
/// - The sequence numbers of a run are 1, 2, 3 … without gaps or repeats.
/// - A batch is appended whole or not at all.
#[async_trait]
pub trait TaskEventLog: Send + Sync {
    /// Appends events of one run. The first must carry the number after the last one stored.
    /// Appending nothing is fine.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when the numbers do not continue the log; [`StoreError::Backend`]
    /// when the events are of several runs.
    async fn append(&self, events: &[TaskEvent]) -> Result<(), StoreError>;

    /// At most `limit` events of a run with numbers above `after`, in order.
    async fn read(
        &self,
        run: &RunId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<TaskEvent>, StoreError>;
}
