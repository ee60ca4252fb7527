//! Runs of tasks, what they do and what happens in them, in SQLite.

use std::sync::Arc;

use async_trait::async_trait;
use retro_domain::{
    EffectId, EffectRecord, Epoch, GitFacts, RunId, TaskEvent, TaskRun, TaskRunEvent, TaskRunState,
    Timestamp,
};
use retro_store::record::{StoredTaskEvent, check_task_batch};
use retro_store::{NewTaskRun, StoreError, TaskEventLog, TaskJournal, TaskRunFilter, TaskRunStore};

use crate::database::Database;
use crate::event_log::{TASK_EVENTS, append, read};
use crate::{task_journal, task_runs};

/// A [`TaskRunStore`], [`TaskJournal`] and [`TaskEventLog`] in SQLite.
///
/// The calls block for as long as SQLite takes: well under a millisecond, unless another process
/// writes; after 20 s of that a call fails with [`StoreError::Unavailable`].
#[derive(Clone, Debug)]
pub struct SqliteTaskStore {
    database: Arc<Database>,
}

impl SqliteTaskStore {
    pub(crate) fn new(database: Arc<Database>) -> Self {
        Self { database }
    }
}

#[async_trait]
impl TaskRunStore for SqliteTaskStore {
    async fn create_task_run(&self, run: &NewTaskRun) -> Result<TaskRun, StoreError> {
        task_runs::create(&self.database, run)
    }

    async fn task_run(&self, run: &RunId) -> Result<Option<TaskRun>, StoreError> {
        task_runs::find(&self.database, run)
    }

    async fn task_runs(
        &self,
        filter: &TaskRunFilter,
        limit: usize,
    ) -> Result<Vec<TaskRun>, StoreError> {
        task_runs::list(&self.database, filter, limit)
    }

    async fn unfinished(
        &self,
        due: Option<Timestamp>,
        limit: usize,
    ) -> Result<Vec<TaskRun>, StoreError> {
        task_runs::unfinished(&self.database, due, limit)
    }

    async fn apply(&self, run: &RunId, event: &TaskRunEvent) -> Result<TaskRunState, StoreError> {
        task_runs::apply(&self.database, run, event)
    }

    async fn set_git(&self, run: &RunId, epoch: Epoch, git: &GitFacts) -> Result<(), StoreError> {
        task_runs::set_git(&self.database, run, epoch, git)
    }

    async fn prune_task_runs(
        &self,
        before: Timestamp,
        keep_newest: usize,
    ) -> Result<u64, StoreError> {
        task_runs::prune(&self.database, before, keep_newest)
    }
}

#[async_trait]
impl TaskJournal for SqliteTaskStore {
    async fn intend(
        &self,
        effect: &EffectRecord,
        epoch: Epoch,
    ) -> Result<EffectRecord, StoreError> {
        task_journal::intend(&self.database, effect, epoch)
    }

    async fn receipt(
        &self,
        effect: &EffectId,
        epoch: Epoch,
        receipt: &str,
    ) -> Result<EffectRecord, StoreError> {
        task_journal::receipt(&self.database, effect, epoch, receipt)
    }

    async fn effects(&self, run: &RunId) -> Result<Vec<EffectRecord>, StoreError> {
        task_journal::effects(&self.database, run)
    }
}

#[async_trait]
impl TaskEventLog for SqliteTaskStore {
    async fn append(&self, events: &[TaskEvent]) -> Result<(), StoreError> {
        let Some(first) = events.first() else {
            return Ok(());
        };
        let bodies: Result<Vec<String>, StoreError> =
            events.iter().map(StoredTaskEvent::encode).collect();
        append(&self.database, &TASK_EVENTS, &first.run, &bodies?, |last| {
            check_task_batch(events, last)
        })
    }

    async fn read(
        &self,
        run: &RunId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<TaskEvent>, StoreError> {
        read(
            &self.database,
            &TASK_EVENTS,
            run,
            after,
            limit,
            |body, seq| StoredTaskEvent::decode(body, run.clone(), seq),
        )
    }
}
