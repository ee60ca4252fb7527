//! The trait that callers use and its real implementation.

use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use crate::cancel::CancelToken;
#[cfg(target_os = "linux")]
use crate::cgroup::CommandCgroup;
use crate::error::ExecError;
use crate::finished::{Ending, Enforcement, Finished, NotApplied};
use crate::input::{self, Streams};
use crate::invocation::Invocation;
use crate::lookup::find_program;
use crate::output::Outputs;
#[cfg(not(target_os = "linux"))]
use crate::process_group::Supervisor;
#[cfg(target_os = "linux")]
use crate::supervisor::Supervisor;
use crate::watch::{Watched, watch};

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
    #[cfg(target_os = "linux")]
    cgroup: Option<PathBuf>,
}

impl ChildProcesses {
    /// An executor without supervisors yet: they are started when they are first needed.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes the cgroups of commands with [`Resources::memory`](crate::Resources::memory) and the like
    /// in this folder, instead of in the cgroup that the calling process is in.
    ///
    /// It has to be a cgroup of version 2 that this user may write to and that no process is in, since
    /// the kernel lets no other pass on limits of memory; systemd gives one to a service that has
    /// `Delegate=yes` and `DelegateSubgroup=` set. Other systems than Linux have none.
    #[cfg(target_os = "linux")]
    pub fn with_cgroup(mut self, folder: PathBuf) -> Self {
        self.cgroup = Some(folder);
        self
    }

    #[cfg(target_os = "linux")]
    fn confine(&self, run: &Invocation) -> Confinement {
        let mut not_applied = Vec::new();
        let asked = &run.limits.resources;
        let cgroup = CommandCgroup::create(self.cgroup.as_deref(), asked, &mut not_applied);
        Confinement {
            cgroup,
            not_applied,
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn confine(&self, run: &Invocation) -> Confinement {
        let together = run.limits.resources.of_all_together();
        let not_applied = together.map(|resource| NotApplied {
            resource,
            reason: "limits of resources are set on Linux only".to_owned(),
        });
        Confinement {
            not_applied: not_applied.collect(),
        }
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
        let stdin = input::open(&invocation.stdin)?;
        let mut outputs = Outputs::create(invocation)?;
        if cancel.is_cancelled() {
            return not_started(outputs);
        }
        let confinement = self.confine(invocation);
        let members = confinement.members();
        let mut supervisor = loop {
            let (mut supervisor, fresh) = match self.idle() {
                Some(supervisor) => (supervisor, false),
                None => (Supervisor::start().map_err(no_process)?, true),
            };
            let streams = Streams {
                outputs: outputs
                    .open_pipes()
                    .map_err(ExecError::io("opening a pipe"))?,
                input: stdin.as_ref(),
            };
            match supervisor.begin(&program, invocation, streams, members.as_deref()) {
                Ok(()) => break supervisor,
                // Somebody killed an idle supervisor. Nothing has been started, so take another.
                Err(ExecError::SupervisorLost) if !fresh => {}
                Err(error) => return Err(error),
            }
        };
        let finished = watch(&mut supervisor, &program, invocation, outputs, cancel)
            .map(|watched| confinement.told(watched, &supervisor, invocation));
        if supervisor.is_idle() {
            self.idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(supervisor);
        }
        finished
    }
}

/// The cgroup of one command, and what could not be limited.
#[derive(Debug)]
struct Confinement {
    #[cfg(target_os = "linux")]
    cgroup: Option<CommandCgroup>,
    not_applied: Vec<NotApplied>,
}

impl Confinement {
    #[cfg(target_os = "linux")]
    fn members(&self) -> Option<PathBuf> {
        self.cgroup.as_ref().map(CommandCgroup::members)
    }

    #[cfg(not(target_os = "linux"))]
    fn members(&self) -> Option<PathBuf> {
        None
    }

    #[cfg(target_os = "linux")]
    fn memory_kills(&self) -> u64 {
        self.cgroup.as_ref().map_or(0, CommandCgroup::memory_kills)
    }

    #[cfg(not(target_os = "linux"))]
    fn memory_kills(&self) -> u64 {
        0
    }

    /// What is known of a command when its limits are looked at, too.
    fn told(mut self, watched: Watched, supervisor: &Supervisor, run: &Invocation) -> Finished {
        let asked = &run.limits.resources;
        for refused in supervisor.refused(asked) {
            // A limit that its cgroup has not is told already.
            if !self
                .not_applied
                .iter()
                .any(|told| told.resource == refused.resource)
            {
                self.not_applied.push(refused);
            }
        }
        let memory_kills = self.memory_kills();
        let Watched {
            mut finished,
            processor,
        } = watched;
        if finished.status == Some(finished.ending) {
            finished.ending = asked.explain(finished.ending, processor, memory_kills);
        }
        finished.enforcement = Enforcement {
            not_applied: self.not_applied,
            memory_kills,
        };
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
    Ok(Finished {
        stdout,
        stderr,
        ..Finished::of(Ending::Cancelled)
    })
}
