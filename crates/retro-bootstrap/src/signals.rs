//! Ctrl-C, SIGTERM and SIGHUP: once to stop in order, twice to stop at once.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

static SIGNALS: AtomicU32 = AtomicU32::new(0);

extern "C" fn count_signal(_signal: libc::c_int) {
    SIGNALS.fetch_add(1, Ordering::SeqCst);
}

/// Whether a signal came since [`listen`] was called.
pub fn signal_came() -> bool {
    SIGNALS.load(Ordering::SeqCst) > 0
}

/// From now on, the first signal calls `stop`, and a second one `kill`, each on a thread of its own.
/// A signal that was ignored when the process started (`nohup`) stays ignored.
pub fn listen(stop: impl FnOnce() + Send + 'static, kill: impl FnOnce() + Send + 'static) {
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
        // SAFETY: the handler only adds to an atomic, which is allowed in a signal handler, and the
        // structures are zeroed before their fields are set or read.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            libc::sigaction(signal, std::ptr::null(), &raw mut action);
            if action.sa_sigaction == libc::SIG_IGN {
                continue;
            }
            action = std::mem::zeroed();
            action.sa_sigaction = count_signal as *const () as usize;
            action.sa_flags = libc::SA_RESTART;
            libc::sigaction(signal, &raw const action, std::ptr::null_mut());
        }
    }
    // The thread ends with the process.
    std::thread::spawn(move || {
        wait_for(1);
        stop();
        wait_for(2);
        kill();
    });
}

fn wait_for(signals: u32) {
    while SIGNALS.load(Ordering::SeqCst) < signals {
        std::thread::sleep(POLL);
    }
}

/// A person does not notice this delay; a processor does not notice the polling.
const POLL: Duration = Duration::from_millis(30);
