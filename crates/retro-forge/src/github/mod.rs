//! github.com, and GitHub Enterprise in the cloud or on machines of one's own.

mod pull_requests;

pub use self::pull_requests::GitHub;
