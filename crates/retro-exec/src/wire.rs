//! What the caller and a supervisor say to each other: orders of one byte, reports of fixed size.

use std::time::Duration;

/// What the caller asks of a supervisor. The end of the stream means "kill everything and exit".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Order {
    /// Run the command that was put into the shared memory; the output pipes come with the byte.
    #[cfg(target_os = "linux")]
    Run = b'R',
    /// SIGINT, then SIGCONT, to every descendant.
    Interrupt = b'I',
    /// SIGTERM, then SIGCONT, to every descendant.
    Terminate = b'T',
    /// SIGKILL to every descendant until none is left.
    Kill = b'K',
}

/// Which step of starting a command failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum StartStep {
    /// Getting the supervisor ready or making a process.
    Process = 1,
    /// Entering the working directory.
    WorkDir = 2,
    /// Replacing the process by the program.
    Exec = 3,
}

/// What a supervisor says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Report {
    /// The command did not start, and nothing of it is left.
    NotStarted { step: StartStep, errno: i32 },
    /// The command itself has ended with this wait status. `processor` is its processor time, that of
    /// the children it waited for included.
    Ended {
        status: i32,
        wall: Duration,
        processor: Duration,
    },
    /// The supervisor has no child left. Always the last report on a command that started.
    Settled {
        user: Duration,
        system: Duration,
        max_rss: u64,
        killed: u32,
    },
}

/// The size of every report on the wire, in bytes.
pub(crate) const REPORT_LEN: usize = 40;

const NOT_STARTED: u64 = 1;
const ENDED: u64 = 2;
const SETTLED: u64 = 3;

impl Report {
    /// The report as bytes in this machine's order. Allocates nothing and cannot panic: supervisors
    /// call it.
    pub(crate) fn encode(self) -> [u8; REPORT_LEN] {
        let words: [u64; 5] = match self {
            Self::NotStarted { step, errno } => [NOT_STARTED, step as u64, errno as u64, 0, 0],
            Self::Ended {
                status,
                wall,
                processor,
            } => [
                ENDED,
                status as u64,
                wall.as_nanos() as u64,
                processor.as_micros() as u64,
                0,
            ],
            Self::Settled {
                user,
                system,
                max_rss,
                killed,
            } => [
                SETTLED,
                user.as_micros() as u64,
                system.as_micros() as u64,
                max_rss,
                killed.into(),
            ],
        };
        let mut bytes = [0; REPORT_LEN];
        for (place, byte) in bytes
            .iter_mut()
            .zip(words.iter().flat_map(|word| word.to_ne_bytes()))
        {
            *place = byte;
        }
        bytes
    }

    /// The report that these bytes hold; `None` when no supervisor wrote them.
    pub(crate) fn decode(bytes: &[u8; REPORT_LEN]) -> Option<Self> {
        let mut words = [0; 5];
        for (word, chunk) in words.iter_mut().zip(bytes.chunks_exact(8)) {
            *word = u64::from_ne_bytes(chunk.try_into().ok()?);
        }
        let [kind, first, second, third, fourth] = words;
        Some(match kind {
            NOT_STARTED => Self::NotStarted {
                step: match first {
                    1 => StartStep::Process,
                    2 => StartStep::WorkDir,
                    3 => StartStep::Exec,
                    _ => return None,
                },
                errno: second as i32,
            },
            ENDED => Self::Ended {
                status: first as i32,
                wall: Duration::from_nanos(second),
                processor: Duration::from_micros(third),
            },
            SETTLED => Self::Settled {
                user: Duration::from_micros(first),
                system: Duration::from_micros(second),
                max_rss: third,
                killed: u32::try_from(fourth).ok()?,
            },
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_report_survives_the_wire() {
        let check = |report: Report| assert_eq!(Report::decode(&report.encode()), Some(report));
        for step in [StartStep::Process, StartStep::WorkDir, StartStep::Exec] {
            check(Report::NotStarted {
                step,
                errno: libc::ENOENT,
            });
        }
        check(Report::Ended {
            status: 0x8b,
            wall: Duration::from_nanos(1_234_567_890),
            processor: Duration::from_micros(1_234_567),
        });
        check(Report::Settled {
            user: Duration::from_micros(17),
            system: Duration::from_secs(400),
            max_rss: u64::MAX,
            killed: u32::MAX,
        });
    }

    #[test]
    fn bytes_that_no_supervisor_wrote_are_refused() {
        assert_eq!(Report::decode(&[0; REPORT_LEN]), None);
        assert_eq!(Report::decode(&[0xff; REPORT_LEN]), None);
    }
}
