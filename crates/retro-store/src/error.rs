//! What can go wrong with storage.

use retro_domain::{EffectConflict, IllegalTaskTransition, IllegalTransition};

/// Why a store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The precondition of a write did not hold; nothing was written.
    #[error("{what} was changed by someone else: expected {expected}, found {found}")]
    Conflict {
        /// What was being done.
        what: String,
        /// What the caller expected.
        expected: String,
        /// What is there.
        found: String,
    },
    /// The job's state does not allow the event; nothing was written.
    #[error(transparent)]
    Transition(#[from] IllegalTransition),
    /// The task run's state does not allow the event, or the caller is not its runner any more;
    /// nothing was written.
    #[error(transparent)]
    TaskTransition(#[from] IllegalTaskTransition),
    /// The journal says something else of the effect; nothing was written.
    #[error(transparent)]
    Effect(#[from] EffectConflict),
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
    #[error("no space left while {what}")]
    Full {
        /// What was being done.
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
    /// A [`StoreError::Conflict`].
    pub fn conflict(
        what: impl Into<String>,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        Self::Conflict {
            what: what.into(),
            expected: expected.into(),
            found: found.into(),
        }
    }

    /// A [`StoreError::NotFound`].
    pub fn not_found(what: impl Into<String>) -> Self {
        Self::NotFound { what: what.into() }
    }

    /// A [`StoreError::Corrupt`].
    pub fn corrupt(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Corrupt {
            what: what.into(),
            why: why.into(),
        }
    }

    /// A [`StoreError::Backend`].
    pub fn backend(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Backend {
            what: what.into(),
            why: why.into(),
        }
    }

    /// Whether the same call may succeed a little later.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}
