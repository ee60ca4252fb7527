//! How a command ended, what it used and what it left behind.

use std::fmt;
use std::time::Duration;

use crate::resources::Resource;

/// Everything that is known of a command that ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// How the command itself ended.
    pub ending: Ending,
    /// What it and its descendants used.
    pub usage: Usage,
    /// What it wrote to standard output.
    pub stdout: Captured,
    /// What it wrote to standard error; empty when both streams go to one file.
    pub stderr: Captured,
    /// What outlived it.
    pub leaked: Leaked,
    /// How the process of the command itself ended, whatever it was stopped for:
    /// [`Exited`](Ending::Exited) or [`Signalled`](Ending::Signalled). `None` when it did not start.
    ///
    /// A command that was interrupted and then exited with 130 has this status and the ending
    /// [`Cancelled`](Ending::Cancelled).
    pub status: Option<Ending>,
    /// What became of the limits of its resources.
    pub enforcement: Enforcement,
}

impl Finished {
    /// A command that ended so, wrote nothing and used nothing; for doubles of executors.
    pub fn of(ending: Ending) -> Self {
        Self {
            ending,
            usage: Usage::default(),
            stdout: Captured::default(),
            stderr: Captured::default(),
            leaked: Leaked::default(),
            status: match ending {
                Ending::Exited(_) | Ending::Signalled { .. } => Some(ending),
                _ => None,
            },
            enforcement: Enforcement::default(),
        }
    }
}

/// How a command ended.
///
/// A command that was told to stop counts as [`TimedOut`](Self::TimedOut) or
/// [`Cancelled`](Self::Cancelled) whatever its exit status: the reason came first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ending {
    /// It exited by itself with this code, 0 to 255.
    Exited(i32),
    /// A signal that git-retro did not send ended it.
    Signalled {
        /// The signal's number.
        signal: i32,
        /// Whether the kernel wrote a core dump.
        core_dumped: bool,
    },
    /// It reached a limit and was stopped.
    TimedOut {
        /// The limit that it reached first.
        limit: Duration,
    },
    /// The kernel killed it because it and its descendants reached [`Resources::memory`].
    ///
    /// Without a cgroup such a kill has no reason that could be told and is a [`Signalled`] by SIGKILL.
    /// A command that is refused memory ([`Resources::data`], [`Resources::address_space`]) ends as it
    /// likes.
    ///
    /// [`Signalled`]: Self::Signalled
    /// [`Resources::memory`]: crate::Resources::memory
    /// [`Resources::data`]: crate::Resources::data
    /// [`Resources::address_space`]: crate::Resources::address_space
    OutOfMemory {
        /// The limit in bytes.
        limit: u64,
    },
    /// It reached [`Resources::processor_time`](crate::Resources::processor_time).
    OutOfProcessorTime {
        /// The limit.
        limit: Duration,
    },
    /// It was stopped through its [`CancelToken`](crate::CancelToken), or not even started.
    Cancelled,
}

impl Ending {
    /// Whether the command exited by itself with code 0.
    pub fn is_success(self) -> bool {
        self == Self::Exited(0)
    }

    /// The exit code, if the command exited by itself.
    pub fn exit_code(self) -> Option<i32> {
        match self {
            Self::Exited(code) => Some(code),
            _ => None,
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(code) => write!(f, "exit code {code}"),
            Self::Signalled {
                signal,
                core_dumped,
            } => {
                match signal_name(*signal) {
                    Some(name) => write!(f, "killed by {name}")?,
                    None => write!(f, "killed by signal {signal}")?,
                }
                if *core_dumped {
                    write!(f, " (core dumped)")?;
                }
                Ok(())
            }
            Self::TimedOut { limit } if limit.subsec_nanos() == 0 => {
                write!(f, "stopped at its time limit of {} s", limit.as_secs())
            }
            Self::TimedOut { limit } => {
                write!(
                    f,
                    "stopped at its time limit of {:.3} s",
                    limit.as_secs_f64()
                )
            }
            Self::OutOfMemory { limit } => {
                write!(f, "killed at its memory limit of {limit} bytes")
            }
            Self::OutOfProcessorTime { limit } => {
                write!(
                    f,
                    "killed at its limit of {} s of processor time",
                    limit.as_secs_f64()
                )
            }
            Self::Cancelled => write!(f, "cancelled"),
        }
    }
}

/// Resources used by the command and by every descendant that was waited for, by its own parent or,
/// as an orphan, by the supervisor.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// From the start of the command to its end, without the time that was spent on its leftovers.
    pub wall: Duration,
    /// Processor time in user mode.
    pub user: Duration,
    /// Processor time in the kernel.
    pub system: Duration,
    /// The largest resident set of any single process, in bytes. The few MiB of the supervisor that
    /// starts the command are a lower bound.
    pub max_rss: u64,
}

/// What became of one output stream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Captured {
    /// All bytes that the command wrote, kept or not. Where secrets were replaced, what stands in their
    /// place is counted instead.
    pub bytes: u64,
    /// Whether part of them is missing from the file.
    pub truncated: bool,
    /// Where in the file the truncation line starts. Trust this rather than a search when the output
    /// may contain a forged marker.
    pub marker_at: Option<u64>,
    /// How many times [`Invocation::redactor`](crate::Invocation::redactor) replaced something. What was
    /// left out because of the cap counts, too.
    pub redacted: u64,
}

/// What outlived the command.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Leaked {
    /// Something still held an output pipe open when [`pipe_wait`](crate::Limits::pipe_wait) had
    /// passed, so that the end of the output may be missing.
    pub pipe_held: bool,
    /// Descendants that were alive after the command had ended and were killed. Processes that were
    /// killed together with the command are not counted.
    pub processes: u32,
}

impl Leaked {
    /// Whether anything outlived the command.
    pub fn is_any(self) -> bool {
        self.pipe_held || self.processes > 0
    }
}

/// What became of [`Resources`](crate::Resources).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Enforcement {
    /// The limits that were not in force, and why.
    pub not_applied: Vec<NotApplied>,
    /// How many processes the kernel killed because of [`Resources::memory`](crate::Resources::memory),
    /// descendants included.
    pub memory_kills: u64,
}

/// A limit that was asked for and was not in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotApplied {
    /// The limit.
    pub resource: Resource,
    /// Why, and what to do.
    pub reason: String,
}

impl fmt::Display for NotApplied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not limited: {}", self.resource, self.reason)
    }
}

fn signal_name(signal: i32) -> Option<&'static str> {
    Some(match signal {
        libc::SIGHUP => "SIGHUP",
        libc::SIGINT => "SIGINT",
        libc::SIGQUIT => "SIGQUIT",
        libc::SIGILL => "SIGILL",
        libc::SIGTRAP => "SIGTRAP",
        libc::SIGABRT => "SIGABRT",
        libc::SIGBUS => "SIGBUS",
        libc::SIGFPE => "SIGFPE",
        libc::SIGKILL => "SIGKILL",
        libc::SIGUSR1 => "SIGUSR1",
        libc::SIGSEGV => "SIGSEGV",
        libc::SIGUSR2 => "SIGUSR2",
        libc::SIGPIPE => "SIGPIPE",
        libc::SIGALRM => "SIGALRM",
        libc::SIGTERM => "SIGTERM",
        libc::SIGXCPU => "SIGXCPU",
        libc::SIGXFSZ => "SIGXFSZ",
        libc::SIGSYS => "SIGSYS",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ending_reads_as_a_sentence_about_the_command() {
        let check = |ending: Ending, expected: &str| assert_eq!(ending.to_string(), expected);
        check(Ending::Exited(0), "exit code 0");
        check(Ending::Exited(125), "exit code 125");
        check(
            Ending::Signalled {
                signal: 11,
                core_dumped: false,
            },
            "killed by SIGSEGV",
        );
        check(
            Ending::Signalled {
                signal: 6,
                core_dumped: true,
            },
            "killed by SIGABRT (core dumped)",
        );
        check(
            Ending::Signalled {
                signal: 40,
                core_dumped: false,
            },
            "killed by signal 40",
        );
        check(
            Ending::TimedOut {
                limit: Duration::from_secs(60),
            },
            "stopped at its time limit of 60 s",
        );
        check(
            Ending::TimedOut {
                limit: Duration::from_millis(1500),
            },
            "stopped at its time limit of 1.500 s",
        );
        check(
            Ending::OutOfMemory { limit: 1 << 20 },
            "killed at its memory limit of 1048576 bytes",
        );
        check(
            Ending::OutOfProcessorTime {
                limit: Duration::from_secs(2),
            },
            "killed at its limit of 2 s of processor time",
        );
        check(Ending::Cancelled, "cancelled");
    }
}
