//! Committing what was made.

use retro_domain::{EffectKind, GitStatus, PhaseOutcome, TaskEventKind, interrupted};
use retro_git::{CommitOutcome, CommitRequest, Staged};

use super::session::{Phase, Session};

impl Session {
    pub(super) fn commit(&mut self) -> Phase {
        let message = match self.run.context.commit_message(self.run.run_number) {
            Ok(message) => message,
            Err(error) => return Ok(PhaseOutcome::Broken(error.to_string())),
        };
        let message = match self.run.state.interrupted_in {
            Some(phase) => interrupted(&message, phase),
            None => message,
        };
        let Some(branch) = self.run.git.branch_name.clone() else {
            return Ok(PhaseOutcome::Broken("the run has no branch".to_owned()));
        };
        let (author, begun_at) = (self.signer(), self.run.git.base);
        let (head, committed) = match self.workspace() {
            Ok(workspace) => match workspace.head() {
                Ok(head) => {
                    // The record says which commit the new one stands on.
                    let on = head.map_or_else(|| "nothing".to_owned(), |head| head.to_string());
                    let effect = self.intend(EffectKind::Commit, &format!("{branch} on {on}"))?;
                    let request = CommitRequest {
                        branch,
                        message,
                        author,
                        staged: Staged::All,
                    };
                    let committed = self.workspace().and_then(|it| it.commit(&request));
                    (effect, committed)
                }
                Err(error) => return self.git_failed("committing", &error),
            },
            Err(error) => return self.git_failed("committing", &error),
        };
        let (commit, files, warnings) = match committed {
            Err(error) => return self.git_failed("committing", &error),
            Ok(CommitOutcome::Created {
                commit,
                files,
                warnings,
            }) => (Some(commit), files, warnings),
            Ok(CommitOutcome::NothingToCommit { head, warnings }) => {
                // Commits of the executor's own, or one of a runner that was lost behind it.
                let own = head.filter(|head| Some(*head) != begun_at);
                let changed = self
                    .workspace()
                    .and_then(|it| it.files_changed_since(begun_at.as_ref()));
                (own, changed.map_or(0, |files| files.len()), warnings)
            }
        };
        for warning in warnings {
            self.warn(warning)?;
        }
        let Some(commit) = commit else {
            return Ok(PhaseOutcome::NothingToDo);
        };
        if head.receipt.is_none() {
            self.receipt(&head.id, &commit.to_string())?;
        }
        if self.run.git.commit_sha != Some(commit) {
            self.set_commit(commit)?;
            let files = u64::try_from(files).unwrap_or(u64::MAX);
            self.record(TaskEventKind::GitCommitCreated { commit, files })?;
        }
        self.reached(GitStatus::Committed)?;
        Ok(PhaseOutcome::Done)
    }
}
