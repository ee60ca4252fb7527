//! Asking a running command to stop, from another thread.

use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Stops the commands that run with it, at once or after their grace.
///
/// Clones share one state, and one token may be given to any number of runs. A token never goes back:
/// a command started with a cancelled token does not start. Waiting runs are woken at once. Not to be
/// called from inside a signal handler.
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

    /// Asks every run to stop: SIGINT where its limits say so, SIGTERM, their grace, then SIGKILL.
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

    /// Has `wake` woken by every later call until the guard is dropped. Look at the state after
    /// this, not before, so that no call falls between.
    pub(crate) fn wake_on_change(&self, wake: &Arc<Wake>) -> Waiting<'_> {
        self.waiting().push(Arc::clone(wake));
        Waiting {
            token: self,
            wake: Arc::clone(wake),
        }
    }

    /// Wakes only on a change, so that calls in a loop cannot fill a pipe nobody reads.
    fn raise(&self, level: u8) {
        if self.shared.level.fetch_max(level, Ordering::AcqRel) < level {
            for wake in self.waiting().iter() {
                wake.wake();
            }
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Arc<Wake>>> {
        self.shared
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// A run that is woken by its token.
#[derive(Debug)]
pub(crate) struct Waiting<'a> {
    token: &'a CancelToken,
    wake: Arc<Wake>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.token
            .waiting()
            .retain(|wake| !Arc::ptr_eq(wake, &self.wake));
    }
}

/// Something that `poll` can wait for and another thread can make ready.
#[derive(Debug)]
pub(crate) struct Wake {
    reader: PipeReader,
    writer: PipeWriter,
}

impl Wake {
    pub(crate) fn new() -> io::Result<Self> {
        let (reader, writer) = io::pipe()?;
        Ok(Self { reader, writer })
    }

    /// Takes what made it ready. Blocks when nothing did.
    pub(crate) fn drain(&self) {
        // What cannot be read leaves the pipe ready, and the run looks again: nothing is lost.
        let _ = (&self.reader).read(&mut [0; 16]);
    }

    fn wake(&self) {
        // The pipe holds thousands of bytes and a token writes two, so this neither blocks nor fails
        // while the reader lives, and it lives beside the writer.
        let _ = (&self.writer).write(&[1]);
    }
}

impl AsFd for Wake {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.reader.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_only_goes_up() {
        let token = CancelToken::new();
        assert!(!token.is_cancelled() && !token.is_killed());
        token.cancel();
        assert!(token.is_cancelled() && !token.is_killed());
        token.clone().kill();
        assert!(token.is_cancelled() && token.is_killed());
        token.cancel();
        assert!(token.is_killed());
    }

    #[test]
    fn a_waiting_run_is_woken_until_it_stops_waiting() {
        let (token, wake) = (CancelToken::new(), Arc::new(Wake::new().unwrap()));
        let waiting = token.wake_on_change(&wake);
        token.cancel();
        wake.drain();
        drop(waiting);
        token.kill();
        assert_eq!(token.waiting().len(), 0);
    }
}
