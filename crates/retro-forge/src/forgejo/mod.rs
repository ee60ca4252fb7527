//! Forgejo, and Gitea, which it comes from.

mod pull_requests;

pub use self::pull_requests::Forgejo;
