//! What a command may use besides time.

use std::fmt;
use std::time::Duration;

use crate::finished::Ending;

/// Limits of resources; none by default. What cannot be applied is told by
/// [`Enforcement`](crate::Enforcement), and the command runs all the same.
///
/// The first three hold for the command and its descendants together and need Linux with a cgroup
/// (version 2) that the caller may write to; see
/// [`ChildProcesses::with_cgroup`](crate::ChildProcesses::with_cgroup). The others are limits of each
/// process (`setrlimit`), which its children inherit; those that the caller itself has are never raised.
/// Other systems than Linux apply none of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resources {
    /// Bytes of memory, page cache included, without swap. When they are used up, the kernel kills all
    /// of the command: [`Ending::OutOfMemory`].
    pub memory: Option<u64>,
    /// Hundredths of a processor: 150 is one and a half. Who wants more, waits.
    pub processor_percent: Option<u32>,
    /// Processes and threads. When there are as many, no more can be started.
    pub processes: Option<u32>,
    /// Bytes of writable private memory of each process (`RLIMIT_DATA`). More is refused to it, so that
    /// it is a stand-in for [`memory`](Self::memory) where there is no cgroup. Memory that is only
    /// reserved does not count.
    pub data: Option<u64>,
    /// Bytes of address space of each process (`RLIMIT_AS`). Programs that reserve much and use little
    /// (node, Java, Go, whatever has a sanitizer) need far more than they use.
    pub address_space: Option<u64>,
    /// Processor time of each process, in whole seconds, rounded up (`RLIMIT_CPU`). It gets SIGXCPU
    /// then, and SIGKILL 5 s later: [`Ending::OutOfProcessorTime`], when it is the command itself.
    pub processor_time: Option<Duration>,
    /// Open files of each process (`RLIMIT_NOFILE`).
    pub open_files: Option<u64>,
    /// Processes and threads of the whole user (`RLIMIT_NPROC`), others than the command's included. The
    /// superuser is not bound by it.
    pub user_processes: Option<u64>,
    /// Whether processes that crash leave no core file, and none is piped to the system's collector.
    pub no_core_files: bool,
}

/// A field of [`Resources`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Resource {
    /// [`Resources::memory`].
    Memory,
    /// [`Resources::processor_percent`].
    Processors,
    /// [`Resources::processes`].
    Processes,
    /// [`Resources::data`].
    Data,
    /// [`Resources::address_space`].
    AddressSpace,
    /// [`Resources::processor_time`].
    ProcessorTime,
    /// [`Resources::open_files`].
    OpenFiles,
    /// [`Resources::user_processes`].
    UserProcesses,
    /// [`Resources::no_core_files`].
    CoreFiles,
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Memory => "memory",
            Self::Processors => "the share of processors",
            Self::Processes => "the number of processes",
            Self::Data => "the data of a process",
            Self::AddressSpace => "the address space of a process",
            Self::ProcessorTime => "the processor time of a process",
            Self::OpenFiles => "the number of open files",
            Self::UserProcesses => "the number of the user's processes",
            Self::CoreFiles => "the size of core files",
        })
    }
}

/// Between SIGXCPU and SIGKILL.
const LAST_SECONDS: u64 = 5;

/// The kernel counts against the limit in ticks, and the usage exactly.
const ROUNDING: Duration = Duration::from_millis(100);

/// A limit of each process: soft and hard.
pub(crate) type ProcessLimit = (Resource, [u64; 2]);

impl Resources {
    /// The limits of each process that are asked for.
    pub(crate) fn of_each_process(&self) -> impl Iterator<Item = ProcessLimit> {
        let same = |value: Option<u64>| value.map(|value| [value; 2]);
        let seconds = self.processor_time.map(whole_seconds);
        [
            (Resource::Data, same(self.data)),
            (Resource::AddressSpace, same(self.address_space)),
            (
                Resource::ProcessorTime,
                seconds.map(|soft| [soft, soft.saturating_add(LAST_SECONDS)]),
            ),
            (Resource::OpenFiles, same(self.open_files)),
            (Resource::UserProcesses, same(self.user_processes)),
            // With 0 a collector that `core_pattern` names gets a core all the same. With 1 the kernel
            // writes neither a file, for which it is too little, nor to a collector.
            (Resource::CoreFiles, self.no_core_files.then_some([1; 2])),
        ]
        .into_iter()
        .filter_map(|(resource, limit)| Some((resource, limit?)))
    }

    /// The limits of the command and its descendants together that are asked for.
    pub(crate) fn of_all_together(&self) -> impl Iterator<Item = Resource> {
        [
            (Resource::Memory, self.memory.is_some()),
            (Resource::Processors, self.processor_percent.is_some()),
            (Resource::Processes, self.processes.is_some()),
        ]
        .into_iter()
        .filter_map(|(resource, asked)| asked.then_some(resource))
    }

    /// What a status of the command was when its limits are looked at. `processor` is its processor
    /// time, that of the children it waited for included.
    pub(crate) fn explain(&self, status: Ending, processor: Duration, memory_kills: u64) -> Ending {
        let Ending::Signalled { signal, .. } = status else {
            return status;
        };
        match (self.memory, self.processor_time) {
            (Some(limit), _) if signal == libc::SIGKILL && memory_kills > 0 => {
                Ending::OutOfMemory { limit }
            }
            (_, Some(limit)) if signal == libc::SIGXCPU => Ending::OutOfProcessorTime { limit },
            (_, Some(limit))
                if signal == libc::SIGKILL
                    && processor.saturating_add(ROUNDING).as_secs()
                        >= whole_seconds(limit).saturating_add(LAST_SECONDS) =>
            {
                Ending::OutOfProcessorTime { limit }
            }
            _ => status,
        }
    }
}

fn whole_seconds(time: Duration) -> u64 {
    // A limit of 0 would be no time at all to start in.
    time.as_secs()
        .saturating_add(u64::from(time.subsec_nanos() > 0))
        .max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_limited_by_default() {
        assert_eq!(Resources::default().of_each_process().count(), 0);
        assert_eq!(Resources::default().of_all_together().count(), 0);
    }

    #[test]
    fn processor_time_is_rounded_up_to_seconds() {
        let check = |time: Duration, expected: [u64; 2]| {
            let processor_time = Some(time);
            let asked = Resources {
                processor_time,
                ..Resources::default()
            };
            let limits: Vec<_> = asked.of_each_process().collect();
            assert_eq!(limits, [(Resource::ProcessorTime, expected)]);
        };
        check(Duration::ZERO, [1, 6]);
        check(Duration::from_millis(1001), [2, 7]);
        check(Duration::MAX, [u64::MAX; 2]);
    }

    #[test]
    fn a_kill_is_explained_by_the_limit_that_caused_it() {
        let signalled = |signal| Ending::Signalled {
            signal,
            core_dumped: false,
        };
        let limits = Resources {
            memory: Some(1 << 30),
            processor_time: Some(Duration::from_secs(2)),
            ..Resources::default()
        };
        let check = |status, seconds, kills, expected| {
            let told = limits.explain(status, Duration::from_secs(seconds), kills);
            assert_eq!(told, expected);
        };
        let (kill, cpu) = (signalled(libc::SIGKILL), signalled(libc::SIGXCPU));
        let (memory, time) = (
            Ending::OutOfMemory { limit: 1 << 30 },
            Ending::OutOfProcessorTime {
                limit: Duration::from_secs(2),
            },
        );
        check(kill, 0, 1, memory);
        check(kill, 0, 0, kill);
        check(kill, 6, 0, kill);
        check(kill, 7, 0, time);
        check(cpu, 2, 0, time);
        check(signalled(libc::SIGSEGV), 7, 1, signalled(libc::SIGSEGV));
        check(Ending::Exited(137), 7, 1, Ending::Exited(137));
        let told = Resources::default().explain(kill, Duration::from_secs(7), 1);
        assert_eq!(told, kill);
    }
}
