//! Beginning, resetting and removing branches.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use git2::build::CheckoutBuilder;
use git2::{ErrorCode, ObjectType, Oid, StatusOptions, Tree};
use retro_domain::{BranchName, CommitId};

use super::{GitTaskWorkspace, id, oid, oids, remove_file};
use crate::remote::tracking;
use crate::{BranchRemoval, BranchStart, GitError, Upstream};

/// What is written into the log of a reference.
const LOG: &str = "git-retro task";

impl GitTaskWorkspace {
    pub(super) fn begin_branch(
        &mut self,
        branch: &BranchName,
        upstream: &Upstream,
        known: &[CommitId],
    ) -> Result<BranchStart, GitError> {
        self.remove_stale_locks()?;
        let known = oids(known)?;
        let reference = branch.reference();
        let local = self.target(&reference)?;
        let theirs = upstream.branch.as_ref().map(oid).transpose()?;
        if let Some(tip) = local
            && !known.iter().any(|known| self.contains(tip, *known))
        {
            let (tip, is_remote) = (id(tip)?, false);
            return Ok(BranchStart::Taken { tip, is_remote });
        }
        if let Some(tip) = theirs
            && !known.contains(&tip)
            && !local.is_some_and(|local| self.contains(local, tip))
        {
            let (tip, is_remote) = (id(tip)?, true);
            return Ok(BranchStart::Taken { tip, is_remote });
        }
        if let Some(tip) = local.or(theirs) {
            if !self.is_on(&reference)? {
                self.check_clean()?;
                self.put_back(branch, tip)?;
            }
            return Ok(BranchStart::Adopted { tip: id(tip)? });
        }
        self.check_clean()?;
        match &upstream.base {
            Some(base) => self.put_back(branch, oid(base)?)?,
            // The first commit makes the branch.
            None => self.set_head(&reference)?,
        }
        let base = upstream.base;
        Ok(BranchStart::Created { base })
    }

    /// Whether `HEAD` is on a reference, which need not be there yet.
    pub(super) fn is_on(&self, reference: &str) -> Result<bool, GitError> {
        match self.repository.find_reference("HEAD") {
            Ok(head) => Ok(head.symbolic_target_bytes() == Some(reference.as_bytes())),
            Err(error) if error.code() == ErrorCode::NotFound => Ok(false),
            Err(error) => Err(GitError::git("reading HEAD", &error)),
        }
    }

    pub(super) fn set_head(&self, reference: &str) -> Result<(), GitError> {
        let set = self.repository.set_head(reference);
        set.map_err(|error| GitError::git(&format!("going to {reference}"), &error))
    }

    /// Changes in somebody's own work tree are not ours to throw away.
    fn check_clean(&self) -> Result<(), GitError> {
        if self.is_own {
            return Ok(());
        }
        let mut options = StatusOptions::new();
        options.include_untracked(true).include_ignored(false);
        let changes = self.repository.statuses(Some(&mut options));
        let changes = changes.map_err(|error| GitError::git("looking for changes", &error))?;
        match changes.iter().next() {
            None => Ok(()),
            Some(first) => Err(GitError::Git {
                doing: format!("beginning a task in {}", self.work_tree.display()),
                why: format!(
                    "there are changes that are not committed, in {} for example; commit or stash \
                     them first",
                    String::from_utf8_lossy(first.path_bytes())
                ),
            }),
        }
    }

    /// Makes branch, `HEAD`, index and work tree this commit, whatever they were. The branch comes
    /// first: a crash leaves a work tree that differs from it, and not commits that nothing names.
    pub(super) fn put_back(&self, branch: &BranchName, to: Oid) -> Result<(), GitError> {
        let doing = format!("checking out {branch}");
        let failed = |error: git2::Error| GitError::git(&doing, &error);
        let commit = self.commit(to)?;
        let tree = commit.tree().map_err(failed)?;
        let reference = branch.reference();
        self.unsettled(branch, || {
            self.repository
                .reference(&reference, to, true, LOG)
                .map_err(failed)?;
            for link in self.links_in_place_of_folders(Some(&tree))? {
                remove_file(&link)?;
            }
            self.set_head(&reference)?;
            let mut checkout = CheckoutBuilder::new();
            checkout.force().remove_untracked(true);
            self.repository
                .checkout_tree(commit.as_object(), Some(&mut checkout))
                .map_err(failed)?;
            self.repository.cleanup_state().map_err(failed)
        })
    }

    /// Links in the work tree where a tree, the commit that is checked out or the index have a folder.
    /// libgit2 follows them when it writes or removes what is in such a folder.
    pub(super) fn links_in_place_of_folders(
        &self,
        tree: Option<&Tree<'_>>,
    ) -> Result<BTreeSet<PathBuf>, GitError> {
        let failed = |error: git2::Error| GitError::git("looking at folders", &error);
        let head = self.head_id()?.map(|head| self.commit(head)).transpose()?;
        let head = head.map(|head| head.tree()).transpose().map_err(failed)?;
        let mut links = BTreeSet::new();
        let mut open: Vec<(PathBuf, Tree<'_>)> = Vec::new();
        for tree in head.iter().chain(tree) {
            open.push((PathBuf::new(), tree.clone()));
        }
        while let Some((folder, tree)) = open.pop() {
            for entry in tree.iter() {
                if entry.kind() != Some(ObjectType::Tree) {
                    continue;
                }
                let path = folder.join(OsStr::from_bytes(entry.name_bytes()));
                let full = self.work_tree.join(&path);
                match full.symlink_metadata() {
                    Ok(found) if found.is_symlink() => drop(links.insert(full)),
                    Ok(found) if found.is_dir() => {
                        let inner = self.repository.find_tree(entry.id()).map_err(failed)?;
                        open.push((path, inner));
                    }
                    // Nothing leads on from there.
                    _ => {}
                }
            }
        }
        // One that cannot be read is made again, and removes nothing.
        if let Ok(index) = self.repository.index() {
            let mut last = PathBuf::new();
            for entry in index.iter() {
                let path = Path::new(OsStr::from_bytes(&entry.path));
                let folder = path.parent().unwrap_or(path);
                if folder == last {
                    continue;
                }
                folder.clone_into(&mut last);
                let parents = folder.ancestors().map(|parent| self.work_tree.join(parent));
                let found = parents.filter(|path| *path != self.work_tree && path.is_symlink());
                links.extend(found);
            }
        }
        Ok(links)
    }

    pub(super) fn forget_tracking(&self, branch: &BranchName) -> Result<(), GitError> {
        self.remove_reference(&tracking(&branch.reference()))
    }

    fn remove_reference(&self, name: &str) -> Result<(), GitError> {
        let removed = match self.repository.find_reference(name) {
            Ok(mut reference) => reference.delete(),
            Err(error) if error.code() == ErrorCode::NotFound => Ok(()),
            Err(error) => Err(error),
        };
        removed.map_err(|error| GitError::git(&format!("removing {name}"), &error))
    }

    pub(super) fn remove_local(
        &self,
        branch: &BranchName,
        tip: Oid,
    ) -> Result<BranchRemoval, GitError> {
        let reference = branch.reference();
        match self.target(&reference)? {
            None => return Ok(BranchRemoval::NotThere),
            Some(now) if now != tip => return Ok(BranchRemoval::Moved { tip: id(now)? }),
            Some(_) => {}
        }
        if self.is_on(&reference)? {
            let set = self.repository.set_head_detached(tip);
            set.map_err(|error| GitError::git("leaving a branch", &error))?;
        }
        self.remove_reference(&reference)?;
        Ok(BranchRemoval::Removed)
    }
}
