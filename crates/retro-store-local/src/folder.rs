//! An open folder, and what is done below it without following any link.
//!
//! Every step goes from one open folder to the next and refuses links, so nobody can lead a path
//! out of the data directory by exchanging a folder for a link.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags};

/// An open folder.
#[derive(Debug)]
pub(crate) struct Folder(OwnedFd);

const FOLDER: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);
/// Folders and files are for their owner: logs may hold what is nobody else's business.
const FOLDER_MODE: Mode = Mode::RWXU;
/// The mode of stored files.
pub(crate) const FILE_MODE: Mode = Mode::RUSR.union(Mode::WUSR);
/// What is deployed is for others to see.
const PUBLIC_FOLDER_MODE: Mode = Mode::RWXU
    .union(Mode::RGRP)
    .union(Mode::XGRP)
    .union(Mode::ROTH)
    .union(Mode::XOTH);
pub(crate) const PUBLIC_FILE_MODE: Mode = FILE_MODE.union(Mode::RGRP).union(Mode::ROTH);
/// Another process may remove an empty folder between its making and its opening.
const ATTEMPTS: u32 = 100;

impl Folder {
    pub(crate) fn new(fd: OwnedFd) -> Self {
        Self(fd)
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    /// The folder one step down; `None` when there is nothing.
    pub(crate) fn child(&self, part: &str) -> io::Result<Option<Self>> {
        match rustix::fs::openat(&self.0, part, FOLDER, Mode::empty()) {
            Ok(fd) => Ok(Some(Self(fd))),
            Err(rustix::io::Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The folder at the end of `parts`; `None` when there is nothing.
    pub(crate) fn descend(self, parts: &[impl AsRef<str>]) -> io::Result<Option<Self>> {
        let mut folder = self;
        for part in parts {
            match folder.child(part.as_ref())? {
                Some(child) => folder = child,
                None => return Ok(None),
            }
        }
        Ok(Some(folder))
    }

    /// The same open folder again.
    pub(crate) fn clone_handle(&self) -> io::Result<Self> {
        Ok(Self(self.0.try_clone()?))
    }

    /// The folder at the end of `parts`, made where absent.
    pub(crate) fn make(&self, parts: &[impl AsRef<str>]) -> io::Result<Self> {
        self.make_in_mode(parts, FOLDER_MODE)
    }

    /// The same, for others to read where the process's mask of modes says so.
    pub(crate) fn make_public(&self, parts: &[impl AsRef<str>]) -> io::Result<Self> {
        self.make_in_mode(parts, PUBLIC_FOLDER_MODE)
    }

    fn make_in_mode(&self, parts: &[impl AsRef<str>], mode: Mode) -> io::Result<Self> {
        for _ in 0..ATTEMPTS {
            if let Some(folder) = self.try_make(parts, mode)? {
                return Ok(folder);
            }
        }
        Err(io::Error::other(
            "its folders are removed as fast as they are made",
        ))
    }

    fn try_make(&self, parts: &[impl AsRef<str>], mode: Mode) -> io::Result<Option<Self>> {
        let mut folder = Self(self.0.try_clone()?);
        for part in parts {
            let part = part.as_ref();
            if let Some(child) = folder.child(part)? {
                folder = child;
                continue;
            }
            match rustix::fs::mkdirat(&folder.0, part, mode) {
                Ok(()) | Err(rustix::io::Errno::EXIST) => {}
                Err(rustix::io::Errno::NOENT) => return Ok(None),
                Err(error) => return Err(error.into()),
            }
            match folder.child(part)? {
                Some(child) => folder = child,
                None => return Ok(None),
            }
        }
        Ok(Some(folder))
    }

    /// The folder that a name is in, and the name's last part; `None` when the folder is absent.
    fn parent<'a>(&self, name: &'a str) -> io::Result<Option<(Self, &'a str)>> {
        let folder = Self(self.0.try_clone()?);
        match name.rsplit_once('/') {
            None => Ok(Some((folder, name))),
            Some((parents, leaf)) => {
                let parents: Vec<&str> = parents.split('/').collect();
                Ok(folder.descend(&parents)?.map(|folder| (folder, leaf)))
            }
        }
    }

    /// The regular file of a name, opened for reading; `None` when there is nothing.
    pub(crate) fn open_file(&self, name: &str) -> io::Result<Option<File>> {
        let Some((folder, leaf)) = self.parent(name)? else {
            return Ok(None);
        };
        // Opening a pipe would wait for its writer.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let file = match rustix::fs::openat(&folder.0, leaf, flags, Mode::empty()) {
            Ok(fd) => File::from(fd),
            Err(rustix::io::Errno::NOENT) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        if file.metadata()?.is_file() {
            Ok(Some(file))
        } else {
            Err(io::Error::other("it is not a regular file"))
        }
    }

    /// The size of the file of a name; `None` when there is nothing.
    pub(crate) fn size_of(&self, name: &str) -> io::Result<Option<u64>> {
        let Some((folder, leaf)) = self.parent(name)? else {
            return Ok(None);
        };
        match rustix::fs::statat(&folder.0, leaf, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile => {
                Ok(Some(u64::try_from(stat.st_size).unwrap_or(0)))
            }
            Ok(_) => Err(io::Error::other("it is not a regular file")),
            Err(rustix::io::Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether there is anything of this name directly in the folder.
    pub(crate) fn exists(&self, leaf: &str) -> io::Result<bool> {
        match rustix::fs::statat(&self.0, leaf, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) => Ok(true),
            Err(rustix::io::Errno::NOENT) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes what is at the end of `parts` and the folders above it that become empty.
    pub(crate) fn remove_scope(&self, parts: &[String]) -> io::Result<()> {
        let Some((leaf, parents)) = parts.split_last() else {
            return Ok(());
        };
        let root = Self(self.0.try_clone()?);
        let Some(parent) = root.descend(parents)? else {
            return Ok(());
        };
        if let Some(folder) = parent.child(leaf)? {
            // Without its manifest it is no scope any more, should the rest take a crash to finish.
            match rustix::fs::unlinkat(&folder.0, retro_store::MANIFEST_NAME, AtFlags::empty()) {
                Ok(()) | Err(rustix::io::Errno::NOENT) => {}
                Err(error) => return Err(error.into()),
            }
            folder.empty()?;
        }
        for end in (1..=parts.len()).rev() {
            let root = Self(self.0.try_clone()?);
            let Some(folder) = root.descend(&parts[..end - 1])? else {
                continue;
            };
            use rustix::io::Errno;
            match rustix::fs::unlinkat(&folder.0, parts[end - 1].as_str(), AtFlags::REMOVEDIR) {
                Ok(()) | Err(Errno::NOENT) => {}
                Err(Errno::NOTEMPTY | Errno::EXIST) => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Removes everything in the folder.
    fn empty(&self) -> io::Result<()> {
        for (name, is_folder) in self.list()? {
            if is_folder && let Some(child) = self.child(&name)? {
                child.empty()?;
            }
            let flags = if is_folder {
                AtFlags::REMOVEDIR
            } else {
                AtFlags::empty()
            };
            match rustix::fs::unlinkat(&self.0, name.as_str(), flags) {
                Ok(()) | Err(rustix::io::Errno::NOENT) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// What is in the folder, and which of it are folders.
    pub(crate) fn list(&self) -> io::Result<Vec<(String, bool)>> {
        let mut entries = Vec::new();
        for entry in Dir::read_from(&self.0)? {
            let entry = entry?;
            // Everything in the data directory was named by this store, in UTF-8.
            let Ok(name) = entry.file_name().to_str() else {
                continue;
            };
            if name == "." || name == ".." {
                continue;
            }
            let kind = match entry.file_type() {
                FileType::Unknown => {
                    let stat = rustix::fs::statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW)?;
                    FileType::from_raw_mode(stat.st_mode)
                }
                known => known,
            };
            entries.push((name.to_owned(), kind == FileType::Directory));
        }
        Ok(entries)
    }

    /// The bytes of all files below the folder.
    pub(crate) fn total_size(&self) -> io::Result<u64> {
        let mut total = 0;
        for (name, is_folder) in self.list()? {
            total += if is_folder {
                match self.child(&name)? {
                    Some(child) => child.total_size()?,
                    None => 0,
                }
            } else {
                self.size_of(&name).ok().flatten().unwrap_or(0)
            };
        }
        Ok(total)
    }
}
