//! What a slot's git directory takes over from a repository of the user's.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::git_dir::GitDirContent;
use crate::GitError;

/// Git itself follows stores that name other stores this deep.
const MAX_ALTERNATE_DEPTH: usize = 5;

impl GitDirContent {
    /// The content for work trees of the repository whose (common) git directory this is: its object
    /// stores, its branches, tags and remote branches as they are now, and its shallow boundary.
    pub(crate) fn of(git_dir: &Path, keep: &[String]) -> Result<Self, GitError> {
        let shallow_path = git_dir.join("shallow");
        let shallow = match std::fs::read(&shallow_path) {
            Ok(content) => Some(content),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(GitError::io(shallow_path, error)),
        };
        let mut alternates = Vec::new();
        collect_stores(&git_dir.join("objects"), 0, &mut alternates);
        let mut exclude = Vec::new();
        for glob in keep {
            exclude.extend_from_slice(glob.as_bytes());
            exclude.push(b'\n');
        }
        Ok(Self {
            alternates,
            packed_refs: packed_refs(git_dir)?,
            shallow,
            exclude,
        })
    }
}

fn collect_stores(store: &Path, depth: usize, stores: &mut Vec<PathBuf>) {
    if depth > MAX_ALTERNATE_DEPTH || stores.iter().any(|known| known == store) {
        return;
    }
    stores.push(store.to_owned());
    let Ok(list) = std::fs::read(store.join("info/alternates")) else {
        return;
    };
    for line in list.split(|&byte| byte == b'\n') {
        if !line.is_empty() && !line.starts_with(b"#") {
            let other = store.join(OsStr::from_bytes(line));
            collect_stores(&other, depth + 1, stores);
        }
    }
}

/// The branches, tags and remote branches in the form of git's `packed-refs`.
fn packed_refs(git_dir: &Path) -> Result<Vec<u8>, GitError> {
    let repository = crate::repository::open_bare(git_dir)?;
    let references = repository
        .references()
        .map_err(|error| GitError::git("listing the references", &error))?;
    // A damaged reference is of no use to a slot, and no reason to go without the others.
    let mut found: Vec<(Vec<u8>, git2::Oid)> = references
        .flatten()
        .filter_map(|reference| Some((reference.name_bytes().to_vec(), reference.target()?)))
        .filter(|(name, _)| {
            [b"refs/heads/".as_slice(), b"refs/tags/", b"refs/remotes/"]
                .iter()
                .any(|kind| name.starts_with(kind))
        })
        .collect();
    found.sort();
    let mut out = b"# pack-refs with: sorted \n".to_vec();
    for (name, id) in found {
        out.extend_from_slice(format!("{id} ").as_bytes());
        out.extend_from_slice(&name);
        out.push(b'\n');
    }
    Ok(out)
}
