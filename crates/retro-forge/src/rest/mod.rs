//! What forges with a REST interface share: the client, and how pull requests are kept single.

pub(crate) mod answer;
mod client;
mod encoding;
mod pulls;
mod retry;

pub(crate) use self::client::{Call, Client, Manners, Method};
pub(crate) use self::encoding::encoded;
pub(crate) use self::pulls::{Created, Dialect, WirePull, close, find, open, refused};

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use retro_domain::Timestamp;

use crate::{ForgeError, ForgeRepository, ForgeToken};

/// Time and chance, which a library does not take by itself.
pub trait ForgePace: Send + Sync {
    /// The present moment. Forges say by the clock when they may be asked again.
    fn now(&self) -> Timestamp;

    /// Waits this long, or less when somebody wants an end. Blocks; never called on a runtime's own
    /// threads.
    fn sleep(&self, time: Duration);

    /// A random number from 0 to `limit`, both included.
    fn up_to(&self, limit: u64) -> u64;
}

/// How long a forge is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForgeLimits {
    /// For a whole call, such as opening a pull request with its labels and reviewers; 5 minutes
    /// unless set.
    pub deadline: Duration,
    /// For one request and its answer; 30 seconds unless set.
    pub attempt: Duration,
    /// For making a connection; 15 seconds unless set.
    pub connect: Duration,
    /// How often each request is tried; 6 times unless set.
    pub tries: u32,
    /// What a forge that limits requests may ask to wait; 3 minutes unless set.
    pub longest_wait: Duration,
}

impl Default for ForgeLimits {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(300),
            attempt: Duration::from_secs(30),
            connect: Duration::from_secs(15),
            tries: 6,
            longest_wait: Duration::from_secs(180),
        }
    }
}

/// How a repository's forge is reached.
#[derive(Clone)]
pub struct ForgeAccess {
    /// Which repository, and where.
    pub repository: ForgeRepository,
    /// What the forge knows the caller by. It is sent to the repository's own forge only; no
    /// redirect takes it elsewhere.
    pub token: ForgeToken,
    /// Certificates to trust, in PEM, in place of those of Mozilla, which are built in.
    pub certificates: Option<Vec<u8>>,
    /// The address of a proxy. None is taken from the environment.
    pub proxy: Option<String>,
    /// How long everything may take.
    pub limits: ForgeLimits,
    /// When set, a call ends with [`ForgeError::Cancelled`]: at once when it waits, else after the
    /// request that is under way.
    pub cancelled: Option<Arc<AtomicBool>>,
    /// Time and chance.
    pub pace: Arc<dyn ForgePace>,
}

impl ForgeAccess {
    /// The usual way to a repository.
    pub fn new(repository: ForgeRepository, token: ForgeToken, pace: Arc<dyn ForgePace>) -> Self {
        Self {
            repository,
            token,
            certificates: None,
            proxy: None,
            limits: ForgeLimits::default(),
            cancelled: None,
            pace,
        }
    }
}

impl fmt::Debug for ForgeAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForgeAccess")
            .field("repository", &self.repository)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// Does blocking work where it blocks nobody.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ForgeError> + Send + 'static,
) -> Result<T, ForgeError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        // The runtime is being shut down.
        Err(_) => Err(ForgeError::Cancelled {
            doing: "asking the forge".to_owned(),
        }),
    }
}
