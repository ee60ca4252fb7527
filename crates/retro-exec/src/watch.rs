//! Watching one command from its start to the end of everything it left: pipes, reports,
//! cancellation and time in one loop of the calling thread.

use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use crate::cancel::CancelToken;
use crate::course::{Course, Step};
use crate::error::ExecError;
use crate::finished::{Ending, Finished, Leaked, Usage};
use crate::invocation::Invocation;
use crate::output::Outputs;
#[cfg(not(target_os = "linux"))]
use crate::process_group::Supervisor;
#[cfg(target_os = "linux")]
use crate::supervisor::Supervisor;
use crate::wire::{Report, StartStep};

/// A command that ended, before its limits are looked at.
#[derive(Debug)]
pub(crate) struct Watched {
    pub(crate) finished: Finished,
    /// The processor time of the command, that of the children it waited for included.
    pub(crate) processor: Duration,
}

/// Watches the command that `supervisor` has just begun.
pub(crate) fn watch(
    supervisor: &mut Supervisor,
    program: &Path,
    run: &Invocation,
    mut outputs: Outputs,
    cancel: &CancelToken,
) -> Result<Watched, ExecError> {
    let begin = Instant::now();
    let mut course = Course::new(run.limits.clone());
    let (mut status, mut processor) = (None, Duration::ZERO);
    let mut usage = Usage::default();
    let mut killed = 0;
    let waiting = cancel.wake_on_change(supervisor.wake());
    loop {
        if cancel.is_killed() {
            course.kill();
        } else if cancel.is_cancelled() {
            course.cancel();
        }
        if outputs.is_closed() {
            course.pipes_closed(begin.elapsed());
        }
        let until = match course.next(begin.elapsed()) {
            Step::Send(order) => {
                supervisor.order(order);
                continue;
            }
            Step::Finish => break,
            Step::GiveUp => return Err(ExecError::Unkillable),
            Step::Wait(until) => until,
        };
        let left = until.map(|until| until.saturating_sub(begin.elapsed()));
        let ready = wait(supervisor, &outputs, course.is_settled(), left)?;
        for index in [0, 1] {
            if ready.outputs[index] && !outputs.read(index) {
                course.output_failed();
            }
        }
        if ready.wake {
            supervisor.wake().drain();
        }
        if ready.report {
            match supervisor.report() {
                Some(Report::NotStarted { step, errno }) => {
                    return Err(not_started(step, errno, program, run));
                }
                Some(Report::Ended {
                    status: ended,
                    wall,
                    processor: used,
                }) => {
                    (status, usage.wall, processor) = (Some(ended), wall, used);
                    course.command_ended(begin.elapsed());
                }
                Some(Report::Settled {
                    user,
                    system,
                    max_rss,
                    killed: count,
                }) => {
                    usage = Usage {
                        user,
                        system,
                        max_rss,
                        ..usage
                    };
                    killed = count;
                    course.settled(begin.elapsed());
                }
                None => {
                    supervisor.kill_orphans();
                    return Err(ExecError::SupervisorLost);
                }
            }
        }
    }
    drop(waiting);
    // A failure to write is remembered by the outputs, and `finish` tells it.
    outputs.drain();
    let pipe_held = course.pipe_held() && (killed > 0 || !outputs.is_closed());
    let (stdout, stderr) = outputs.finish()?;
    let status = status.map(ending);
    let ending = course
        .stopped_for()
        .or(status)
        .ok_or(ExecError::SupervisorLost)?;
    let finished = Finished {
        usage,
        stdout,
        stderr,
        leaked: Leaked {
            pipe_held,
            processes: killed,
        },
        status,
        ..Finished::of(ending)
    };
    Ok(Watched {
        finished,
        processor,
    })
}

struct Ready {
    outputs: [bool; 2],
    report: bool,
    wake: bool,
}

/// Waits until something is ready, at most for `left`.
fn wait(
    supervisor: &Supervisor,
    outputs: &Outputs,
    settled: bool,
    left: Option<Duration>,
) -> Result<Ready, ExecError> {
    let [out, err] = outputs.waited_for();
    // After the last report, the next one would belong to another command.
    let reports = if settled {
        -1
    } else {
        supervisor.reports().as_raw_fd()
    };
    let wake = supervisor.wake().as_fd().as_raw_fd();
    let mut watched = [out, err, reports, wake].map(|fd| libc::pollfd {
        fd,
        events: libc::POLLIN,
        revents: 0,
    });
    // Rounded up, so that the time has come when the call returns; a day at most, which fits.
    let pause = left.map_or(-1, |left| {
        left.min(Duration::from_secs(86_400))
            .as_nanos()
            .div_ceil(1_000_000) as libc::c_int
    });
    // SAFETY: the array is writable for its length.
    if unsafe { libc::poll(watched.as_mut_ptr(), watched.len() as _, pause) } < 0 {
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(ExecError::io("waiting for the command")(error));
        }
        watched = watched.map(|watched| libc::pollfd {
            revents: 0,
            ..watched
        });
    }
    let [out, err, report, wake] = watched.map(|watched| watched.revents != 0);
    Ok(Ready {
        outputs: [out, err],
        report,
        wake,
    })
}

fn ending(status: i32) -> Ending {
    let status = ExitStatus::from_raw(status);
    match (status.code(), status.signal()) {
        (Some(code), _) => Ending::Exited(code),
        (None, signal) => Ending::Signalled {
            signal: signal.unwrap_or(0),
            core_dumped: status.core_dumped(),
        },
    }
}

fn not_started(step: StartStep, errno: i32, program: &Path, run: &Invocation) -> ExecError {
    let source = io::Error::from_raw_os_error(errno);
    let unusable = |reason: &str| ExecError::NotExecutable {
        program: program.into(),
        reason: reason.into(),
    };
    match (step, errno) {
        (StartStep::WorkDir, _) => ExecError::WorkDir {
            path: run.cwd.clone(),
            source,
        },
        (StartStep::Exec, libc::ENOENT) if run.cwd.join(program).exists() => {
            unusable("the interpreter that it needs is missing (its first line, or its ELF loader)")
        }
        (StartStep::Exec, libc::ENOENT) => ExecError::NotFound {
            program: program.into(),
            searched: Vec::new(),
        },
        (StartStep::Exec, libc::ENOEXEC) => {
            unusable("its format is unknown; a script needs a first line such as #!/bin/sh")
        }
        (StartStep::Exec, libc::EACCES) => {
            unusable("permission denied; check its mode, its interpreter's, and for a noexec mount")
        }
        (StartStep::Exec, libc::E2BIG) => {
            let texts = run
                .env
                .iter()
                .flat_map(|(name, value)| [name, value])
                .chain(&run.argv);
            ExecError::TooLong {
                bytes: texts.map(|text| text.len() + 1).sum(),
            }
        }
        (StartStep::Exec, _) => ExecError::Io {
            doing: format!("executing {}", program.display()),
            source,
        },
        (StartStep::Process, _) => ExecError::Io {
            doing: "starting a process".into(),
            source,
        },
    }
}
