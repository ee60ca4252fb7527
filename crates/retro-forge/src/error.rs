//! Why a forge did not do what it was asked.

use std::time::Duration;

/// Why a forge did not do what it was asked. No variant ever holds a token, or the part of an
/// address before `@`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ForgeError {
    /// What was asked for cannot be asked; nothing was sent.
    #[error("{what}: {why}")]
    Invalid {
        /// What was asked for.
        what: String,
        /// What is wrong with it, and what would do.
        why: String,
    },
    /// The forge does not know the token, or does not let it do this.
    #[error(
        "{forge} does not allow it, {doing}: {why}; check that the token is valid and has the rights that docs/forges.md lists"
    )]
    Forbidden {
        /// The forge's address.
        forge: String,
        /// What was being done.
        doing: String,
        /// What the forge said.
        why: String,
    },
    /// The thing does not exist, or is not shown to this token.
    #[error(
        "{what} does not exist, or the token may not see it; check the address and the token's rights"
    )]
    NotFound {
        /// The thing.
        what: String,
    },
    /// The forge understood, and will not do it however often it is asked.
    #[error("{what} was refused: {why}")]
    Refused {
        /// What was asked for.
        what: String,
        /// Why the forge does not do it.
        why: Refusal,
    },
    /// The forge wants to be left alone for longer than the caller waits.
    #[error("{forge} limits how often it is asked; try again in {} s", .wait.as_secs())]
    RateLimited {
        /// The forge's address.
        forge: String,
        /// How long it wants to be left alone.
        wait: Duration,
    },
    /// The forge, or the network, is in trouble.
    #[error(
        "{forge} did not answer, {doing}, in {tries} tries, at last because {why}; try again later"
    )]
    Unavailable {
        /// The forge's address.
        forge: String,
        /// What was being done.
        doing: String,
        /// How often it was tried.
        tries: u32,
        /// What happened at last.
        why: String,
    },
    /// The connection would not have been safe.
    #[error("no safe connection to {forge}: {why}; if it has a certificate of its own, give that")]
    Unsafe {
        /// The forge's address.
        forge: String,
        /// What is wrong.
        why: String,
    },
    /// The time that the caller gave is over.
    #[error("time is up, {doing}; what was sent may have been done, and doing it again finds it")]
    TimeUp {
        /// What was being done.
        doing: String,
    },
    /// The caller wanted an end.
    #[error("cancelled, {doing}; what was sent may have been done, and doing it again finds it")]
    Cancelled {
        /// What was being done.
        doing: String,
    },
    /// The answer is not one that this forge is known to give.
    #[error(
        "{forge} gave an answer that is not understood, {doing}: {why}; check that the address is that of its interface"
    )]
    Unexpected {
        /// The forge's address.
        forge: String,
        /// What was being done.
        doing: String,
        /// What is odd about the answer.
        why: String,
    },
}

/// Why a forge refuses a pull request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such branch to merge into.
    #[error("there is no branch {0:?} to merge into; name one that exists")]
    NoBase(String),
    /// There is no such branch to merge.
    #[error("there is no branch {0:?} to merge; push it first")]
    NoHead(String),
    /// The branch has no commit that its base does not have.
    #[error("{head:?} has no commit that {base:?} does not have; there is nothing to merge")]
    NoCommits {
        /// The branch to merge.
        head: String,
        /// The branch to merge into.
        base: String,
    },
    /// The repository has no drafts.
    #[error("this repository has no drafts, which depends on the plan it is on; ask for no draft")]
    NoDrafts,
    /// Anything else, in the forge's words.
    #[error("{0}")]
    Other(String),
}

impl ForgeError {
    /// Whether the same call may succeed a little later.
    pub fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::RateLimited { .. } | Self::Unavailable { .. } | Self::TimeUp { .. }
        )
    }

    pub(crate) fn invalid(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Invalid {
            what: what.into(),
            why: why.into(),
        }
    }
}
