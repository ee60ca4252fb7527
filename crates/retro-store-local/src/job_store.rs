//! Jobs in SQLite.

use std::sync::Arc;

use async_trait::async_trait;
use retro_domain::{
    CommitJob, Epoch, JobEvent, JobState, JobStatus, Lease, LeaseOwner, RepoId, RunId, Timestamp,
    transition,
};
use retro_store::record::StoredVerdict;
use retro_store::{JobStore, RunRecord, RunStatus, RunStore, StoreError};
use rusqlite::{OptionalExtension as _, Row, Transaction};

use crate::database::{Database, ensure_repo, find_repo};
use crate::fault::{Fault, damaged};
use crate::runs;

/// A [`JobStore`] and [`RunStore`] in SQLite.
///
/// The calls block for as long as SQLite takes: well under a millisecond, unless another process
/// writes; after 20 s of that a call fails with [`StoreError::Unavailable`].
#[derive(Clone, Debug)]
pub struct SqliteJobStore {
    database: Arc<Database>,
}

impl SqliteJobStore {
    pub(crate) fn new(database: Arc<Database>) -> Self {
        Self { database }
    }
}

#[async_trait]
impl JobStore for SqliteJobStore {
    async fn enqueue(&self, jobs: &[CommitJob]) -> Result<usize, StoreError> {
        self.database.write("adding jobs", |tx| {
            let mut insert = tx.prepare_cached(
                "INSERT INTO job (repo, commit_id, suite, status, epoch, attempts)
                 VALUES (?1, ?2, ?3, 'PENDING', 0, 0) ON CONFLICT DO NOTHING",
            )?;
            let mut added = 0;
            let mut last: Option<(&RepoId, i64)> = None;
            for job in jobs {
                let repo = match last {
                    Some((repo, id)) if *repo == job.repo => id,
                    _ => ensure_repo(tx, &job.repo)?,
                };
                last = Some((&job.repo, repo));
                added += insert.execute((repo, job.commit.as_bytes(), job.suite.0.as_bytes()))?;
            }
            Ok(added)
        })
    }

    async fn job(&self, job: &CommitJob) -> Result<Option<JobState>, StoreError> {
        self.database.read("reading a job", |tx| {
            Ok(stored_job(tx, job)?.map(|(_, state)| state))
        })
    }

    async fn apply(&self, job: &CommitJob, event: &JobEvent) -> Result<JobState, StoreError> {
        self.database.write("changing a job", |tx| {
            let Some((repo, state)) = stored_job(tx, job)? else {
                return Err(Fault::Store(StoreError::not_found(format!(
                    "the job for commit {} of {}",
                    job.commit.short(),
                    job.repo
                ))));
            };
            let next = transition(&state, event).map_err(StoreError::from)?;
            write_state(tx, repo, job, &next)?;
            Ok(next)
        })
    }
}

#[async_trait]
impl RunStore for SqliteJobStore {
    async fn create_run(&self, run: &RunRecord) -> Result<(), StoreError> {
        runs::create(&self.database, run)
    }

    async fn set_run_status(
        &self,
        run: &RunId,
        from: RunStatus,
        to: RunStatus,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        runs::set_status(&self.database, run, from, to, at)
    }

    async fn run(&self, run: &RunId) -> Result<Option<RunRecord>, StoreError> {
        runs::find(&self.database, run)
    }

    async fn runs(
        &self,
        repo: Option<&RepoId>,
        limit: usize,
    ) -> Result<Vec<RunRecord>, StoreError> {
        runs::list(&self.database, repo, limit)
    }

    async fn prune_runs(&self, before: Timestamp, keep_newest: usize) -> Result<u64, StoreError> {
        runs::prune(&self.database, before, keep_newest)
    }
}

fn stored_job(tx: &Transaction<'_>, job: &CommitJob) -> Result<Option<(i64, JobState)>, Fault> {
    let Some(repo) = find_repo(tx, &job.repo)? else {
        return Ok(None);
    };
    let state = tx
        .prepare_cached(
            "SELECT status, epoch, attempts, owner, expires_at, ending FROM job
             WHERE repo = ?1 AND commit_id = ?2 AND suite = ?3",
        )?
        .query_row(
            (repo, job.commit.as_bytes(), job.suite.0.as_bytes()),
            |row| Ok(read_state(row)),
        )
        .optional()?
        .transpose()?;
    Ok(state.map(|state| (repo, state)))
}

fn read_state(row: &Row<'_>) -> Result<JobState, Fault> {
    let epoch = u64::try_from(row.get::<_, i64>(1)?)
        .map(Epoch)
        .map_err(|_| damaged("a job", "its epoch is negative"))?;
    let status = match row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)? {
        "PENDING" => JobStatus::Pending,
        "RUNNING" => JobStatus::Running(Lease {
            owner: LeaseOwner(row.get(3)?),
            epoch,
            expires_at: Timestamp::from_unix_millis(row.get(4)?),
        }),
        "COMPLETE" => JobStatus::Complete(StoredVerdict::decode(
            row.get_ref(5)?.as_str().map_err(rusqlite::Error::from)?,
        )?),
        "FAILED" => JobStatus::Failed(row.get(5)?),
        other => return Err(damaged("a job", format!("its status is {other:?}"))),
    };
    Ok(JobState {
        status,
        epoch,
        attempts: row.get(2)?,
    })
}

fn write_state(
    tx: &Transaction<'_>,
    repo: i64,
    job: &CommitJob,
    state: &JobState,
) -> Result<(), Fault> {
    let epoch = i64::try_from(state.epoch.0)
        .map_err(|_| StoreError::backend("changing a job", "its epoch is too large"))?;
    let (lease, ending) = match &state.status {
        JobStatus::Pending => (None, None),
        JobStatus::Running(lease) => (Some(lease), None),
        JobStatus::Complete(verdict) => (None, Some(StoredVerdict::encode(verdict)?)),
        JobStatus::Failed(reason) => (None, Some(reason.clone())),
    };
    tx.prepare_cached(
        "UPDATE job SET status = ?4, epoch = ?5, attempts = ?6, owner = ?7, expires_at = ?8,
         ending = ?9 WHERE repo = ?1 AND commit_id = ?2 AND suite = ?3",
    )?
    .execute((
        repo,
        job.commit.as_bytes(),
        job.suite.0.as_bytes(),
        state.status.name(),
        epoch,
        state.attempts,
        lease.map(|lease| lease.owner.0.as_str()),
        lease.map(|lease| lease.expires_at.unix_millis()),
        ending,
    ))?;
    Ok(())
}
