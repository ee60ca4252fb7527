//! What can go wrong with git.

use std::path::PathBuf;

/// Why git work did not succeed. Each message says what to do next.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// There is no repository.
    #[error("{path} is not inside a git repository; run git-retro in one, or name it with --repo")]
    NotARepository {
        /// Where one was looked for.
        path: PathBuf,
    },
    /// A revision does not exist.
    #[error("unknown revision {revision:?}: {why}")]
    BadRevision {
        /// The revision as it was given.
        revision: String,
        /// What is wrong with it, with a suggestion where there is one.
        why: String,
    },
    /// An object the work needs is not in the repository.
    #[error("{what} is missing from the repository: {hint}")]
    MissingObject {
        /// The object.
        what: String,
        /// Why that may be (shallow, partial or damaged) and what to do.
        hint: String,
    },
    /// Two paths of a commit cannot both exist on this file system, or a path leaves the work tree.
    #[error("commit {commit} cannot be checked out: {why}")]
    Unrepresentable {
        /// The commit.
        commit: String,
        /// The path and what is wrong with it.
        why: String,
    },
    /// No room left on the device.
    #[error("no space left while writing {path}; free some, or move the slots with --cache-dir")]
    DiskFull {
        /// What was being written.
        path: PathBuf,
    },
    /// Another process holds what is needed.
    #[error("{path} is locked by process {pid}")]
    Locked {
        /// The lock.
        path: PathBuf,
        /// Its holder.
        pid: u32,
    },
    /// The address of a repository cannot be used. The address is not shown: it may hold a secret.
    #[error(
        "the address of the repository cannot be used: {why} (it is not shown, as it may hold a \
         secret); give an https, http, ssh or file URL, or a path"
    )]
    BadUrl {
        /// What is wrong with it.
        why: String,
    },
    /// A server could not be reached, or stopped in the middle, as often as it was tried.
    #[error("fetching from {url} failed {tries} times, at last because {why}; try again later")]
    Unreachable {
        /// The repository's address, without user and password.
        url: String,
        /// How often it was tried.
        tries: u32,
        /// What happened last.
        why: String,
    },
    /// A server, or git-retro itself, will not do what was asked, however often it is tried.
    #[error("fetching from {url} is not possible: {why}")]
    Refused {
        /// The repository's address, without user and password.
        url: String,
        /// Why, and what to do.
        why: String,
    },
    /// A server could not be reached while something was pushed, or stopped in the middle, as often as
    /// it was tried. Whether it took the push may not be known; pushing again finds that out.
    #[error("pushing to {url} failed {tries} times, at last because {why}; try again later")]
    PushUnreachable {
        /// The repository's address, without user and password.
        url: String,
        /// How often it was tried.
        tries: u32,
        /// What happened last.
        why: String,
    },
    /// A server, or git-retro itself, does not let anything be pushed there, however often it is tried.
    #[error("pushing to {url} is not possible: {why}")]
    PushRefused {
        /// The repository's address, without user and password.
        url: String,
        /// Why, and what to do.
        why: String,
    },
    /// A server does not take a push to one reference: it is protected, or a hook of the server says
    /// no.
    #[error("{url} does not let {reference} be pushed: {why}")]
    PushRejected {
        /// The repository's address, without user and password.
        url: String,
        /// The reference.
        reference: String,
        /// What the server says.
        why: String,
    },
    /// A remote repository does not have a commit.
    #[error(
        "commit {commit} is not in {url}: everything that its references reach was fetched; it may \
         have been on a branch that was rewritten or removed"
    )]
    UnknownCommit {
        /// The commit.
        commit: String,
        /// The repository's address, without user and password.
        url: String,
    },
    /// The caller asked for an end.
    #[error("{doing} was cancelled")]
    Cancelled {
        /// What was being done.
        doing: String,
    },
    /// The time that the caller gave is over.
    #[error("{doing} was not done in time; give it more, or look why it takes so long")]
    TimeUp {
        /// What was being done.
        doing: String,
    },
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Anything else git said.
    #[error("{doing}: {why}")]
    Git {
        /// What was being done.
        doing: String,
        /// What git said.
        why: String,
    },
}

impl GitError {
    /// Whether the same call may succeed a little later, after the slot was emptied.
    pub fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::Locked { .. }
                | Self::Io { .. }
                | Self::Git { .. }
                | Self::Unreachable { .. }
                | Self::PushUnreachable { .. }
        )
    }

    /// A file could not be read or written, told apart from a full device.
    #[cfg(feature = "git2")]
    pub(crate) fn io(path: impl Into<PathBuf>, source: impl Into<std::io::Error>) -> Self {
        use std::io::ErrorKind;
        let (path, source) = (path.into(), source.into());
        match source.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::DiskFull { path },
            _ => Self::Io { path, source },
        }
    }

    /// The same error, had while something was pushed.
    #[cfg(feature = "remote")]
    pub(crate) fn of_push(self) -> Self {
        match self {
            Self::Unreachable { url, tries, why } => Self::PushUnreachable { url, tries, why },
            Self::Refused { url, why } => Self::PushRefused { url, why },
            Self::Cancelled { .. } => Self::Cancelled {
                doing: "pushing".to_owned(),
            },
            Self::TimeUp { .. } => Self::TimeUp {
                doing: "pushing".to_owned(),
            },
            other => other,
        }
    }

    /// What libgit2 said while `doing` something.
    #[cfg(feature = "git2")]
    pub(crate) fn git(doing: &str, error: &git2::Error) -> Self {
        Self::Git {
            doing: doing.to_owned(),
            why: error.message().to_owned(),
        }
    }
}

#[cfg(all(test, feature = "git2"))]
mod tests {
    use super::*;

    #[test]
    fn a_full_device_is_told_apart() {
        use std::io::{Error, ErrorKind};
        for kind in [ErrorKind::StorageFull, ErrorKind::QuotaExceeded] {
            let error = GitError::io("some/file", Error::from(kind));
            assert!(matches!(error, GitError::DiskFull { .. }), "{error}");
            assert!(!error.is_retryable() && error.to_string().contains("some/file"));
        }
        let error = GitError::io("some/file", Error::from(ErrorKind::PermissionDenied));
        assert!(matches!(error, GitError::Io { .. }) && error.is_retryable());
    }
}
