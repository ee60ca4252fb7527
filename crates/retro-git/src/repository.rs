//! The user's repository, read and never written.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use git2::{ErrorCode, Oid, Repository, RepositoryOpenFlags};
use retro_domain::CommitId;

use crate::GitError;
use crate::worktree::objects::Objects;

/// A repository of the user's, opened for reading.
///
/// Nothing is ever written below its git directory or its work tree. Threads may share one; they take
/// turns.
pub struct GitRepository {
    root: PathBuf,
    git_dir: PathBuf,
    common_dir: PathBuf,
    objects: Mutex<Objects>,
}

impl GitRepository {
    /// Opens the repository that `start` is in: a work tree, a folder below one, a linked work tree,
    /// or a bare repository. Environment variables such as `GIT_DIR` play no part: see
    /// [`open`](Self::open).
    ///
    /// # Errors
    ///
    /// [`GitError::NotARepository`] when there is none, [`GitError::Git`] when there is one that
    /// cannot be read: one of another user that `safe.directory` does not list, for example.
    pub fn discover(start: &Path) -> Result<Self, GitError> {
        Self::open_with(start, RepositoryOpenFlags::empty())
    }

    /// Opens exactly this git directory, as `GIT_DIR` names one. Its work tree is the one that it
    /// names itself, or the folder that it is in.
    ///
    /// # Errors
    ///
    /// As [`discover`](Self::discover).
    pub fn open(git_dir: &Path) -> Result<Self, GitError> {
        let exactly = RepositoryOpenFlags::NO_SEARCH | RepositoryOpenFlags::NO_DOTGIT;
        Self::open_with(git_dir, exactly)
    }

    /// The same repository with another work tree, as `GIT_WORK_TREE` names one.
    ///
    /// # Errors
    ///
    /// [`GitError::Io`] when there is no such folder.
    pub fn with_work_tree(mut self, root: &Path) -> Result<Self, GitError> {
        self.root = real(root)?;
        Ok(self)
    }

    fn open_with(start: &Path, flags: RepositoryOpenFlags) -> Result<Self, GitError> {
        allow_extensions();
        let no_ceiling: [&str; 0] = [];
        let repository = Repository::open_ext(start, flags, no_ceiling)
            .map_err(|error| open_error(start, &error))?;
        let git_dir = real(repository.path())?;
        let root = repository.workdir().map_or(Ok(git_dir.clone()), real)?;
        Ok(Self {
            root,
            git_dir,
            common_dir: real(repository.commondir())?,
            objects: Mutex::new(Objects::new(repository)),
        })
    }

    /// The root of the work tree, or the git directory of a bare repository. Absolute, without
    /// symbolic links.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether there is no work tree, only a git directory.
    pub fn is_bare(&self) -> bool {
        self.root == self.git_dir
    }

    /// The git directory of this work tree. Absolute, without symbolic links.
    pub fn git_dir(&self) -> &Path {
        &self.git_dir
    }

    /// The git directory that all linked work trees share. Absolute, without symbolic links.
    pub fn common_dir(&self) -> &Path {
        &self.common_dir
    }

    /// The address of a remote of this name, as its configuration has it; `None` when there is none.
    pub fn remote_url(&self, name: &str) -> Option<String> {
        let objects = self.objects();
        let remote = objects.repository().find_remote(name).ok()?;
        let url = String::from_utf8(remote.url_bytes().to_vec()).ok();
        url.filter(|url| !url.is_empty())
    }

    /// Those of these commits that no remote-tracking branch of a remote reaches, in their order: what was
    /// never pushed there, as far as is known here.
    ///
    /// # Errors
    ///
    /// [`GitError::Git`] when the branches or the history behind them cannot be read.
    pub fn not_on_remote(
        &self,
        remote: &str,
        commits: &[CommitId],
    ) -> Result<Vec<CommitId>, GitError> {
        let failed = |error: git2::Error| GitError::git("looking for what was pushed", &error);
        let objects = self.objects();
        let repository = objects.repository();
        let mut walk = repository.revwalk().map_err(failed)?;
        for commit in commits {
            let id = Oid::from_bytes(commit.as_bytes()).map_err(failed)?;
            walk.push(id).map_err(failed)?;
        }
        let branches = format!("refs/remotes/{remote}/*");
        for branch in repository.references_glob(&branches).map_err(failed)? {
            // `origin/HEAD` may name a branch that is gone.
            let tip = branch.and_then(|branch| branch.peel_to_commit());
            if let Ok(tip) = tip {
                walk.hide(tip.id()).map_err(failed)?;
            }
        }
        let mut left = HashSet::new();
        for id in walk {
            left.insert(id.map_err(failed)?.as_bytes().to_vec());
        }
        let is_left = |commit: &&CommitId| left.contains(commit.as_bytes());
        Ok(commits.iter().filter(is_left).copied().collect())
    }

    pub(crate) fn objects(&self) -> MutexGuard<'_, Objects> {
        // Nothing is half done in a store that is only read, whatever became of another thread.
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn real(path: &Path) -> Result<PathBuf, GitError> {
    path.canonicalize()
        .map_err(|error| GitError::io(path, error))
}

/// Opens exactly this git directory, whatever work tree belongs to it.
pub(crate) fn open_bare(git_dir: &Path) -> Result<Repository, GitError> {
    allow_extensions();
    let flags = RepositoryOpenFlags::BARE | RepositoryOpenFlags::NO_SEARCH;
    let no_ceiling: [&str; 0] = [];
    Repository::open_ext(git_dir, flags, no_ceiling).map_err(|error| open_error(git_dir, &error))
}

/// Whether objects may be missing because the repository was cloned without them.
pub(crate) fn is_partial(repository: &Repository) -> bool {
    let Ok(config) = repository.config() else {
        return false;
    };
    config.get_string("extensions.partialclone").is_ok()
        || config
            .entries(Some("remote\\..*\\.(promisor|partialclonefilter)"))
            .is_ok_and(|mut entries| entries.next().is_some())
}

fn open_error(path: &Path, error: &git2::Error) -> GitError {
    match error.code() {
        ErrorCode::NotFound => GitError::NotARepository {
            path: path.to_owned(),
        },
        ErrorCode::Owner => GitError::Git {
            doing: format!("opening the repository at {}", path.display()),
            why: format!(
                "it belongs to another user; if you trust them, run `git config --global --add \
                 safe.directory {}`",
                path.display()
            ),
        },
        _ => GitError::git(
            &format!("opening the repository at {}", path.display()),
            error,
        ),
    }
}

/// Lets libgit2 open partial clones: what they lack is reported object by object.
fn allow_extensions() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: libgit2 keeps the list in a static variable that it reads when a repository is
        // opened. Every repository in this crate is opened after this function, which changes the
        // list once, before it returns to anyone.
        let set = unsafe { git2::opts::set_extensions(&["partialclone"]) };
        // Without it, partial clones are refused with libgit2's own message.
        drop(set);
    });
}
