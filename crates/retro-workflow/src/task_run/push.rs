//! Pushing the branch.

use retro_domain::{EffectKind, GitStatus, PhaseOutcome, TaskEventKind, TaskPhase};
use retro_git::{GitError, PushOutcome, PushRequest};

use super::session::{Phase, Session, chain};

/// How often commits are put on top of what somebody else pushed meanwhile.
const MAX_REBASES: u32 = 3;

impl Session {
    pub(super) fn push(&mut self) -> Phase {
        let git = self.run.git.clone();
        let (Some(branch), Some(commit)) = (git.branch_name, git.commit_sha) else {
            return Ok(PhaseOutcome::NothingToDo);
        };
        let effect = self.intend(EffectKind::Push, &format!("{commit} to {branch}"))?;
        let request = PushRequest {
            branch,
            base: git.base,
            known: self.known_commits()?,
            committer: self.signer(),
            max_rebases: MAX_REBASES,
        };
        let limits = self.network(TaskPhase::Push);
        let mut notes = Vec::new();
        let pushed = self
            .workspace()
            .and_then(|it| it.push(&request, &limits, &mut |note| notes.push(note)));
        for note in notes {
            self.warn(note)?;
        }
        match pushed {
            Ok(PushOutcome::Pushed {
                commit, reference, ..
            }) => {
                if effect.receipt.is_none() {
                    self.receipt(&effect.id, &commit.to_string())?;
                }
                if self.run.git.commit_sha != Some(commit) {
                    self.set_commit(commit)?;
                }
                self.reached(GitStatus::Pushed)?;
                self.record(TaskEventKind::GitPushSuccess { reference, commit })?;
                Ok(PhaseOutcome::Done)
            }
            Ok(PushOutcome::Rescued { reference, why, .. }) => {
                self.reached(GitStatus::Failed)?;
                let told = format!("{why}; the work is under {reference}");
                self.record(TaskEventKind::GitPushFailed {
                    reason: why,
                    rescue: Some(reference),
                })?;
                Ok(PhaseOutcome::Broken(told))
            }
            Err(error) => {
                self.reached(GitStatus::Failed)?;
                let reason = chain(&error);
                self.record(TaskEventKind::GitPushFailed {
                    reason: reason.clone(),
                    rescue: None,
                })?;
                Ok(match error {
                    GitError::TimeUp { .. } => PhaseOutcome::TimedOut,
                    _ => PhaseOutcome::Broken(reason),
                })
            }
        }
    }
}
