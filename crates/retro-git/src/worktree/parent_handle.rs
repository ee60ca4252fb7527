//! From a path to the folder it is in, one name at a time.

use std::ffi::CString;
use std::io;

use rustix::io::Errno;

use super::dir_handle::DirHandle;

/// The folder that the last part of a path is in, reached without following a symbolic link.
pub(crate) struct ParentHandle {
    /// `None` for the root that the path starts from.
    opened: Option<DirHandle>,
    /// The last part of the path.
    pub(crate) name: CString,
}

impl ParentHandle {
    /// Walks down from `root`; an error when a part is not there or not a folder.
    pub(crate) fn open(root: &DirHandle, path: &[u8]) -> io::Result<Self> {
        Self::walk(root, path, |parent, part| Ok(parent.open_dir_forced(part)?))
    }

    /// Walks down from `root`, making the folders that are not there and replacing whatever is in
    /// their place.
    pub(crate) fn make(root: &DirHandle, path: &[u8]) -> io::Result<Self> {
        Self::walk(root, path, |parent, part| {
            match parent.open_dir_forced(part) {
                Ok(handle) => return Ok(handle),
                Err(Errno::NOENT) => {}
                Err(Errno::NOTDIR | Errno::LOOP) => parent.remove_any(part)?,
                Err(error) => return Err(error.into()),
            }
            parent.make_dir(part)?;
            Ok(parent.open_dir(part)?)
        })
    }

    /// The folder.
    pub(crate) fn handle<'a>(&'a self, root: &'a DirHandle) -> &'a DirHandle {
        self.opened.as_ref().unwrap_or(root)
    }

    fn walk(
        root: &DirHandle,
        path: &[u8],
        step: impl Fn(&DirHandle, &CString) -> io::Result<DirHandle>,
    ) -> io::Result<Self> {
        let mut opened: Option<DirHandle> = None;
        let mut parts = path.split(|&byte| byte == b'/').peekable();
        loop {
            let part = CString::new(parts.next().unwrap_or_default())?;
            if parts.peek().is_none() {
                return Ok(Self { opened, name: part });
            }
            opened = Some(step(opened.as_ref().unwrap_or(root), &part)?);
        }
    }
}
