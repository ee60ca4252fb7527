//! Messages that ask for work.

use std::time::Duration;

use async_trait::async_trait;

use crate::StoreError;

/// Names one receipt of a message; a later receipt of the same message has another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Receipt(pub String);

/// A message as it was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskMessage {
    /// What it says.
    pub body: String,
    /// Names this receipt.
    pub receipt: Receipt,
    /// How often it was received, this time included.
    pub receipts: u32,
}

/// A queue of messages, each of which is worked on by one receiver at a time.
///
/// # Guarantees
///
/// - A message that was received is hidden until its time is up, and comes back unless it was
///   deleted; one that was received too often is put aside instead.
///
/// # Not guaranteed
///
/// - Any order.
/// - That a message is received once only: what it asks for must stand being done twice.
#[async_trait]
pub trait TaskQueue: Send + Sync {
    /// Adds a message.
    async fn send(&self, body: &str) -> Result<(), StoreError>;

    /// Receives at most `limit` messages (and at most 10) and hides them for `hidden`. When there
    /// is none, waits for one, `patience` or 20 s at most; an implementation may wait less.
    async fn receive(
        &self,
        limit: usize,
        patience: Duration,
        hidden: Duration,
    ) -> Result<Vec<TaskMessage>, StoreError>;

    /// Hides a message for `hidden` from now on, which may be no time at all: a receiver that is
    /// still at work calls this now and then.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`] when the message was deleted, or is no longer this receiver's.
    async fn extend(&self, receipt: &Receipt, hidden: Duration) -> Result<(), StoreError>;

    /// Removes a message whose work is done. Removing it again is fine.
    async fn delete(&self, receipt: &Receipt) -> Result<(), StoreError>;

    /// About how many messages were put aside because they were received too often.
    async fn dead_letters(&self) -> Result<u64, StoreError>;
}
