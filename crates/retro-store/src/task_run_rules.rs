//! What every store of task runs checks, so that each refuses the same.

use retro_domain::{
    EffectId, EffectRecord, Epoch, GitFacts, IllegalTaskTransition, RunId, TaskPlan, TaskRun,
    TaskRunState, TaskRunStatus, Timestamp,
};

use crate::{NewTaskRun, StoreError};

impl NewTaskRun {
    /// The run that is stored when it is the `number`th of its task.
    ///
    /// # Errors
    ///
    /// [`StoreError::Backend`] when the address of the repository holds a password or a token.
    pub fn numbered(&self, number: u32) -> Result<TaskRun, StoreError> {
        let place = self.context.place.as_ref();
        if place.is_some_and(|place| place.holds_credentials()) {
            // The address is not repeated here: it holds a secret.
            return Err(StoreError::backend(
                format!("storing task run {}", self.id),
                "the address of its repository has a password or a token in it, which would be \
                 stored; give it apart",
            ));
        }
        Ok(TaskRun {
            id: self.id.clone(),
            repo: self.repo.clone(),
            run_number: number,
            created_at: self.created_at,
            context: self.context.clone(),
            state: TaskRunState::new(TaskPlan::of(&self.context.settings)),
            git: GitFacts::default(),
        })
    }

    /// Checks that a run that has the id is the one asked for, so that asking again is no mistake.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when it is of another task, repository or place.
    pub fn check_same(&self, stored: &TaskRun) -> Result<(), StoreError> {
        let is_same = stored.repo == self.repo
            && stored.context.task_id == self.context.task_id
            && stored.context.place == self.context.place;
        if is_same {
            return Ok(());
        }
        Err(StoreError::conflict(
            format!("task run {}", self.id),
            format!("a run of task {:?} of {}", self.context.task_id, self.repo),
            format!(
                "one of task {:?} of {}, or in another place",
                stored.context.task_id, stored.repo
            ),
        ))
    }
}

/// The number of the run after this many.
///
/// # Errors
///
/// [`StoreError::Backend`] when there are no more numbers.
pub fn next_run_number(given: u32) -> Result<u32, StoreError> {
    let none_left = || StoreError::backend("numbering a task run", "there are no more numbers");
    given.checked_add(1).ok_or_else(none_left)
}

/// From when on a run needs somebody: always when it waits for a runner, when its lease or the time
/// for an approval is over otherwise. None when it is over itself.
pub fn due_at(status: &TaskRunStatus) -> Option<Timestamp> {
    match status {
        TaskRunStatus::Pending => Some(Timestamp::from_unix_millis(i64::MIN)),
        TaskRunStatus::Running(lease) => Some(lease.expires_at),
        TaskRunStatus::AwaitingApproval(until) => Some(*until),
        TaskRunStatus::Finished(_) => None,
    }
}

/// Checks that a caller with this epoch made the latest claim of a run: nobody else may write of
/// what it does.
///
/// # Errors
///
/// [`StoreError::TaskTransition`] when the epoch is another one, or nobody ever claimed the run.
pub fn check_epoch(state: &TaskRunState, epoch: Epoch) -> Result<(), StoreError> {
    if epoch != state.epoch {
        return Err(StoreError::from(IllegalTaskTransition::StaleEpoch {
            held: epoch.0,
            current: state.epoch.0,
        }));
    }
    if epoch == Epoch::default() {
        return Err(StoreError::from(IllegalTaskTransition::WrongStatus {
            status: state.status.name(),
            event: "be written by a runner: none has claimed it",
        }));
    }
    Ok(())
}

/// What the journal has of an effect once somebody intends it.
///
/// # Errors
///
/// [`StoreError::Effect`] when something else is to be done under the same id,
/// [`StoreError::Backend`] when `effect` has a receipt already.
pub fn intended(
    stored: Option<EffectRecord>,
    effect: &EffectRecord,
) -> Result<EffectRecord, StoreError> {
    if effect.receipt.is_some() {
        return Err(StoreError::backend(
            format!("writing down that effect {} is intended", effect.id),
            "it has a receipt; say what is to be done first, and what came of it after",
        ));
    }
    match stored {
        Some(stored) => {
            stored.check_intent(&effect.intent)?;
            Ok(stored)
        }
        None => Ok(effect.clone()),
    }
}

/// The error for a run that is not there.
pub fn no_run(run: &RunId) -> StoreError {
    StoreError::not_found(format!("task run {run}"))
}

/// The error for a receipt of what nobody intended.
pub fn no_effect(effect: &EffectId) -> StoreError {
    StoreError::not_found(format!("the intent of effect {effect}"))
}
