//! The user's repository, read and never written.

use std::path::{Path, PathBuf};

use retro_domain::{CommitId, RepoId};

use crate::{CommitInfo, CommitList, CommitQuery, GitError, History};

/// A repository of the user's, opened for reading.
///
/// Nothing is ever written below its git directory or its work tree.
pub struct GitRepository {
    root: PathBuf,
    git_dir: PathBuf,
    common_dir: PathBuf,
}

impl GitRepository {
    /// Opens the repository that `start` is in: a work tree, a folder below one, a linked work tree,
    /// or a bare repository.
    ///
    /// # Errors
    ///
    /// [`GitError::NotARepository`] when there is none.
    pub fn discover(start: &Path) -> Result<Self, GitError> {
        Err(GitError::NotARepository {
            path: start.to_owned(),
        })
    }

    /// The root of the work tree, or the git directory of a bare repository. Absolute.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The git directory of this work tree. Absolute.
    pub fn git_dir(&self) -> &Path {
        &self.git_dir
    }

    /// The git directory that all linked work trees share. Absolute.
    pub fn common_dir(&self) -> &Path {
        &self.common_dir
    }
}

impl History for GitRepository {
    fn repo_id(&self) -> RepoId {
        RepoId::from_location(&format!("/{}", self.root.display()))
            .expect("a path names a repository")
    }

    fn commits(&self, _query: &CommitQuery) -> Result<CommitList, GitError> {
        Ok(CommitList::default())
    }

    fn resolve(&self, revision: &str) -> Result<CommitInfo, GitError> {
        Err(GitError::BadRevision {
            revision: revision.to_owned(),
            why: "not found".to_owned(),
        })
    }

    fn read_file(&self, _commit: &CommitId, _path: &str) -> Result<Option<Vec<u8>>, GitError> {
        Ok(None)
    }
}
