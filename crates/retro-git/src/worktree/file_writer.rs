//! Writing one file of a commit.

use git2::Oid;
use rustix::io::Errno;

use super::content::blob_id;
use super::dir_handle::{DirHandle, overwrite};
use super::file_stat::FileStat;
use super::lfs::LfsFiles;
use super::objects::Objects;
use super::tracked::{File, FileShape};
use crate::rules::conversion::Conversion;
use crate::{Checkout, GitError};

/// Writes files into one folder.
pub(super) struct FileWriter<'a> {
    pub(super) objects: &'a Objects,
    pub(super) lfs: &'a LfsFiles,
    pub(super) handle: &'a DirHandle,
    /// The folder's path, for messages.
    pub(super) folder: &'a [u8],
    pub(super) done: &'a mut Checkout,
}

impl FileWriter<'_> {
    /// Writes `file`: the name of its content and its record, or what the system said when its name
    /// could not be taken.
    ///
    /// A file with other names is never written over, so that those keep what they have.
    pub(super) fn write(
        &mut self,
        file: &File,
        how: How,
    ) -> Result<Result<(Oid, FileStat), Errno>, GitError> {
        let shown =
            || String::from_utf8_lossy(&[self.folder, file.name.to_bytes()].concat()).into_owned();
        let lfs = self.lfs;
        let mut warnings = Vec::new();
        let result = self.objects.with_blob(file.id, shown, |blob| {
            if file.shape == FileShape::Symlink {
                return self
                    .handle
                    .make_symlink(&file.name, blob)
                    .and_then(|()| self.handle.stat(&file.name))
                    .map(|stat| (file.id, stat))
                    .map_err(WriteError::Name);
            }
            let content = if file.conversion.has(Conversion::LFS) {
                lfs.content(blob, &mut warnings)
            } else {
                file.conversion.apply(file.id, blob)
            };
            let old = match how {
                How::Over => self.handle.open_to_overwrite(&file.name),
                How::Anew => None,
            };
            let mut out = match old {
                Some(old) => old,
                None => self
                    .handle
                    .create_file(&file.name, file.shape == FileShape::Executable)
                    .map_err(WriteError::Name)?,
            };
            let stat = overwrite(&mut out, &content).map_err(WriteError::Content)?;
            let id = if content.as_ptr() == blob.as_ptr() && content.len() == blob.len() {
                file.id
            } else {
                blob_id(&content)
            };
            Ok((id, stat))
        })?;
        for warning in warnings {
            super::warn_once(self.done, warning);
        }
        if file.conversion.has(Conversion::ENCODING) {
            super::warn_once(
                self.done,
                "files with the attribute working-tree-encoding are left in UTF-8".to_owned(),
            );
        }
        match result {
            Ok(written) => Ok(Ok(written)),
            Err(WriteError::Name(error)) => Ok(Err(error)),
            Err(WriteError::Content(error)) => Err(GitError::io(
                super::display_path(self.folder, file.name.to_bytes()),
                error,
            )),
        }
    }
}

/// Where a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// Over the file that has its name, if that can be.
    Over,
    /// Under a name that is free.
    Anew,
}

enum WriteError {
    Name(Errno),
    Content(std::io::Error),
}
