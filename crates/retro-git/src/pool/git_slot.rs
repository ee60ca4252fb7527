//! One slot in use.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use git2::Oid;
use retro_domain::{CommitId, Overlay};

use super::overlay;
use super::slot_lock::SlotLock;
use crate::walk::commit_id;
use crate::worktree::dir_handle::DirHandle;
use crate::worktree::file_stat::{FileKind, FsClock};
use crate::worktree::git_dir::GitDirContent;
use crate::worktree::lfs::LfsFiles;
use crate::worktree::objects::Objects;
use crate::worktree::state_file;
use crate::worktree::submodules::Submodules;
use crate::worktree::work_tree::{Certainty, Surroundings, WorkTree};
use crate::{Checkout, GitError, OverlayError, Slot, SlotOptions};

/// Where the commits of a pool come from.
pub(super) struct Origin {
    pub(super) common_dir: PathBuf,
    /// The user's work tree; none for a bare repository.
    pub(super) work_tree: Option<PathBuf>,
}

pub(super) struct GitSlot {
    folder: PathBuf,
    work_path: PathBuf,
    scratch_path: PathBuf,
    handle: DirHandle,
    trash: DirHandle,
    clock: FsClock,
    /// The permissions that a new folder gets here.
    usual_mode: u32,
    tree: WorkTree,
    clean: bool,
    /// What must be the same for records to hold.
    validity: Vec<u8>,
    /// What an overlay put into the work tree.
    overlay: Vec<Vec<u8>>,
    /// Warnings given before.
    said: HashSet<String>,
    /// Given up last.
    _lock: SlotLock,
}

impl GitSlot {
    /// Opens the slot in `folder`, whose lock the caller has.
    pub(super) fn open(
        folder: PathBuf,
        lock: SlotLock,
        origin: &Origin,
        options: &SlotOptions,
    ) -> Result<Self, GitError> {
        let failed = |error: io::Error| GitError::io(&folder, error);
        let handle = DirHandle::open(&folder).map_err(failed)?;
        for name in [c"scratch", c"trash"] {
            own_dir(&handle, name).map_err(failed)?;
        }
        let trash = handle
            .open_dir(c"trash")
            .map_err(|error| failed(error.into()))?;
        for name in trash.names().map_err(|error| failed(error.into()))? {
            // What could not be removed before may go now, and otherwise is in nobody's way.
            drop(trash.remove_any(&name));
        }
        // It was made like every other folder, and commands have nothing to do with it.
        let usual_mode = trash.own_stat().map_err(|error| failed(error.into()))?.mode;
        let clock = FsClock::open(&folder.join("clock")).map_err(failed)?;
        let validity = validity(options);
        let state = take_state(&folder).map_err(failed)?;
        let overlay = read_overlay_list(&folder).map_err(failed)?;

        let content = GitDirContent::of(&origin.common_dir, &options.keep)?;
        let lfs = LfsFiles::new(options.lfs, origin.common_dir.join("lfs/objects"));
        let submodules = Submodules::new(
            options.submodules,
            options.lfs,
            &origin.common_dir,
            origin.work_tree.as_deref(),
        );
        let objects = Objects::open(&origin.common_dir)?;
        let mut tree = WorkTree::new(objects, &content, lfs, submodules);
        match state {
            Some(state) if state.validity == validity => {
                tree.root = state.root;
                tree.commit = Some(state.commit);
                tree.tick = state.tick;
                tree.certainty = Certainty::Known;
            }
            _ if handle.stat(c"work").is_err() => tree.certainty = Certainty::Broken,
            _ => {}
        }
        Ok(Self {
            work_path: folder.join("work"),
            scratch_path: folder.join("scratch"),
            folder,
            handle,
            trash,
            clock,
            usual_mode,
            tree,
            clean: options.clean,
            validity,
            overlay,
            said: HashSet::new(),
            _lock: lock,
        })
    }

    /// Removes what an overlay put there; tracked files among it are then missed and written again.
    fn remove_overlay(&mut self) -> Result<(), GitError> {
        if self.overlay.is_empty() {
            return Ok(());
        }
        if let Ok(root) = self.handle.open_dir_forced(c"work") {
            for path in &self.overlay {
                overlay::remove_with_empty_parents(&root, path)
                    .map_err(|error| GitError::io(self.shown(path), error))?;
            }
        }
        let list = self.folder.join("overlay");
        fs::remove_file(&list).map_err(|error| GitError::io(list, error))?;
        self.overlay.clear();
        Ok(())
    }

    fn shown(&self, path: &[u8]) -> PathBuf {
        self.work_path.join(OsStr::from_bytes(path))
    }
}

impl Slot for GitSlot {
    fn work_tree(&self) -> &Path {
        &self.work_path
    }

    fn scratch(&self) -> &Path {
        &self.scratch_path
    }

    fn current(&self) -> Option<CommitId> {
        self.tree.commit.and_then(commit_id)
    }

    fn checkout(&mut self, commit: &CommitId) -> Result<Checkout, GitError> {
        let id = Oid::from_bytes(commit.as_bytes())
            .map_err(|error| GitError::git(&format!("checking out commit {commit}"), &error))?;
        own_dir(&self.handle, c"scratch")
            .map_err(|error| GitError::io(&self.scratch_path, error))?;
        self.remove_overlay()?;
        let around = Surroundings {
            clock: &self.clock,
            clean: self.clean,
            trash: &self.trash,
            usual_mode: self.usual_mode,
        };
        let mut done = self
            .tree
            .checkout(&self.handle, c"work", id, &around)
            .map_err(|error| in_work_tree(error, &self.work_path))?;
        done.warnings
            .retain(|warning| self.said.insert(warning.clone()));
        Ok(done)
    }

    fn apply_overlay(&mut self, overlay: &Overlay) -> Result<(), OverlayError> {
        if overlay.is_empty() {
            return Ok(());
        }
        if self.tree.certainty != Certainty::Known {
            return Err(OverlayError::Git(GitError::Git {
                doing: "laying files over a commit".to_owned(),
                why: "no commit is checked out in this slot".to_owned(),
            }));
        }
        let changes = overlay::plan(&self.tree.objects, &self.tree.root, overlay)?;
        // The list comes first: whatever happens now, the next checkout knows what to take away.
        self.overlay.extend(changes.keys().cloned());
        let mut list = self.overlay.join(&0);
        list.push(0);
        self.handle
            .write_file(c"overlay", &list)
            .map_err(|error| GitError::io(self.folder.join("overlay"), error))?;
        let root = self
            .handle
            .open_dir(c"work")
            .map_err(|error| GitError::io(&self.work_path, error))?;
        for (path, change) in &changes {
            overlay::write(&root, path, change.as_ref())
                .map_err(|error| GitError::io(self.shown(path), error))?;
        }
        Ok(())
    }
}

impl Drop for GitSlot {
    fn drop(&mut self) {
        let (Certainty::Known, Some(commit)) = (self.tree.certainty, self.tree.commit) else {
            return;
        };
        let state = state_file::encode(&self.validity, commit, self.tree.tick, &self.tree.root);
        // Without these files the next user reads every file, and takes any slot: slower, not wrong.
        let text = format!("{commit}\n");
        drop(self.handle.write_file(c"commit", text.as_bytes()));
        // Whole or not at all: a state that a crash cut short does not read back either, but should
        // not have to be relied on.
        let written = self.handle.write_file(c"state.new", &state);
        drop(written.map(|_| self.handle.rename(c"state.new", &self.handle, c"state")));
    }
}

/// Reads the state and removes it: from now on nobody but this process knows the work tree.
fn take_state(folder: &Path) -> io::Result<Option<state_file::SlotState>> {
    let path = folder.join("state");
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    fs::remove_file(&path)?;
    Ok(state_file::decode(&bytes))
}

fn read_overlay_list(folder: &Path) -> io::Result<Vec<Vec<u8>>> {
    match fs::read(folder.join("overlay")) {
        Ok(list) => Ok(list
            .split(|&byte| byte == 0)
            .filter(|path| !path.is_empty())
            .map(<[u8]>::to_vec)
            .collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// The options that decide what a work tree holds, and the boot of the system: contents written
/// before a crash may be lost although the file system speaks of them.
fn validity(options: &SlotOptions) -> Vec<u8> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    format!(
        "{boot}{:?} {:?} {:?}",
        options.submodules, options.lfs, options.keep
    )
    .into_bytes()
}

fn make_dir(parent: &DirHandle, name: &std::ffi::CStr) -> io::Result<()> {
    match parent.make_dir(name) {
        Ok(()) | Err(rustix::io::Errno::EXIST) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Makes a folder where there is none; a command may have put a link to another one in its place.
fn own_dir(parent: &DirHandle, name: &std::ffi::CStr) -> io::Result<()> {
    make_dir(parent, name)?;
    if parent.stat(name)?.kind() == FileKind::Directory {
        return Ok(());
    }
    parent.remove_any(name)?;
    make_dir(parent, name)
}

/// Paths in errors are relative to the work tree; people need to know which one.
fn in_work_tree(error: GitError, work_path: &Path) -> GitError {
    match error {
        GitError::Io { path, source } => GitError::Io {
            path: work_path.join(path),
            source,
        },
        GitError::DiskFull { path } => GitError::DiskFull {
            path: work_path.join(path),
        },
        other => other,
    }
}
