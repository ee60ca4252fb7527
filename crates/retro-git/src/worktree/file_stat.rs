//! What the file system says of a file, and when its word can be trusted.

use std::fs::File;
use std::io;
use std::path::Path;

use rustix::fs::{Stat, Timespec, Timestamps, UTIME_NOW};

/// A time as a file system keeps it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stamp {
    pub(crate) seconds: i64,
    pub(crate) nanos: u32,
}

/// Everything that changes when a file does. The access time is left out: reading is no change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FileStat {
    pub(crate) ctime: Stamp,
    pub(crate) mtime: Stamp,
    pub(crate) dev: u64,
    pub(crate) ino: u64,
    pub(crate) size: u64,
    pub(crate) mode: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

/// The kinds of things a path can be, as far as git cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileKind {
    Regular,
    Symlink,
    Directory,
    /// A socket, a pipe, a device: nothing git keeps.
    Special,
}

impl FileStat {
    #[expect(
        clippy::unnecessary_cast,
        reason = "the widths of these fields differ between platforms"
    )]
    pub(crate) fn new(stat: &Stat) -> Self {
        Self {
            ctime: Stamp {
                seconds: stat.st_ctime as i64,
                nanos: stat.st_ctime_nsec as u32,
            },
            mtime: Stamp {
                seconds: stat.st_mtime as i64,
                nanos: stat.st_mtime_nsec as u32,
            },
            dev: stat.st_dev as u64,
            ino: stat.st_ino as u64,
            size: stat.st_size as u64,
            mode: stat.st_mode as u32,
            uid: stat.st_uid,
            gid: stat.st_gid,
        }
    }

    pub(crate) fn kind(&self) -> FileKind {
        match self.mode & 0o170_000 {
            0o100_000 => FileKind::Regular,
            0o120_000 => FileKind::Symlink,
            0o040_000 => FileKind::Directory,
            _ => FileKind::Special,
        }
    }
}

/// The clock that the file system of a slot stamps changes with.
///
/// A recorded [`FileStat`] proves that a file is unchanged only when a change made right after the
/// record would have got a later ctime. File systems differ in how finely they stamp (a nanosecond, a
/// scheduler tick, two seconds) and whose clock they use (this machine's, a server's), so the clock
/// is asked of the file system itself: whatever changes after a [`tick`](FsClock::tick) gets a ctime
/// that is not before the tick's, so a record whose ctime is *before* the tick can be trusted and any
/// other must be confirmed by reading the file.
pub(crate) struct FsClock(File);

impl FsClock {
    /// A clock that stamps the file at `path`, which is made when it is not there.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)?;
        Ok(Self(file))
    }

    /// The present moment as the file system tells it.
    pub(crate) fn tick(&self) -> io::Result<Stamp> {
        let now = Timespec {
            tv_sec: 0,
            tv_nsec: UTIME_NOW,
        };
        rustix::fs::futimens(
            &self.0,
            &Timestamps {
                last_access: now,
                last_modification: now,
            },
        )?;
        Ok(FileStat::new(&rustix::fs::fstat(&self.0)?).ctime)
    }
}
