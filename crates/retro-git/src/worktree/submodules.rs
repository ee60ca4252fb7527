//! Submodules: left empty, or checked out from what the user's repository has of them.

use std::collections::BTreeMap;
use std::ffi::{CString, OsStr};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use git2::Oid;

use super::dir_handle::DirHandle;
use super::git_dir::GitDirContent;
use super::lfs::LfsFiles;
use super::objects::Objects;
use super::parent_handle::ParentHandle;
use super::tracked::{Dir, Entry};
use super::work_tree::{Surroundings, WorkTree};
use crate::{Checkout, GitError, LfsPolicy, SubmodulePolicy};

/// How deep submodules may hold submodules.
const MAX_DEPTH: usize = 16;

/// The submodules of one work tree.
pub(crate) struct Submodules {
    policy: SubmodulePolicy,
    lfs: LfsPolicy,
    /// The `modules` folder of the user's git directory.
    modules: PathBuf,
    /// The user's work tree, where a submodule may have a git directory of its own.
    user_tree: Option<PathBuf>,
    depth: usize,
    /// Work trees by path.
    nested: BTreeMap<Vec<u8>, WorkTree>,
}

impl Submodules {
    pub(crate) fn new(
        policy: SubmodulePolicy,
        lfs: LfsPolicy,
        git_dir: &Path,
        user_tree: Option<&Path>,
    ) -> Self {
        Self {
            policy,
            lfs,
            modules: git_dir.join("modules"),
            user_tree: user_tree.map(Path::to_owned),
            depth: 0,
            nested: BTreeMap::new(),
        }
    }

    pub(crate) fn are_wanted(&self) -> bool {
        self.policy == SubmodulePolicy::Checkout
    }

    /// Checks out every submodule below `root`, which is open as `handle` and settled.
    pub(crate) fn checkout(
        &mut self,
        objects: &Objects,
        root: &Dir,
        handle: &DirHandle,
        around: &Surroundings<'_>,
        done: &mut Checkout,
    ) -> Result<(), GitError> {
        let list = root.blob_of(b".gitmodules");
        if list.is_zero() && self.nested.is_empty() {
            return Ok(());
        }
        let mut wanted = BTreeMap::new();
        collect(root, &mut Vec::new(), &mut wanted);
        self.nested.retain(|path, _| wanted.contains_key(path));
        if wanted.is_empty() || list.is_zero() {
            return Ok(());
        }
        if !self.are_wanted() {
            let warning = "submodules are left empty; --submodules checkout fills them from what the \
                           repository has of them";
            super::warn_once(done, warning.to_owned());
            return Ok(());
        }
        let names = objects.with_blob(list, || ".gitmodules".to_owned(), names_by_path)?;
        for (path, commit) in wanted {
            let parent = ParentHandle::open(handle, &path)
                .map_err(|error| GitError::io(super::display_path(&path, b""), error))?;
            if !self.nested.contains_key(&path)
                && let Some(work_tree) = self.open(&path, names.get(&path), commit)?
            {
                self.nested.insert(path.clone(), work_tree);
            }
            let has_commit = |work_tree: &&mut WorkTree| work_tree.objects.has(commit);
            if let Some(work_tree) = self.nested.get_mut(&path).filter(has_commit) {
                let inner =
                    work_tree.checkout(parent.handle(handle), &parent.name, commit, around)?;
                done.written += inner.written;
                done.removed += inner.removed;
                done.restored += inner.restored;
                done.cleaned += inner.cleaned;
                for warning in inner.warnings {
                    super::warn_once(done, warning);
                }
            } else {
                self.nested.remove(&path);
                empty(parent.handle(handle), &parent.name, &path)?;
                let shown = String::from_utf8_lossy(&path);
                super::warn_once(
                    done,
                    format!(
                        "the submodule {shown} is left empty: the repository has nothing of commit \
                         {commit}; `git submodule update --init {shown}` gets it"
                    ),
                );
            }
        }
        Ok(())
    }

    /// The work tree of the submodule at `path`, if the user's repository has the commit.
    fn open(
        &self,
        path: &[u8],
        name: Option<&Vec<u8>>,
        commit: Oid,
    ) -> Result<Option<WorkTree>, GitError> {
        if self.depth >= MAX_DEPTH {
            return Ok(None);
        }
        let user_tree = self
            .user_tree
            .as_ref()
            .map(|tree| tree.join(OsStr::from_bytes(path)));
        let by_name = name
            .map(|name| Path::new(OsStr::from_bytes(name)))
            .filter(|name| {
                name.components()
                    .all(|part| matches!(part, Component::Normal(_)))
            })
            .map(|name| self.modules.join(name));
        let by_tree = user_tree.as_deref().and_then(|tree| {
            tree.join(".git")
                .exists()
                .then(|| git2::Repository::open(tree).ok())
                .flatten()
                .map(|repository| repository.commondir().to_owned())
        });
        for git_dir in [by_name, by_tree].into_iter().flatten() {
            let Ok(objects) = Objects::open(&git_dir) else {
                continue;
            };
            if objects.has(commit) {
                let content = GitDirContent::of(&git_dir, &[])?;
                let lfs = LfsFiles::new(self.lfs, git_dir.join("lfs/objects"));
                let mut inner = Self::new(self.policy, self.lfs, &git_dir, user_tree.as_deref());
                inner.depth = self.depth + 1;
                return Ok(Some(WorkTree::new(objects, &content, lfs, inner)));
            }
        }
        Ok(None)
    }
}

fn empty(parent: &DirHandle, name: &CString, path: &[u8]) -> Result<(), GitError> {
    let failed = |error: std::io::Error| GitError::io(super::display_path(path, b""), error);
    let handle = parent
        .open_dir_forced(name)
        .map_err(|error| failed(error.into()))?;
    for inner in handle.names().map_err(|error| failed(error.into()))? {
        handle.remove_any(&inner).map_err(failed)?;
    }
    Ok(())
}

fn collect(dir: &Dir, path: &mut Vec<u8>, found: &mut BTreeMap<Vec<u8>, Oid>) {
    let length = path.len();
    for entry in &dir.entries {
        path.extend_from_slice(entry.name().to_bytes());
        match entry {
            Entry::Submodule(submodule) => {
                found.insert(path.clone(), submodule.id);
            }
            Entry::Dir(child) => {
                path.push(b'/');
                collect(child, path, found);
            }
            Entry::File(_) => {}
        }
        path.truncate(length);
    }
}

/// The names of submodules by path, from the text of a `.gitmodules` file.
fn names_by_path(text: &[u8]) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut names = BTreeMap::new();
    let mut current: Option<Vec<u8>> = None;
    for line in text.split(|&byte| byte == b'\n') {
        let line = line.trim_ascii();
        if line.starts_with(b"[") {
            current = line
                .strip_prefix(b"[submodule \"")
                .and_then(|rest| rest.strip_suffix(b"\"]"))
                .map(unescaped);
        } else if let Some(name) = &current
            && let Some(at) = line.iter().position(|&byte| byte == b'=')
            && line[..at].trim_ascii().eq_ignore_ascii_case(b"path")
        {
            let value = line[at + 1..].trim_ascii();
            let value = value
                .strip_prefix(b"\"")
                .and_then(|rest| rest.strip_suffix(b"\""))
                .unwrap_or(value);
            names.insert(unescaped(value), name.clone());
        }
    }
    names
}

fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut bytes = text.iter().copied();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => out.extend(bytes.next()),
            byte => out.push(byte),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_by_path() {
        let text = "[submodule \"lib/one\"]\n\tpath = lib/one\n\turl = x\n\
                    # c\n[submodule \"a \\\"b\\\"\"]\n  Path=\"two words\"\n[other]\npath = no\n";
        let names = names_by_path(text.as_bytes());
        let expected = [("lib/one", "lib/one"), ("two words", "a \"b\"")];
        let expected: BTreeMap<_, _> = expected
            .map(|(path, name)| (path.as_bytes().to_vec(), name.as_bytes().to_vec()))
            .into();
        assert_eq!(names, expected);
    }
}
