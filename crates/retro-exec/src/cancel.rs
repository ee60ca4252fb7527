//! Asking a running command to stop, from another thread.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Stops the commands that run with it, at once or after their grace.
///
/// Clones share one state, and one token may be given to any number of runs. A token never goes back:
/// a command started with a cancelled token does not start. Waiting runs are woken at once.
#[derive(Debug, Clone, Default)]
pub struct CancelToken {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    level: AtomicU8,
    waiting: Mutex<Vec<Arc<Wake>>>,
}

const CANCELLED: u8 = 1;
const KILLED: u8 = 2;

impl CancelToken {
    /// A token that nobody has cancelled.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks every run to stop: SIGTERM, the grace of its limits, then SIGKILL.
    pub fn cancel(&self) {
        self.raise(CANCELLED);
    }

    /// Kills every run now, also one in the middle of its grace.
    pub fn kill(&self) {
        self.raise(KILLED);
    }

    /// Whether [`cancel`](Self::cancel) or [`kill`](Self::kill) was called.
    pub fn is_cancelled(&self) -> bool {
        self.shared.level.load(Ordering::Acquire) >= CANCELLED
    }

    /// Whether [`kill`](Self::kill) was called.
    pub fn is_killed(&self) -> bool {
        self.shared.level.load(Ordering::Acquire) >= KILLED
    }

    fn raise(&self, level: u8) {
        self.shared.level.fetch_max(level, Ordering::AcqRel);
        for wake in self
            .shared
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
        {
            wake.wake();
        }
    }
}

#[derive(Debug)]
struct Wake;

impl Wake {
    fn wake(&self) {}
}
