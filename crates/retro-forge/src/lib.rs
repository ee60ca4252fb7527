//! What git-retro asks of the forges that host repositories: traits, plain types, an in-memory
//! double, and the contract that every implementation passes. Pull requests for now.
//!
//! Each forge is a module of its own behind a feature of its own: `github` for github.com and
//! GitHub Enterprise, `forgejo` for Forgejo and Gitea. Without features there is no HTTP client.
//! Time, chance, tokens, certificates and proxies come in as arguments.

mod address;
#[cfg(any(test, feature = "contract"))]
pub mod contract;
mod error;
#[cfg(feature = "forgejo")]
pub mod forgejo;
#[cfg(feature = "github")]
pub mod github;
mod pull_requests;
#[cfg(any(feature = "forgejo", feature = "github"))]
mod rest;
mod token;

pub use address::{ForgeKind, ForgeRepository};
pub use error::{ForgeError, Refusal};
pub use pull_requests::{
    Check, CheckOutcome, Description, InMemoryPullRequests, Link, MAX_BODY, MAX_TITLE, Omission,
    Opened, PullRequest, PullRequestSpec, PullRequestText, PullRequests, RepositoryFixture,
    describe,
};
#[cfg(any(feature = "forgejo", feature = "github"))]
pub use rest::{ForgeAccess, ForgeLimits, ForgePace};
pub use token::ForgeToken;
