//! The files of a folder that is to be synchronised.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use retro_domain::Digest256;
use retro_store::StoreError;
use sha2::{Digest as _, Sha256};

use super::source::{finished, from_io};
use super::sync_manifest;

/// A file as it is found.
#[derive(Clone, Debug)]
pub(super) struct LocalFile {
    /// Its path below the folder, with `/` between parts.
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) size: u64,
    /// When it was last changed: nanoseconds since 1970.
    pub(super) changed: i128,
}

/// Everything below a folder.
#[derive(Debug, Default)]
pub(super) struct LocalFolder {
    pub(super) files: Vec<LocalFile>,
    /// Links and other things that are no files, which are left out.
    pub(super) left_out: Vec<PathBuf>,
}

impl LocalFolder {
    /// Lists a folder. Links are not followed.
    pub(super) fn list(folder: &Path) -> Result<Self, StoreError> {
        let mut found = Self::default();
        found.add(folder, "")?;
        found.files.sort_by(|a, b| a.name.cmp(&b.name));
        found.left_out.sort();
        Ok(found)
    }

    fn add(&mut self, folder: &Path, below: &str) -> Result<(), StoreError> {
        let entries = fs::read_dir(folder).map_err(|error| from_io(folder, &error))?;
        for entry in entries {
            let entry = entry.map_err(|error| from_io(folder, &error))?;
            let path = entry.path();
            let Some(name) = entry
                .file_name()
                .to_str()
                .map(|leaf| format!("{below}{leaf}"))
            else {
                return Err(StoreError::backend(
                    format!("reading {}", path.display()),
                    "its name is not UTF-8, so that it cannot be the name of an object: rename it",
                ));
            };
            let metadata = entry.metadata().map_err(|error| from_io(&path, &error))?;
            if metadata.is_dir() {
                self.add(&path, &format!("{name}/"))?;
            } else if !metadata.is_file() {
                self.left_out.push(path);
            } else if name != sync_manifest::NAME {
                self.files.push(LocalFile {
                    name,
                    path,
                    size: metadata.len(),
                    changed: i128::from(metadata.mtime()) * 1_000_000_000
                        + i128::from(metadata.mtime_nsec()),
                });
            }
        }
        Ok(())
    }
}

impl LocalFile {
    /// The digest of its content.
    pub(super) fn digest(&self) -> Result<Digest256, StoreError> {
        let failed = |error: std::io::Error| from_io(&self.path, &error);
        let mut file = fs::File::open(&self.path).map_err(failed)?;
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; 128 << 10];
        loop {
            match std::io::Read::read(&mut file, &mut buffer).map_err(failed)? {
                0 => return Ok(finished(hasher)),
                length => hasher.update(&buffer[..length]),
            }
        }
    }
}
