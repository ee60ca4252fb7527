//! What a branch changes.

use git2::{Delta, Diff, DiffFormat, ErrorCode, Oid, Tree};

use super::GitTaskWorkspace;
use crate::{GitError, Patch};

impl GitTaskWorkspace {
    /// The paths that differ between two trees, sorted.
    pub(super) fn files_between(
        &self,
        before: Option<&Tree<'_>>,
        after: &Tree<'_>,
    ) -> Result<Vec<String>, GitError> {
        let diff = self.diff(before, after)?;
        let paths = diff.deltas().filter_map(|delta| {
            let file = match delta.status() {
                Delta::Deleted => delta.old_file(),
                _ => delta.new_file(),
            };
            let path = file.path_bytes()?;
            Some(String::from_utf8_lossy(path).into_owned())
        });
        let mut paths: Vec<String> = paths.collect();
        paths.sort();
        Ok(paths)
    }

    pub(super) fn changed_files(&self, base: Option<Oid>) -> Result<Vec<String>, GitError> {
        match self.trees_since(base)? {
            Some((before, after)) => self.files_between(before.as_ref(), &after),
            None => Ok(Vec::new()),
        }
    }

    pub(super) fn patch(&self, base: Option<Oid>, max_bytes: usize) -> Result<Patch, GitError> {
        let mut patch = Patch::default();
        let Some((before, after)) = self.trees_since(base)? else {
            return Ok(patch);
        };
        let diff = self.diff(before.as_ref(), &after)?;
        let printed = diff.print(DiffFormat::Patch, |_, _, line| {
            let content = line.content();
            let length = patch.bytes.len() + content.len();
            if length >= max_bytes {
                patch.is_cut = true;
                return false;
            }
            if let '+' | '-' | ' ' = line.origin() {
                patch.bytes.extend(u8::try_from(line.origin()));
            }
            patch.bytes.extend_from_slice(content);
            true
        });
        match printed {
            Err(error) if error.code() != ErrorCode::User => {
                Err(GitError::git("comparing commits", &error))
            }
            _ => Ok(patch),
        }
    }

    /// The trees of `base` and of what is checked out, where there is something.
    fn trees_since(&self, base: Option<Oid>) -> Result<Option<TreePair<'_>>, GitError> {
        let tree = |commit: Oid| {
            let tree = self.commit(commit)?.tree();
            tree.map_err(|error| GitError::git("reading a commit", &error))
        };
        let Some(head) = self.head_id()? else {
            return Ok(None);
        };
        Ok(Some((base.map(tree).transpose()?, tree(head)?)))
    }

    fn diff<'a>(
        &'a self,
        before: Option<&Tree<'_>>,
        after: &Tree<'_>,
    ) -> Result<Diff<'a>, GitError> {
        let diff = self.repository.diff_tree_to_tree(before, Some(after), None);
        diff.map_err(|error| GitError::git("comparing commits", &error))
    }
}

type TreePair<'a> = (Option<Tree<'a>>, Tree<'a>);
