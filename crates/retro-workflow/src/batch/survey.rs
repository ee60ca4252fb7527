//! What is known of a batch's jobs before it starts.

use std::collections::HashMap;

use retro_domain::{CacheKey, CommitJob, Epoch, JobStatus, Timestamp};
use retro_store::{JobStore, ResultIndex, StoreError};

use crate::plan::Plan;

/// So many states are asked for at once.
const CHUNK: usize = 1_000;

/// How one job of a plan stands where it is to be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobThere {
    /// The job.
    pub job: CommitJob,
    /// The key of its result.
    pub key: CacheKey,
    /// How it stands.
    pub standing: Standing,
}

/// How a job stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is to be run; with the epoch it has now.
    ToRun(Epoch),
    /// It is complete.
    Complete,
    /// Another job, of a commit with the same tree, is complete.
    CompleteAs(CommitJob),
    /// A runner works on it.
    Running,
}

impl JobThere {
    /// Whether a batch has to run it.
    pub fn is_to_run(&self) -> bool {
        matches!(self.standing, Standing::ToRun(_))
    }
}

/// How the jobs of a plan stand. With `rerun`, what is complete is to be run again. Changes nothing.
///
/// # Errors
///
/// What the stores say.
pub async fn survey(
    plan: &Plan,
    jobs: &dyn JobStore,
    index: &dyn ResultIndex,
    rerun: bool,
    now: Timestamp,
) -> Result<Vec<JobThere>, StoreError> {
    let mut found = Vec::with_capacity(plan.jobs.len());
    for chunk in plan.jobs.chunks(CHUNK) {
        let asked: Vec<CommitJob> = chunk.iter().map(|job| plan.commit_job(job)).collect();
        let states = jobs.states(&asked).await?;
        for ((planned, job), state) in chunk.iter().zip(asked).zip(states) {
            let state = state.unwrap_or_default();
            let standing = match &state.status {
                JobStatus::Complete(_) if !rerun => Standing::Complete,
                JobStatus::Running(lease) if !lease.is_expired(now) => Standing::Running,
                _ => Standing::ToRun(state.epoch),
            };
            let key = planned.key;
            found.push(JobThere { job, key, standing });
        }
    }
    if !rerun {
        for chunk in found.chunks_mut(CHUNK) {
            borrow(plan, chunk, jobs, index).await?;
        }
    }
    Ok(found)
}

/// Finds the jobs whose tree was run for another commit.
async fn borrow(
    plan: &Plan,
    found: &mut [JobThere],
    jobs: &dyn JobStore,
    index: &dyn ResultIndex,
) -> Result<(), StoreError> {
    let open: Vec<CacheKey> = found
        .iter()
        .filter(|it| it.is_to_run())
        .map(|it| it.key)
        .collect();
    if open.is_empty() {
        return Ok(());
    }
    let noted = index.noted(&plan.repo, &open).await?;
    let noted: Vec<(CacheKey, CommitJob)> = open
        .into_iter()
        .zip(noted)
        .filter_map(|(key, job)| Some((key, job?)))
        .collect();
    let others: Vec<CommitJob> = noted.iter().map(|(_, job)| job.clone()).collect();
    let states = jobs.states(&others).await?;
    let complete: HashMap<CacheKey, CommitJob> = noted
        .into_iter()
        .zip(states)
        .filter(|(_, state)| {
            let status = state.as_ref().map(|state| &state.status);
            matches!(status, Some(JobStatus::Complete(_)))
        })
        .map(|(noted, _)| noted)
        .collect();
    for it in found.iter_mut().filter(|it| it.is_to_run()) {
        if let Some(other) = complete.get(&it.key) {
            it.standing = Standing::CompleteAs(other.clone());
        }
    }
    Ok(())
}

/// Notes that a job, which is complete, has the result of `key`, unless another complete one is
/// noted.
///
/// # Errors
///
/// What the stores say.
pub async fn note_result(
    key: CacheKey,
    job: &CommitJob,
    jobs: &dyn JobStore,
    index: &dyn ResultIndex,
) -> Result<(), StoreError> {
    let noted = index.noted(&job.repo, &[key]).await?.pop().flatten();
    if let Some(noted) = &noted {
        let state = jobs.job(noted).await?;
        if noted == job || state.is_some_and(|it| matches!(it.status, JobStatus::Complete(_))) {
            return Ok(());
        }
    }
    match index.note(key, job, noted.as_ref()).await {
        // Somebody else has noted theirs, which is as good.
        Err(StoreError::Conflict { .. }) => Ok(()),
        done => done,
    }
}
