//! The trait that callers use and its real implementation.

use std::io;
use std::sync::{Mutex, PoisonError};

use crate::cancel::CancelToken;
use crate::error::ExecError;
use crate::finished::{Ending, Finished, Leaked, Usage};
use crate::invocation::Invocation;
use crate::lookup::find_program;
use crate::output::Outputs;
#[cfg(not(target_os = "linux"))]
use crate::process_group::Supervisor;
#[cfg(target_os = "linux")]
use crate::supervisor::Supervisor;
use crate::watch::watch;

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
/// the next one; dropping the executor ends them. Make one early in the program's life and share it:
/// a supervisor is a fork of the caller, which is the cheaper the less memory the caller has in use.
#[derive(Debug, Default)]
pub struct ChildProcesses {
    idle: Mutex<Vec<Supervisor>>,
}

impl ChildProcesses {
    /// An executor without supervisors yet: they are started when they are first needed.
    pub fn new() -> Self {
        Self::default()
    }

    fn idle(&self) -> Option<Supervisor> {
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop()
    }
}

impl Executor for ChildProcesses {
    fn run(&self, invocation: &Invocation, cancel: &CancelToken) -> Result<Finished, ExecError> {
        invocation.check()?;
        let program = find_program(invocation)?;
        let mut outputs = Outputs::create(invocation)?;
        if cancel.is_cancelled() {
            return not_started(outputs);
        }
        let mut supervisor = loop {
            let (mut supervisor, fresh) = match self.idle() {
                Some(supervisor) => (supervisor, false),
                None => (Supervisor::start().map_err(no_process)?, true),
            };
            let pipes = outputs
                .open_pipes()
                .map_err(ExecError::io("opening a pipe"))?;
            match supervisor.begin(&program, invocation, pipes) {
                Ok(()) => break supervisor,
                // Somebody killed an idle supervisor. Nothing has been started, so take another.
                Err(ExecError::SupervisorLost) if !fresh => {}
                Err(error) => return Err(error),
            }
        };
        let finished = watch(&mut supervisor, &program, invocation, outputs, cancel);
        if supervisor.is_idle() {
            self.idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(supervisor);
        }
        finished
    }
}

fn no_process(source: io::Error) -> ExecError {
    ExecError::Io {
        doing: "starting a supervisor process".into(),
        source,
    }
}

fn not_started(outputs: Outputs) -> Result<Finished, ExecError> {
    let (stdout, stderr) = outputs.finish()?;
    let (usage, leaked) = (Usage::default(), Leaked::default());
    Ok(Finished {
        ending: Ending::Cancelled,
        usage,
        stdout,
        stderr,
        leaked,
    })
}
