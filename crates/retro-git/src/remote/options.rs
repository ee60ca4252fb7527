//! How long to try, and what is told meanwhile.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::session::Failure;
use crate::GitError;

/// Time and chance, which a library does not take by itself.
pub trait Pace: Send + Sync {
    /// Waits this long, or less when somebody wants an end.
    fn sleep(&self, time: Duration);

    /// A random number from 0 to `limit`, both included.
    fn up_to(&self, limit: u64) -> u64;
}

/// How a fetch is done.
#[derive(Clone)]
pub struct FetchOptions<'a> {
    pub(super) pace: &'a dyn Pace,
    /// When set, the fetch ends soon with [`GitError::Cancelled`].
    pub cancelled: Option<Arc<AtomicBool>>,
    /// When it is over, the fetch ends soon with [`GitError::TimeUp`].
    pub deadline: Option<Instant>,
    /// How often each step is tried when the network or the server is in trouble; 6 unless set.
    pub tries: u32,
    /// How long making a connection may take; 15 seconds unless set.
    pub connect_timeout: Duration,
    /// How long a server may say nothing; 60 seconds unless set.
    pub stall_timeout: Duration,
}

impl<'a> FetchOptions<'a> {
    /// The usual options.
    pub fn new(pace: &'a dyn Pace) -> Self {
        Self {
            pace,
            cancelled: None,
            deadline: None,
            tries: 6,
            connect_timeout: Duration::from_secs(15),
            stall_timeout: Duration::from_secs(60),
        }
    }

    pub(super) fn stop(&self) -> Stop {
        Stop {
            cancelled: self.cancelled.clone(),
            deadline: self.deadline,
        }
    }
}

impl fmt::Debug for FetchOptions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FetchOptions")
            .field("cancelled", &self.cancelled)
            .field("deadline", &self.deadline)
            .field("tries", &self.tries)
            .finish_non_exhaustive()
    }
}

/// Something a person may want to know while a fetch goes on. Shown as a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchNote {
    /// What was tried is not possible, and something else is tried in its place.
    FellBack {
        /// What was tried.
        from: FetchWay,
        /// What is tried now.
        to: FetchWay,
        /// Why.
        reason: String,
    },
    /// There was trouble, and the same is tried again.
    TriesAgain {
        /// Which try failed, from 1.
        failed: u32,
        /// How long is waited before the next one.
        wait: Duration,
        /// What happened.
        reason: String,
    },
    /// A fetch that did not end left files behind, which were removed.
    RemovedLeftovers {
        /// How many.
        files: usize,
    },
}

/// How a commit, or a history, is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FetchWay {
    /// It was there already.
    AlreadyThere,
    /// The commit alone, by its hash.
    ByHash,
    /// The commit alone, by a reference that names it.
    ByReference,
    /// All branches and tags, to this depth.
    Deepening(u32),
    /// All branches and tags with all that is behind them.
    Everything,
    /// One branch or tag, to this depth or with all that is behind it.
    Branch(Option<u32>),
    /// Every reference there is, those of pull requests included, with all that is behind them.
    EveryReference,
}

impl fmt::Display for FetchWay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyThere => f.write_str("what is there already"),
            Self::ByHash => f.write_str("one commit by its hash"),
            Self::ByReference => f.write_str("one commit by a reference to it"),
            Self::Deepening(depth) => write!(f, "{depth} commits of every branch and tag"),
            Self::Branch(Some(depth)) => write!(f, "{depth} commits of one branch"),
            Self::Branch(None) => f.write_str("one branch in full"),
            Self::Everything => f.write_str("every branch and tag in full"),
            Self::EveryReference => f.write_str("every reference in full"),
        }
    }
}

impl fmt::Display for FetchNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FellBack { from, to, reason } => {
                write!(f, "fetching {from} did not do: {reason}; now fetching {to}")
            }
            Self::TriesAgain {
                failed,
                wait,
                reason,
            } => write!(
                f,
                "try {failed} failed: {reason}; trying again in {wait:.1?}"
            ),
            Self::RemovedLeftovers { files } => {
                write!(f, "removed {files} files of a fetch that did not end")
            }
        }
    }
}

/// When to stop.
#[derive(Clone)]
pub(super) struct Stop {
    cancelled: Option<Arc<AtomicBool>>,
    deadline: Option<Instant>,
}

impl Stop {
    /// Whether anything can stop the work.
    pub(super) fn is_possible(&self) -> bool {
        self.cancelled.is_some() || self.deadline.is_some()
    }

    pub(super) fn check(&self) -> Result<(), Failure> {
        let doing = || "fetching".to_owned();
        let is_cancelled = self.cancelled.as_ref();
        if is_cancelled.is_some_and(|flag| flag.load(Ordering::Relaxed)) {
            return Err(Failure::Final(GitError::Cancelled { doing: doing() }));
        }
        if self.deadline.is_some_and(|end| Instant::now() >= end) {
            return Err(Failure::Final(GitError::TimeUp { doing: doing() }));
        }
        Ok(())
    }

    /// Whether there is still this much time.
    pub(super) fn leaves(&self, time: Duration) -> bool {
        self.deadline
            .is_none_or(|end| end.saturating_duration_since(Instant::now()) > time)
    }
}
