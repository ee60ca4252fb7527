//! Commits that change certain paths.

use std::ffi::OsStr;
use std::iter::Peekable;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use git2::Oid;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::lineage::Visited;
use crate::GitError;
use crate::worktree::objects::{EntryKind, Objects, TreeEntry};

/// The globs of a query. A glob also stands for everything below what it matches, and `*` spans
/// folders, as in git's pathspecs.
pub(super) struct PathFilter(Option<GlobSet>);

impl PathFilter {
    pub(super) fn new(globs: &[String]) -> Result<Self, GitError> {
        if globs.is_empty() {
            return Ok(Self(None));
        }
        let failed = |glob: &str, error: &globset::Error| GitError::Git {
            doing: format!("reading the path filter {glob:?}"),
            why: error.kind().to_string(),
        };
        let mut set = GlobSetBuilder::new();
        for glob in globs {
            let trimmed = glob
                .strip_prefix("./")
                .unwrap_or(glob)
                .trim_end_matches('/');
            for form in [trimmed.to_owned(), format!("{trimmed}/**")] {
                let built = GlobBuilder::new(&form).literal_separator(false).build();
                set.add(built.map_err(|error| failed(glob, &error))?);
            }
        }
        let set = set
            .build()
            .map_err(|error| failed(&globs.join(" "), &error))?;
        Ok(Self(Some(set)))
    }

    /// Whether a commit changes a path that matches: against each of its parents, for a merge that
    /// takes a path as one of its parents has it does not change it.
    pub(super) fn passes(&self, objects: &Objects, commit: &Visited) -> Result<bool, GitError> {
        let Some(globs) = &self.0 else {
            return Ok(true);
        };
        let tree = objects.tree_of(commit.id)?;
        if commit.parents.is_empty() {
            return changes(objects, globs, None, Some(tree), &mut Vec::new());
        }
        for &parent in &commit.parents {
            let old = objects.tree_of(parent)?;
            if !changes(objects, globs, Some(old), Some(tree), &mut Vec::new())? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Whether a path that matches differs between two trees.
fn changes(
    objects: &Objects,
    globs: &GlobSet,
    old: Option<Oid>,
    new: Option<Oid>,
    path: &mut Vec<u8>,
) -> Result<bool, GitError> {
    if old == new {
        return Ok(false);
    }
    let read = |tree: Option<Oid>| tree.map_or(Ok(Vec::new()), |tree| objects.tree(tree));
    let (mut old, mut new) = (
        read(old)?.into_iter().peekable(),
        read(new)?.into_iter().peekable(),
    );
    while let Some((before, after)) = next_pair(&mut old, &mut new) {
        let is_same = match (&before, &after) {
            (Some(before), Some(after)) => (before.id, before.kind) == (after.id, after.kind),
            _ => false,
        };
        let Some(name) = before.as_ref().or(after.as_ref()).map(|entry| &entry.name) else {
            break;
        };
        if is_same {
            continue;
        }
        let length = path.len();
        path.extend_from_slice(name.to_bytes());
        let is_folder = |entry: &Option<TreeEntry>| {
            entry
                .as_ref()
                .is_some_and(|entry| entry.kind == EntryKind::Folder)
        };
        let found = if is_folder(&before) || is_folder(&after) {
            path.push(b'/');
            let id = |entry: Option<TreeEntry>| entry.map(|entry| entry.id);
            changes(objects, globs, id(before), id(after), path)?
        } else {
            globs.is_match(Path::new(OsStr::from_bytes(path)))
        };
        path.truncate(length);
        if found {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The next entries of two trees that have the same place, or the one that comes first.
fn next_pair<I: Iterator<Item = TreeEntry>>(
    old: &mut Peekable<I>,
    new: &mut Peekable<I>,
) -> Option<(Option<TreeEntry>, Option<TreeEntry>)> {
    let order = match (old.peek(), new.peek()) {
        (None, None) => return None,
        (Some(_), None) => std::cmp::Ordering::Less,
        (None, Some(_)) => std::cmp::Ordering::Greater,
        (Some(old), Some(new)) => old.key().cmp(&new.key()),
    };
    Some((
        old.next_if(|_| order.is_le()),
        new.next_if(|_| order.is_ge()),
    ))
}
