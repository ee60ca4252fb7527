//! The stand-in for the supervisor on systems that cannot adopt orphans: a thread that waits for the
//! command, and signals to the command's process group.
//!
//! Weaker than the Linux one in what its name says: a descendant that leaves the process group is
//! not found, and nothing is killed when the caller dies. It answers through the same socket, so
//! that everything above it is the same. On Linux it is compiled for its tests only.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::cancel::Wake;
use crate::error::ExecError;
use crate::finished::NotApplied;
use crate::input::Streams;
use crate::invocation::Invocation;
use crate::resources::Resources;
use crate::wire::{Order, REPORT_LEN, Report, StartStep};

/// How often a process group whose leader has ended is looked at.
const LOOK: Duration = Duration::from_millis(5);

/// Serves one command after another. Dropping it kills the group of the one that runs.
#[derive(Debug)]
pub(crate) struct Supervisor {
    control: UnixStream,
    far_end: UnixStream,
    group: Arc<Mutex<Group>>,
    wake: Arc<Wake>,
    busy: bool,
}

/// The running command's process group.
#[derive(Debug, Default)]
struct Group {
    /// 0 for none.
    id: libc::pid_t,
    leader_ended: bool,
    leftovers_killed: bool,
}

impl Supervisor {
    pub(crate) fn start() -> io::Result<Self> {
        let (control, far_end) = UnixStream::pair()?;
        let (group, wake) = (Arc::default(), Arc::new(Wake::new()?));
        Ok(Self {
            control,
            far_end,
            group,
            wake,
            busy: false,
        })
    }

    pub(crate) fn begin(
        &mut self,
        program: &Path,
        run: &Invocation,
        streams: Streams<'_>,
        _cgroup: Option<&Path>,
    ) -> Result<(), ExecError> {
        let [stdout, stderr] = streams.outputs;
        let stdin = match streams.input.map(File::try_clone).transpose() {
            Ok(input) => input.map_or_else(Stdio::null, Stdio::from),
            Err(error) => return Err(ExecError::io("copying the standard input")(error)),
        };
        #[expect(
            clippy::disallowed_methods,
            reason = "this crate is the one that starts processes"
        )]
        let mut command = Command::new(program);
        command
            .arg0(run.argv.first().ok_or(ExecError::EmptyCommand)?)
            .args(run.argv.iter().skip(1))
            .env_clear()
            .envs(run.env.iter().map(|(name, value)| (name, value)))
            .current_dir(&run.cwd)
            .process_group(0)
            .stdin(stdin)
            .stdout(stdout)
            .stderr(stderr);
        let reports = self
            .far_end
            .try_clone()
            .map_err(ExecError::io("copying a socket"))?;
        let begin = Instant::now();
        self.busy = true;
        let child = match command.spawn() {
            Ok(child) => child,
            Err(error) => {
                let errno = error.raw_os_error().unwrap_or(libc::EINVAL);
                send(
                    &reports,
                    Report::NotStarted {
                        step: StartStep::Exec,
                        errno,
                    },
                );
                return Ok(());
            }
        };
        let id = child.id() as libc::pid_t;
        *lock(&self.group) = Group {
            id,
            ..Group::default()
        };
        let group = Arc::clone(&self.group);
        std::thread::spawn(move || wait_for(id, begin, &group, &reports));
        Ok(())
    }

    pub(crate) fn order(&self, order: Order) {
        let mut group = lock(&self.group);
        match order {
            #[cfg(target_os = "linux")]
            Order::Run => {}
            Order::Interrupt => {
                group.signal(libc::SIGINT);
                group.signal(libc::SIGCONT);
            }
            Order::Terminate => {
                group.signal(libc::SIGTERM);
                group.signal(libc::SIGCONT);
            }
            Order::Kill => {
                group.leftovers_killed |= group.leader_ended;
                group.signal(libc::SIGKILL);
            }
        }
    }

    /// The limits of resources that are not in force: all of them.
    pub(crate) fn refused(&self, resources: &Resources) -> Vec<NotApplied> {
        let each = resources.of_each_process().map(|(resource, _)| resource);
        each.map(|resource| NotApplied {
            resource,
            reason: "limits of resources are set on Linux only".to_owned(),
        })
        .collect()
    }

    pub(crate) fn report(&mut self) -> Option<Report> {
        let mut bytes = [0; REPORT_LEN];
        (&self.control).read_exact(&mut bytes).ok()?;
        let report = Report::decode(&bytes)?;
        self.busy = matches!(report, Report::Ended { .. });
        Some(report)
    }

    pub(crate) fn reports(&self) -> BorrowedFd<'_> {
        self.control.as_fd()
    }

    pub(crate) fn wake(&self) -> &Arc<Wake> {
        &self.wake
    }

    pub(crate) fn is_idle(&self) -> bool {
        !self.busy
    }

    pub(crate) fn kill_orphans(&self) {
        lock(&self.group).signal(libc::SIGKILL);
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        let _ = self.control.shutdown(Shutdown::Both);
        self.kill_orphans();
    }
}

impl Group {
    fn signal(&self, number: libc::c_int) {
        if self.id > 1 {
            // SAFETY: plain system call. The group's number is taken while it has members, and `id`
            // is 0 once it has none.
            unsafe { libc::kill(-self.id, number) };
        }
    }

    fn has_members(&self) -> bool {
        // SAFETY: plain system call that sends nothing.
        unsafe { libc::kill(-self.id, 0) == 0 }
    }
}

/// Waits for the command, then for the end of its group.
fn wait_for(leader: libc::pid_t, begin: Instant, group: &Mutex<Group>, reports: &UnixStream) {
    let mut status = 0;
    // SAFETY: all zeros is a valid value of this plain record.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: both places are writable, and nobody else waits for this child.
    while unsafe { libc::wait4(leader, &mut status, 0, &mut usage) } < 0 {
        if io::Error::last_os_error().kind() != io::ErrorKind::Interrupted {
            break;
        }
    }
    lock(group).leader_ended = true;
    send(
        reports,
        Report::Ended {
            status,
            wall: begin.elapsed(),
            processor: duration(usage.ru_utime) + duration(usage.ru_stime),
        },
    );
    let killed = loop {
        let mut group = lock(group);
        if !group.has_members() {
            group.id = 0;
            break group.leftovers_killed;
        }
        drop(group);
        std::thread::sleep(LOOK);
    };
    send(
        reports,
        Report::Settled {
            user: duration(usage.ru_utime),
            system: duration(usage.ru_stime),
            max_rss: usage.ru_maxrss as u64
                * if cfg!(target_vendor = "apple") {
                    1
                } else {
                    1024
                },
            // How many there were is not known here.
            killed: u32::from(killed),
        },
    );
}

fn send(mut reports: &UnixStream, report: Report) {
    // A reader that is gone has lost interest.
    let _ = reports.write_all(&report.encode());
}

fn duration(time: libc::timeval) -> Duration {
    Duration::from_secs(time.tv_sec as u64) + Duration::from_micros(time.tv_usec as u64)
}

fn lock(group: &Mutex<Group>) -> MutexGuard<'_, Group> {
    group.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[path = "process_group_tests.rs"]
mod tests;
