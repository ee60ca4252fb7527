//! Finding, signalling and reaping what a command has started.

use std::ffi::c_int;
use std::ptr;
use std::time::Duration;

use super::command::errno;
use super::process_table::ProcessTable;

/// The descendants of a supervisor, as far as it waits for them.
pub(super) struct Descendants {
    /// The command itself.
    pub(super) command: libc::pid_t,
    /// Its wait status, once it has ended.
    pub(super) command_status: Option<c_int>,
    /// Its processor time, that of the children it waited for included.
    pub(super) command_processor: Duration,
    /// Set when what is left of a command that has ended is being killed: from then on the killed
    /// ones are counted.
    pub(super) counting: bool,
    pub(super) killed: u32,
    pub(super) user: Duration,
    pub(super) system: Duration,
    /// Bytes.
    pub(super) max_rss: u64,
    own: libc::pid_t,
}

/// What a round of reaping found.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reaped {
    /// There are children, and none has ended since the last round.
    Nothing,
    /// Some have ended; there are others.
    Some,
    /// There is no child left, so there is no descendant left: an orphan would have become a child.
    All,
}

impl Descendants {
    pub(super) fn of_command(command: libc::pid_t) -> Self {
        Self {
            command,
            command_status: None,
            command_processor: Duration::ZERO,
            counting: false,
            killed: 0,
            user: Duration::ZERO,
            system: Duration::ZERO,
            max_rss: 0,
            // SAFETY: takes no argument and always succeeds.
            own: unsafe { libc::getpid() },
        }
    }

    /// Takes every child that has ended.
    pub(super) fn reap(&mut self) -> Reaped {
        let mut found = Reaped::Nothing;
        loop {
            let mut status = 0;
            // SAFETY: all zeros is a valid value of this plain record.
            let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
            // SAFETY: both places are writable.
            match unsafe { libc::wait4(-1, &mut status, libc::WNOHANG | libc::__WALL, &mut usage) }
            {
                0 => return found,
                pid if pid > 0 => {
                    found = Reaped::Some;
                    self.count(pid, status, &usage);
                }
                _ if errno() == libc::EINTR => {}
                _ => return Reaped::All,
            }
        }
    }

    /// SIGINT or SIGTERM for everyone, and SIGCONT so that stopped ones notice. Each process gets it
    /// once: many take a second one as "at once".
    pub(super) fn ask(&self, request: c_int, table: &mut ProcessTable) {
        table.refresh();
        if self.command_status.is_none() {
            // The group in one call, so that no member that is being forked is missed.
            signal(-self.command, request);
            signal(-self.command, libc::SIGCONT);
        }
        for process in table.descendants_of(self.own) {
            let had_it = self.command_status.is_none() && process.group == self.command;
            if !had_it && process.group != self.own {
                signal(process.pid, request);
                signal(process.pid, libc::SIGCONT);
            }
        }
    }

    /// One round of SIGKILL over the direct children and their process groups.
    ///
    /// Whatever lives below a killed child becomes a child itself, so rounds until
    /// [`Reaped::All`] reach everything. Killing a group is atomic towards forks inside it; what
    /// changes its session at each fork is met by the next round.
    pub(super) fn kill_children(&self, table: &mut ProcessTable) {
        let mut pids = [0; 1024];
        let count = match children(self.own, &mut pids) {
            Some(count) => count,
            None => {
                table.refresh();
                let found = table
                    .as_slice()
                    .iter()
                    .filter(|process| process.parent == self.own);
                pids.iter_mut()
                    .zip(found)
                    .map(|(place, process)| *place = process.pid)
                    .count()
            }
        };
        for pid in pids.iter().take(count).copied() {
            // A child of this process stays what it is until it is reaped here, so neither its
            // number nor its group can have passed to a stranger. A session of the tree has members
            // of the tree only; this process's own group is not one to kill.
            // SAFETY: plain system call.
            let group = unsafe { libc::getpgid(pid) };
            if group > 1 && group != self.own {
                signal(-group, libc::SIGKILL);
            }
            signal(pid, libc::SIGKILL);
        }
    }

    fn count(&mut self, pid: libc::pid_t, status: c_int, usage: &libc::rusage) {
        if pid == self.command && self.command_status.is_none() {
            self.command_status = Some(status);
            self.command_processor =
                duration(usage.ru_utime).saturating_add(duration(usage.ru_stime));
        } else if self.counting
            && libc::WIFSIGNALED(status)
            && libc::WTERMSIG(status) == libc::SIGKILL
        {
            self.killed = self.killed.saturating_add(1);
        }
        self.user = self.user.saturating_add(duration(usage.ru_utime));
        self.system = self.system.saturating_add(duration(usage.ru_stime));
        // Linux counts it in KiB.
        self.max_rss = self
            .max_rss
            .max((usage.ru_maxrss as u64).saturating_mul(1024));
    }
}

/// Kills what is still in the session of a command whose supervisor is gone. This runs in the
/// caller.
pub(super) fn kill_session(command: libc::pid_t) {
    let mut table = ProcessTable::new();
    for _ in 0..3 {
        signal(-command, libc::SIGKILL);
        table.refresh();
        for process in table
            .as_slice()
            .iter()
            .filter(|process| process.session == command)
        {
            signal(process.pid, libc::SIGKILL);
        }
    }
}

fn signal(pid: libc::pid_t, number: c_int) {
    // SAFETY: plain system call. A process that is gone by now needs no signal.
    unsafe { libc::kill(pid, number) };
}

fn duration(time: libc::timeval) -> Duration {
    let micros = (time.tv_sec as u64)
        .saturating_mul(1_000_000)
        .saturating_add(time.tv_usec as u64);
    Duration::from_micros(micros)
}

/// Reads the direct children of this single-threaded process; `None` where the kernel does not list
/// them. The list may miss some while others end: rounds make up for it.
fn children(own: libc::pid_t, pids: &mut [libc::pid_t]) -> Option<usize> {
    let mut path = [0u8; 64];
    let mut place = path.iter_mut();
    let mut digits = [0u8; 12];
    let mut rest = own.unsigned_abs();
    let mut length = 0;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
        length += 1;
        if rest == 0 {
            break;
        }
    }
    let number = digits.iter().skip(digits.len().saturating_sub(length));
    for byte in b"/proc/self/task/".iter().chain(number).chain(b"/children") {
        *place.next()? = *byte;
    }
    // SAFETY: the path ends with a zero byte.
    let file = unsafe { libc::open(path.as_ptr().cast(), libc::O_RDONLY | libc::O_CLOEXEC) };
    if file < 0 {
        return None;
    }
    let (mut count, mut current, mut in_number) = (0, 0i32, false);
    let mut text = [0u8; 4096];
    'all: loop {
        // SAFETY: the buffer is writable for its length.
        let read = unsafe { libc::read(file, ptr::from_mut(&mut text).cast(), text.len()) };
        let Ok(read @ 1..) = usize::try_from(read) else {
            break;
        };
        for byte in text.iter().take(read) {
            if byte.is_ascii_digit() {
                current = current
                    .wrapping_mul(10)
                    .wrapping_add(i32::from(byte - b'0'));
                in_number = true;
            } else if in_number {
                let Some(place) = pids.get_mut(count) else {
                    break 'all;
                };
                *place = current;
                (count, current, in_number) = (count + 1, 0, false);
            }
        }
    }
    // SAFETY: opened above and used by nobody else.
    unsafe { libc::close(file) };
    Some(count)
}
