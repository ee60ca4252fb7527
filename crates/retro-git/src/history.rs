//! Which commits there are.

use retro_domain::{CommitId, RepoId, Timestamp, TreeId};

use crate::GitError;

/// What git-retro wants to know of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitInfo {
    /// Its id.
    pub id: CommitId,
    /// Its tree.
    pub tree: TreeId,
    /// Its parents, in order.
    pub parents: Vec<CommitId>,
    /// When it was committed.
    pub committed_at: Timestamp,
    /// Who wrote it: name only, invalid UTF-8 replaced.
    pub author: String,
    /// The first line of its message, invalid UTF-8 replaced.
    pub summary: String,
}

/// Where to start and stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// The newest `count` commits that pass the filters, from `HEAD` or from `tip`.
    Last {
        /// How many.
        count: usize,
        /// Where from; `HEAD` when absent.
        tip: Option<String>,
    },
    /// Everything these revision expressions reach, as `git rev-list` reads them:
    /// `A..B`, `A...B`, `^A`, `B`. One single revision without a range means that one commit.
    Revisions(Vec<String>),
    /// Exactly these commits, whatever their relation.
    Listed(Vec<String>),
}

/// What to do with merge commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum MergePolicy {
    /// They are commits like others.
    #[default]
    Include,
    /// They are left out.
    Exclude,
    /// Only they are taken.
    Only,
}

/// Which commits are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitQuery {
    /// Where to start and stop.
    pub selection: Selection,
    /// Follow only the first parent of merges.
    pub first_parent: bool,
    /// What to do with merge commits.
    pub merges: MergePolicy,
    /// Commits before this moment are left out.
    pub since: Option<Timestamp>,
    /// Commits after this moment are left out.
    pub until: Option<Timestamp>,
    /// Only commits that change a path matching one of these globs; empty for all.
    pub paths: Vec<String>,
    /// Only every n-th of what is left, counted from the newest, the oldest always included.
    pub every: usize,
}

impl CommitQuery {
    /// A query without filters.
    pub fn new(selection: Selection) -> Self {
        Self {
            selection,
            first_parent: false,
            merges: MergePolicy::default(),
            since: None,
            until: None,
            paths: Vec::new(),
            every: 1,
        }
    }
}

/// The answer to a query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommitList {
    /// The commits, oldest first: every commit comes after those of its ancestors that are here.
    pub commits: Vec<CommitInfo>,
    /// For each commit the nearest ancestors of it that are in the list, by index: its parents, or
    /// what lies behind them when those were left out.
    pub parents: Vec<Vec<usize>>,
    /// Things a person should know: a shallow boundary, for example.
    pub warnings: Vec<String>,
}

/// A repository's history. Read-only.
pub trait History: Send + Sync {
    /// The repository's name, made from its path; the same in all of its linked work trees.
    fn repo_id(&self) -> RepoId;

    /// The commits that a query selects.
    ///
    /// # Errors
    ///
    /// [`GitError::BadRevision`] for a revision that does not exist, [`GitError::MissingObject`]
    /// when history cannot be read to its end.
    fn commits(&self, query: &CommitQuery) -> Result<CommitList, GitError>;

    /// The commit a revision names.
    ///
    /// # Errors
    ///
    /// [`GitError::BadRevision`] for a revision that does not name a commit.
    fn resolve(&self, revision: &str) -> Result<CommitInfo, GitError>;

    /// A file of a commit; `None` when it is not there.
    ///
    /// # Errors
    ///
    /// [`GitError::MissingObject`] when the commit cannot be read.
    fn read_file(&self, commit: &CommitId, path: &str) -> Result<Option<Vec<u8>>, GitError>;
}
