//! Bringing the results of a batch home.

use std::collections::HashMap;
use std::sync::Arc;

use retro_domain::{
    CacheKey, Clock, CommitJob, JobEvent, JobFacts, JobState, JobStatus, LeaseOwner, LeasePolicy,
    OutcomeCounts, RepoId, RunId, Verdict,
};
use retro_store::record::StoredResult;
use retro_store::{
    ArtifactContent, ArtifactScope, ArtifactStore, JobStore, Manifest, PutCondition, ResultStore,
    RunRecord, RunStatus, RunStore, StoreError,
};

use crate::RESULT_NAME;
use crate::leases::{Claim, IsGone, claim, tolerate_race};
use crate::options::Claims;

/// What [`pull`] works with.
#[derive(Clone)]
pub struct Pulling {
    /// The jobs of the batch.
    pub remote_jobs: Arc<dyn JobStore>,
    /// The batch.
    pub remote_runs: Arc<dyn RunStore>,
    /// What its runners stored.
    pub remote_artifacts: Arc<dyn ArtifactStore>,
    /// Jobs of this machine.
    pub jobs: Arc<dyn JobStore>,
    /// Runs of this machine.
    pub runs: Arc<dyn RunStore>,
    /// Results of this machine.
    pub results: Arc<dyn ResultStore>,
    /// Artifacts of this machine.
    pub artifacts: Arc<dyn ArtifactStore>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Who claims jobs of this machine.
    pub owner: LeaseOwner,
}

/// What became of a job that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobEnding {
    /// It has a result.
    Complete(Verdict, OutcomeCounts),
    /// git-retro could not do it.
    Failed(String),
}

/// How a batch stands.
#[derive(Clone, Debug)]
pub struct Pulled {
    /// The batch as a run of this machine.
    pub run: RunRecord,
    /// Jobs that have ended, by their results' keys.
    pub ended: HashMap<CacheKey, JobEnding>,
    /// How many jobs wait.
    pub pending: usize,
    /// How many are being worked on.
    pub running: usize,
    /// How many results were brought home by this call.
    pub fetched: usize,
}

impl Pulled {
    /// The key of a job's result; `None` when the batch does not have it.
    pub fn key_of(&self, job: &CommitJob) -> Option<CacheKey> {
        let mut commits = self.run.commits.iter();
        let found = commits.find(|it| it.commit == job.commit && it.suite == job.suite);
        found.map(|commit| commit.key)
    }

    /// Whether every job has ended.
    pub fn is_over(&self) -> bool {
        self.pending + self.running == 0
    }
}

/// So many states are asked for at once.
const CHUNK: usize = 500;

/// Brings home every result of a batch that is not here yet, and stores the batch as a run of
/// `repo`, the repository as this machine names it. `seen` is told of each job that has ended, once
/// its result is here.
///
/// What is fetched is checked against its manifest. Results that are here already, by an earlier
/// call or because the same was run here, are left as they are. The run has the batch's id: all
/// questions can be asked of it.
///
/// A crash leaves whole results, and the next call fetches the rest.
///
/// # Errors
///
/// [`StoreError::NotFound`] for an unknown batch, [`StoreError::Corrupt`] when an artifact is not
/// what its manifest says, and what the stores say.
pub async fn pull(
    batch: &RunId,
    repo: &RepoId,
    stores: &Pulling,
    mut seen: impl FnMut(&CommitJob, &JobEnding),
) -> Result<Pulled, StoreError> {
    let remote = stores.remote_runs.run(batch).await?;
    let remote = remote.ok_or_else(|| StoreError::not_found(format!("batch {batch}")))?;
    let mut run = remote.clone();
    run.repo = repo.clone();
    let mut pulled = Pulled {
        run,
        ended: HashMap::new(),
        pending: 0,
        running: 0,
        fetched: 0,
    };
    let mut of_key: HashMap<CacheKey, CommitJob> = HashMap::new();
    let mut order = Vec::new();
    for commit in &remote.commits {
        // Of commits with one key, the first one has the job: as in the plan.
        of_key.entry(commit.key).or_insert_with(|| {
            order.push(commit.key);
            CommitJob {
                repo: remote.repo.clone(),
                commit: commit.commit,
                suite: commit.suite,
            }
        });
    }
    for keys in order.chunks(CHUNK) {
        let jobs: Vec<CommitJob> = keys.iter().map(|key| of_key[key].clone()).collect();
        let states = stores.remote_jobs.states(&jobs).await?;
        let here = stores.results.summaries(keys).await?;
        for (((key, job), state), here) in keys.iter().zip(&jobs).zip(states).zip(here) {
            let state = state.unwrap_or_default();
            let ending = match (&state.status, here) {
                (JobStatus::Pending, _) => {
                    pulled.pending += 1;
                    continue;
                }
                (JobStatus::Running(_), _) => {
                    pulled.running += 1;
                    continue;
                }
                (JobStatus::Failed(reason), _) => JobEnding::Failed(reason.clone()),
                (JobStatus::Complete(_), Some(known)) => {
                    JobEnding::Complete(known.verdict, known.counts)
                }
                (JobStatus::Complete(_), None) => {
                    pulled.fetched += 1;
                    fetch(*key, job, &state, repo, stores).await?
                }
            };
            seen(job, &ending);
            pulled.ended.insert(*key, ending);
        }
    }
    store_run(&mut pulled, stores).await?;
    Ok(pulled)
}

/// Brings one result home, with its artifacts, as if it had been made here.
async fn fetch(
    key: CacheKey,
    job: &CommitJob,
    state: &JobState,
    repo: &RepoId,
    stores: &Pulling,
) -> Result<JobEnding, StoreError> {
    let source = ArtifactScope {
        repo: job.repo.clone(),
        commit: job.commit,
        suite: job.suite,
        epoch: state.epoch,
    };
    let missing = |what: &str| StoreError::corrupt(source.to_string(), format!("it has no {what}"));
    let manifest = stores.remote_artifacts.manifest(&source).await?;
    let manifest = manifest.ok_or_else(|| missing("manifest"))?;
    let text = stores.remote_artifacts.read(&source, RESULT_NAME).await?;
    let text = text.ok_or_else(|| missing(RESULT_NAME))?;
    let text = String::from_utf8(text)
        .map_err(|_| StoreError::corrupt(source.to_string(), "its result is no text"))?;
    let mut result = StoredResult::decode(&text)?;
    let counts = result.counts();
    let verdict = result.verdict.clone();
    let local = CommitJob {
        repo: repo.clone(),
        ..job.clone()
    };
    stores.jobs.enqueue(std::slice::from_ref(&local)).await?;
    let now = stores.clock.now();
    let nobody: IsGone = Arc::new(|_| false);
    let claimed = claim(
        &*stores.jobs,
        &local,
        &stores.owner,
        now,
        LeasePolicy::default(),
        Claims::StartOver,
        &nobody,
    );
    let Claim::Ours(epoch) = claimed.await? else {
        // Another process of this machine makes the same result just now.
        return Ok(JobEnding::Complete(verdict, counts));
    };
    let target = ArtifactScope {
        repo: repo.clone(),
        epoch,
        ..source.clone()
    };
    let mut copied = Manifest::default();
    for entry in &manifest.entries {
        if entry.name == RESULT_NAME {
            continue;
        }
        let content = stores.remote_artifacts.read(&source, &entry.name).await?;
        let content = content.ok_or_else(|| missing(&entry.name))?;
        let content = ArtifactContent::Bytes(content);
        let copy = stores.artifacts.put(&target, &entry.name, content).await?;
        entry.check_content(&source, &copy)?;
        copied.entries.push(copy);
    }
    stores.artifacts.finish(&target, &copied).await?;
    if result.key != key {
        result.notes.push(
            "the result was made for another batch, whose runners were taken to have other tools"
                .to_owned(),
        );
    }
    result.key = key;
    result.repo = repo.clone();
    result.epoch = epoch;
    result.artifacts = Some(target.clone());
    match stores.results.put(&result, PutCondition::Absent).await {
        Ok(_) => {}
        Err(StoreError::Conflict { .. }) => stores.artifacts.remove(&target).await?,
        Err(error) => return Err(error),
    }
    let done = JobEvent::Complete {
        epoch,
        verdict: verdict.clone(),
        facts: JobFacts {
            counts,
            took: result.usage.wall,
            commit: None,
        },
    };
    // The copying may have taken longer than the lease: the result is here all the same.
    tolerate_race(stores.jobs.apply(&local, &done).await)?;
    Ok(JobEnding::Complete(verdict, counts))
}

/// Stores the batch as a run, or what has changed of it.
async fn store_run(pulled: &mut Pulled, stores: &Pulling) -> Result<(), StoreError> {
    let over = pulled.is_over();
    let run = &mut pulled.run;
    run.status = match over {
        true => RunStatus::Finished,
        false => RunStatus::Running,
    };
    run.finished_at = over.then(|| run.finished_at.unwrap_or_else(|| stores.clock.now()));
    let known = match stores.runs.create_run(run).await {
        Ok(()) => return Ok(()),
        Err(conflict @ StoreError::Conflict { .. }) => {
            stores.runs.run(&run.id).await?.ok_or(conflict)?
        }
        Err(error) => return Err(error),
    };
    if known.status != run.status {
        let at = run.finished_at.unwrap_or_else(|| stores.clock.now());
        let change = stores
            .runs
            .set_run_status(&run.id, known.status, run.status, at);
        match change.await {
            Ok(()) | Err(StoreError::Conflict { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
