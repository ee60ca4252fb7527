//! From a task to a work tree on its branch.

use retro_domain::{
    BranchName, CommitId, EffectKind, GitFacts, GitStatus, PhaseOutcome, TaskEventKind, TaskPhase,
    validate,
};
use retro_git::{BranchStart, Upstream};

use super::session::{Phase, Session};

/// So many names of branches are tried when somebody else has them.
const MOST_NAMES: u32 = 50;

impl Session {
    pub(super) fn check_task(&mut self) -> Phase {
        let checked = validate(&self.run.context);
        let told = |fault: &retro_domain::Fault| format!("{}: {}", fault.field, fault.message);
        for warning in checked.warnings.iter().map(told) {
            self.warn(warning)?;
        }
        Ok(match checked.is_valid() {
            true => PhaseOutcome::Done,
            false => {
                let faults: Vec<String> = checked.faults.iter().map(told).collect();
                PhaseOutcome::Failed(faults.join("; "))
            }
        })
    }

    pub(super) fn prepare(&mut self) -> Phase {
        if let Err(error) = std::fs::create_dir_all(&self.options.folder) {
            let why = format!("making {}: {error}", self.options.folder.display());
            return Ok(PhaseOutcome::Broken(why));
        }
        let pull_request = self.run.context.settings.pull_request.on();
        let base_name = pull_request.and_then(|it| it.base.clone());
        for more in 0..MOST_NAMES {
            let number = self.run.run_number.saturating_add(more);
            let branch = match self.run.context.branch(number) {
                Ok(branch) => branch,
                Err(error) => return Ok(PhaseOutcome::Failed(error.to_string())),
            };
            if let Some(outcome) = self.begin_branch(&branch, base_name.as_deref())? {
                return Ok(outcome);
            }
            if self.run.context.branch_name.is_some() {
                let why = format!(
                    "somebody else has the branch {branch}: give another one in branch_name, or none"
                );
                return Ok(PhaseOutcome::Failed(why));
            }
        }
        let why = format!(
            "{MOST_NAMES} branches with the name of the task are somebody else's: give one in branch_name"
        );
        Ok(PhaseOutcome::Failed(why))
    }

    /// Begins or adopts a branch; `None` when somebody else has it.
    fn begin_branch(
        &mut self,
        branch: &BranchName,
        base_name: Option<&str>,
    ) -> Result<Option<PhaseOutcome>, super::session::Halt> {
        let limits = self.network(TaskPhase::Prepare);
        let mut notes = Vec::new();
        let fetched = self
            .workspace()
            .and_then(|it| it.fetch(base_name, branch, &limits, &mut |note| notes.push(note)));
        for note in notes {
            self.warn(note)?;
        }
        let fetched = match fetched {
            Ok(fetched) => fetched,
            Err(error) => return self.git_failed("fetching", &error).map(Some),
        };
        // What was written down before this attempt: where the branch began, and what was pushed.
        let own = |intent: &str| intent.split(' ').next() == Some(branch.as_str());
        let before = self.effects_of(EffectKind::Branch)?;
        let before = before.into_iter().find(|record| own(&record.intent));
        let known = match &before {
            Some(_) => self.known_commits()?,
            None => Vec::new(),
        };
        let (effect, upstream) = match before {
            Some(record) => {
                let base = record
                    .intent
                    .rsplit(' ')
                    .next()
                    .and_then(|it| it.parse().ok());
                (record, Upstream { base, ..fetched })
            }
            None => {
                let at = fetched
                    .base
                    .map_or_else(|| "nothing".to_owned(), |it| it.to_string());
                let intent = format!("{branch} at {at}");
                (self.intend(EffectKind::Branch, &intent)?, fetched)
            }
        };
        let base = upstream.base;
        let started = self
            .workspace()
            .and_then(|it| it.start_branch(branch, &upstream, &known));
        match started {
            Err(error) => self.git_failed("making the branch", &error).map(Some),
            Ok(BranchStart::Taken { .. }) => Ok(None),
            Ok(BranchStart::Created { base }) => self.begun(branch, base, base, false, &effect.id),
            Ok(BranchStart::Adopted { tip }) => {
                let is_new = effect.receipt.is_none();
                self.begun(
                    branch,
                    base,
                    Some(tip).filter(|_| !is_new || base != Some(tip)),
                    true,
                    &effect.id,
                )
            }
        }
    }

    fn begun(
        &mut self,
        branch: &BranchName,
        base: Option<CommitId>,
        tip: Option<CommitId>,
        is_adopted: bool,
        effect: &retro_domain::EffectId,
    ) -> Result<Option<PhaseOutcome>, super::session::Halt> {
        let git = GitFacts {
            branch_name: Some(branch.clone()),
            base,
            commit_sha: tip.filter(|tip| Some(*tip) != base),
            pr_url: self.run.git.pr_url.clone(),
        };
        self.set_git(git)?;
        self.receipt(effect, branch.as_str())?;
        self.reached(GitStatus::BranchCreated)?;
        self.record(TaskEventKind::GitBranchCreated {
            branch: branch.clone(),
            base,
            is_adopted,
        })?;
        Ok(Some(PhaseOutcome::Done))
    }
}
