//! What is uploaded, read piece by piece.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use retro_store::{ArtifactContent, OutputFolder, StoreError};
use rustix::fs::{CWD, Mode, OFlags};
use sha2::{Digest as _, Sha256};

use retro_domain::Digest256;

/// Content with a place in it.
pub(super) enum Source {
    Bytes(Bytes),
    File(PathBuf, File, u64),
}

/// A piece of content, with the digest of the piece.
pub(super) struct Piece {
    pub(super) bytes: Bytes,
    pub(super) digest: Digest256,
}

impl Source {
    /// Opens what is to be uploaded. Links and whatever is no regular file are refused.
    pub(super) async fn open(content: ArtifactContent) -> Result<Self, StoreError> {
        match content {
            ArtifactContent::Bytes(bytes) => Ok(Self::Bytes(bytes.into())),
            ArtifactContent::File(path) => {
                blocking(move || {
                    let (file, size) = open(&path).map_err(|error| from_io(&path, &error))?;
                    Ok(Self::File(path, file, size))
                })
                .await
            }
        }
    }

    /// Opens a file of a folder, in which no link is followed.
    pub(super) async fn open_in(folder: OutputFolder, name: String) -> Result<Self, StoreError> {
        blocking(move || {
            let path = folder.path().join(&name);
            let file = folder.open_file(&name)?;
            let metadata = file.metadata().map_err(|error| from_io(&path, &error))?;
            Ok(Self::File(path, file, metadata.len()))
        })
        .await
    }

    /// How many bytes there are to come; a file may grow or shrink under the reader.
    pub(super) fn size(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File(_, _, size) => *size,
        }
    }

    /// The next `length` bytes, fewer at the end. Adds them to `whole`.
    pub(super) async fn next(
        mut self,
        length: usize,
        mut whole: Sha256,
        is_only: bool,
    ) -> Result<(Self, Piece, Sha256), StoreError> {
        blocking(move || {
            let bytes = self.take(length)?;
            whole.update(&bytes);
            // Content of a single piece is hashed once.
            let digest = if is_only {
                finished(whole.clone())
            } else {
                Digest256::of(&bytes)
            };
            Ok((self, Piece { bytes, digest }, whole))
        })
        .await
    }

    fn take(&mut self, length: usize) -> Result<Bytes, StoreError> {
        match self {
            Self::Bytes(bytes) => Ok(bytes.split_to(length.min(bytes.len()))),
            Self::File(path, file, size) => {
                let likely = usize::try_from(*size).unwrap_or(length).min(length);
                let mut piece = Vec::with_capacity(likely.saturating_add(1));
                file.take(length as u64)
                    .read_to_end(&mut piece)
                    .map_err(|error| from_io(path, &error))?;
                *size = size.saturating_sub(piece.len() as u64);
                Ok(piece.into())
            }
        }
    }
}

/// The digest of everything that was added.
pub(super) fn finished(hasher: Sha256) -> Digest256 {
    Digest256::from_bytes(hasher.finalize().into())
}

fn open(path: &Path) -> io::Result<(File, u64)> {
    // Opening a pipe would wait for its writer.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = File::from(rustix::fs::openat(CWD, path, flags, Mode::empty())?);
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    Ok((file, metadata.len()))
}

pub(super) fn from_io(path: &Path, error: &io::Error) -> StoreError {
    let what = format!("reading {}", path.display());
    if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) {
        return StoreError::backend(what, "it is a link, which is not followed");
    }
    StoreError::backend(what, error.to_string())
}

/// Runs what blocks where it blocks nobody.
pub(super) async fn blocking<T, F>(work: F) -> Result<T, StoreError>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, StoreError> + Send + 'static,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => Err(StoreError::backend("reading files", error.to_string())),
    }
}
