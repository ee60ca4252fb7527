//! Starting a batch.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use retro_domain::{
    Clock, CommitJob, JobEvent, JobStatus, LeaseOwner, RunId, ToolchainFingerprint,
};
use retro_store::record::StoredBatchPlan;
use retro_store::{
    BatchPlan, Engine, ExecutionId, JobStore, ObjectStore, ResultIndex, RunRecord, RunStatus,
    RunStore, StoreError,
};

use super::input::{BatchJob, commit_suite, input};
use super::survey::{Standing, survey};
use super::{execution_of, items_object, plan_object, receipt_object};
use crate::leases::tolerate_race;
use crate::plan::{Plan, PlannedJob, first_of_each_key};

/// What a batch works with.
#[derive(Clone)]
pub struct BatchServices {
    /// Jobs.
    pub jobs: Arc<dyn JobStore>,
    /// Which of them has the result of a tree.
    pub index: Arc<dyn ResultIndex>,
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
    /// What the keys of logs and results begin with, there.
    pub prefix: String,
    /// The tools that the runners are taken to have, as in the plan's request.
    pub toolchain: ToolchainFingerprint,
    /// Run the jobs that are complete once more.
    pub rerun: bool,
    /// How many bytes of each output stream the runners keep; `None` leaves that to them.
    pub log_cap: Option<u64>,
}

/// A batch that was started.
#[derive(Clone, Debug)]
pub struct Submitted {
    /// The batch.
    pub batch: RunId,
    /// What it runs, and over which commits: as asked for now, or as an earlier call began it. Its
    /// jobs are those that are queued.
    pub plan: Plan,
    /// Its execution; `None` when there was nothing to run.
    pub execution: Option<ExecutionId>,
    /// How many jobs it runs.
    pub queued: usize,
    /// How many were complete before, or are the work of another batch.
    pub skipped: usize,
    /// Whether an earlier call started its execution.
    pub was_started: bool,
    /// Whether an earlier call began it over other commits: there are new ones meanwhile.
    pub taken_up: bool,
}

/// So many jobs are looked at, or brought into a state that can be claimed, at once.
pub(super) const CHUNK: usize = 1_000;

/// Stores the jobs of a plan, what their runners need, and starts an execution that runs them.
///
/// Jobs that are complete are not touched, and neither are those that a runner works on, nor those
/// whose tree was run for another commit; one that failed is started over. Which jobs are run is
/// stored before they are changed, and decided once: a later call with the same id and the same
/// request runs the same ones, also when the branch has moved on meanwhile.
///
/// A crash leaves a batch that the same call takes up again.
///
/// # Errors
///
/// [`StoreError::Conflict`] when the id belongs to a batch of another request, and what the stores
/// and the engine say.
pub async fn submit(
    plan: &Plan,
    services: &BatchServices,
    options: &BatchOptions,
) -> Result<Submitted, StoreError> {
    let record = record(plan, services, options).await?;
    let taken_up = record.commits != plan.commits;
    let plan = match taken_up {
        true => begun(plan, &record),
        false => plan.clone(),
    };
    store_plan(&plan, services, options).await?;
    let jobs = decide(&plan, services, options).await?;
    let skipped = plan.jobs.len().saturating_sub(jobs.len());
    let execution = execution_of(&options.id, &*services.objects).await?;
    let mut submitted = Submitted {
        batch: options.id.clone(),
        was_started: execution.is_some(),
        execution,
        queued: jobs.len(),
        skipped,
        plan: only(plan, &jobs),
        taken_up,
    };
    if submitted.execution.is_some() {
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
        prepare(&record, &submitted.plan, &jobs, services).await?;
        let items = services.objects.locate(&items_object(&options.id));
        let input = input(&options.id, &jobs, items)?;
        let execution = services.engine.start(options.id.as_str(), &input).await?;
        let id = execution.0.clone().into_bytes();
        let receipt = receipt_object(&options.id);
        match services.objects.put_new(&receipt, id).await {
            Ok(()) | Err(StoreError::Conflict { .. }) => {}
            Err(error) => return Err(error),
        }
        submitted.execution = Some(execution);
    }
    Ok(submitted)
}

/// A plan without the jobs that are not among these.
fn only(mut plan: Plan, jobs: &[BatchJob]) -> Plan {
    let queued: HashSet<&str> = jobs.iter().map(|job| job.commit_suite.as_str()).collect();
    let all = std::mem::take(&mut plan.jobs).into_iter();
    let is_queued = |job: &PlannedJob| queued.contains(&*commit_suite(&plan.commit_job(job)));
    let kept = all.filter(is_queued).collect();
    plan.jobs = kept;
    plan
}

/// The plan of a batch that was begun over other commits than it would have now.
fn begun(plan: &Plan, record: &RunRecord) -> Plan {
    let first: Vec<_> = first_of_each_key(&record.commits).collect();
    let distinct = first.len();
    let unknown = first
        .into_iter()
        .filter(|(_, it)| !plan.cached.contains_key(&it.key));
    let jobs = unknown.map(|(index, commit)| PlannedJob {
        commit: index,
        suite: commit.suite,
        key: commit.key,
        replaces: None,
    });
    Plan {
        commits: record.commits.clone(),
        jobs: jobs.collect(),
        distinct,
        ..plan.clone()
    }
}

/// Stores the batch as a run, or finds the one of the same request.
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
            let Some(known) = known else {
                return Err(conflict);
            };
            let asked = |it: &RunRecord| {
                let (suite, request) = (it.suite_name.clone(), it.request.clone());
                (it.repo.clone(), suite, request)
            };
            if asked(&known) == asked(&record) {
                return Ok(known);
            }
            let shown = |it: &RunRecord| format!("{}: {}", it.repo, it.request);
            let what = format!("batch {}", record.id);
            Err(StoreError::conflict(what, shown(&record), shown(&known)))
        }
        Err(error) => Err(error),
    }
}

/// Stores what the runners have in common, or finds the same. A batch that is taken up and has stored
/// nothing yet can only go on while its suites are still those of its commits.
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
        log_cap: options.log_cap,
    };
    let known = |suite| plan.suites.contains_key(suite);
    let fits = plan.commits.iter().all(|commit| known(&commit.suite));
    let name = plan_object(&options.id);
    if fits {
        let content = StoredBatchPlan::encode(&common)?.into_bytes();
        match services.objects.put_new(&name, content).await {
            Err(StoreError::Conflict { .. }) => {}
            done => return done,
        }
    }
    let Some(stored) = services.objects.get(&name).await? else {
        return Err(begun_with(options, "suites that were changed since"));
    };
    let text = String::from_utf8_lossy(&stored);
    let stored = StoredBatchPlan::decode(&text)?;
    let differs = [
        (
            stored.suites != common.suites,
            "other suites (or settings of them)",
        ),
        (stored.overlay != common.overlay, "another overlay"),
        (
            stored.toolchain != common.toolchain,
            "another name of tools",
        ),
    ];
    let differs: Vec<&str> = differs.iter().filter(|it| it.0).map(|it| it.1).collect();
    match differs.is_empty() {
        true => Ok(()),
        false => Err(begun_with(options, &differs.join(", "))),
    }
}

/// The id of a batch that was begun with something else than what is asked for.
fn begun_with(options: &BatchOptions, what: &str) -> StoreError {
    let batch = format!("batch {}", options.id);
    StoreError::conflict(batch, "the same request with what is set now", what)
}

/// The jobs that the batch runs: as decided before, or by what the store says of them.
async fn decide(
    plan: &Plan,
    services: &BatchServices,
    options: &BatchOptions,
) -> Result<Vec<BatchJob>, StoreError> {
    let name = items_object(&options.id);
    if let Some(known) = services.objects.get(&name).await? {
        return decoded(&known, &name);
    }
    let now = services.clock.now();
    let (jobs, index) = (&*services.jobs, &*services.index);
    let found = survey(plan, jobs, index, options.rerun, now).await?;
    let place = services.objects.locate(&plan_object(&options.id));
    let mut jobs = Vec::new();
    for it in &found {
        if let Standing::ToRun(epoch) = it.standing {
            let number = jobs.len();
            jobs.push(BatchJob::new(&it.job, epoch, &place, options, number));
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

pub(super) fn decoded(content: &[u8], name: &str) -> Result<Vec<BatchJob>, StoreError> {
    serde_json::from_slice(content)
        .map_err(|error| StoreError::corrupt(format!("the object {name}"), error.to_string()))
}

/// Brings the jobs to be run into a state that can be claimed.
///
/// One that has ended since it was decided to run it is the work of a call that got further, and
/// stays as it is.
async fn prepare(
    record: &RunRecord,
    plan: &Plan,
    jobs: &[BatchJob],
    services: &BatchServices,
) -> Result<(), StoreError> {
    let wanted: HashMap<String, u64> = jobs
        .iter()
        .map(|job| (job.commit_suite.clone(), job.epoch))
        .collect();
    let to_run: Vec<(CommitJob, u64)> = plan
        .jobs
        .iter()
        .map(|job| plan.commit_job(job))
        .filter_map(|job| Some((wanted.get(&commit_suite(&job)).copied()?, job)))
        .map(|(epoch, job)| (job, epoch))
        .collect();
    for chunk in to_run.chunks(CHUNK) {
        let chunk_jobs: Vec<CommitJob> = chunk.iter().map(|(job, _)| job.clone()).collect();
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
