//! What is found and removed in a folder that is synchronised.

use std::collections::BTreeSet;
use std::io;

use retro_store::{TEMPORARY_PREFIX, is_synced_name};
use rustix::fs::AtFlags;
use rustix::io::Errno;

use crate::folder::Folder;

/// Folders inside each other; each is open while it is looked through.
const MAX_DEPTH: usize = 100;

/// A folder that holds files of others, too.
pub(crate) struct SyncedFolder<'a>(pub(crate) &'a Folder);

impl SyncedFolder<'_> {
    /// The names of all files and links below it. What is in a `.git`, and what no synchronisation
    /// could have put there, is nobody's business.
    pub(crate) fn names(&self) -> io::Result<BTreeSet<String>> {
        let mut names = BTreeSet::new();
        add(self.0, "", 0, &mut |_, name, is_folder| {
            if !is_folder && is_synced_name(name) {
                names.insert(name.to_owned());
            }
            Ok(())
        })?;
        Ok(names)
    }

    /// Removes what a synchronisation that was killed has left.
    pub(crate) fn remove_temporaries(&self) -> io::Result<()> {
        add(self.0, "", 0, &mut |folder, name, is_folder| {
            let leaf = name.rsplit('/').next().unwrap_or(name);
            if !is_folder && leaf.starts_with(TEMPORARY_PREFIX) {
                unlink(folder, leaf)?;
            }
            Ok(())
        })
    }

    /// Removes a file, and the folders above it that become empty. It is fine when it is not there,
    /// or a folder is.
    pub(crate) fn remove(&self, name: &str) -> io::Result<()> {
        if !is_synced_name(name) {
            return Err(io::Error::other(
                "no file of a place has this name: the manifest is damaged, remove it",
            ));
        }
        let parts: Vec<&str> = name.split('/').collect();
        for end in (1..=parts.len()).rev() {
            let (parents, leaf) = (&parts[..end - 1], parts[end - 1]);
            // A file may be where a folder was.
            let folder = match self.0.clone_handle()?.descend(parents) {
                Ok(Some(folder)) => folder,
                Ok(None) => continue,
                Err(error) if error.raw_os_error() == Some(Errno::NOTDIR.raw_os_error()) => {
                    continue;
                }
                Err(error) => return Err(error),
            };
            if end == parts.len() {
                unlink(&folder, leaf)?;
                continue;
            }
            match rustix::fs::unlinkat(folder.fd(), leaf, AtFlags::REMOVEDIR) {
                Ok(()) | Err(Errno::NOENT | Errno::NOTDIR) => {}
                Err(Errno::NOTEMPTY | Errno::EXIST) => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

fn unlink(folder: &Folder, leaf: &str) -> io::Result<()> {
    match rustix::fs::unlinkat(folder.fd(), leaf, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT | Errno::ISDIR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Tells of everything below a folder, by its path and whether it is a folder.
fn add(
    folder: &Folder,
    below: &str,
    depth: usize,
    tell: &mut impl FnMut(&Folder, &str, bool) -> io::Result<()>,
) -> io::Result<()> {
    if depth > MAX_DEPTH {
        return Err(io::Error::other(format!(
            "{below:?} is more than {MAX_DEPTH} folders deep"
        )));
    }
    for (leaf, is_folder) in folder.list()? {
        let name = format!("{below}{leaf}");
        tell(folder, &name, is_folder)?;
        if is_folder
            && !leaf.eq_ignore_ascii_case(".git")
            && let Some(child) = folder.child(&leaf)?
        {
            add(&child, &format!("{name}/"), depth + 1, tell)?;
        }
    }
    Ok(())
}
