//! A folder of slots that several processes share.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use git2::Oid;
use retro_domain::{CommitId, Digest256};

use super::git_slot::{GitSlot, Origin};
use super::slot_lock::SlotLock;
use crate::worktree::dir_handle::DirHandle;
use crate::worktree::objects::Objects;
use crate::{GitError, GitRepository, Slot, SlotOptions, SlotPool};

/// Slots of one repository below a folder of git-retro's own.
///
/// The slots of a repository are in `SLOTS_DIR/HASH/NUMBER`, where the hash is that of the
/// repository's path. In each there are:
///
/// - `lock`, locked while somebody uses the slot; the lock of a process that died is void;
/// - `work`, the work tree, with a git directory of its own that reads the user's objects;
/// - `scratch`, for logs and scratch files;
/// - `state`, there only while nobody uses the slot: what is known of the work tree. A slot without it
///   was last used by a process that died, and its work tree is read in full before it is used again;
/// - `commit`, what was checked out last, for the choice of a slot;
/// - `overlay`, the paths that an overlay put into the work tree;
/// - `trash`, work trees on their way out.
pub struct GitSlotPool {
    folder: PathBuf,
    origin: Origin,
    options: SlotOptions,
}

impl GitSlotPool {
    /// A pool of slots for `repo` below `slots_dir`, which is made when it is not there. Nothing in
    /// the repository is written, now or later.
    ///
    /// # Errors
    ///
    /// When the folder cannot be made.
    pub fn open(
        repo: &GitRepository,
        slots_dir: &Path,
        options: SlotOptions,
    ) -> Result<Self, GitError> {
        let hash = Digest256::of(repo.common_dir().as_os_str().as_bytes()).to_string();
        let folder = slots_dir.join(&hash[..16]);
        fs::create_dir_all(&folder).map_err(|error| GitError::io(&folder, error))?;
        let folder = folder
            .canonicalize()
            .map_err(|error| GitError::io(&folder, error))?;
        Ok(Self {
            folder,
            origin: Origin {
                common_dir: repo.common_dir().to_owned(),
                work_tree: (!repo.is_bare()).then(|| repo.root().to_owned()),
            },
            options,
        })
    }

    /// Removes what is in the slots that nobody uses, work trees and builds included; the next use
    /// of each starts from an empty work tree. Returns how many slots had something in them.
    ///
    /// A crash in the middle leaves some of it; the slot is then found to have no valid state.
    ///
    /// # Errors
    ///
    /// When a folder cannot be read, or something in it cannot be removed.
    pub fn empty_free_slots(&self) -> Result<usize, GitError> {
        let mut emptied = 0;
        for number in self.numbers(None)? {
            let folder = self.folder.join(number.to_string());
            let failed = |error: io::Error| GitError::io(&folder, error);
            let Some(_lock) = SlotLock::try_take(&folder.join("lock")).map_err(failed)? else {
                continue;
            };
            let handle = DirHandle::open(&folder).map_err(failed)?;
            // First what vouches for the work tree, then the work tree.
            drop(fs::remove_file(folder.join("state")));
            let mut had_content = false;
            for name in handle.names().map_err(|error| failed(error.into()))? {
                if name.as_bytes() != b"lock" {
                    handle.remove_any(&name).map_err(failed)?;
                    had_content = true;
                }
            }
            emptied += usize::from(had_content);
        }
        Ok(emptied)
    }

    /// The numbers of the slots there are, those nearest to `near` first.
    fn numbers(&self, near: Option<&CommitId>) -> Result<Vec<u32>, GitError> {
        let failed = |error: io::Error| GitError::io(&self.folder, error);
        let mut numbers: Vec<u32> = fs::read_dir(&self.folder)
            .map_err(failed)?
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
            .collect();
        numbers.sort_unstable();
        if numbers.len() > 1
            && let Some(near) = near
        {
            let objects = Objects::open(&self.origin.common_dir)?;
            let time_of = |id: Oid| {
                let commit = objects.repository().find_commit(id).ok()?;
                Some(commit.time().seconds())
            };
            let near = Oid::from_bytes(near.as_bytes()).unwrap_or(Oid::ZERO_SHA1);
            let near_time = time_of(near);
            // Commits of about the same time mostly have about the same files.
            numbers.sort_by_cached_key(|number| {
                let path = self.folder.join(number.to_string()).join("commit");
                let last = fs::read_to_string(path).ok();
                let last = last.and_then(|text| Oid::from_str(text.trim()).ok());
                match (last, near_time) {
                    (Some(last), _) if last == near => 0,
                    (Some(last), Some(near_time)) => time_of(last)
                        .map_or(u64::MAX, |time| time.abs_diff(near_time).saturating_add(1)),
                    _ => u64::MAX,
                }
            });
        }
        Ok(numbers)
    }

    /// The slot with this number; `None` when somebody uses it.
    fn try_open(&self, number: u32) -> Result<Option<GitSlot>, GitError> {
        let folder = self.folder.join(number.to_string());
        let lock_path = folder.join("lock");
        let lock = match SlotLock::try_take(&lock_path) {
            Ok(Some(lock)) => lock,
            Ok(None) => return Ok(None),
            // Removed since it was listed.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(GitError::io(lock_path, error)),
        };
        GitSlot::open(folder, lock, &self.origin, &self.options).map(Some)
    }
}

impl SlotPool for GitSlotPool {
    fn acquire(&self, near: Option<&CommitId>) -> Result<Box<dyn Slot>, GitError> {
        loop {
            let numbers = self.numbers(near)?;
            for &number in &numbers {
                if let Some(slot) = self.try_open(number)? {
                    return Ok(Box::new(slot));
                }
            }
            let new = (0..).find(|number| !numbers.contains(number)).unwrap_or(0);
            let folder = self.folder.join(new.to_string());
            match fs::create_dir(&folder) {
                Ok(()) => {}
                // Another process was faster; there may be one for both by now.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(GitError::io(folder, error)),
            }
            if let Some(slot) = self.try_open(new)? {
                return Ok(Box::new(slot));
            }
        }
    }
}
