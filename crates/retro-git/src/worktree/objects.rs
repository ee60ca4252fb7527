//! Reading commits, trees and blobs out of the user's object store.

use std::ffi::CString;
use std::path::Path;

use git2::{ErrorCode, ObjectType, Odb, Oid, Repository};

use crate::GitError;

/// How an entry of a tree is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EntryKind {
    File,
    Executable,
    Symlink,
    Folder,
    Submodule,
}

/// One entry of a tree object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TreeEntry {
    pub(crate) name: Box<std::ffi::CStr>,
    pub(crate) kind: EntryKind,
    pub(crate) id: Oid,
}

/// An object store, opened for one thread.
pub(crate) struct Objects {
    repository: Repository,
    is_partial: bool,
}

impl Objects {
    /// Opens the store of the repository whose (common) git directory this is.
    pub(crate) fn open(git_dir: &Path) -> Result<Self, GitError> {
        crate::repository::open_bare(git_dir).map(Self::new)
    }

    pub(crate) fn new(repository: Repository) -> Self {
        // Hashing every object that is read takes a fifth of a walk's time. As git itself does when
        // it reads, this relies on the checksums inside of packs and compressed objects. The setting
        // holds for the whole process.
        git2::opts::strict_hash_verification(false);
        let is_partial = crate::repository::is_partial(&repository);
        Self {
            repository,
            is_partial,
        }
    }

    /// The repository, for what is not read object by object.
    pub(crate) fn repository(&self) -> &Repository {
        &self.repository
    }

    /// The tree of a commit.
    pub(crate) fn tree_of(&self, commit: Oid) -> Result<Oid, GitError> {
        let what = || format!("commit {commit}");
        let odb = self.odb()?;
        let object = self.read(&odb, commit, &what)?;
        object
            .data()
            .strip_prefix(b"tree ")
            .filter(|_| object.kind() == ObjectType::Commit)
            .and_then(|rest| rest.get(..40))
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| Oid::from_str(hex).ok())
            .ok_or_else(|| broken(&what(), "it is not a commit"))
    }

    /// The entries of a tree, in the order of the object.
    pub(crate) fn tree(&self, id: Oid) -> Result<Vec<TreeEntry>, GitError> {
        let what = || format!("tree {id}");
        // The empty tree is known to git even where no such object is stored.
        if id.as_bytes() == EMPTY_TREE {
            return Ok(Vec::new());
        }
        let odb = self.odb()?;
        let object = self.read(&odb, id, &what)?;
        if object.kind() != ObjectType::Tree {
            return Err(broken(&what(), "it is not a tree"));
        }
        parse_tree(object.data()).ok_or_else(|| broken(&what(), "it is malformed"))
    }

    /// Hands the content of a blob to `take`.
    pub(crate) fn with_blob<T>(
        &self,
        id: Oid,
        path: impl Fn() -> String,
        take: impl FnOnce(&[u8]) -> T,
    ) -> Result<T, GitError> {
        let what = || format!("blob {id} ({})", path());
        let odb = self.odb()?;
        let object = self.read(&odb, id, &what)?;
        if object.kind() != ObjectType::Blob {
            return Err(broken(&what(), "it is not a blob"));
        }
        Ok(take(object.data()))
    }

    /// Whether the store has this object.
    pub(crate) fn has(&self, id: Oid) -> bool {
        self.odb().is_ok_and(|odb| odb.exists(id))
    }

    fn odb(&self) -> Result<Odb<'_>, GitError> {
        self.repository
            .odb()
            .map_err(|error| GitError::git("opening the object store", &error))
    }

    fn read<'a>(
        &self,
        odb: &'a Odb<'_>,
        id: Oid,
        what: &dyn Fn() -> String,
    ) -> Result<git2::OdbObject<'a>, GitError> {
        odb.read(id).map_err(|error| self.failed(&error, what))
    }

    /// What it means that an object could not be read.
    pub(crate) fn failed(&self, error: &git2::Error, what: &dyn Fn() -> String) -> GitError {
        if error.code() == ErrorCode::NotFound {
            let hint = if self.is_partial {
                "this is a partial clone; fetch what it lacks with `git fetch --refetch \
                     --no-filter` and try again"
            } else if self.repository.is_shallow() {
                "this is a shallow clone; fetch the rest with `git fetch --unshallow` and try \
                     again"
            } else {
                "it was pruned, or the repository is damaged; see what `git fsck` says"
            };
            GitError::MissingObject {
                what: what(),
                hint: hint.to_owned(),
            }
        } else {
            GitError::git(&format!("reading {}", what()), error)
        }
    }
}

const EMPTY_TREE: &[u8] = &[
    0x4b, 0x82, 0x5d, 0xc6, 0x42, 0xcb, 0x6e, 0xb9, 0xa0, 0x60, 0xe5, 0x4b, 0xf8, 0xd6, 0x92, 0x88,
    0xfb, 0xee, 0x49, 0x04,
];

fn broken(what: &str, why: &str) -> GitError {
    GitError::Git {
        doing: format!("reading {what}"),
        why: format!("{why}; see what `git fsck` says of the repository"),
    }
}

fn parse_tree(mut data: &[u8]) -> Option<Vec<TreeEntry>> {
    let mut entries = Vec::new();
    while !data.is_empty() {
        let space = data.iter().position(|&byte| byte == b' ')?;
        let mode = std::str::from_utf8(&data[..space]).ok()?;
        let mode = u32::from_str_radix(mode, 8).ok()?;
        let rest = &data[space + 1..];
        let end = rest.iter().position(|&byte| byte == 0)?;
        let name = CString::new(&rest[..end]).ok()?.into_boxed_c_str();
        let id = Oid::from_bytes(rest.get(end + 1..end + 21)?).ok()?;
        // Git of old wrote more kinds of modes; today's git reads them as these five.
        let kind = match mode & 0o170_000 {
            0o040_000 => EntryKind::Folder,
            0o120_000 => EntryKind::Symlink,
            0o160_000 => EntryKind::Submodule,
            _ if mode & 0o100 != 0 => EntryKind::Executable,
            _ => EntryKind::File,
        };
        entries.push(TreeEntry { name, kind, id });
        data = &rest[end + 21..];
    }
    Some(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_tree_is_malformed_and_never_a_panic() {
        let mut tree = b"100755 run\0".to_vec();
        tree.extend_from_slice(&[7; 20]);
        let entries = parse_tree(&tree).expect("a tree");
        assert_eq!(entries[0].kind, EntryKind::Executable);
        assert_eq!(entries[0].name.to_bytes(), b"run");
        for cut in 1..tree.len() {
            assert_eq!(parse_tree(&tree[..cut]), None, "cut at {cut}");
        }
    }
}
