//! The files of a folder that is synchronised, found and opened without following any link.
//!
//! Every step goes from one open folder to the next, so nobody leads a path out of the folder by
//! exchanging a part of it for a link.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use retro_domain::Digest256;
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags};
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};

use crate::synced_name::is_synced_name;
use crate::{SYNC_MANIFEST_NAME, StoreError};

/// Folders inside each other; each is open while it is listed.
const MAX_DEPTH: usize = 100;
const FOLDER: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);
/// Opening a pipe would wait for its writer.
const FILE: OFlags = OFlags::RDONLY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC)
    .union(OFlags::NONBLOCK);

/// An open folder. Clones share it.
#[derive(Clone, Debug)]
pub struct OutputFolder {
    folder: Arc<OwnedFd>,
    /// For messages.
    path: PathBuf,
}

/// A file of it, as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputFile {
    /// Its path below the folder, with `/` between parts.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// When it was last changed in any way, in nanoseconds since 1970. This is the time that no
    /// program sets as it likes: builds give all of their files one and the same time of change.
    pub changed: i128,
}

/// What is in a folder.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    pub(crate) files: Vec<OutputFile>,
    pub(crate) left_out: Vec<String>,
}

impl OutputFolder {
    /// Opens `output` below `root`; `None` when there is nothing. The root may be a link; nothing
    /// below it may.
    pub(crate) fn open(root: &Path, output: &str) -> Result<Option<Self>, StoreError> {
        let path = root.join(output);
        let refused = |why: &str| {
            Err(StoreError::backend(
                format!("opening {}", path.display()),
                why,
            ))
        };
        let parts = output.split('/').filter(|part| !matches!(*part, "" | "."));
        let inside = !output.starts_with('/')
            && parts
                .clone()
                .all(|part| part != ".." && !part.eq_ignore_ascii_case(".git"));
        if !inside {
            return refused("it is not inside the work tree: name a folder that is");
        }
        let opened = File::open(root).map_err(|error| from_io(root, &error))?;
        let mut folder = OwnedFd::from(opened);
        for part in parts {
            folder = match rustix::fs::openat(&folder, part, FOLDER, Mode::empty()) {
                Ok(next) => next,
                Err(Errno::NOENT) => return Ok(None),
                Err(Errno::LOOP | Errno::NOTDIR) => {
                    return refused(
                        "it is no folder, or a link leads there, which is not followed",
                    );
                }
                Err(error) => return Err(from_io(&path, &error.into())),
            };
        }
        let folder = Arc::new(folder);
        Ok(Some(Self { folder, path }))
    }

    /// Everything in it, sorted by name.
    pub(crate) fn list(&self) -> Result<Listing, StoreError> {
        let mut listing = Listing::default();
        self.add(&self.folder, "", 0, &mut listing)?;
        listing.files.sort_by(|a, b| a.name.cmp(&b.name));
        listing.left_out.sort();
        Ok(listing)
    }

    fn add(
        &self,
        folder: &OwnedFd,
        below: &str,
        depth: usize,
        listing: &mut Listing,
    ) -> Result<(), StoreError> {
        let failed = |name: &str, error: Errno| from_io(&self.path.join(name), &error.into());
        if depth > MAX_DEPTH {
            return Err(StoreError::backend(
                format!("reading {}", self.path.join(below).display()),
                format!("it is more than {MAX_DEPTH} folders deep"),
            ));
        }
        for entry in Dir::read_from(folder).map_err(|error| failed(below, error))? {
            let entry = entry.map_err(|error| failed(below, error))?;
            let Ok(leaf) = entry.file_name().to_str() else {
                let shown = entry.file_name().to_string_lossy();
                return Err(StoreError::backend(
                    format!("reading {}", self.path.join(below).join(&*shown).display()),
                    "its name is not UTF-8, so that it cannot be one elsewhere: rename it",
                ));
            };
            if matches!(leaf, "." | "..") {
                continue;
            }
            let name = format!("{below}{leaf}");
            if name == SYNC_MANIFEST_NAME || !is_synced_name(&name) {
                listing.left_out.push(name);
                continue;
            }
            let stat = match rustix::fs::statat(folder, leaf, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => stat,
                // Somebody removed it meanwhile.
                Err(Errno::NOENT) => continue,
                Err(error) => return Err(failed(&name, error)),
            };
            match FileType::from_raw_mode(stat.st_mode) {
                FileType::Directory => {
                    let child = rustix::fs::openat(folder, leaf, FOLDER, Mode::empty());
                    let child = child.map_err(|error| failed(&name, error))?;
                    self.add(&child, &format!("{name}/"), depth + 1, listing)?;
                }
                FileType::RegularFile => listing.files.push(OutputFile {
                    name,
                    size: u64::try_from(stat.st_size).unwrap_or(0),
                    changed: i128::from(stat.st_ctime) * 1_000_000_000
                        + i128::from(stat.st_ctime_nsec),
                }),
                _ => listing.left_out.push(name),
            }
        }
        Ok(())
    }

    /// Opens a file of it for reading.
    ///
    /// # Errors
    ///
    /// [`StoreError::Backend`] when it is gone, is no regular file, or a link leads there.
    pub fn open_file(&self, name: &str) -> Result<File, StoreError> {
        let path = self.path.join(name);
        let opened = self.try_open(name);
        let file = opened.map_err(|error| from_io(&path, &error))?;
        let metadata = file.metadata().map_err(|error| from_io(&path, &error))?;
        if metadata.is_file() {
            return Ok(file);
        }
        Err(StoreError::backend(
            format!("reading {}", path.display()),
            "it is not a regular file",
        ))
    }

    fn try_open(&self, name: &str) -> io::Result<File> {
        if !is_synced_name(name) {
            return Err(io::Error::other(
                "it has no name that a file of a folder has",
            ));
        }
        let mut folder = None;
        let (parents, leaf) = name.rsplit_once('/').unwrap_or(("", name));
        for part in parents.split('/').filter(|part| !part.is_empty()) {
            let from = folder.as_ref().unwrap_or(&*self.folder);
            folder = Some(rustix::fs::openat(from, part, FOLDER, Mode::empty())?);
        }
        let from = folder.as_ref().unwrap_or(&*self.folder);
        Ok(rustix::fs::openat(from, leaf, FILE, Mode::empty())?.into())
    }

    /// The digest of a file's content.
    pub(crate) fn digest(&self, name: &str) -> Result<Digest256, StoreError> {
        let mut file = self.open_file(name)?;
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; 128 << 10];
        loop {
            match file.read(&mut buffer) {
                Ok(0) => return Ok(Digest256::from_bytes(hasher.finalize().into())),
                Ok(length) => hasher.update(&buffer[..length]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(from_io(&self.path.join(name), &error)),
            }
        }
    }

    /// Where it is, for messages.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn from_io(path: &Path, error: &io::Error) -> StoreError {
    let what = format!("reading {}", path.display());
    if error.raw_os_error() == Some(Errno::LOOP.raw_os_error()) {
        return StoreError::backend(what, "it is a link, which is not followed");
    }
    StoreError::backend(what, error.to_string())
}
