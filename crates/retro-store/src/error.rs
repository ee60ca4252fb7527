//! What can go wrong with storage.

use retro_domain::IllegalTransition;

/// Why a store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The precondition of a write did not hold; nothing was written.
    #[error("{what} was changed by someone else: expected {expected}, found {found}")]
    Conflict {
        /// The thing that was to be written.
        what: String,
        /// What the caller expected.
        expected: String,
        /// What is there.
        found: String,
    },
    /// The job's state does not allow the event; nothing was written.
    #[error(transparent)]
    Transition(#[from] IllegalTransition),
    /// The thing that was to be changed does not exist.
    #[error("{what} does not exist")]
    NotFound {
        /// The thing.
        what: String,
    },
    /// What is stored cannot be read, or does not match its checksum.
    #[error("{what} is damaged: {why}")]
    Corrupt {
        /// The thing.
        what: String,
        /// How it shows.
        why: String,
    },
    /// There is no room left.
    #[error("no space left while writing {what}")]
    Full {
        /// The thing that was to be written.
        what: String,
    },
    /// The store is busy or out of reach; trying again may help.
    #[error("the store did not answer: {why}")]
    Unavailable {
        /// What it said.
        why: String,
    },
    /// Anything else the store said; trying again will not help.
    #[error("{what}: {why}")]
    Backend {
        /// What was being done.
        what: String,
        /// What the store said.
        why: String,
    },
}

impl StoreError {
    /// Whether the same call may succeed a little later.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}
