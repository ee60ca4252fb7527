//! Jobs in DynamoDB.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use retro_domain::{Clock, CommitJob, JobEvent, JobState, RepoId, RunId, Timestamp, transition};
use retro_store::{ArtifactScope, JobStore, RunRecord, RunStatus, RunStore, StoreError};

use super::enqueue;
use super::expression::Change;
use super::item::{Item, Key, text};
use super::job_item::{self, FENCE, LAST_UPDATED, STATE};
use super::table::{Table, Wrote};
use super::{prune, runs};
use crate::clients::AwsClients;
use crate::s3::{S3Objects, artifact_prefix};
use crate::writer::Writer;

/// How often a change begins again because the job changed under it.
const ROUNDS: usize = 100;

/// A [`JobStore`] and [`RunStore`] in one table of DynamoDB.
///
/// A change of a job is a read, [`retro_domain::transition`], and a write on the condition that the
/// item is still what was read: status, epoch, attempts, owner and end of the lease. Each write
/// leaves a token of its own, so that a write whose answer was lost knows itself again. Others may
/// write to the items too, as the state machine does when a task never started.
///
/// # Not guaranteed
///
/// - A change that succeeded, whose answer was lost, and over which another process has written
///   since is reported as what the later state makes of the event.
/// - [`jobs_of_batch`](Self::jobs_of_batch) and [`count_by_status`](Self::count_by_status) read an
///   index that is some moments behind.
#[derive(Clone, Debug)]
pub struct DynamoJobStore {
    pub(super) table: Table,
}

impl DynamoJobStore {
    /// The store in this table. What is too large for an item goes to `objects`, where the
    /// artifacts of the jobs are too; the clock says when an item was changed.
    pub fn new(
        clients: &AwsClients,
        table: &str,
        objects: S3Objects,
        writer: Writer,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            table: Table::new(clients.dynamodb(), table, objects, writer, clock),
        }
    }

    /// The change that brings an item to the next state.
    async fn change(
        &self,
        job: &CommitJob,
        event: &JobEvent,
        read: &Item,
        next: &JobState,
    ) -> Result<Change, StoreError> {
        let mut change = job_item::change(job, next, &self.table.overflow).await?;
        for attribute in FENCE {
            change.expect_same(read, attribute);
        }
        if let Some(now) = job_item::iso(self.table.clock.now()) {
            change.set(LAST_UPDATED, text(now));
        }
        if let JobEvent::Complete { epoch, facts, .. } = event {
            let scope = ArtifactScope {
                repo: job.repo.clone(),
                commit: job.commit,
                suite: job.suite,
                epoch: *epoch,
            };
            let output = self.table.overflow.location(&artifact_prefix(&scope));
            job_item::set_facts(&mut change, facts, &output);
        }
        Ok(change)
    }
}

#[async_trait]
impl JobStore for DynamoJobStore {
    async fn enqueue(&self, jobs: &[CommitJob]) -> Result<usize, StoreError> {
        enqueue::add(&self.table, None, jobs).await
    }

    async fn enqueue_for(&self, run: &RunRecord, jobs: &[CommitJob]) -> Result<usize, StoreError> {
        enqueue::add(&self.table, Some(run), jobs).await
    }

    async fn job(&self, job: &CommitJob) -> Result<Option<JobState>, StoreError> {
        let item = self.table.get(&job_item::key(job), "reading a job").await?;
        match item {
            None => Ok(None),
            Some(item) => {
                let what = job_item::described(job);
                let state = job_item::state(&item, &self.table.overflow, &what).await?;
                Ok(Some(state))
            }
        }
    }

    async fn states(&self, jobs: &[CommitJob]) -> Result<Vec<Option<JobState>>, StoreError> {
        let keys: Vec<Key> = jobs.iter().map(job_item::key).collect();
        let different: Vec<Key> = keys
            .iter()
            .collect::<HashSet<_>>()
            .into_iter()
            .cloned()
            .collect();
        let items = self
            .table
            .get_many(&different, &STATE, "reading jobs")
            .await?;
        let mut states: HashMap<Key, JobState> = HashMap::with_capacity(items.len());
        for item in &items {
            let key = Key::of(item)?;
            let what = format!("the job {} of {}", key.sort, key.partition);
            let state = job_item::state(item, &self.table.overflow, &what).await?;
            states.insert(key, state);
        }
        Ok(keys.iter().map(|key| states.get(key).cloned()).collect())
    }

    async fn apply(&self, job: &CommitJob, event: &JobEvent) -> Result<JobState, StoreError> {
        let key = job_item::key(job);
        let what = job_item::described(job);
        for _ in 0..ROUNDS {
            let Some(read) = self.table.get(&key, "reading a job").await? else {
                return Err(StoreError::not_found(what));
            };
            let state = job_item::state(&read, &self.table.overflow, &what).await?;
            let next = transition(&state, event)?;
            let change = self.change(job, event, &read, &next).await?;
            match self.table.update(&key, change, "changing a job").await? {
                Wrote::Yes => return Ok(next),
                Wrote::No => {}
            }
        }
        Err(StoreError::Unavailable {
            why: format!("{what} changed {ROUNDS} times while it was being changed"),
        })
    }
}

#[async_trait]
impl RunStore for DynamoJobStore {
    async fn create_run(&self, run: &RunRecord) -> Result<(), StoreError> {
        runs::create(&self.table, run).await
    }

    async fn set_run_status(
        &self,
        run: &RunId,
        from: RunStatus,
        to: RunStatus,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        runs::set_status(&self.table, run, from, to, at).await
    }

    async fn run(&self, run: &RunId) -> Result<Option<RunRecord>, StoreError> {
        runs::find(&self.table, run).await
    }

    async fn runs(
        &self,
        repo: Option<&RepoId>,
        limit: usize,
    ) -> Result<Vec<RunRecord>, StoreError> {
        runs::list(&self.table, repo, limit).await
    }

    async fn prune_runs(&self, before: Timestamp, keep_newest: usize) -> Result<u64, StoreError> {
        prune::prune(&self.table, before, keep_newest).await
    }
}
