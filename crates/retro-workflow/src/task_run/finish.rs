//! The end of a run: what is told of it, and what is put away.

use retro_domain::{PhaseOutcome, TaskEventKind, keeps_work_tree};

use super::session::{Phase, Session};

impl Session {
    /// Nobody has to be told yet: what there is to say is in the run itself.
    pub(super) fn report(&mut self) -> Phase {
        Ok(PhaseOutcome::Done)
    }

    pub(super) fn clean_up(&mut self) -> Phase {
        let work_tree = self.workspace.as_ref().map(|it| it.work_tree().to_owned());
        // Its lock goes with it.
        self.workspace = None;
        if keeps_work_tree(&self.run.state) {
            if let Some(work_tree) = work_tree {
                self.warn(format!(
                    "what was made is nowhere else: the work tree stays in {}",
                    work_tree.display()
                ))?;
            }
            return Ok(PhaseOutcome::Done);
        }
        match self.services.workspaces.remove(&self.run) {
            Ok(()) => Ok(PhaseOutcome::Done),
            Err(error) => {
                let reason = super::session::chain(&error);
                self.record(TaskEventKind::Warning {
                    message: format!("the work tree could not be removed: {reason}"),
                })?;
                Ok(PhaseOutcome::Broken(reason))
            }
        }
    }
}
