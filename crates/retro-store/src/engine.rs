//! What runs the jobs of a batch.

use async_trait::async_trait;

use crate::StoreError;

/// Names an execution: on Step Functions its ARN.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ExecutionId(pub String);

/// How an execution stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExecutionStatus {
    /// It goes on.
    Running,
    /// It came to its end.
    Succeeded,
    /// It ended otherwise, for this reason.
    Failed(String),
    /// Someone stopped it.
    Stopped,
}

/// Runs the jobs of a batch somewhere else.
///
/// That an execution has ended says nothing about its jobs: the job store does.
#[async_trait]
pub trait Engine: Send + Sync {
    /// Starts the execution of this name. One of this name with the same input, running or over,
    /// is taken for it: a second call does nothing twice.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when there is one of this name with another input.
    async fn start(&self, name: &str, input: &str) -> Result<ExecutionId, StoreError>;

    /// How an execution stands; `None` when there is none of this id.
    async fn describe(
        &self,
        execution: &ExecutionId,
    ) -> Result<Option<ExecutionStatus>, StoreError>;

    /// Stops an execution. What it started may go on for a while. Stopping what is over does
    /// nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`] when there is none of this id.
    async fn stop(&self, execution: &ExecutionId, reason: &str) -> Result<(), StoreError>;
}
