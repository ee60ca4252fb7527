//! Files and patches laid over a commit.

use std::collections::BTreeMap;
use std::io::{self, Write as _};

use retro_domain::Overlay;

use super::patch;
use crate::worktree::dir_handle::DirHandle;
use crate::worktree::objects::Objects;
use crate::worktree::parent_handle::ParentHandle;
use crate::worktree::path_safety::forbidden;
use crate::worktree::tracked::Dir;
use crate::{OverlayError, OverlayFault};

/// What an overlay makes of one path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NewFile {
    pub(super) content: Vec<u8>,
    pub(super) executable: bool,
}

/// By path, what is written; `None` for what is removed.
pub(super) type Changes = BTreeMap<Vec<u8>, Option<NewFile>>;

/// What an overlay changes in the commit whose files are `root`. Nothing is touched yet.
pub(super) fn plan(
    objects: &Objects,
    root: &Dir,
    overlay: &Overlay,
) -> Result<Changes, OverlayError> {
    let mut changes = Changes::new();
    for (index, text) in overlay.patches.iter().enumerate() {
        patch::apply(objects, root, text, &mut changes).map_err(|error| match error {
            OverlayError::DoesNotFit(why) => {
                OverlayError::DoesNotFit(format!("patch {} does not apply: {why}", index + 1))
            }
            other => other,
        })?;
    }
    for file in &overlay.files {
        let new = NewFile {
            content: file.content.clone(),
            executable: file.executable,
        };
        changes.insert(file.path.as_bytes().to_vec(), Some(new));
    }
    for path in changes.keys() {
        if let Some(why) = refused(path) {
            return Err(OverlayError::DoesNotFit(format!(
                "the overlay's path {:?} is not allowed: {why}",
                String::from_utf8_lossy(path)
            )));
        }
    }
    Ok(changes)
}

/// Whether an overlay could fit some commit: its patches can be read, and its paths stay inside of
/// the work tree. Whether it fits one, [`Slot::apply_overlay`](crate::Slot::apply_overlay) says.
///
/// # Errors
///
/// What is wrong with the first file or patch that fits nowhere.
pub fn check_overlay(overlay: &Overlay) -> Result<(), OverlayFault> {
    for file in &overlay.files {
        if let Some(why) = refused(file.path.as_bytes()) {
            let path = file.path.clone();
            return Err(OverlayFault::Path { path, why });
        }
    }
    for (index, text) in overlay.patches.iter().enumerate() {
        let faulty = |why: String| OverlayFault::Patch { index, why };
        for path in patch::paths(text).map_err(faulty)? {
            if let Some(why) = refused(&path) {
                let path = String::from_utf8_lossy(&path);
                return Err(faulty(format!("its path {path:?} is not allowed: {why}")));
            }
        }
    }
    Ok(())
}

/// Why nothing may be written at a path; `None` when something may.
fn refused(path: &[u8]) -> Option<&'static str> {
    path.split(|&byte| byte == b'/')
        .find_map(|name| forbidden(name).or(name.contains(&0).then_some("it has a zero byte")))
}

/// Makes one change below `root`, following no symbolic link.
pub(super) fn write(root: &DirHandle, path: &[u8], change: Option<&NewFile>) -> io::Result<()> {
    let Some(new) = change else {
        return remove_with_empty_parents(root, path);
    };
    let parent = ParentHandle::make(root, path)?;
    let handle = parent.handle(root);
    handle.remove_any(&parent.name)?;
    let mut file = handle.create_file(&parent.name, new.executable)?;
    file.write_all(&new.content)
}

/// Removes a path of the work tree, and the folders above it that are empty without it.
pub(super) fn remove_with_empty_parents(root: &DirHandle, path: &[u8]) -> io::Result<()> {
    let mut rest = path;
    loop {
        // A folder on the way that is gone or has become something else holds nothing of ours.
        let Ok(parent) = ParentHandle::open(root, rest) else {
            return Ok(());
        };
        let handle = parent.handle(root);
        if rest == path {
            handle.remove_any(&parent.name)?;
        } else if handle.remove_dir(&parent.name).is_err() {
            return Ok(());
        }
        match rest.iter().rposition(|&byte| byte == b'/') {
            Some(slash) => rest = &rest[..slash],
            None => return Ok(()),
        }
    }
}
