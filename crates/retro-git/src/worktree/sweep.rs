//! Finding out what a command did to a work tree, without ever missing anything.
//!
//! Every tracked file's record is compared with what the file system says now. A record that was
//! made in the same tick as the last change proves nothing, so such a file is read. Folders tell by
//! the same rule whether something came or went in them; only those that do are listed later.

use git2::Oid;
use rustix::io::Errno;

use super::content::{blob_id, blob_id_of};
use super::dir_handle::DirHandle;
use super::file_stat::{FileKind, FileStat, Stamp};
use super::tracked::{Cause, Dir, Entry, File, FileShape, FileState, Submodule};
use crate::GitError;

pub(crate) struct Sweep {
    /// Records whose ctime is before this can be trusted.
    tick: Stamp,
    /// Something changed an ignore file, so that nothing is known of what is ignored.
    pub(crate) ignore_changed: bool,
    /// The permissions that a new folder gets.
    usual_mode: u32,
    path: Vec<u8>,
}

impl Sweep {
    pub(crate) fn new(tick: Stamp, usual_mode: u32) -> Self {
        Self {
            tick,
            ignore_changed: false,
            usual_mode,
            path: Vec::new(),
        }
    }

    /// Marks what is to be done in `dir`, which is open as `handle`, and below. Whether there is
    /// anything.
    pub(crate) fn dir(&mut self, dir: &mut Dir, handle: &DirHandle) -> Result<bool, GitError> {
        let stat = handle.own_stat().map_err(|error| self.failed(b"", error))?;
        self.inside(dir, handle, stat)
    }

    /// The same for a folder of which the file system says `stat`.
    fn inside(
        &mut self,
        dir: &mut Dir,
        handle: &DirHandle,
        stat: FileStat,
    ) -> Result<bool, GitError> {
        if !dir.record.is_some_and(|record| self.proves(record, stat)) {
            dir.list = true;
        }
        let mut busy = dir.list || dir.busy;
        let length = self.path.len();
        for entry in &mut dir.entries {
            busy |= match entry {
                Entry::File(file) => self.file(file, handle)?,
                Entry::Submodule(submodule) => self.submodule(submodule, handle),
                Entry::Dir(child) => {
                    self.path.extend_from_slice(child.name.to_bytes());
                    self.path.push(b'/');
                    let child_busy = self.child(child, handle)?;
                    self.path.truncate(length);
                    child_busy
                }
            };
        }
        for extra in &mut dir.extras {
            self.path.extend_from_slice(extra.name.to_bytes());
            self.path.push(b'/');
            busy |= self.child(extra, handle)?;
            self.path.truncate(length);
        }
        if let Some(local) = &dir.local_ignore
            && !handle
                .stat(c".gitignore")
                .is_ok_and(|stat| self.proves(local.stat, stat))
        {
            dir.list = true;
            self.ignore_changed = true;
            busy = true;
        }
        dir.busy = busy;
        Ok(busy)
    }

    fn child(&mut self, dir: &mut Dir, parent: &DirHandle) -> Result<bool, GitError> {
        let handle = match parent.open_dir(&dir.name) {
            Ok(handle) => handle,
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::ACCESS) => {
                dir.forget();
                return Ok(true);
            }
            Err(error) => return Err(self.failed(b"", error)),
        };
        let stat = handle.own_stat().map_err(|error| self.failed(b"", error))?;
        // A folder is given back the permissions it had. One that no commit has may keep its own, as
        // long as its owner can work in it.
        let wanted = match dir.record {
            Some(record) => record.mode,
            None if dir.tree.is_zero() => stat.mode | 0o700,
            None => self.usual_mode,
        };
        if stat.mode != wanted {
            parent
                .set_mode(&dir.name, wanted)
                .map_err(|error| self.failed(b"", error))?;
            dir.list = true;
        }
        self.inside(dir, &handle, stat)
    }

    fn file(&mut self, file: &mut File, handle: &DirHandle) -> Result<bool, GitError> {
        let stat = match handle.stat(&file.name) {
            Ok(stat) => stat,
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::ACCESS) => {
                file.state = FileState::Unwritten(Cause::Damage);
                return Ok(true);
            }
            Err(error) => return Err(self.failed(file.name.to_bytes(), error)),
        };
        let may_match = match file.state {
            FileState::Recorded(record) if self.proves(record, stat) => return Ok(false),
            FileState::Unwritten(_) => return Ok(true),
            FileState::Recorded(record) => record.mode == stat.mode && record.size == stat.size,
            FileState::Unverified => could_be(file.shape, stat, self.usual_mode),
        };
        if may_match && holds(file, stat, handle).unwrap_or(false) {
            file.state = FileState::Recorded(stat);
            Ok(false)
        } else {
            file.state = FileState::Unwritten(Cause::Damage);
            // An ignore file that was changed for a while may have hidden what came meanwhile.
            self.ignore_changed |= file.name.to_bytes() == b".gitignore";
            Ok(true)
        }
    }

    fn submodule(&self, submodule: &mut Submodule, handle: &DirHandle) -> bool {
        let unchanged = submodule.record.is_some_and(|record| {
            handle
                .stat(&submodule.name)
                .is_ok_and(|stat| self.proves(record, stat))
        });
        submodule.busy |= !unchanged;
        submodule.busy
    }

    /// Whether nothing changed between `record` and `now`.
    fn proves(&self, record: FileStat, now: FileStat) -> bool {
        record == now && record.ctime < self.tick
    }

    fn failed(&self, name: &[u8], error: Errno) -> GitError {
        GitError::io(super::display_path(&self.path, name), error)
    }
}

/// Whether a file nothing is known of can be what it should be, before it is read: its kind and its
/// permissions are those that a new one would get.
fn could_be(shape: FileShape, stat: FileStat, usual_mode: u32) -> bool {
    let permissions = match shape {
        FileShape::Symlink => return stat.kind() == FileKind::Symlink,
        FileShape::Regular => usual_mode & 0o666,
        FileShape::Executable => usual_mode & 0o777,
    };
    stat.kind() == FileKind::Regular && stat.mode & 0o7777 == permissions
}

/// Whether a file of the right kind has its content. What cannot be read does not.
fn holds(file: &File, stat: FileStat, handle: &DirHandle) -> std::io::Result<bool> {
    let found: Option<Oid> = match file.shape {
        FileShape::Symlink => Some(blob_id(&handle.read_link(&file.name)?)),
        FileShape::Regular | FileShape::Executable => {
            blob_id_of(handle.open_file(&file.name)?, stat.size)?
        }
    };
    Ok(found == Some(file.content))
}

#[cfg(test)]
mod tests {
    use std::ffi::CString;

    use super::*;
    use crate::rules::conversion::Conversion;

    /// A folder with one file that was changed after it was recorded, in a moment so short that the
    /// file system says the same of it as before. `later`: the records were made in a later moment than
    /// the file's, so that this could not be.
    fn check(later: bool, is_found: bool) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("file"), "now this").unwrap();
        let handle = DirHandle::open(folder.path()).unwrap();
        let stat = handle.stat(c"file").unwrap();
        let mut dir = Dir::unknown(CString::default().into_boxed_c_str());
        dir.entries.push(Entry::File(File {
            name: c"file".into(),
            id: blob_id(b"was that"),
            content: blob_id(b"was that"),
            shape: FileShape::Regular,
            conversion: Conversion::default(),
            state: FileState::Recorded(stat),
        }));
        let mut tick = stat.ctime;
        tick.nanos += u32::from(later);
        Sweep::new(tick, 0o40_755).dir(&mut dir, &handle).unwrap();
        let expected = if is_found {
            FileState::Unwritten(Cause::Damage)
        } else {
            FileState::Recorded(stat)
        };
        assert!(matches!(&dir.entries[0], Entry::File(file) if file.state == expected));
    }

    #[test]
    fn a_record_of_the_same_tick_proves_nothing() {
        check(false, true);
    }

    #[test]
    fn a_record_of_an_earlier_tick_is_not_read_again() {
        check(true, false);
    }

    #[test]
    fn a_folder_is_listed_unless_its_record_proves_it_unchanged() {
        let folder = tempfile::tempdir().unwrap();
        let handle = DirHandle::open(folder.path()).unwrap();
        let stat = handle.own_stat().unwrap();
        let lists = |later: u32| {
            let mut dir = Dir::unknown(CString::default().into_boxed_c_str());
            (dir.record, dir.list, dir.busy) = (Some(stat), false, false);
            let mut tick = stat.ctime;
            tick.nanos += later;
            Sweep::new(tick, 0o40_755).dir(&mut dir, &handle).unwrap();
            dir.list
        };
        assert!(lists(0));
        assert!(!lists(1));
        std::fs::write(folder.path().join("new"), "").unwrap();
        assert!(lists(1));
    }
}
