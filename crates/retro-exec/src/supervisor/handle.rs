//! The caller's side of a supervisor.

use std::io::{self, Read};
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::ptr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use super::descendants::kill_session;
use super::orders;
use super::serve::serve;
use super::shared::Shared;
use crate::cancel::Wake;
use crate::error::ExecError;
use crate::finished::NotApplied;
use crate::input::Streams;
use crate::invocation::Invocation;
use crate::resources::Resources;
use crate::wire::{Order, REPORT_LEN, Report};

/// Supervisors that could not be waited for when they were dropped, because their command could not
/// be killed. They are waited for when the next one is dropped.
static LATE: Mutex<Vec<libc::pid_t>> = Mutex::new(Vec::new());

/// A supervisor process. Dropping it kills what it still runs.
#[derive(Debug)]
pub(crate) struct Supervisor {
    control: UnixStream,
    process: libc::pid_t,
    shared: Shared,
    wake: Arc<Wake>,
    busy: bool,
}

impl Supervisor {
    /// Forks a supervisor from the calling thread.
    pub(crate) fn start() -> io::Result<Self> {
        let (control, far_end) = UnixStream::pair()?;
        let (shared, wake) = (Shared::map()?, Arc::new(Wake::new()?));
        let far_end_fd = far_end.as_raw_fd();
        // SAFETY: the sets are initialised by the calls that fill them. Signals are blocked around
        // the fork, so that no handler of the caller's runs in the child; the child goes straight
        // into `serve`, which makes system calls only and never returns.
        let process = unsafe {
            let (mut all, mut before): (libc::sigset_t, libc::sigset_t) = std::mem::zeroed();
            libc::sigfillset(&mut all);
            libc::pthread_sigmask(libc::SIG_SETMASK, &all, &mut before);
            let process = libc::fork();
            if process == 0 {
                serve(&shared, far_end_fd);
            }
            let error = io::Error::last_os_error();
            libc::pthread_sigmask(libc::SIG_SETMASK, &before, ptr::null_mut());
            if process < 0 {
                return Err(error);
            }
            process
        };
        Ok(Self {
            control,
            process,
            shared,
            wake,
            busy: false,
        })
    }

    /// Starts a command, whose outputs go to the given pipes, and which joins the cgroup if there is
    /// one. Whether it really started is told by the reports.
    ///
    /// # Errors
    /// [`ExecError::SupervisorLost`] when the supervisor was killed while it was idle: nothing has
    /// been started then.
    pub(crate) fn begin(
        &mut self,
        program: &Path,
        run: &Invocation,
        streams: Streams<'_>,
        cgroup: Option<&Path>,
    ) -> Result<(), ExecError> {
        self.shared.put(program, run, cgroup)?;
        let [stdout, stderr] = &streams.outputs;
        let mut descriptors = vec![stdout.as_fd(), stderr.as_fd()];
        descriptors.extend(streams.input.map(AsFd::as_fd));
        orders::send(self.control.as_fd(), Order::Run, &descriptors)
            .map_err(|_| ExecError::SupervisorLost)?;
        self.busy = true;
        Ok(())
    }

    /// Gives an order about the running command.
    pub(crate) fn order(&self, order: Order) {
        // A supervisor that is gone is noticed by the reports, which end.
        let _ = orders::send(self.control.as_fd(), order, &[]);
        // A command may have stopped its supervisor. Its number is valid: it is waited for on drop.
        // SAFETY: plain system call.
        unsafe { libc::kill(self.process, libc::SIGCONT) };
    }

    /// The limits that the command which started last could not set to itself.
    pub(crate) fn refused(&self, resources: &Resources) -> Vec<NotApplied> {
        self.shared.request().limiting.refused(resources)
    }

    /// Takes the next report, waiting for it. `None` when the supervisor is gone.
    pub(crate) fn report(&mut self) -> Option<Report> {
        let mut bytes = [0; REPORT_LEN];
        (&self.control).read_exact(&mut bytes).ok()?;
        let report = Report::decode(&bytes)?;
        self.busy = matches!(report, Report::Ended { .. });
        Some(report)
    }

    /// What becomes readable when there is a report.
    pub(crate) fn reports(&self) -> BorrowedFd<'_> {
        self.control.as_fd()
    }

    /// What wakes the run that waits for this supervisor.
    pub(crate) fn wake(&self) -> &Arc<Wake> {
        &self.wake
    }

    /// Whether it can run another command.
    pub(crate) fn is_idle(&self) -> bool {
        !self.busy
    }

    /// Kills what can be found of a command whose supervisor was killed.
    pub(crate) fn kill_orphans(&self) {
        let command = self.shared.request().command.load(Ordering::Acquire);
        if command > 1 {
            kill_session(command);
        }
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        // Also when another process holds a copy of this end for a moment, in the middle of a fork.
        let _ = self.control.shutdown(Shutdown::Both);
        let mut late = LATE.lock().unwrap_or_else(PoisonError::into_inner);
        late.retain(|process| !has_ended(*process, libc::WNOHANG));
        // An idle supervisor ends at once.
        let patience = if self.busy { libc::WNOHANG } else { 0 };
        if !has_ended(self.process, patience) {
            late.push(self.process);
        }
    }
}

/// Waits for a supervisor; true when it has ended, or when somebody else has waited for it.
fn has_ended(process: libc::pid_t, flags: libc::c_int) -> bool {
    loop {
        // SAFETY: waits for a child of this process; the status is not wanted.
        match unsafe { libc::waitpid(process, ptr::null_mut(), flags) } {
            0 => return false,
            -1 if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted => {}
            _ => return true,
        }
    }
}
