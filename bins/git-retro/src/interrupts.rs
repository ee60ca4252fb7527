//! Ctrl-C and SIGTERM: once to stop in order, twice to stop at once.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use retro_workflow::Interrupt;

use crate::output::say;

static SIGNALS: AtomicU32 = AtomicU32::new(0);

extern "C" fn count_signal(_signal: libc::c_int) {
    SIGNALS.fetch_add(1, Ordering::SeqCst);
}

/// Whether a signal came since [`listen`] was called.
pub(crate) fn came() -> bool {
    SIGNALS.load(Ordering::SeqCst) > 0
}

/// From now on, the first signal stops the run in order, and a second one at once. A signal that was
/// ignored when the process started (`nohup`) stays ignored.
pub(crate) fn listen(interrupt: &Interrupt) {
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
    let interrupt = interrupt.clone();
    // The thread ends with the process.
    std::thread::spawn(move || {
        let mut seen = 0;
        while seen < 2 {
            let signals = SIGNALS.load(Ordering::SeqCst).min(2);
            if signals > seen {
                if signals == 1 {
                    interrupt.stop();
                    say("stopping; once more to stop at once");
                } else {
                    interrupt.kill();
                }
                seen = signals;
            }
            std::thread::sleep(POLL);
        }
    });
}

/// A person does not notice this delay; a processor does not notice the polling.
const POLL: Duration = Duration::from_millis(30);
