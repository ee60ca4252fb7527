//! Pushing under a lease, and removing what was pushed.

use git2::Oid;
use retro_domain::BranchName;

use super::{GitTaskWorkspace, id, ids, in_words, oid, oids, signature};
use crate::remote::{ReferenceAnswer, ReferenceUpdate, fetch_upstream, tracking, update_reference};
use crate::{BranchRemoval, GitError, NetworkLimits, PushOutcome, PushRequest, RebaseOutcome};

/// How often a branch may come and go beside the rebases.
const SPARE_ROUNDS: u32 = 8;

impl GitTaskWorkspace {
    pub(super) fn publish(
        &self,
        request: &PushRequest,
        limits: &NetworkLimits,
        notes: &mut dyn FnMut(String),
    ) -> Result<PushOutcome, GitError> {
        let branch = &request.branch;
        let known = oids(&request.known)?;
        let base = request.base.as_ref().map(oid).transpose()?;
        let committer = signature(&request.committer)?;
        let reference = branch.reference();
        let mut rebases = 0;
        for _ in 0..request.max_rebases.saturating_add(SPARE_ROUNDS) {
            let tip = self
                .target(&reference)?
                .ok_or_else(|| GitError::BadRevision {
                    revision: branch.to_string(),
                    why: "there is no such branch with a commit in the work tree".to_owned(),
                })?;
            let may_replace = |now: Option<Oid>| {
                now.is_none_or(|now| known.contains(&now) || self.contains(tip, now))
            };
            let update = ReferenceUpdate {
                reference: &reference,
                new: Some(tip),
                may_replace: &may_replace,
            };
            let was_there = match self.update(&update, limits, notes)? {
                ReferenceAnswer::Updated => false,
                ReferenceAnswer::AlreadyThere => true,
                ReferenceAnswer::Rejected(why) => return Err(self.rejected(&reference, why)),
                ReferenceAnswer::Moved(_) => {
                    let Some(theirs) = self.fetch_theirs(branch, limits, notes)? else {
                        // It was removed meanwhile.
                        continue;
                    };
                    if may_replace(Some(theirs)) {
                        continue;
                    }
                    let why = if rebases == request.max_rebases {
                        format!("somebody else goes on with the branch, after {rebases} rebases")
                    } else {
                        rebases += 1;
                        match self.move_onto(branch, base, theirs, &committer)? {
                            RebaseOutcome::Conflict { commit, paths } => {
                                let commit = commit.map_or("a change".to_owned(), |c| c.short());
                                format!("{commit} does not fit: {}", paths.join(", "))
                            }
                            _ => {
                                notes(format!(
                                    "{branch} has moved; the commits were put on top of {}",
                                    id(theirs)?.short()
                                ));
                                continue;
                            }
                        }
                    };
                    let foreign = self.foreign(branch, base, &known)?;
                    return self.rescue(branch, tip, &why, foreign, limits, notes);
                }
            };
            let tracked = tracking(&reference);
            self.repository
                .reference(&tracked, tip, true, "git-retro task: push")
                .map_err(|error| GitError::git(&format!("writing {tracked}"), &error))?;
            return Ok(PushOutcome::Pushed {
                commit: id(tip)?,
                reference,
                was_there,
                rebases,
            });
        }
        Err(GitError::PushRefused {
            url: self.remote.url().to_string(),
            why: format!("{branch} changes there all the time; look who does that"),
        })
    }

    fn rescue(
        &self,
        branch: &BranchName,
        tip: Oid,
        why: &str,
        foreign: Vec<Oid>,
        limits: &NetworkLimits,
        notes: &mut dyn FnMut(String),
    ) -> Result<PushOutcome, GitError> {
        let commit = id(tip)?;
        let reference = format!("refs/heads/retro/rescue/{branch}-{}", commit.short());
        let update = ReferenceUpdate {
            reference: &reference,
            new: Some(tip),
            may_replace: &|now| now.is_none(),
        };
        match self.update(&update, limits, notes)? {
            ReferenceAnswer::Updated | ReferenceAnswer::AlreadyThere => Ok(PushOutcome::Rescued {
                commit,
                reference,
                why: why.to_owned(),
                foreign: ids(foreign)?,
            }),
            ReferenceAnswer::Rejected(said) => {
                let said = format!("{said} (it was to keep the work, since {why})");
                Err(self.rejected(&reference, said))
            }
            ReferenceAnswer::Moved(_) => {
                let taken = "another commit has that name".to_owned();
                Err(self.rejected(&reference, taken))
            }
        }
    }

    /// Fetches what the remote has of a branch.
    fn fetch_theirs(
        &self,
        branch: &BranchName,
        limits: &NetworkLimits,
        notes: &mut dyn FnMut(String),
    ) -> Result<Option<Oid>, GitError> {
        let reference = branch.reference();
        let found = fetch_upstream(
            &self.remote,
            &self.repository,
            &reference,
            &reference,
            &Self::options(&*self.pace, limits),
            &mut in_words(notes),
        );
        match found {
            Ok(found) => Ok(found.branch),
            Err(GitError::BadRevision { .. }) => {
                self.forget_tracking(branch)?;
                Ok(None)
            }
            Err(error) => Err(error.of_push()),
        }
    }

    pub(super) fn foreign(
        &self,
        branch: &BranchName,
        base: Option<Oid>,
        known: &[Oid],
    ) -> Result<Vec<Oid>, GitError> {
        let reference = branch.reference();
        let Some(theirs) = self.target(&tracking(&reference))? else {
            return Ok(Vec::new());
        };
        let mut ours = known.to_vec();
        ours.extend(base);
        ours.extend(self.target(&reference)?);
        self.commits_between(theirs, &ours)
    }

    pub(super) fn remove_published(
        &self,
        branch: &BranchName,
        tip: Oid,
        limits: &NetworkLimits,
        notes: &mut dyn FnMut(String),
    ) -> Result<BranchRemoval, GitError> {
        let reference = branch.reference();
        let update = ReferenceUpdate {
            reference: &reference,
            new: None,
            may_replace: &|now| now == Some(tip),
        };
        let removal = match self.update(&update, limits, notes)? {
            ReferenceAnswer::Updated => BranchRemoval::Removed,
            ReferenceAnswer::Moved(Some(now)) => {
                return Ok(BranchRemoval::Moved { tip: id(now)? });
            }
            ReferenceAnswer::AlreadyThere | ReferenceAnswer::Moved(None) => BranchRemoval::NotThere,
            ReferenceAnswer::Rejected(why) => return Err(self.rejected(&reference, why)),
        };
        self.forget_tracking(branch)?;
        Ok(removal)
    }

    fn update(
        &self,
        update: &ReferenceUpdate<'_>,
        limits: &NetworkLimits,
        notes: &mut dyn FnMut(String),
    ) -> Result<ReferenceAnswer, GitError> {
        let options = Self::options(&*self.pace, limits);
        update_reference(
            &self.remote,
            &self.repository,
            update,
            &options,
            &mut in_words(notes),
        )
    }

    fn rejected(&self, reference: &str, why: String) -> GitError {
        GitError::PushRejected {
            url: self.remote.url().to_string(),
            reference: reference.to_owned(),
            why,
        }
    }
}
