//! Runs of tasks in memory.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use retro_domain::{
    EffectId, EffectRecord, Epoch, GitFacts, RepoId, RunId, TaskEvent, TaskRun, TaskRunEvent,
    TaskRunState, TaskRunStatus, Timestamp, transition_task,
};

use super::locked;
use crate::record::{
    StoredGitFacts, StoredTaskContext, StoredTaskEvent, StoredTaskState, check_task_batch,
};
use crate::task_run_rules::{check_epoch, due_at, intended, next_run_number, no_effect, no_run};
use crate::{NewTaskRun, StoreError, TaskEventLog, TaskJournal, TaskRunFilter, TaskRunStore};

/// A [`TaskRunStore`], [`TaskJournal`] and [`TaskEventLog`] in memory. Clones share one state.
#[derive(Clone, Debug, Default)]
pub struct InMemoryTaskStore {
    state: Arc<Mutex<State>>,
}

type TaskKey = (RepoId, String);

#[derive(Debug, Default)]
struct State {
    runs: BTreeMap<RunId, TaskRun>,
    /// How many runs each task was given, those that are gone included.
    given: HashMap<TaskKey, u32>,
    effects: BTreeMap<EffectId, EffectRecord>,
    events: HashMap<RunId, Vec<TaskEvent>>,
}

impl State {
    fn oldest_first(&self) -> Vec<&TaskRun> {
        let mut runs: Vec<&TaskRun> = self.runs.values().collect();
        runs.sort_by_key(|run| (run.created_at, &run.id));
        runs
    }

    fn run(&self, run: &RunId) -> Result<&TaskRun, StoreError> {
        self.runs.get(run).ok_or_else(|| no_run(run))
    }
}

fn task_of(run: &TaskRun) -> TaskKey {
    (run.repo.clone(), run.context.task_id.clone())
}

#[async_trait]
impl TaskRunStore for InMemoryTaskStore {
    async fn create_task_run(&self, run: &NewTaskRun) -> Result<TaskRun, StoreError> {
        let mut state = locked(&self.state);
        if let Some(stored) = state.runs.get(&run.id) {
            run.check_same(stored)?;
            return Ok(stored.clone());
        }
        let task = (run.repo.clone(), run.context.task_id.clone());
        let number = next_run_number(state.given.get(&task).copied().unwrap_or_default())?;
        let mut stored = run.numbered(number)?;
        // Through the stored form and back: what cannot be stored is refused here too.
        let text = StoredTaskContext::encode(&stored.context)?;
        stored.context = StoredTaskContext::decode(&text, &run.id)?;
        state.given.insert(task, number);
        state.runs.insert(run.id.clone(), stored.clone());
        Ok(stored)
    }

    async fn task_run(&self, run: &RunId) -> Result<Option<TaskRun>, StoreError> {
        Ok(locked(&self.state).runs.get(run).cloned())
    }

    async fn task_runs(
        &self,
        filter: &TaskRunFilter,
        limit: usize,
    ) -> Result<Vec<TaskRun>, StoreError> {
        let state = locked(&self.state);
        let is_meant = |run: &&TaskRun| {
            let (repo, task, branch) = (&filter.repo, &filter.task_id, &filter.branch);
            repo.as_ref().is_none_or(|repo| run.repo == *repo)
                && task.as_ref().is_none_or(|id| run.context.task_id == *id)
                && (branch.is_none() || run.git.branch_name == *branch)
        };
        let newest_first = state.oldest_first().into_iter().rev();
        Ok(newest_first.filter(is_meant).take(limit).cloned().collect())
    }

    async fn unfinished(
        &self,
        due: Option<Timestamp>,
        limit: usize,
    ) -> Result<Vec<TaskRun>, StoreError> {
        let state = locked(&self.state);
        let is_meant = |run: &&TaskRun| {
            let since = due_at(&run.state.status);
            since.is_some_and(|since| due.is_none_or(|now| since <= now))
        };
        let oldest_first = state.oldest_first().into_iter();
        Ok(oldest_first.filter(is_meant).take(limit).cloned().collect())
    }

    async fn apply(&self, run: &RunId, event: &TaskRunEvent) -> Result<TaskRunState, StoreError> {
        let mut state = locked(&self.state);
        let stored = state.runs.get_mut(run).ok_or_else(|| no_run(run))?;
        let next = transition_task(&stored.state, event)?;
        stored.state = StoredTaskState::decode(&StoredTaskState::encode(&next)?, run)?;
        Ok(stored.state.clone())
    }

    async fn set_git(&self, run: &RunId, epoch: Epoch, git: &GitFacts) -> Result<(), StoreError> {
        let mut state = locked(&self.state);
        let stored = state.runs.get_mut(run).ok_or_else(|| no_run(run))?;
        check_epoch(&stored.state, epoch)?;
        stored.git = StoredGitFacts::decode(&StoredGitFacts::encode(git)?, run)?;
        Ok(())
    }

    async fn prune_task_runs(
        &self,
        before: Timestamp,
        keep_newest: usize,
    ) -> Result<u64, StoreError> {
        let mut state = locked(&self.state);
        let mut seen: HashMap<TaskKey, usize> = HashMap::new();
        let mut doomed = Vec::new();
        for run in state.oldest_first().into_iter().rev() {
            let rank = seen.entry(task_of(run)).or_default();
            *rank += 1;
            let is_over = matches!(run.state.status, TaskRunStatus::Finished(_));
            if is_over && *rank > keep_newest && run.created_at < before {
                doomed.push(run.id.clone());
            }
        }
        for run in &doomed {
            state.runs.remove(run);
            state.events.remove(run);
            state.effects.retain(|id, _| id.run != *run);
        }
        Ok(doomed.len() as u64)
    }
}

#[async_trait]
impl TaskJournal for InMemoryTaskStore {
    async fn intend(
        &self,
        effect: &EffectRecord,
        epoch: Epoch,
    ) -> Result<EffectRecord, StoreError> {
        let mut state = locked(&self.state);
        check_epoch(&state.run(&effect.id.run)?.state, epoch)?;
        let record = intended(state.effects.get(&effect.id).cloned(), effect)?;
        state.effects.insert(effect.id.clone(), record.clone());
        Ok(record)
    }

    async fn receipt(
        &self,
        effect: &EffectId,
        epoch: Epoch,
        receipt: &str,
    ) -> Result<EffectRecord, StoreError> {
        let mut state = locked(&self.state);
        check_epoch(&state.run(&effect.run)?.state, epoch)?;
        let stored = state.effects.get(effect).cloned();
        let record = stored.ok_or_else(|| no_effect(effect))?;
        let record = record.with_receipt(receipt)?;
        state.effects.insert(effect.clone(), record.clone());
        Ok(record)
    }

    async fn effects(&self, run: &RunId) -> Result<Vec<EffectRecord>, StoreError> {
        let state = locked(&self.state);
        let effects = state.effects.values();
        Ok(effects.filter(|it| it.id.run == *run).cloned().collect())
    }
}

#[async_trait]
impl TaskEventLog for InMemoryTaskStore {
    async fn append(&self, events: &[TaskEvent]) -> Result<(), StoreError> {
        let Some(first) = events.first() else {
            return Ok(());
        };
        let kept: Result<Vec<TaskEvent>, StoreError> = events
            .iter()
            .map(|event| {
                let text = StoredTaskEvent::encode(event)?;
                StoredTaskEvent::decode(&text, event.run.clone(), event.seq)
            })
            .collect();
        let kept = kept?;
        let mut state = locked(&self.state);
        let log = state.events.get(&first.run);
        check_task_batch(events, log.map_or(0, |log| log.len() as u64))?;
        state
            .events
            .entry(first.run.clone())
            .or_default()
            .extend(kept);
        Ok(())
    }

    async fn read(
        &self,
        run: &RunId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<TaskEvent>, StoreError> {
        let state = locked(&self.state);
        let log = state.events.get(run).map(Vec::as_slice).unwrap_or_default();
        let start = usize::try_from(after).unwrap_or(usize::MAX);
        Ok(log.iter().skip(start).take(limit).cloned().collect())
    }
}
