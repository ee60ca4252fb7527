//! Making the disk agree with what a work tree should hold: writing what is missing, taking away what
//! nobody asked for.

use std::ffi::CStr;
use std::sync::Arc;

use git2::Oid;
use rustix::io::Errno;

use super::dir_handle::DirHandle;
use super::file_stat::{FileKind, FileStat};
use super::file_writer::{FileWriter, How};
use super::objects::Objects;
use super::rule_cache::RuleCache;
use super::tracked::{Cause, Dir, Entry, FileShape, FileState, Submodule, unrepresentable};
use crate::rules::attributes::AttributeStack;
use crate::rules::conversion::Conversion;
use crate::rules::ignore::IgnoreStack;
use crate::{Checkout, GitError};

pub(crate) struct Settle<'a> {
    pub(crate) objects: &'a Objects,
    pub(crate) commit: Oid,
    pub(crate) rules: &'a mut RuleCache,
    pub(crate) lfs: &'a super::lfs::LfsFiles,
    /// Every folder is listed, because what is ignored has changed.
    pub(crate) list_all: bool,
    /// Submodules are work trees of their own, which others fill.
    pub(crate) with_submodules: bool,
    /// The permissions that a new folder gets.
    pub(crate) usual_mode: u32,
    pub(crate) ignore: IgnoreStack,
    pub(crate) attributes: AttributeStack,
    pub(crate) done: Checkout,
    pub(crate) path: Vec<u8>,
}

impl Settle<'_> {
    /// Settles the root of a work tree.
    pub(crate) fn root(&mut self, dir: &mut Dir, handle: &DirHandle) -> Result<(), GitError> {
        self.dir(dir, handle, false, false)
    }

    /// Settles one folder and what is below. `ignored`: the folder itself is ignored, and so is
    /// everything in it that is not tracked. `convert_anew`: the attributes of a folder above have
    /// changed.
    fn dir(
        &mut self,
        dir: &mut Dir,
        handle: &DirHandle,
        ignored: bool,
        convert_anew: bool,
    ) -> Result<(), GitError> {
        let (ignore_file, attribute_file) =
            (dir.blob_of(b".gitignore"), dir.blob_of(b".gitattributes"));
        let mut ignore_levels = 0;
        if !ignore_file.is_zero() {
            let rules = self.rules.ignore(self.objects, ignore_file)?;
            self.ignore.push(self.path.len(), rules);
            ignore_levels += 1;
        }
        if !attribute_file.is_zero() {
            let rules = self.rules.attributes(self.objects, attribute_file)?;
            self.attributes.push(self.path.len(), rules);
        }
        let convert_anew = convert_anew || dir.attributes != attribute_file;
        dir.attributes = attribute_file;

        for index in 0..dir.entries.len() {
            self.file(dir, index, handle, convert_anew)?;
        }
        let lists = (dir.list || self.list_all) && !ignored;
        if lists {
            ignore_levels += usize::from(self.list(dir, handle)?);
        } else if let Some(local) = &dir.local_ignore
            && !ignored
        {
            self.ignore.push(self.path.len(), Arc::clone(&local.rules));
            ignore_levels += 1;
        }
        if ignored {
            dir.extras.clear();
            dir.local_ignore = None;
        }
        self.children(dir, handle, ignored, convert_anew)?;

        for _ in 0..ignore_levels {
            self.ignore.pop();
        }
        if !attribute_file.is_zero() {
            self.attributes.pop();
        }
        dir.record = Some(handle.own_stat().map_err(|error| self.failed(b"", error))?);
        dir.list = false;
        dir.busy = false;
        Ok(())
    }

    fn children(
        &mut self,
        dir: &mut Dir,
        handle: &DirHandle,
        ignored: bool,
        convert_anew: bool,
    ) -> Result<(), GitError> {
        let length = self.path.len();
        for index in 0..dir.entries.len() {
            let inodes = match &dir.entries[index] {
                Entry::Dir(child) if child.busy || self.list_all || convert_anew => {
                    self.child_inodes(dir, index)
                }
                Entry::Submodule(submodule) if submodule.busy => self.child_inodes(dir, index),
                _ => continue,
            };
            match &mut dir.entries[index] {
                Entry::Dir(child) => {
                    let child_handle =
                        self.enter(handle, &child.name, child.record.is_none(), &inodes)?;
                    self.path.extend_from_slice(child.name.to_bytes());
                    let ignored = ignored || self.ignore.ignores(&self.path, true);
                    self.path.push(b'/');
                    self.dir(child, &child_handle, ignored, convert_anew)?;
                }
                Entry::Submodule(submodule) => self.submodule(submodule, handle, &inodes)?,
                Entry::File(_) => {}
            }
            self.path.truncate(length);
        }
        let mut index = 0;
        while index < dir.extras.len() {
            let extra = &mut dir.extras[index];
            let mut stays = true;
            if extra.busy || self.list_all {
                let child_handle = handle
                    .open_dir_forced(&extra.name)
                    .map_err(|error| self.failed(extra.name.to_bytes(), error))?;
                self.path.extend_from_slice(extra.name.to_bytes());
                self.path.push(b'/');
                self.dir(extra, &child_handle, ignored, convert_anew)?;
                self.path.truncate(length);
                // What is left in it is ignored or kept; a folder with nothing left goes as well.
                stays = handle.remove_dir(&extra.name).is_err();
            }
            if stays {
                index += 1;
            } else {
                self.done.cleaned += 1;
                dir.extras.remove(index);
            }
        }
        Ok(())
    }

    /// The inodes recorded for the other entries of a folder: meeting one of them under this entry's
    /// name means that the file system takes two names for one. Asked for only where a folder is
    /// entered that has no record yet, which is when that can come out.
    fn child_inodes(&self, dir: &Dir, index: usize) -> Vec<(u64, u64)> {
        if dir.entries[index].recorded_inode().is_some() {
            return Vec::new();
        }
        let mut inodes: Vec<_> = dir
            .entries
            .iter()
            .filter_map(Entry::recorded_inode)
            .collect();
        inodes.sort_unstable();
        inodes
    }

    /// Opens the folder `name`, made where it is not there, with whatever stood in its place removed.
    /// `is_new`: the commit before did not have it.
    fn enter(
        &mut self,
        parent: &DirHandle,
        name: &CStr,
        is_new: bool,
        others: &[(u64, u64)],
    ) -> Result<DirHandle, GitError> {
        if !is_new && let Ok(handle) = parent.open_dir_forced(name) {
            return Ok(handle);
        }
        match parent.make_dir(name) {
            Ok(()) => {}
            Err(Errno::EXIST) => {
                let stat = parent
                    .stat(name)
                    .map_err(|error| self.failed(name.to_bytes(), error))?;
                let is_dir = stat.kind() == FileKind::Directory;
                if others.binary_search(&(stat.dev, stat.ino)).is_ok()
                    && (is_dir || parent.link_count(name) == Ok(1))
                {
                    return Err(self.collision(name));
                }
                if is_dir && is_new && stat.mode != self.usual_mode {
                    // A command made it; now it is the commit's.
                    parent
                        .set_mode(name, self.usual_mode)
                        .map_err(|error| self.failed(name.to_bytes(), error))?;
                }
                if !is_dir {
                    parent
                        .remove_any(name)
                        .map_err(|error| GitError::io(self.shown(name.to_bytes()), error))?;
                    parent
                        .make_dir(name)
                        .map_err(|error| self.failed(name.to_bytes(), error))?;
                }
            }
            Err(error) => return Err(self.failed(name.to_bytes(), error)),
        }
        parent
            .open_dir_forced(name)
            .map_err(|error| self.failed(name.to_bytes(), error))
    }

    fn submodule(
        &mut self,
        submodule: &mut Submodule,
        parent: &DirHandle,
        others: &[(u64, u64)],
    ) -> Result<(), GitError> {
        let handle = self.enter(parent, &submodule.name, submodule.record.is_none(), others)?;
        if !self.with_submodules {
            let names = handle
                .names()
                .map_err(|error| self.failed(submodule.name.to_bytes(), error))?;
            for name in names {
                handle
                    .remove_any(&name)
                    .map_err(|error| GitError::io(self.shown(submodule.name.to_bytes()), error))?;
                self.done.cleaned += 1;
            }
        }
        let stat = handle
            .own_stat()
            .map_err(|error| self.failed(submodule.name.to_bytes(), error))?;
        submodule.record = Some(stat);
        submodule.busy = false;
        Ok(())
    }

    /// Writes the file at `index` if it has to be.
    fn file(
        &mut self,
        dir: &mut Dir,
        index: usize,
        handle: &DirHandle,
        convert_anew: bool,
    ) -> Result<(), GitError> {
        let Entry::File(file) = &mut dir.entries[index] else {
            return Ok(());
        };
        let unwritten = matches!(file.state, FileState::Unwritten(_));
        if !unwritten && !convert_anew {
            return Ok(());
        }
        let conversion = if self.attributes.is_empty() || file.shape == FileShape::Symlink {
            Conversion::default()
        } else {
            let length = self.path.len();
            self.path.extend_from_slice(file.name.to_bytes());
            let attributes = self.attributes.of(&self.path);
            self.path.truncate(length);
            Conversion::new(&attributes)
        };
        if !unwritten && conversion == file.conversion {
            return Ok(());
        }
        file.conversion = conversion;
        let cause = match file.state {
            FileState::Unwritten(cause) => cause,
            _ => Cause::Commit { intact: true },
        };
        let intact = matches!(cause, Cause::Commit { intact: true });
        let (content, stat) = self.write(dir, index, handle, intact)?;
        if let Entry::File(file) = &mut dir.entries[index] {
            file.content = content;
            file.state = FileState::Recorded(stat);
        }
        match cause {
            Cause::Commit { .. } => self.done.written += 1,
            Cause::Damage => self.done.restored += 1,
        }
        Ok(())
    }

    /// Writes the file at `index` under its name: over its old version where that is intact, else
    /// anew, with whatever has its name removed. The name of its content and its record.
    fn write(
        &mut self,
        dir: &Dir,
        index: usize,
        handle: &DirHandle,
        intact: bool,
    ) -> Result<(Oid, FileStat), GitError> {
        let Entry::File(file) = &dir.entries[index] else {
            unreachable!("only files are written")
        };
        let mut how = if intact { How::Over } else { How::Anew };
        loop {
            let mut writer = FileWriter {
                objects: self.objects,
                lfs: self.lfs,
                handle,
                folder: &self.path,
                done: &mut self.done,
            };
            match writer.write(file, how)? {
                Ok(written) => return Ok(written),
                Err(Errno::EXIST) => {
                    self.free(dir, index, handle)?;
                    how = How::Anew;
                }
                Err(Errno::NAMETOOLONG | Errno::INVAL | Errno::ILSEQ | Errno::NOENT) => {
                    return Err(unrepresentable(
                        self.commit,
                        &self.path,
                        file.name.to_bytes(),
                        "this file system cannot hold it",
                    ));
                }
                Err(error) => return Err(self.failed(file.name.to_bytes(), error)),
            }
        }
    }

    /// Removes what stands where a file is to be written, unless that is another tracked file.
    fn free(&mut self, dir: &Dir, index: usize, handle: &DirHandle) -> Result<(), GitError> {
        let name = dir.entries[index].name();
        let stat = handle
            .stat(name)
            .map_err(|error| self.failed(name.to_bytes(), error))?;
        let obstacle = Some((stat.dev, stat.ino));
        let is_other =
            |(other, entry): (usize, &Entry)| other != index && entry.recorded_inode() == obstacle;
        // A file with several names may be one that a command linked, which is no collision.
        if dir.entries.iter().enumerate().any(is_other)
            && (stat.kind() == FileKind::Directory || handle.link_count(name) == Ok(1))
        {
            return Err(self.collision(name));
        }
        handle
            .remove_any(name)
            .map_err(|error| GitError::io(self.shown(name.to_bytes()), error))
    }

    fn collision(&self, name: &CStr) -> GitError {
        unrepresentable(
            self.commit,
            &self.path,
            name.to_bytes(),
            "this file system takes it and another path of the commit for one; keep the slots on a \
             case-sensitive file system with --cache-dir",
        )
    }

    pub(super) fn shown(&self, name: &[u8]) -> std::path::PathBuf {
        super::display_path(&self.path, name)
    }

    pub(super) fn failed(&self, name: &[u8], error: Errno) -> GitError {
        GitError::io(self.shown(name), error)
    }
}

#[cfg(test)]
#[path = "settle_tests.rs"]
mod tests;
