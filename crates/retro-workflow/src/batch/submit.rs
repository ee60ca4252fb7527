//! Starting a batch.

use std::collections::HashMap;
use std::sync::Arc;

use retro_domain::{
    Clock, CommitJob, JobEvent, JobStatus, LeaseOwner, RunId, ToolchainFingerprint,
};
use retro_store::record::StoredBatchPlan;
use retro_store::{
    BatchPlan, Engine, ExecutionId, JobStore, ObjectStore, RunRecord, RunStatus, RunStore,
    StoreError,
};

use super::input::{BatchJob, commit_suite, input};
use super::{items_object, plan_object, receipt_object};
use crate::leases::tolerate_race;
use crate::plan::Plan;

/// What a batch works with.
#[derive(Clone)]
pub struct BatchServices {
    /// Jobs.
    pub jobs: Arc<dyn JobStore>,
    /// Batches, as runs.
    pub runs: Arc<dyn RunStore>,
    /// Plans and lists of jobs.
    pub objects: Arc<dyn ObjectStore>,
    /// Runs the jobs.
    pub engine: Arc<dyn Engine>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// How a batch is started.
#[derive(Clone, Debug)]
pub struct BatchOptions {
    /// Its id. A second call with the id of a batch goes on with it.
    pub id: RunId,
    /// Where runners fetch the repository from. Without credentials: it is stored.
    pub url: String,
    /// The tools that the runners are taken to have, as in the plan's request.
    pub toolchain: ToolchainFingerprint,
    /// Run the jobs that are complete once more.
    pub rerun: bool,
}

/// A batch that was started.
#[derive(Clone, Debug)]
pub struct Submitted {
    /// The batch.
    pub batch: RunId,
    /// Its execution; `None` when there was nothing to run.
    pub execution: Option<ExecutionId>,
    /// How many jobs it runs.
    pub queued: usize,
    /// How many were complete before, or are the work of another batch.
    pub skipped: usize,
}

/// So many states are asked for at once.
const CHUNK: usize = 1_000;

/// Stores the jobs of a plan, what their runners need, and starts an execution that runs them.
///
/// Jobs that are complete are not touched, and neither are those that a runner works on; one that
/// failed is started over. Which jobs are run is stored before they are changed, and decided once:
/// a later call with the same id runs the same ones.
///
/// A crash leaves a batch that the same call takes up again.
///
/// # Errors
///
/// [`StoreError::Conflict`] when the id belongs to a batch over other commits, and what the stores
/// and the engine say.
pub async fn submit(
    plan: &Plan,
    services: &BatchServices,
    options: &BatchOptions,
) -> Result<Submitted, StoreError> {
    let record = record(plan, services, options).await?;
    let receipt = receipt_object(&options.id);
    store_plan(plan, services, options).await?;
    let all: Vec<CommitJob> = plan.jobs.iter().map(|job| plan.commit_job(job)).collect();
    let jobs = decide(&all, services, options).await?;
    let mut submitted = Submitted {
        batch: options.id.clone(),
        execution: None,
        queued: jobs.len(),
        skipped: all.len() - jobs.len(),
    };
    if let Some(known) = services.objects.get(&receipt).await? {
        let id = String::from_utf8(known)
            .map_err(|_| StoreError::corrupt(format!("the object {receipt}"), "it is no text"))?;
        submitted.execution = Some(ExecutionId(id));
        return Ok(submitted);
    }
    if jobs.is_empty() {
        let at = services.clock.now();
        let (from, to) = (RunStatus::Running, RunStatus::Finished);
        match services
            .runs
            .set_run_status(&options.id, from, to, at)
            .await
        {
            Ok(()) | Err(StoreError::Conflict { .. }) => {}
            Err(error) => return Err(error),
        }
    } else {
        prepare(&record, &all, &jobs, services).await?;
        let items = services.objects.locate(&items_object(&options.id));
        let input = input(&options.id, &jobs, items)?;
        let execution = services.engine.start(options.id.as_str(), &input).await?;
        let id = execution.0.clone().into_bytes();
        match services.objects.put_new(&receipt, id).await {
            Ok(()) | Err(StoreError::Conflict { .. }) => {}
            Err(error) => return Err(error),
        }
        submitted.execution = Some(execution);
    }
    Ok(submitted)
}

/// Stores the batch as a run, or finds it.
async fn record(
    plan: &Plan,
    services: &BatchServices,
    options: &BatchOptions,
) -> Result<RunRecord, StoreError> {
    let record = RunRecord {
        id: options.id.clone(),
        repo: plan.repo.clone(),
        suite_name: plan.suite_name.clone(),
        request: plan.described.clone(),
        owner: LeaseOwner(options.id.to_string()),
        started_at: services.clock.now(),
        finished_at: None,
        status: RunStatus::Running,
        commits: plan.commits.clone(),
    };
    match services.runs.create_run(&record).await {
        Ok(()) => Ok(record),
        Err(conflict @ StoreError::Conflict { .. }) => {
            let known = services.runs.run(&options.id).await?;
            let same =
                |known: &RunRecord| known.repo == record.repo && known.commits == record.commits;
            known.filter(same).ok_or(conflict)
        }
        Err(error) => Err(error),
    }
}

async fn store_plan(
    plan: &Plan,
    services: &BatchServices,
    options: &BatchOptions,
) -> Result<(), StoreError> {
    let mut suites: Vec<_> = plan.suites.iter().collect();
    suites.sort_by_key(|(fingerprint, _)| **fingerprint);
    let common = BatchPlan {
        repo: plan.repo.clone(),
        url: options.url.clone(),
        suites: suites.into_iter().map(|(_, suite)| suite.clone()).collect(),
        overlay: plan.overlay.clone(),
        toolchain: options.toolchain,
    };
    let content = StoredBatchPlan::encode(&common)?.into_bytes();
    let name = plan_object(&options.id);
    match services.objects.put_new(&name, content.clone()).await {
        Err(conflict @ StoreError::Conflict { .. }) => {
            match services.objects.get(&name).await? == Some(content) {
                true => Ok(()),
                false => Err(conflict),
            }
        }
        done => done,
    }
}

/// The jobs that the batch runs: as decided before, or by what the store says of them.
async fn decide(
    all: &[CommitJob],
    services: &BatchServices,
    options: &BatchOptions,
) -> Result<Vec<BatchJob>, StoreError> {
    let name = items_object(&options.id);
    if let Some(known) = services.objects.get(&name).await? {
        return decoded(&known, &name);
    }
    let now = services.clock.now();
    let plan = services.objects.locate(&plan_object(&options.id));
    let mut jobs = Vec::new();
    for chunk in all.chunks(CHUNK) {
        let states = services.jobs.states(chunk).await?;
        for (job, state) in chunk.iter().zip(states) {
            let state = state.unwrap_or_default();
            let wanted = match &state.status {
                JobStatus::Complete(_) => options.rerun,
                JobStatus::Running(lease) => lease.is_expired(now),
                JobStatus::Pending | JobStatus::Failed(_) => true,
            };
            if wanted {
                let index = jobs.len();
                let (url, batch) = (&options.url, &options.id);
                jobs.push(BatchJob::new(job, state.epoch, url, &plan, batch, index));
            }
        }
    }
    let content = serde_json::to_vec(&jobs)
        .map_err(|error| StoreError::backend("writing the jobs of a batch", error.to_string()))?;
    match services.objects.put_new(&name, content).await {
        // Another call with the same id was faster.
        Err(StoreError::Conflict { .. }) => {
            let known = services.objects.get(&name).await?;
            decoded(&known.unwrap_or_default(), &name)
        }
        Err(error) => Err(error),
        Ok(()) => Ok(jobs),
    }
}

fn decoded(content: &[u8], name: &str) -> Result<Vec<BatchJob>, StoreError> {
    serde_json::from_slice(content)
        .map_err(|error| StoreError::corrupt(format!("the object {name}"), error.to_string()))
}

/// Brings the jobs to be run into a state that can be claimed.
///
/// One that has ended since it was decided to run it is the work of a call that got further, and
/// stays as it is.
async fn prepare(
    record: &RunRecord,
    all: &[CommitJob],
    jobs: &[BatchJob],
    services: &BatchServices,
) -> Result<(), StoreError> {
    let wanted: HashMap<String, u64> = jobs
        .iter()
        .map(|job| (job.commit_suite.clone(), job.epoch))
        .collect();
    let to_run: Vec<(&CommitJob, u64)> = all
        .iter()
        .filter_map(|job| Some((job, *wanted.get(&commit_suite(job))?)))
        .collect();
    for chunk in to_run.chunks(CHUNK) {
        let chunk_jobs: Vec<CommitJob> = chunk.iter().map(|(job, _)| (*job).clone()).collect();
        let states = services.jobs.states(&chunk_jobs).await?;
        for ((job, epoch), state) in chunk.iter().zip(states) {
            let again = state.is_some_and(|state| {
                state.epoch.0 == *epoch && !matches!(state.status, JobStatus::Pending)
            });
            if !again {
                continue;
            }
            let now = services.clock.now();
            tolerate_race(services.jobs.apply(job, &JobEvent::Requeue { now }).await)?;
        }
        services.jobs.enqueue_for(record, &chunk_jobs).await?;
    }
    Ok(())
}
