//! Something that runs many jobs.

use async_trait::async_trait;
use retro_domain::Timestamp;

use crate::StoreError;

/// Names an execution within its engine.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ExecutionId(pub String);

/// How an execution stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExecutionStatus {
    /// It goes on.
    Running,
    /// It came to its end.
    Succeeded,
    /// It failed.
    Failed,
    /// Its time was up.
    TimedOut,
    /// Someone stopped it.
    Stopped,
}

/// One execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Execution {
    /// The name it was started under.
    pub name: String,
    /// How it stands.
    pub status: ExecutionStatus,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Why it failed or was stopped, where somebody said so.
    pub reason: Option<String>,
}

/// The longest name of an execution, in bytes.
pub const MAX_EXECUTION_NAME: usize = 80;
/// The longest input of an execution, in bytes.
pub const MAX_EXECUTION_INPUT: usize = 256 * 1024;

/// Starts, looks at and stops executions of one state machine.
///
/// # Guarantees
///
/// - Of several starts under one name with the same input one execution comes about, also when the
///   answer to a start was lost, and also when it has ended meanwhile.
///
/// # Not guaranteed
///
/// - That stopping an execution stops what it started: see the jobs for those that are left.
/// - Names are kept for some months only; then one may start anew.
#[async_trait]
pub trait Engine: Send + Sync {
    /// Starts an execution under a name with JSON as its input.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when there is one of that name with another input,
    /// [`StoreError::Backend`] for a name or an input that
    /// [`check_execution`](crate::check_execution) refuses.
    async fn start(&self, name: &str, input: &str) -> Result<ExecutionId, StoreError>;

    /// How an execution stands; `None` when there is none.
    async fn describe(&self, execution: &ExecutionId) -> Result<Option<Execution>, StoreError>;

    /// Stops an execution for a reason. One that has ended stays as it is.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`] when there is none.
    async fn stop(&self, execution: &ExecutionId, reason: &str) -> Result<(), StoreError>;
}

/// Checks what an execution is to be started with: a name of 1 to 80 letters, digits, `-`, `_`, `.`
/// or `+`, and an input of at most 256 KiB.
///
/// # Errors
///
/// [`StoreError::Backend`] that says what is wrong.
pub fn check_execution(name: &str, input: &str) -> Result<(), StoreError> {
    let what = || format!("starting the execution {name:?}");
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.+".contains(c);
    if name.is_empty() || name.len() > MAX_EXECUTION_NAME || !name.chars().all(plain) {
        let rule = "its name must be 1 to 80 letters, digits, '-', '_', '.' or '+'";
        return Err(StoreError::backend(what(), rule));
    }
    if input.len() > MAX_EXECUTION_INPUT {
        let why = format!(
            "its input has {} bytes and may have {MAX_EXECUTION_INPUT}: store it as an object and \
             give the object's name",
            input.len()
        );
        return Err(StoreError::backend(what(), why));
    }
    Ok(())
}
