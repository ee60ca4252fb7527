//! Taking away what nobody asked for: files and folders that are neither tracked, ignored nor kept.

use std::ffi::CString;
use std::sync::Arc;

use rustix::io::Errno;

use super::dir_handle::DirHandle;
use super::file_stat::FileKind;
use super::settle::Settle;
use super::tracked::{Dir, LocalIgnore};
use crate::GitError;
use crate::rules::ignore::IgnoreRules;

/// Ignore files larger than this are not read when nobody tracks them.
const LOCAL_IGNORE_LIMIT: u64 = 1 << 20;

impl Settle<'_> {
    /// Lists a folder and removes what is neither tracked, ignored nor kept. Whether an ignore file
    /// that is not tracked put its rules on the stack.
    pub(super) fn list(&mut self, dir: &mut Dir, handle: &DirHandle) -> Result<bool, GitError> {
        let names = handle.names().map_err(|error| self.failed(b"", error))?;
        let length = self.path.len();
        let mut known: Vec<Dir> = std::mem::take(&mut dir.extras);
        let ignore_name = c".gitignore";
        dir.local_ignore = None;
        if dir.find(ignore_name.to_bytes()).is_none()
            && names.iter().any(|name| name.as_c_str() == ignore_name)
        {
            dir.local_ignore = self.local_ignore(handle);
        }
        for name in names {
            let at_root = length == 0;
            if (at_root && name.to_bytes() == b".git") || dir.find(name.to_bytes()).is_some() {
                continue;
            }
            let stat = match handle.stat(&name) {
                Ok(stat) => stat,
                Err(Errno::NOENT) => continue,
                Err(error) => return Err(self.failed(name.to_bytes(), error)),
            };
            let is_dir = stat.kind() == FileKind::Directory;
            self.path.extend_from_slice(name.to_bytes());
            // Git never says of a git directory that it is ignored, and tracked files beside one would
            // belong to another repository.
            let is_git = name.to_bytes() == b".git";
            let ignored = !is_git && self.ignore.ignores(&self.path, is_dir);
            self.path.truncate(length);
            if ignored {
                continue;
            }
            if is_dir && !is_git && !is_repository(handle, &name) {
                let extra = known
                    .iter()
                    .position(|extra| *extra.name == *name)
                    .map(|index| known.swap_remove(index));
                dir.extras
                    .push(extra.unwrap_or_else(|| Dir::unknown(name.into_boxed_c_str())));
            } else {
                handle
                    .remove_any(&name)
                    .map_err(|error| GitError::io(self.shown(name.to_bytes()), error))?;
                self.done.cleaned += 1;
            }
        }
        Ok(dir.local_ignore.is_some())
    }

    /// The ignore file of a folder that is not tracked, with its rules put on the stack, if by its own
    /// rules or others it is ignored. One that is not is about to be removed and hides nothing.
    fn local_ignore(&mut self, handle: &DirHandle) -> Option<LocalIgnore> {
        let stat = handle.stat(c".gitignore").ok()?;
        if stat.kind() != FileKind::Regular || stat.size > LOCAL_IGNORE_LIMIT {
            return None;
        }
        let mut text = Vec::new();
        let mut file = handle.open_file(c".gitignore").ok()?;
        std::io::Read::read_to_end(&mut file, &mut text).ok()?;
        let rules = Arc::new(IgnoreRules::parse(&text));
        let length = self.path.len();
        self.ignore.push(length, Arc::clone(&rules));
        self.path.extend_from_slice(b".gitignore");
        let stays = self.ignore.ignores(&self.path, false);
        self.path.truncate(length);
        if !stays {
            self.ignore.pop();
        }
        stays.then_some(LocalIgnore { stat, rules })
    }
}

/// Whether a folder is a repository of its own, of which git would never say that it is ignored file
/// by file.
fn is_repository(parent: &DirHandle, name: &CString) -> bool {
    parent
        .open_dir_forced(name)
        .and_then(|folder| folder.stat(c".git"))
        .is_ok()
}
