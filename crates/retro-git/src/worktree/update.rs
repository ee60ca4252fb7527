//! From one commit to the next: what differs between two trees.

use std::mem;

use git2::Oid;
use rustix::io::Errno;

use super::dir_handle::DirHandle;
use super::objects::{EntryKind, TreeEntry};
use super::tracked::{Cause, Dir, Entry, File, FileShape, FileState, Loader};
use crate::GitError;
use crate::rules::conversion::Conversion;

/// Turns what a work tree should hold into another commit's tree: files that are gone are removed at
/// once, those that differ are marked to be written.
///
/// Removing comes first everywhere, so that a file may become a folder, and so that a name may change
/// its letter case on a file system that takes both for one.
pub(crate) struct Update<'a> {
    loader: Loader<'a>,
    path: Vec<u8>,
    /// Files and folders removed.
    pub(crate) removed: usize,
    /// What is ignored may have changed.
    pub(crate) ignore_changed: bool,
}

impl<'a> Update<'a> {
    pub(crate) fn new(objects: &'a super::objects::Objects, commit: Oid) -> Self {
        Self {
            loader: Loader {
                objects,
                commit,
                state: FileState::Unwritten(Cause::Commit { intact: false }),
            },
            path: Vec::new(),
            removed: 0,
            ignore_changed: false,
        }
    }

    /// Makes `dir` stand for `tree`. `handle` is the folder, if it is on disk.
    pub(crate) fn dir(
        &mut self,
        dir: &mut Dir,
        tree: Oid,
        handle: Option<&DirHandle>,
    ) -> Result<(), GitError> {
        if dir.tree == tree {
            return Ok(());
        }
        let mut wanted = self.loader.read(tree, &self.path)?.into_iter().peekable();
        let mut entries = Vec::with_capacity(wanted.len());
        dir.busy = true;
        for old in mem::take(&mut dir.entries) {
            while let Some(new) = wanted.next_if(|new| new.key() < old.key()) {
                entries.push(self.add(new)?);
            }
            match wanted.next_if(|new| new.key() == old.key()) {
                Some(new) => entries.push(self.change(old, new, dir, handle)?),
                None => self.remove(old, dir, handle)?,
            }
        }
        for new in wanted {
            entries.push(self.add(new)?);
        }
        dir.entries = entries;
        dir.tree = tree;
        Ok(())
    }

    fn add(&mut self, new: TreeEntry) -> Result<Entry, GitError> {
        self.note_rules(new.name.to_bytes());
        self.loader.entry(new, &mut self.path)
    }

    fn change(
        &mut self,
        old: Entry,
        new: TreeEntry,
        dir: &mut Dir,
        handle: Option<&DirHandle>,
    ) -> Result<Entry, GitError> {
        match (old, new.kind) {
            (Entry::Dir(mut child), EntryKind::Folder) => {
                if child.tree != new.id {
                    let child_handle = handle.and_then(|handle| handle.open_dir(&child.name).ok());
                    let length = self.enter(child.name.to_bytes());
                    self.dir(&mut child, new.id, child_handle.as_ref())?;
                    self.path.truncate(length);
                }
                Ok(Entry::Dir(child))
            }
            (Entry::Submodule(mut submodule), EntryKind::Submodule) => {
                submodule.id = new.id;
                Ok(Entry::Submodule(submodule))
            }
            (Entry::File(file), EntryKind::File | EntryKind::Executable | EntryKind::Symlink) => {
                let shape = match new.kind {
                    EntryKind::Symlink => FileShape::Symlink,
                    EntryKind::Executable => FileShape::Executable,
                    _ => FileShape::Regular,
                };
                if (file.id, file.shape) == (new.id, shape) {
                    return Ok(Entry::File(file));
                }
                self.note_rules(new.name.to_bytes());
                let intact = matches!(file.state, FileState::Recorded(_))
                    && shape == file.shape
                    && shape != FileShape::Symlink;
                Ok(Entry::File(File {
                    name: file.name,
                    id: new.id,
                    content: new.id,
                    shape,
                    conversion: Conversion::default(),
                    state: FileState::Unwritten(Cause::Commit { intact }),
                }))
            }
            (old, _) => {
                self.remove(old, dir, handle)?;
                self.add(new)
            }
        }
    }

    /// Takes an entry away. What is left of it, because it is not tracked, is looked at when `dir` is
    /// listed.
    fn remove(
        &mut self,
        old: Entry,
        dir: &mut Dir,
        handle: Option<&DirHandle>,
    ) -> Result<(), GitError> {
        self.note_rules(old.name().to_bytes());
        let Some(handle) = handle else {
            return Ok(());
        };
        match old {
            Entry::File(file) => match handle.remove_file(&file.name) {
                Ok(()) => self.removed += 1,
                // A folder has taken its place, which is not tracked.
                Err(Errno::ISDIR | Errno::PERM) => dir.list = true,
                Err(error) => return Err(self.failed(file.name.to_bytes(), error)),
            },
            Entry::Dir(mut child) => {
                if let Ok(child_handle) = handle.open_dir(&child.name) {
                    let length = self.enter(child.name.to_bytes());
                    for entry in mem::take(&mut child.entries) {
                        self.remove(entry, &mut child, Some(&child_handle))?;
                    }
                    self.path.truncate(length);
                    match handle.remove_dir(&child.name) {
                        Ok(()) => self.removed += 1,
                        Err(_) => dir.list = true,
                    }
                } else {
                    dir.list = true;
                }
            }
            Entry::Submodule(submodule) => {
                handle
                    .remove_any(&submodule.name)
                    .map_err(|error| GitError::io(self.shown(submodule.name.to_bytes()), error))?;
                self.removed += 1;
            }
        }
        Ok(())
    }

    fn note_rules(&mut self, name: &[u8]) {
        self.ignore_changed |= name == b".gitignore";
    }

    fn enter(&mut self, name: &[u8]) -> usize {
        let length = self.path.len();
        self.path.extend_from_slice(name);
        self.path.push(b'/');
        length
    }

    fn shown(&self, name: &[u8]) -> std::path::PathBuf {
        super::display_path(&self.path, name)
    }

    fn failed(&self, name: &[u8], error: Errno) -> GitError {
        GitError::io(self.shown(name), error)
    }
}
