//! Folders held open, so that no path is ever walked through a symbolic link.

use std::ffi::{CStr, CString};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{AtFlags, Dir, Mode, OFlags};
use rustix::io::Errno;

use super::file_stat::{FileKind, FileStat};

/// An open folder. Every operation takes one name in it, and none follows a symbolic link.
pub(crate) struct DirHandle(OwnedFd);

/// The flags of a handle that serves only as a place to start from.
#[cfg(any(target_os = "linux", target_os = "android"))]
const PLACE: OFlags = OFlags::PATH;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const PLACE: OFlags = OFlags::RDONLY;

fn folder_flags(access: OFlags) -> OFlags {
    access | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC
}

impl DirHandle {
    /// Opens the folder at a path of git-retro's own; its last part must not be a symbolic link.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let fd = rustix::fs::open(path, folder_flags(PLACE), Mode::empty())?;
        Ok(Self(fd))
    }

    pub(crate) fn open_dir(&self, name: &CStr) -> Result<Self, Errno> {
        rustix::fs::openat(&self.0, name, folder_flags(PLACE), Mode::empty()).map(Self)
    }

    /// The folder's own record.
    pub(crate) fn own_stat(&self) -> Result<FileStat, Errno> {
        rustix::fs::fstat(&self.0).map(|stat| FileStat::new(&stat))
    }

    pub(crate) fn stat(&self, name: &CStr) -> Result<FileStat, Errno> {
        rustix::fs::statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW)
            .map(|stat| FileStat::new(&stat))
    }

    /// How many names the file has on its file system.
    #[expect(
        clippy::unnecessary_cast,
        reason = "the width of this field differs between platforms"
    )]
    pub(crate) fn link_count(&self, name: &CStr) -> Result<u64, Errno> {
        rustix::fs::statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW)
            .map(|stat| stat.st_nlink as u64)
    }

    /// The names in the folder, without `.` and `..`, in no order.
    pub(crate) fn names(&self) -> Result<Vec<CString>, Errno> {
        let readable =
            rustix::fs::openat(&self.0, c".", folder_flags(OFlags::RDONLY), Mode::empty())?;
        let mut names = Vec::new();
        for entry in Dir::new(readable)? {
            let entry = entry?;
            let name = entry.file_name();
            if name != c"." && name != c".." {
                names.push(name.to_owned());
            }
        }
        Ok(names)
    }

    /// Opens a file for reading. The caller knows that it was a regular file a moment ago; should a
    /// pipe have taken its place, this does not wait for a writer.
    pub(crate) fn open_file(&self, name: &CStr) -> Result<File, Errno> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        rustix::fs::openat(&self.0, name, flags, Mode::empty()).map(File::from)
    }

    /// Makes a new file; fails with [`Errno::EXIST`] when the name is taken, by whatever it is.
    pub(crate) fn create_file(&self, name: &CStr, executable: bool) -> Result<File, Errno> {
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = if executable { 0o777 } else { 0o666 };
        rustix::fs::openat(&self.0, name, flags, Mode::from_raw_mode(mode)).map(File::from)
    }

    pub(crate) fn make_symlink(&self, name: &CStr, target: &[u8]) -> Result<(), Errno> {
        rustix::fs::symlinkat(target, &self.0, name)
    }

    pub(crate) fn read_link(&self, name: &CStr) -> Result<Vec<u8>, Errno> {
        rustix::fs::readlinkat(&self.0, name, Vec::new()).map(CString::into_bytes)
    }

    pub(crate) fn make_dir(&self, name: &CStr) -> Result<(), Errno> {
        rustix::fs::mkdirat(&self.0, name, Mode::from_raw_mode(0o777))
    }

    /// Removes a file or link; [`Errno::NOENT`] counts as done.
    pub(crate) fn remove_file(&self, name: &CStr) -> Result<(), Errno> {
        match rustix::fs::unlinkat(&self.0, name, AtFlags::empty()) {
            Err(Errno::NOENT) => Ok(()),
            other => other,
        }
    }

    /// Removes an empty folder.
    pub(crate) fn remove_dir(&self, name: &CStr) -> Result<(), Errno> {
        rustix::fs::unlinkat(&self.0, name, AtFlags::REMOVEDIR)
    }

    pub(crate) fn set_mode(&self, name: &CStr, mode: u32) -> Result<(), Errno> {
        let bits = Mode::from_bits_truncate((mode & 0o7777) as rustix::fs::RawMode);
        rustix::fs::chmodat(&self.0, name, bits, AtFlags::empty())
    }

    pub(crate) fn rename(&self, from: &CStr, to: &Self, name: &CStr) -> Result<(), Errno> {
        rustix::fs::renameat(&self.0, from, &to.0, name)
    }

    /// Makes a file hold exactly this, whatever had its name.
    ///
    /// A file that is nobody else's is written over where it stands, which costs a fraction of a new
    /// one. A crash may leave it half written.
    pub(crate) fn write_file(&self, name: &CStr, content: &[u8]) -> io::Result<FileStat> {
        let mut file = match self.open_to_overwrite(name) {
            Some(file) => file,
            None => {
                self.remove_any(name)?;
                self.create_file(name, false)?
            }
        };
        overwrite(&mut file, content)
    }

    /// Opens a file that can be written over: a regular one with no other name, which its owner may
    /// write. `None` for everything else.
    pub(crate) fn open_to_overwrite(&self, name: &CStr) -> Option<File> {
        let flags = OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(&self.0, name, flags, Mode::empty()).ok()?;
        let stat = rustix::fs::fstat(&fd).ok()?;
        let is_ours = FileStat::new(&stat).kind() == FileKind::Regular && stat.st_nlink == 1;
        is_ours.then(|| File::from(fd))
    }

    /// Removes whatever has this name, with everything below it; nothing there counts as done.
    ///
    /// Folders that do not let their owner in are opened up first. Folders nested deeper than file
    /// descriptors last are moved up and removed from there.
    pub(crate) fn remove_any(&self, name: &CStr) -> io::Result<()> {
        match self.remove_file(name) {
            Ok(()) => Ok(()),
            // Linux says EISDIR, other systems EPERM, and a folder without its owner's search
            // permission is found out when it is opened.
            Err(Errno::ISDIR | Errno::PERM) => super::remove_tree::remove_tree(self, name),
            Err(error) => Err(error.into()),
        }
    }

    /// Opens the folder `name`, letting its owner in when the permissions do not.
    pub(crate) fn open_dir_forced(&self, name: &CStr) -> Result<Self, Errno> {
        let stat = self.stat(name)?;
        if stat.kind() != FileKind::Directory {
            return Err(Errno::NOTDIR);
        }
        if stat.mode & 0o700 != 0o700 {
            self.set_mode(name, stat.mode | 0o700)?;
        }
        self.open_dir(name)
    }
}

/// Writes over a file from its start, and cuts what was longer. It is never cut to nothing first:
/// some file systems take that for the replacement of something precious and write it out at once.
pub(crate) fn overwrite(file: &mut File, content: &[u8]) -> io::Result<FileStat> {
    io::Write::write_all(file, content)?;
    let stat = FileStat::new(&rustix::fs::fstat(&*file)?);
    if stat.size == content.len() as u64 {
        return Ok(stat);
    }
    rustix::fs::ftruncate(&*file, content.len() as u64)?;
    Ok(FileStat::new(&rustix::fs::fstat(&*file)?))
}
