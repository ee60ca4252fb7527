//! The life of a supervisor, after the fork: system calls and nothing else.

use std::ffi::c_int;
use std::ptr;
use std::time::Duration;

use super::command::{self, errno};
use super::descendants::{Descendants, Reaped};
use super::orders::{self, Received};
use super::process_table::ProcessTable;
use super::shared::Shared;
use super::shed;
use crate::wire::{Order, Report, StartStep};

/// Where the supervisor keeps its descriptors; 0, 1 and 2 are /dev/null, and there are no others.
const CONTROL: c_int = 3;

/// Serves one command after another until the caller is gone.
///
/// # Safety
/// Only to be called in a child that was just forked, with all signals blocked; `control` is its end
/// of the control socket.
pub(super) unsafe extern "C" fn serve(shared: &Shared, control: c_int) -> ! {
    let ended = match set_up(control) {
        Ok(ended) => ended,
        Err(errno) => {
            report(
                control,
                &[Report::NotStarted {
                    step: StartStep::Process,
                    errno,
                }],
            );
            exit(1)
        }
    };
    shed::give_memory_back(shared);
    // SAFETY: plain system call. What is left of the caller's memory in this process, its secrets
    // perhaps among it, is not for the commands' eyes.
    unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0) };
    let mut table = ProcessTable::new();
    loop {
        match orders::receive(CONTROL) {
            Received::Run(outputs, input) => {
                if !run(shared, outputs, input, ended, &mut table) {
                    exit(0);
                }
            }
            // An order for a command that settled while the order was on its way.
            Received::Other(_) => {}
            Received::Closed => exit(0),
        }
    }
}

/// Cuts every tie to the caller but the control socket. Gives the descriptor that becomes readable
/// when a child ends.
fn set_up(control: c_int) -> Result<c_int, i32> {
    // SAFETY: system calls on descriptors of this process, which is single-threaded; the actions and
    // sets are initialised records. The descriptors that are closed belong to the caller's copies of
    // values that are never used or dropped here.
    unsafe {
        let kept = check(libc::fcntl(control, libc::F_DUPFD, 10))?;
        let null = check(libc::open(c"/dev/null".as_ptr(), libc::O_RDWR))?;
        for standard in 0..=2 {
            check(libc::dup2(null, standard))?;
        }
        check(libc::dup3(kept, CONTROL, libc::O_CLOEXEC))?;
        close_from(CONTROL + 1);
        // The kernel's own record, all zeros for the default. The library's function refuses the
        // signals that it uses itself, and the caller may have been started with those ignored.
        let default = [0u64; 8];
        for number in 1..=64 {
            let (old, set_size) = (ptr::null_mut::<u8>(), size_of::<u64>());
            libc::syscall(
                libc::SYS_rt_sigaction,
                number,
                default.as_ptr(),
                old,
                set_size,
            );
        }
        libc::setsid();
        check(libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))?;
        libc::prctl(libc::PR_SET_NAME, c"retro-exec".as_ptr());
        let mut ended: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&mut ended);
        libc::sigaddset(&mut ended, libc::SIGCHLD);
        check(libc::signalfd(
            -1,
            &ended,
            libc::SFD_CLOEXEC | libc::SFD_NONBLOCK,
        ))
    }
}

/// Runs one command until nothing of it is left. False when the caller is gone.
fn run(
    shared: &Shared,
    outputs: [c_int; 2],
    input: c_int,
    ended: c_int,
    table: &mut ProcessTable,
) -> bool {
    let begin = now();
    let started = command::start(shared, outputs, input);
    for descriptor in outputs.into_iter().chain([input]) {
        // SAFETY: they came with the order and are used by nobody else; closing -1 does nothing.
        unsafe { libc::close(descriptor) };
    }
    let command = match started {
        Ok(command) => command,
        Err((step, errno)) => {
            report(CONTROL, &[Report::NotStarted { step, errno }]);
            return true;
        }
    };
    let mut descendants = Descendants::of_command(command);
    let mut told_end = false;
    let mut caller_lives = true;
    // The pause before the next round of killing, once killing has begun.
    let mut killing: Option<c_int> = None;
    loop {
        let reaped = descendants.reap();
        let end = match descendants.command_status {
            Some(status) if !told_end => {
                told_end = true;
                Some(Report::Ended {
                    status,
                    wall: now().saturating_sub(begin),
                    processor: descendants.command_processor,
                })
            }
            _ => None,
        };
        if reaped == Reaped::All {
            let Descendants {
                user,
                system,
                max_rss,
                killed,
                ..
            } = descendants;
            let settled = Report::Settled {
                user,
                system,
                max_rss,
                killed,
            };
            match end {
                Some(end) => report(CONTROL, &[end, settled]),
                None => report(CONTROL, &[settled]),
            }
            return caller_lives;
        }
        if let Some(end) = end {
            report(CONTROL, &[end]);
        }
        let pause = match &mut killing {
            None => -1,
            Some(pause) => {
                descendants.kill_children(table);
                // Straight on while that has an effect, so that a process that runs away by forking
                // is not given time; slower when the kernel is still busy with the killed ones.
                *pause = if reaped == Reaped::Some {
                    0
                } else {
                    (*pause * 2).clamp(1, 50)
                };
                *pause
            }
        };
        let (order_waits, child_ended) =
            wait(if caller_lives { CONTROL } else { -1 }, ended, pause);
        if child_ended {
            drain(ended);
        }
        if order_waits {
            match orders::receive(CONTROL) {
                Received::Other(byte) if byte == Order::Interrupt as u8 => {
                    descendants.ask(libc::SIGINT, table)
                }
                Received::Other(byte) if byte == Order::Terminate as u8 => {
                    descendants.ask(libc::SIGTERM, table)
                }
                Received::Other(byte) if byte == Order::Kill as u8 => killing = Some(0),
                Received::Other(_) => {}
                // A second command cannot come while one is running.
                Received::Run(..) => {}
                Received::Closed => (caller_lives, killing) = (false, Some(0)),
            }
            descendants.counting |= killing.is_some() && descendants.command_status.is_some();
        }
    }
}

/// Waits at most `pause` milliseconds (-1: without end) for an order or the end of a child.
fn wait(control: c_int, ended: c_int, pause: c_int) -> (bool, bool) {
    let mut watched = [control, ended].map(|fd| libc::pollfd {
        fd,
        events: libc::POLLIN,
        revents: 0,
    });
    // SAFETY: the array is writable for its length. A failure leaves no event, and the caller goes
    // round again.
    unsafe { libc::poll(watched.as_mut_ptr(), 2, pause) };
    let [order, child] = watched.map(|watched| watched.revents != 0);
    (order, child)
}

fn drain(ended: c_int) {
    let mut buffer = [0u8; 1024];
    // SAFETY: the buffer is writable for its length; the descriptor does not block.
    unsafe { libc::read(ended, buffer.as_mut_ptr().cast(), buffer.len()) };
}

/// Tells the caller; a caller that is gone is noticed when the next order is read.
fn report(control: c_int, reports: &[Report]) {
    for report in reports {
        let bytes = report.encode();
        // SAFETY: the buffer is readable for its length. The socket has room for hundreds of reports
        // and there are at most two a command, so they are never written in part.
        unsafe {
            libc::send(
                control,
                bytes.as_ptr().cast(),
                bytes.len(),
                libc::MSG_NOSIGNAL,
            )
        };
    }
}

fn now() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the place is writable.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut time) };
    Duration::from_secs(time.tv_sec as u64)
        .saturating_add(Duration::from_nanos(time.tv_nsec as u64))
}

fn close_from(first: c_int) {
    // SAFETY: closes descriptors that nothing in this process uses.
    unsafe {
        if libc::syscall(libc::SYS_close_range, first, libc::c_uint::MAX, 0) == 0 {
            return;
        }
        // Before Linux 5.9.
        let mut most = libc::rlimit {
            rlim_cur: 0,
            rlim_max: 0,
        };
        libc::getrlimit(libc::RLIMIT_NOFILE, &mut most);
        for fd in first..most.rlim_cur.min(1 << 20) as c_int {
            libc::close(fd);
        }
    }
}

fn check(result: c_int) -> Result<c_int, i32> {
    if result < 0 { Err(errno()) } else { Ok(result) }
}

fn exit(code: c_int) -> ! {
    // SAFETY: ends the process without running anything of the caller's.
    unsafe { libc::_exit(code) }
}
