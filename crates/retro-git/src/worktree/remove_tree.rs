//! Removing folders that strangers made.

use std::ffi::{CStr, CString};
use std::io;

use rustix::io::Errno;

use super::dir_handle::DirHandle;

/// How deep folders are walked down before the rest is moved up: each level holds a file open.
const MAX_DEPTH: usize = 60;

/// Removes the folder `name` in `parent` with everything below it, following no symbolic link.
pub(super) fn remove_tree(parent: &DirHandle, name: &CStr) -> io::Result<()> {
    let mut moved_up = 0_u64;
    let folder = match parent.open_dir_forced(name) {
        Ok(folder) => folder,
        Err(Errno::NOENT) => return Ok(()),
        Err(Errno::NOTDIR) => return Ok(parent.remove_file(name)?),
        Err(error) => return Err(error.into()),
    };
    // Each round removes everything but what lay too deep, which it brings up to the top.
    loop {
        let before = moved_up;
        empty(&folder, &folder, 0, &mut moved_up)?;
        if moved_up == before {
            break;
        }
    }
    Ok(parent.remove_dir(name)?)
}

fn empty(folder: &DirHandle, top: &DirHandle, depth: usize, moved_up: &mut u64) -> io::Result<()> {
    for name in folder.names()? {
        match folder.remove_file(&name) {
            Ok(()) => continue,
            Err(Errno::ISDIR | Errno::PERM) => {}
            Err(error) => return Err(error.into()),
        }
        if depth >= MAX_DEPTH {
            folder.open_dir_forced(&name)?;
            move_up(folder, &name, top, moved_up)?;
            continue;
        }
        let child = folder.open_dir_forced(&name)?;
        empty(&child, top, depth + 1, moved_up)?;
        folder.remove_dir(&name)?;
    }
    Ok(())
}

/// Moves the folder `name` to a name at the top that nothing has.
fn move_up(folder: &DirHandle, name: &CStr, top: &DirHandle, moved_up: &mut u64) -> io::Result<()> {
    loop {
        *moved_up += 1;
        let unique =
            CString::new(format!(".git-retro-moved-up-{moved_up}")).map_err(io::Error::other)?;
        match folder.rename(name, top, &unique) {
            Ok(()) => return Ok(()),
            Err(Errno::EXIST | Errno::NOTEMPTY | Errno::NOTDIR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
