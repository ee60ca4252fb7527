//! A git directory of git-retro's own.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use git2::{Oid, Repository, RepositoryInitOptions};
use retro_domain::CommitId;

use super::options::FetchNote;
use crate::GitError;
use crate::pool::slot_lock::SlotLock;

/// Says that a folder is one of these, and is locked while somebody fetches into it.
const MARKER: &str = "git-retro-fetch";

/// A bare git directory that somebody fetches into. Others wait until this is dropped.
pub(super) struct RemoteFolder {
    path: PathBuf,
    pub(super) repository: Repository,
    _lock: SlotLock,
}

impl RemoteFolder {
    /// Opens the folder, or makes it. A crash in the middle leaves one that the next call completes.
    pub(super) fn open(into: &Path) -> Result<Self, GitError> {
        let failed = |error: io::Error| GitError::io(into, error);
        fs::create_dir_all(into).map_err(failed)?;
        let path = into.canonicalize().map_err(failed)?;
        let marker = path.join(MARKER);
        let is_empty = fs::read_dir(&path).map_err(failed)?.next().is_none();
        if !is_empty && !marker.exists() {
            return Err(GitError::Git {
                doing: format!("fetching into {}", path.display()),
                why: "it is not empty, and nothing was fetched into it before; name another folder"
                    .to_owned(),
            });
        }
        let lock = SlotLock::try_take(&marker).map_err(|error| GitError::io(&marker, error))?;
        let Some(lock) = lock else {
            let holder = fs::read_to_string(&marker).unwrap_or_default();
            return Err(GitError::Locked {
                path: marker,
                pid: holder.trim().parse().unwrap_or(0),
            });
        };
        let repository = match crate::repository::open_bare(&path) {
            Err(GitError::NotARepository { .. }) => {
                init(&path)?;
                crate::repository::open_bare(&path)?
            }
            opened => opened?,
        };
        Ok(Self {
            path,
            repository,
            _lock: lock,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Removes what fetches left behind whose processes are gone: their locks and unfinished packs.
    /// Everybody who fetches into this folder holds its lock, so nothing of it is anybody's.
    pub(super) fn remove_leftovers(
        &self,
        notes: &mut dyn FnMut(FetchNote),
    ) -> Result<(), GitError> {
        let mut files = 0;
        let is_lock = |name: &str| name.ends_with(".lock");
        let is_unfinished = |name: &str| name.contains("_git2_");
        remove(&self.path, false, &is_lock, &mut files)?;
        remove(&self.path.join("refs"), true, &is_lock, &mut files)?;
        remove(
            &self.path.join("objects/pack"),
            false,
            &is_unfinished,
            &mut files,
        )?;
        if files > 0 {
            notes(FetchNote::RemovedLeftovers { files });
        }
        Ok(())
    }

    /// Whether a fetch that came to its end brought this commit.
    pub(super) fn has_fetched(&self, commit: &CommitId) -> bool {
        let found = self.repository.refname_to_id(&reference_to(commit));
        found.is_ok_and(|id| id.as_bytes() == commit.as_bytes()) && self.holds(commit)
    }

    /// Whether the commit and its tree are there.
    pub(super) fn holds(&self, commit: &CommitId) -> bool {
        let found =
            Oid::from_bytes(commit.as_bytes()).and_then(|id| self.repository.find_commit(id));
        found.is_ok_and(|commit| commit.tree().is_ok())
    }

    /// Keeps the commit and makes it the one that `HEAD` names. Done last: what is not kept was not
    /// fetched to the end.
    pub(super) fn keep(&self, commit: &CommitId) -> Result<(), GitError> {
        let failed = |error: git2::Error| GitError::git("keeping what was fetched", &error);
        let id = Oid::from_bytes(commit.as_bytes()).map_err(failed)?;
        self.repository
            .reference(&reference_to(commit), id, true, "")
            .map_err(failed)?;
        self.repository.set_head_detached(id).map_err(failed)
    }
}

/// The reference that keeps a commit which was fetched by itself.
pub(super) fn reference_to(commit: &CommitId) -> String {
    format!("refs/retro/commits/{commit}")
}

fn init(path: &Path) -> Result<(), GitError> {
    let mut options = RepositoryInitOptions::new();
    // No templates: those of the user may hold hooks.
    options
        .bare(true)
        .mkdir(false)
        .external_template(false)
        .initial_head("main");
    let made = Repository::init_opts(path, &options);
    made.map(drop).map_err(|error| {
        let doing = format!("making a repository in {}", path.display());
        GitError::git(&doing, &error)
    })
}

fn remove(
    folder: &Path,
    is_deep: bool,
    is_leftover: &dyn Fn(&str) -> bool,
    count: &mut usize,
) -> Result<(), GitError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(GitError::io(folder, error)),
    };
    for entry in entries {
        let entry = entry.map_err(|error| GitError::io(folder, error))?;
        let path = entry.path();
        let kind = entry
            .file_type()
            .map_err(|error| GitError::io(&path, error))?;
        if kind.is_dir() && is_deep {
            remove(&path, is_deep, is_leftover, count)?;
        } else if kind.is_file() && entry.file_name().to_str().is_some_and(is_leftover) {
            fs::remove_file(&path).map_err(|error| GitError::io(&path, error))?;
            *count += 1;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leftovers_go_and_everything_else_stays() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = RemoteFolder::open(scratch.path()).unwrap();
        let names = [
            "shallow.lock",
            "refs/heads/a.lock",
            "objects/pack/pack_git2_x",
            "shallow",
        ];
        for name in names {
            fs::create_dir_all(scratch.path().join(name).parent().unwrap()).unwrap();
            fs::write(scratch.path().join(name), "").unwrap();
        }
        let mut said = Vec::new();
        folder
            .remove_leftovers(&mut |note| said.push(note))
            .unwrap();
        assert_eq!(said, [FetchNote::RemovedLeftovers { files: 3 }]);
        let left = names.map(|name| scratch.path().join(name).exists());
        assert_eq!(left, [false, false, false, true]);
    }

    #[test]
    fn a_folder_with_something_else_in_it_is_left_alone() {
        let scratch = tempfile::tempdir().unwrap();
        fs::write(scratch.path().join("letter"), "").unwrap();
        assert!(RemoteFolder::open(scratch.path()).is_err());
        assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_in_use_is_locked_and_one_half_made_is_completed() {
        let scratch = tempfile::tempdir().unwrap();
        fs::write(scratch.path().join(MARKER), "1").unwrap();
        let held = RemoteFolder::open(scratch.path()).unwrap();
        let refused = RemoteFolder::open(scratch.path());
        assert!(matches!(refused, Err(GitError::Locked { pid, .. }) if pid == std::process::id()));
        drop(held);
        RemoteFolder::open(scratch.path()).unwrap();
    }
}
