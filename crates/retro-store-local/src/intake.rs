//! How content gets into a folder: under a temporary name, then by a rename.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use retro_domain::Digest256;
use retro_store::ArtifactEntry;
use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};

use crate::folder::{FILE_MODE, Folder, PUBLIC_FILE_MODE};

/// What came in.
pub(crate) struct Stored {
    pub(crate) size: u64,
    pub(crate) digest: Digest256,
}

impl Stored {
    /// What these bytes are when stored.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self {
            size: bytes.len() as u64,
            digest: Digest256::of(bytes),
        }
    }

    /// The manifest's entry for it.
    pub(crate) fn entry(&self, name: &str) -> ArtifactEntry {
        ArtifactEntry {
            name: name.to_owned(),
            size: self.size,
            digest: self.digest,
        }
    }
}

/// Stores bytes under a name, over what was there.
pub(crate) fn write(scope: &Folder, name: &str, bytes: &[u8]) -> io::Result<Stored> {
    let (folder, leaf) = target(scope, name)?;
    let temporary = Temporary::create(&folder)?;
    (&temporary.file).write_all(bytes)?;
    temporary.rename(leaf)?;
    Ok(Stored::of(bytes))
}

/// Stores what is left to read under a name, over what was there, for others to read.
pub(crate) fn publish(scope: &Folder, name: &str, source: &mut File) -> io::Result<Stored> {
    let (parents, leaf) = split(name);
    let folder = scope.make_public(&parents)?;
    let temporary = Temporary::create_in_mode(&folder, PUBLIC_FILE_MODE)?;
    let stored = copy(source, &temporary.file)?;
    temporary.rename(leaf)?;
    Ok(stored)
}

/// Stores bytes under a name of the folder itself unless there is something: then `false`.
pub(crate) fn write_once(folder: &Folder, leaf: &str, bytes: &[u8]) -> io::Result<bool> {
    let temporary = Temporary::create(folder)?;
    (&temporary.file).write_all(bytes)?;
    // A link, unlike a rename, never replaces anything. The temporary name goes with the guard.
    match rustix::fs::linkat(
        folder.fd(),
        temporary.name.as_str(),
        folder.fd(),
        leaf,
        AtFlags::empty(),
    ) {
        Ok(()) => Ok(true),
        Err(Errno::EXIST) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Moves a regular file in under a name, or copies it and removes it where it was.
pub(crate) fn take(scope: &Folder, name: &str, path: &Path) -> io::Result<Stored> {
    let (folder, leaf) = target(scope, name)?;
    // Opening a pipe would wait for its writer.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let mut source = match rustix::fs::openat(CWD, path, flags, Mode::empty()) {
        Ok(fd) => File::from(fd),
        Err(Errno::LOOP) => return Err(not_regular(path)),
        Err(error) => {
            let error = io::Error::from(error);
            let why = format!("{}: {error}", path.display());
            return Err(io::Error::new(error.kind(), why));
        }
    };
    let metadata = source.metadata()?;
    if !metadata.is_file() {
        return Err(not_regular(path));
    }
    // Another name of the same file would let others change what is stored.
    if metadata.nlink() == 1 {
        let stored = digest_of(&mut source)?;
        let temporary = Temporary::name();
        match rustix::fs::renameat(CWD, path, folder.fd(), temporary.as_str()) {
            Ok(()) => return settle(&folder, &temporary, leaf, &metadata, stored),
            Err(Errno::XDEV) => {}
            Err(error) => return Err(error.into()),
        }
        io::Seek::rewind(&mut source)?;
    }
    let temporary = Temporary::create(&folder)?;
    let stored = copy(&mut source, &temporary.file)?;
    temporary.rename(leaf)?;
    std::fs::remove_file(path)?;
    Ok(stored)
}

/// Gives a file that was moved in its name, once it is sure to be the one that was read.
fn settle(
    folder: &Folder,
    temporary: &str,
    leaf: &str,
    read: &std::fs::Metadata,
    stored: Stored,
) -> io::Result<Stored> {
    let Some(mut moved) = folder.open_file(temporary)? else {
        return Err(io::Error::other("it was removed while it was stored"));
    };
    let metadata = moved.metadata()?;
    let same_file = (metadata.dev(), metadata.ino()) == (read.dev(), read.ino());
    let stored = if same_file && metadata.len() == stored.size {
        stored
    } else {
        digest_of(&mut moved)?
    };
    rustix::fs::fchmod(&moved, FILE_MODE)?;
    rustix::fs::renameat(folder.fd(), temporary, folder.fd(), leaf)?;
    Ok(stored)
}

/// The size and digest of what is left to read.
pub(crate) fn digest_of(file: &mut File) -> io::Result<Stored> {
    copy(file, io::sink())
}

/// Copies to the end and digests on the way.
fn copy(source: &mut File, mut sink: impl Write) -> io::Result<Stored> {
    let mut hasher = Sha256::new();
    let mut size = 0;
    let mut buffer = vec![0; 64 << 10];
    loop {
        let len = match source.read(&mut buffer) {
            Ok(0) => break,
            Ok(len) => len,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hasher.update(&buffer[..len]);
        sink.write_all(&buffer[..len])?;
        size += len as u64;
    }
    Ok(Stored {
        size,
        digest: Digest256::from_bytes(hasher.finalize().into()),
    })
}

/// The first `limit` bytes of a file.
pub(crate) fn read_up_to(file: File, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The folder a name belongs into, made where absent, and its last part.
fn target<'a>(scope: &Folder, name: &'a str) -> io::Result<(Folder, &'a str)> {
    let (parents, leaf) = split(name);
    Ok((scope.make(&parents)?, leaf))
}

fn split(name: &str) -> (Vec<&str>, &str) {
    match name.rsplit_once('/') {
        None => (Vec::new(), name),
        Some((parents, leaf)) => (parents.split('/').collect(), leaf),
    }
}

fn not_regular(path: &Path) -> io::Error {
    io::Error::other(format!("{} is not a regular file", path.display()))
}

/// A new file under a name that no artifact may have, removed unless it is renamed.
struct Temporary<'a> {
    folder: &'a Folder,
    name: String,
    file: File,
}

impl<'a> Temporary<'a> {
    fn name() -> String {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let prefix = retro_store::TEMPORARY_PREFIX;
        format!("{prefix}{}-{count}", std::process::id())
    }

    fn create(folder: &'a Folder) -> io::Result<Self> {
        Self::create_in_mode(folder, FILE_MODE)
    }

    fn create_in_mode(folder: &'a Folder, mode: Mode) -> io::Result<Self> {
        let name = Self::name();
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::NOFOLLOW;
        let fd = rustix::fs::openat(folder.fd(), name.as_str(), flags | OFlags::CLOEXEC, mode)?;
        Ok(Self {
            folder,
            name,
            file: fd.into(),
        })
    }

    fn rename(self, leaf: &str) -> io::Result<()> {
        let fd = self.folder.fd();
        rustix::fs::renameat(fd, self.name.as_str(), fd, leaf)?;
        Ok(())
    }
}

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        // After a rename there is nothing of this name; a failure leaves garbage that goes with
        // the scope.
        let _ = rustix::fs::unlinkat(self.folder.fd(), self.name.as_str(), AtFlags::empty());
    }
}
