//! Limits that a process sets to itself before it becomes the command.

use std::ffi::c_char;
use std::sync::atomic::{AtomicI32, Ordering};

use super::command::errno;
use crate::finished::NotApplied;
use crate::resources::{Resource, Resources};

/// All limits of one command, in memory that both sides share. All zeros means "none".
#[repr(C)]
pub(super) struct Limiting {
    asked: [Asked; 6],
    /// The file through which to join a cgroup, null for none.
    pub(super) members: *const c_char,
    joining_failed: AtomicI32,
}

/// One limit of a process.
#[repr(C)]
#[derive(Default)]
struct Asked {
    /// In the order of [`Resources::of_each_process`], which the caller asks again for the answers.
    is_asked: bool,
    resource: i64,
    soft: u64,
    hard: u64,
    /// Why it was refused, 0 when it was not.
    failed: AtomicI32,
}

impl Limiting {
    pub(super) fn new(resources: &Resources, members: *const c_char) -> Self {
        let mut asked: [Asked; 6] = Default::default();
        for (place, (resource, [soft, hard])) in asked.iter_mut().zip(resources.of_each_process()) {
            *place = Asked {
                is_asked: true,
                resource: number(resource),
                soft,
                hard,
                failed: AtomicI32::new(0),
            };
        }
        Self {
            asked,
            members,
            joining_failed: AtomicI32::new(0),
        }
    }

    /// Joins the cgroup and sets the limits. System calls only: this runs in the process that is to
    /// become the command, in the supervisor's memory.
    pub(super) fn apply(&self) {
        if !self.members.is_null()
            && let Err(errno) = join(self.members)
        {
            self.joining_failed.store(errno, Ordering::Release);
        }
        for asked in &self.asked {
            if asked.is_asked
                && let Err(errno) = asked.set()
            {
                asked.failed.store(errno, Ordering::Release);
            }
        }
    }

    /// What was refused; `resources` is what was asked for.
    pub(super) fn refused(&self, resources: &Resources) -> Vec<NotApplied> {
        let told = |resource, doing: &str, errno| NotApplied {
            resource,
            reason: format!("{doing}: {}", std::io::Error::from_raw_os_error(errno)),
        };
        let mut refused = Vec::new();
        let errno = self.joining_failed.load(Ordering::Acquire);
        if errno != 0 && !self.members.is_null() {
            let together = resources.of_all_together();
            refused.extend(together.map(|resource| told(resource, "joining the cgroup", errno)));
        }
        for (asked, (resource, _)) in self.asked.iter().zip(resources.of_each_process()) {
            let errno = asked.failed.load(Ordering::Acquire);
            if errno != 0 {
                refused.push(told(resource, "setrlimit", errno));
            }
        }
        refused
    }
}

impl Asked {
    fn set(&self) -> Result<(), i32> {
        let mut now = libc::rlimit {
            rlim_cur: 0,
            rlim_max: 0,
        };
        // SAFETY: plain system calls on records of this function.
        unsafe {
            if libc::getrlimit(self.resource as _, &mut now) != 0 {
                return Err(errno());
            }
            let hard = (self.hard as libc::rlim_t).min(now.rlim_max);
            let limit = libc::rlimit {
                rlim_cur: (self.soft as libc::rlim_t).min(hard),
                rlim_max: hard,
            };
            match libc::setrlimit(self.resource as _, &limit) {
                0 => Ok(()),
                _ => Err(errno()),
            }
        }
    }
}

fn join(members: *const c_char) -> Result<(), i32> {
    // SAFETY: the path ends with a zero byte; the text is readable; the descriptor is used by nobody
    // else. 0 stands for the process that writes.
    unsafe {
        let file = libc::open(members, libc::O_WRONLY | libc::O_CLOEXEC);
        if file < 0 {
            return Err(errno());
        }
        let written = libc::write(file, b"0".as_ptr().cast(), 1);
        let result = if written == 1 { Ok(()) } else { Err(errno()) };
        libc::close(file);
        result
    }
}

/// The system's number. The C libraries disagree on its sign.
fn number(resource: Resource) -> i64 {
    i64::from(match resource {
        Resource::AddressSpace => libc::RLIMIT_AS,
        Resource::ProcessorTime => libc::RLIMIT_CPU,
        Resource::OpenFiles => libc::RLIMIT_NOFILE,
        Resource::UserProcesses => libc::RLIMIT_NPROC,
        Resource::CoreFiles => libc::RLIMIT_CORE,
        _ => libc::RLIMIT_DATA,
    })
}
