//! Starting the command below its supervisor.

use std::ffi::{c_int, c_void};
use std::ptr;
use std::sync::atomic::Ordering;

use super::shared::{Request, Shared};
use crate::wire::StartStep;

/// What a process between its start and its `execve` needs to know.
struct Start {
    request: *const Request,
    outputs: [c_int; 2],
    /// -1 for none.
    input: c_int,
    supervisor: libc::pid_t,
}

/// Starts the command of the shared memory and returns its process.
///
/// The new process borrows the supervisor's memory until it has become the program or has failed,
/// and the supervisor stands still meanwhile (`CLONE_VM | CLONE_VFORK`): nothing is copied, however
/// large the caller was when it forked.
///
/// # Errors
/// The step that failed and its error number. Nothing is left of the process then.
pub(super) fn start(
    shared: &Shared,
    outputs: [c_int; 2],
    input: c_int,
) -> Result<libc::pid_t, (StartStep, i32)> {
    let request = shared.request();
    // SAFETY: takes no argument and always succeeds.
    let supervisor = unsafe { libc::getpid() };
    let start = Start {
        request,
        outputs,
        input,
        supervisor,
    };
    // SAFETY: the stack belongs to this call alone, since a supervisor starts one command at a time;
    // `start` and the request outlive the process's use of this memory, because CLONE_VFORK holds
    // this thread until then.
    let pid = unsafe {
        libc::clone(
            become_command,
            shared.stack_top().cast(),
            libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD,
            (&raw const start).cast_mut().cast(),
        )
    };
    if pid < 0 {
        return Err((StartStep::Process, errno()));
    }
    let step = match request.failed_step.load(Ordering::Acquire) {
        0 => return Ok(pid),
        step if step == StartStep::WorkDir as u32 => StartStep::WorkDir,
        step if step == StartStep::Exec as u32 => StartStep::Exec,
        _ => StartStep::Process,
    };
    // SAFETY: waits for the process that was just started; the status is not wanted.
    while unsafe { libc::waitpid(pid, ptr::null_mut(), 0) } < 0 && errno() == libc::EINTR {}
    Err((step, request.failed_errno.load(Ordering::Acquire)))
}

/// Runs in the new process, in the supervisor's memory.
extern "C" fn become_command(start: *mut c_void) -> c_int {
    // SAFETY: `start` is what the supervisor passed, and it stands still. The calls below are system
    // calls on descriptors and texts of the request.
    unsafe {
        let start = &*start.cast::<Start>();
        let request = &*start.request;
        // Told before the program runs, which may kill its supervisor with its first action.
        request.command.store(libc::getpid(), Ordering::Release);
        // A command that kills its supervisor goes down with it.
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        if libc::getppid() != start.supervisor {
            libc::_exit(127);
        }
        // A session and a process group of its own: no terminal, and nobody else in the group.
        libc::setsid();
        if libc::chdir(request.cwd) != 0 {
            failed(request, StartStep::WorkDir);
        }
        // Without an input it is the supervisor's /dev/null already.
        if start.input >= 0 && libc::dup2(start.input, 0) < 0 {
            failed(request, StartStep::Process);
        }
        if libc::dup2(start.outputs[0], 1) < 0 || libc::dup2(start.outputs[1], 2) < 0 {
            failed(request, StartStep::Process);
        }
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &none, ptr::null_mut());
        request.limiting.apply();
        libc::execve(request.program, request.argv, request.envp);
        failed(request, StartStep::Exec)
    }
}

fn failed(request: &Request, step: StartStep) -> ! {
    request.failed_errno.store(errno(), Ordering::Release);
    request.failed_step.store(step as u32, Ordering::Release);
    // SAFETY: ends this process without running anything of the supervisor's.
    unsafe { libc::_exit(127) }
}

pub(super) fn errno() -> i32 {
    // SAFETY: the address is this thread's own error number.
    unsafe { *libc::__errno_location() }
}
