//! Staging and committing.

use std::cell::RefCell;
use std::path::Path;

use git2::{Index, IndexAddOption};
use retro_domain::BranchName;

use super::{GitTaskWorkspace, id, remove_file, signature};
use crate::{CommitOutcome, CommitRequest, GitError, Staged};

/// So many files are named in a warning.
const MAX_NAMED: usize = 20;

impl GitTaskWorkspace {
    pub(super) fn make_commit(
        &mut self,
        request: &CommitRequest,
    ) -> Result<CommitOutcome, GitError> {
        let failed = |error: git2::Error| GitError::git("committing", &error);
        let author = signature(&request.author)?;
        self.remove_stale_locks()?;
        self.settle(&request.branch)?;
        let head = self.head_id()?;
        let parent = head.map(|head| self.commit(head)).transpose()?;
        let before = parent.as_ref().map(|parent| parent.tree());
        let before = before.transpose().map_err(failed)?;
        let (mut index, warnings) = self.stage(before.as_ref(), &request.staged)?;
        let tree = index.write_tree().map_err(failed)?;
        let is_same = match &before {
            Some(before) => before.id() == tree,
            None => index.is_empty(),
        };
        if is_same {
            index.write().map_err(failed)?;
            let head = head.map(id).transpose()?;
            return Ok(CommitOutcome::NothingToCommit { head, warnings });
        }
        let tree = self.repository.find_tree(tree).map_err(failed)?;
        let parents: Vec<&git2::Commit<'_>> = parent.iter().collect();
        let reference = request.branch.reference();
        let commit = self
            .repository
            .commit(
                Some(&reference),
                &author,
                &author,
                &format!("{}\n", request.message.trim_end()),
                &tree,
                &parents,
            )
            .map_err(failed)?;
        index.write().map_err(failed)?;
        // A merge that the executor began is not one of the next commit.
        self.repository.cleanup_state().map_err(failed)?;
        let files = self.files_between(before.as_ref(), &tree)?.len();
        Ok(CommitOutcome::Created {
            commit: id(commit)?,
            files,
            warnings,
        })
    }

    /// Puts `HEAD` on the branch, and commits that somebody made elsewhere on top of it into it.
    pub(super) fn settle(&self, branch: &BranchName) -> Result<(), GitError> {
        let reference = branch.reference();
        if self.is_on(&reference)? {
            return Ok(());
        }
        let (head, tip) = (self.head_id()?, self.target(&reference)?);
        match (head, tip) {
            (Some(head), Some(tip)) if self.contains(head, tip) => {
                let log = "git-retro task: commits that were made elsewhere";
                self.repository
                    .reference_matching(&reference, head, true, tip, log)
                    .map_err(|error| GitError::git(&format!("moving {branch}"), &error))?;
                self.set_head(&reference)
            }
            _ => Err(GitError::Git {
                doing: format!("committing to {branch}"),
                why: "something else is checked out, without the branch's commits; nothing was \
                      changed, so look what was done in the work tree"
                    .to_owned(),
            }),
        }
    }

    /// The index with everything that is to be committed, and what is not.
    fn stage(
        &self,
        before: Option<&git2::Tree<'_>>,
        staged: &Staged,
    ) -> Result<(Index, Vec<String>), GitError> {
        let failed = |error: git2::Error| GitError::git("looking for changes", &error);
        let mut index = match self.repository.index() {
            Ok(index) => index,
            Err(_) => {
                // It can be made again from the commit.
                remove_file(&self.repository.path().join("index"))?;
                self.repository.index().map_err(failed)?
            }
        };
        // What somebody staged is looked for like everything else.
        match before {
            Some(tree) => index.read_tree(tree).map_err(failed)?,
            None => index.clear().map_err(failed)?,
        }
        let (nested, filtered) = (RefCell::default(), RefCell::default());
        let mut warnings = Vec::new();
        let selected = match staged {
            Staged::All => None,
            Staged::Paths(paths) => Some(paths),
        };
        for path in selected.into_iter().flatten() {
            check_path(path)?;
        }
        let mut look = |path: &Path, _: &[u8]| {
            if selected.is_some_and(|paths| !paths.iter().any(|one| path.starts_with(one))) {
                return 1;
            }
            let shown = path.to_string_lossy().into_owned();
            if shown.ends_with('/') || self.is_new_repository(path, before) {
                note(&nested, shown);
                return 1;
            }
            let attribute = self.repository.get_attr(path, "filter", Default::default());
            if attribute.ok().flatten().is_some() {
                note(&filtered, shown);
            }
            0
        };
        let added = index.add_all(["*"], IndexAddOption::DEFAULT, Some(&mut look));
        added.map_err(failed)?;
        for path in selected.into_iter().flatten() {
            let is_ignored = self.repository.is_path_ignored(path).unwrap_or(false);
            if is_ignored && index.get_path(path.as_ref(), 0).is_none() {
                warnings.push(format!("{path} is ignored and was left out"));
            }
        }
        warn(
            &mut warnings,
            nested,
            "repositories of their own were left out",
        );
        let unfiltered = "files with a filter (Git LFS, for example) were committed as they are, \
                          since no filter is run";
        warn(&mut warnings, filtered, unfiltered);
        Ok((index, warnings))
    }

    /// Whether a path is a repository that the last commit does not have as a submodule.
    fn is_new_repository(&self, path: &Path, before: Option<&git2::Tree<'_>>) -> bool {
        let full = self.work_tree.join(path);
        let is_folder = full.symlink_metadata().is_ok_and(|found| found.is_dir());
        is_folder && before.is_none_or(|tree| tree.get_path(path).is_err())
    }
}

fn check_path(path: &str) -> Result<(), GitError> {
    let is_odd = |part: &str| matches!(part, "" | "." | "..") || part.eq_ignore_ascii_case(".git");
    if path.split('/').any(is_odd) {
        return Err(GitError::Git {
            doing: format!("staging {path:?}"),
            why: "it is no path within the work tree".to_owned(),
        });
    }
    Ok(())
}

fn note(found: &RefCell<Vec<String>>, path: String) {
    let mut found = found.borrow_mut();
    if found.len() < MAX_NAMED && !found.contains(&path) {
        found.push(path);
    }
}

fn warn(warnings: &mut Vec<String>, found: RefCell<Vec<String>>, what: &str) {
    let found = found.into_inner();
    if !found.is_empty() {
        warnings.push(format!("{what}: {}", found.join(", ")));
    }
}
