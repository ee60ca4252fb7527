//! What a work tree should hold, folder by folder, with what the file system last said of it.

use std::cmp::Ordering;
use std::ffi::CStr;
use std::sync::Arc;

use git2::Oid;

use super::file_stat::FileStat;
use super::objects::{EntryKind, Objects, TreeEntry};
use super::path_safety::forbidden;
use crate::GitError;
use crate::rules::conversion::Conversion;
use crate::rules::ignore::IgnoreRules;

/// The name of one file or folder, ready for the system.
pub(crate) type Name = Box<CStr>;

/// A folder.
pub(crate) struct Dir {
    pub(crate) name: Name,
    /// The tree it holds; zero for a folder that no commit has, left for the ignored files in it.
    pub(crate) tree: Oid,
    /// What the file system said of it when nothing but what is known was in it; `None` when it must
    /// be listed.
    pub(crate) record: Option<FileStat>,
    /// The attribute file by which its files were written; zero for none.
    pub(crate) attributes: Oid,
    /// What the commit has in it, in git's order.
    pub(crate) entries: Vec<Entry>,
    /// Folders in it that no commit has.
    pub(crate) extras: Vec<Dir>,
    /// An ignore file in it that is itself ignored, as tools put into folders of their own.
    pub(crate) local_ignore: Option<LocalIgnore>,
    /// It must be listed, because something unknown may be in it.
    pub(crate) list: bool,
    /// There is something to do in it or below.
    pub(crate) busy: bool,
}

/// An ignore file that is not tracked.
pub(crate) struct LocalIgnore {
    pub(crate) stat: FileStat,
    pub(crate) rules: Arc<IgnoreRules>,
}

impl TreeEntry {
    /// Where it stands in a tree.
    pub(crate) fn key(&self) -> Key<'_> {
        Key(self.name.to_bytes(), self.kind == EntryKind::Folder)
    }
}

/// What a commit has in a folder.
pub(crate) enum Entry {
    File(File),
    Dir(Box<Dir>),
    Submodule(Submodule),
}

/// A file or symbolic link.
pub(crate) struct File {
    pub(crate) name: Name,
    /// The blob.
    pub(crate) id: Oid,
    /// The name git would give to what was written, which is the blob's unless it was converted.
    pub(crate) content: Oid,
    pub(crate) shape: FileShape,
    pub(crate) conversion: Conversion,
    pub(crate) state: FileState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileShape {
    Regular,
    Executable,
    Symlink,
}

/// What is known of a file on disk.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum FileState {
    /// It had its content when the file system said this of it.
    Recorded(FileStat),
    /// It may be there and may have its content.
    Unverified,
    /// It has to be written, for this reason.
    Unwritten(Cause),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The commit before had another.
    Commit {
        /// The other one is still there as it was written, and is of the same shape.
        intact: bool,
    },
    /// Something changed it.
    Damage,
}

/// A commit of another repository.
pub(crate) struct Submodule {
    pub(crate) name: Name,
    pub(crate) id: Oid,
    /// What the file system said of its folder when that was empty.
    pub(crate) record: Option<FileStat>,
    pub(crate) busy: bool,
}

impl Entry {
    pub(crate) fn name(&self) -> &CStr {
        match self {
            Self::File(file) => &file.name,
            Self::Dir(dir) => &dir.name,
            Self::Submodule(submodule) => &submodule.name,
        }
    }

    /// Where it stands in a tree.
    pub(crate) fn key(&self) -> Key<'_> {
        Key(self.name().to_bytes(), matches!(self, Self::Dir(_)))
    }

    /// Its inode, as far as it was recorded.
    pub(crate) fn recorded_inode(&self) -> Option<(u64, u64)> {
        let record = match self {
            Self::File(file) => match file.state {
                FileState::Recorded(stat) => Some(stat),
                _ => None,
            },
            Self::Dir(dir) => dir.record,
            Self::Submodule(submodule) => submodule.record,
        };
        record.map(|stat| (stat.dev, stat.ino))
    }
}

/// Git's order of names in a tree: a folder sorts as if a slash stood behind its name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key<'a>(pub(crate) &'a [u8], pub(crate) bool);

impl Ord for Key<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let common = self.0.len().min(other.0.len());
        let end = |key: &Self| match key.0.get(common) {
            Some(&byte) => u16::from(byte) + 1,
            None if key.1 => u16::from(b'/') + 1,
            None => 0,
        };
        self.0[..common]
            .cmp(&other.0[..common])
            .then_with(|| end(self).cmp(&end(other)))
            .then_with(|| self.0.len().cmp(&other.0.len()))
    }
}

impl PartialOrd for Key<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Dir {
    /// A folder without anything known in it.
    pub(crate) fn unknown(name: Name) -> Self {
        Self {
            name,
            tree: Oid::ZERO_SHA1,
            record: None,
            attributes: Oid::ZERO_SHA1,
            entries: Vec::new(),
            extras: Vec::new(),
            local_ignore: None,
            list: true,
            busy: true,
        }
    }

    /// The entry with this name, folder or not.
    pub(crate) fn find(&self, name: &[u8]) -> Option<&Entry> {
        [false, true].into_iter().find_map(|is_dir| {
            self.entries
                .binary_search_by(|entry| entry.key().cmp(&Key(name, is_dir)))
                .ok()
                .map(|index| &self.entries[index])
        })
    }

    /// The blob of the regular file with this name; zero when there is none.
    pub(crate) fn blob_of(&self, name: &[u8]) -> Oid {
        match self.find(name) {
            Some(Entry::File(file)) if file.shape != FileShape::Symlink => file.id,
            _ => Oid::ZERO_SHA1,
        }
    }

    /// Nothing of it is on disk any more.
    pub(crate) fn forget(&mut self) {
        self.record = None;
        self.list = true;
        self.busy = true;
        self.extras.clear();
        self.local_ignore = None;
        for entry in &mut self.entries {
            match entry {
                Entry::File(file) => file.state = FileState::Unwritten(Cause::Damage),
                Entry::Dir(dir) => dir.forget(),
                Entry::Submodule(submodule) => {
                    submodule.record = None;
                    submodule.busy = true;
                }
            }
        }
    }
}

/// Makes entries of a commit's trees.
pub(crate) struct Loader<'a> {
    pub(crate) objects: &'a Objects,
    pub(crate) commit: Oid,
    /// What is known of the files on disk.
    pub(crate) state: FileState,
}

impl Loader<'_> {
    /// A tree's entries, after a look at their names.
    pub(crate) fn read(&self, tree: Oid, path: &[u8]) -> Result<Vec<TreeEntry>, GitError> {
        let entries = self.objects.tree(tree)?;
        for entry in &entries {
            if let Some(why) = forbidden(entry.name.to_bytes()) {
                return Err(self.unrepresentable(path, entry.name.to_bytes(), why));
            }
        }
        // Everything here searches by git's order, which only a broken tree does not keep.
        if let Some(pair) = entries
            .windows(2)
            .find(|pair| pair[0].key() >= pair[1].key())
        {
            let why = "the tree it is in is out of order";
            return Err(self.unrepresentable(path, pair[1].name.to_bytes(), why));
        }
        Ok(entries)
    }

    /// The folder `name` with everything below it.
    pub(crate) fn dir(&self, name: Name, tree: Oid, path: &mut Vec<u8>) -> Result<Dir, GitError> {
        let mut dir = Dir::unknown(name);
        dir.tree = tree;
        for entry in self.read(tree, path)? {
            dir.entries.push(self.entry(entry, path)?);
        }
        Ok(dir)
    }

    /// One entry of the folder at `path`, which ends in a slash unless it is the root.
    pub(crate) fn entry(&self, entry: TreeEntry, path: &mut Vec<u8>) -> Result<Entry, GitError> {
        let shape = match entry.kind {
            EntryKind::Folder => {
                let length = path.len();
                path.extend_from_slice(entry.name.to_bytes());
                path.push(b'/');
                let dir = self.dir(entry.name, entry.id, path)?;
                path.truncate(length);
                return Ok(Entry::Dir(Box::new(dir)));
            }
            EntryKind::Submodule => {
                return Ok(Entry::Submodule(Submodule {
                    name: entry.name,
                    id: entry.id,
                    record: None,
                    busy: true,
                }));
            }
            EntryKind::File => FileShape::Regular,
            EntryKind::Executable => FileShape::Executable,
            EntryKind::Symlink => FileShape::Symlink,
        };
        Ok(Entry::File(File {
            name: entry.name,
            id: entry.id,
            content: entry.id,
            shape,
            conversion: Conversion::default(),
            state: self.state,
        }))
    }

    pub(crate) fn unrepresentable(&self, folder: &[u8], name: &[u8], why: &str) -> GitError {
        unrepresentable(self.commit, folder, name, why)
    }
}

/// The error for a path that cannot be written.
pub(crate) fn unrepresentable(commit: Oid, folder: &[u8], name: &[u8], why: &str) -> GitError {
    let path = [folder, name].concat();
    GitError::Unrepresentable {
        commit: commit.to_string(),
        why: format!("{:?}: {why}", String::from_utf8_lossy(&path)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_sorts_as_if_a_slash_stood_behind_its_name() {
        let order = [
            Key(b"a", false),
            Key(b"a-b", false),
            Key(b"a", true),
            Key(b"a0", false),
            Key(b"ab", true),
        ];
        for (index, left) in order.iter().enumerate() {
            for (other, right) in order.iter().enumerate() {
                assert_eq!(
                    left.cmp(right),
                    index.cmp(&other),
                    "{:?} {:?}",
                    left.0,
                    right.0
                );
            }
        }
    }
}
