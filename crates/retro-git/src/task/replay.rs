//! Putting commits on top of another one.

use git2::build::CheckoutBuilder;
use git2::{ErrorCode, Oid, Signature};
use retro_domain::BranchName;

use super::{GitTaskWorkspace, id};
use crate::{GitError, RebaseOutcome};

/// What became of commits that were made again.
pub(super) enum Replayed {
    /// The last of them, and how many there are.
    Onto(Oid, usize),
    /// The first that does not fit, and the files in which it does not.
    Conflict(Oid, Vec<String>),
}

impl GitTaskWorkspace {
    pub(super) fn move_onto(
        &self,
        branch: &BranchName,
        base: Option<Oid>,
        onto: Oid,
        committer: &Signature<'_>,
    ) -> Result<RebaseOutcome, GitError> {
        let doing = format!("rebasing {branch}");
        let failed = |error: git2::Error| GitError::git(&doing, &error);
        self.settle(branch)?;
        let reference = branch.reference();
        let tip = self
            .target(&reference)?
            .ok_or_else(|| GitError::BadRevision {
                revision: branch.to_string(),
                why: "there is no such branch with a commit".to_owned(),
            })?;
        if self.contains(tip, onto) {
            return Ok(RebaseOutcome::UpToDate { tip: id(tip)? });
        }
        let (new, commits) = match self.replay(base, tip, onto, committer)? {
            Replayed::Onto(new, commits) => (new, commits),
            Replayed::Conflict(commit, paths) => {
                let commit = Some(id(commit)?);
                return Ok(RebaseOutcome::Conflict { commit, paths });
            }
        };
        let commit = self.commit(new)?;
        let tree = commit.tree().map_err(failed)?;
        let links = self.links_in_place_of_folders(Some(&tree))?;
        if !links.is_empty() {
            let shown = links.iter().map(|link| link.display().to_string());
            return Ok(RebaseOutcome::Conflict {
                commit: None,
                paths: shown.collect(),
            });
        }
        let in_the_way = self.unsettled(branch, || {
            let mut checkout = CheckoutBuilder::new();
            checkout.safe();
            let moved = self
                .repository
                .checkout_tree(commit.as_object(), Some(&mut checkout));
            match moved {
                // Nothing was written.
                Err(error) if error.code() == ErrorCode::Conflict => {
                    return Ok(Some(error.message().to_owned()));
                }
                other => other.map_err(failed)?,
            }
            self.repository
                .reference_matching(&reference, new, true, tip, "git-retro task: rebase")
                .map_err(failed)?;
            Ok(None)
        })?;
        if let Some(what) = in_the_way {
            let paths = vec![what];
            return Ok(RebaseOutcome::Conflict {
                commit: None,
                paths,
            });
        }
        let tip = id(new)?;
        Ok(RebaseOutcome::Rebased { tip, commits })
    }

    /// Makes the commits from `base` to `tip` again on top of `onto`, in the object store alone. What
    /// `onto` has already is left out.
    fn replay(
        &self,
        base: Option<Oid>,
        tip: Oid,
        onto: Oid,
        committer: &Signature<'_>,
    ) -> Result<Replayed, GitError> {
        let failed = |error: git2::Error| GitError::git("rebasing", &error);
        let hidden: Vec<Oid> = base.into_iter().chain([onto]).collect();
        let mut commits = self.commits_between(tip, &hidden)?;
        commits.reverse();
        let (mut last, mut made) = (self.commit(onto)?, 0);
        for picked in commits {
            let commit = self.commit(picked)?;
            if commit.parent_count() > 1 {
                // Which of its sides is ours, nobody says.
                return Ok(Replayed::Conflict(picked, Vec::new()));
            }
            let mut index = self
                .repository
                .cherrypick_commit(&commit, &last, 0, None)
                .map_err(failed)?;
            if index.has_conflicts() {
                return Ok(Replayed::Conflict(picked, conflicts(&index)));
            }
            let tree = index.write_tree_to(&self.repository).map_err(failed)?;
            if tree == last.tree_id() {
                continue;
            }
            let tree = self.repository.find_tree(tree).map_err(failed)?;
            let message = String::from_utf8_lossy(commit.message_raw_bytes()).into_owned();
            let new = self
                .repository
                .commit(None, &commit.author(), committer, &message, &tree, &[&last])
                .map_err(failed)?;
            last = self.commit(new)?;
            made += 1;
        }
        Ok(Replayed::Onto(last.id(), made))
    }
}

/// The files in which two changes do not fit together.
fn conflicts(index: &git2::Index) -> Vec<String> {
    let Ok(found) = index.conflicts() else {
        return Vec::new();
    };
    let paths = found.flatten().filter_map(|conflict| {
        let side = conflict.our.or(conflict.their).or(conflict.ancestor)?;
        Some(String::from_utf8_lossy(&side.path).into_owned())
    });
    let mut paths: Vec<String> = paths.collect();
    paths.dedup();
    paths
}
