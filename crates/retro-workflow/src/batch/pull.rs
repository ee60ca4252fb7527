//! Bringing the results of a batch home.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use retro_domain::{
    CacheKey, Clock, CommitId, CommitJob, Epoch, JobEvent, JobFacts, JobState, JobStatus,
    LeaseOwner, LeasePolicy, OutcomeCounts, RepoId, RunId, Timestamp, Verdict,
};
use retro_store::record::StoredResult;
use retro_store::{
    ArtifactContent, ArtifactScope, ArtifactStore, ExecutionId, JobStore, Manifest, ObjectStore,
    PutCondition, ResultIndex, ResultStore, ResultSummary, RunRecord, RunStatus, RunStore,
    StoreError,
};

use super::execution_of;
use crate::RESULT_NAME;
use crate::leases::{Claim, IsGone, claim, tolerate_race};
use crate::options::Claims;
use crate::plan::first_of_each_key;

/// What [`pull`] works with.
#[derive(Clone)]
pub struct Pulling {
    /// The jobs of the batch.
    pub remote_jobs: Arc<dyn JobStore>,
    /// Which of them has the result of a tree.
    pub remote_index: Arc<dyn ResultIndex>,
    /// What is known of the batch's execution.
    pub remote_objects: Arc<dyn ObjectStore>,
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
    /// It has a result; with the time that its commands took.
    Complete(Verdict, OutcomeCounts, Duration),
    /// git-retro could not do it.
    Failed(String),
}

impl JobEnding {
    fn known(known: &ResultSummary) -> Self {
        Self::Complete(known.verdict.clone(), known.counts, known.usage.wall)
    }
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
    /// The batch's execution; `None` when none was started.
    pub execution: Option<ExecutionId>,
    /// When the last of the jobs that have ended did.
    last_end: Option<Timestamp>,
}

impl Pulled {
    /// The key of a job's result; `None` when the batch does not have it.
    pub fn key_of(&self, job: &CommitJob) -> Option<CacheKey> {
        let mut commits = self.run.commits.iter();
        let found = commits.find(|it| it.commit == job.commit && it.suite == job.suite);
        found.map(|commit| commit.key)
    }

    /// The commits whose jobs could not be done, oldest first, and why.
    pub fn not_done(&self) -> impl Iterator<Item = (CommitId, &str)> {
        let jobs = first_of_each_key(&self.run.commits);
        jobs.filter_map(|(_, commit)| match self.ended.get(&commit.key)? {
            JobEnding::Failed(reason) => Some((commit.commit, reason.as_str())),
            JobEnding::Complete(..) => None,
        })
    }

    fn ended_at(&mut self, started_at: Timestamp, took: Duration) {
        self.last_end = self.last_end.max(Some(started_at.plus(took)));
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
/// What is fetched is checked against its manifest: a job whose result is damaged or gone there has
/// failed, and so it stands in the job store of this machine, as the other failed ones do. Results that are here already, by an earlier
/// call or because the same was run here, are left as they are, but for those from before the batch
/// that `renew` names: where the batch has a younger one, it takes their place. The run has the
/// batch's id: all questions can be asked of it.
///
/// A crash leaves whole results, and the next call fetches the rest.
///
/// # Errors
///
/// [`StoreError::NotFound`] for an unknown batch, and what the stores say.
pub async fn pull(
    batch: &RunId,
    repo: &RepoId,
    stores: &Pulling,
    renew: impl Fn(&CacheKey) -> bool,
    mut seen: impl FnMut(&CommitJob, &JobEnding),
) -> Result<Pulled, StoreError> {
    let remote = stores.remote_runs.run(batch).await?;
    let remote = remote.ok_or_else(|| StoreError::not_found(format!("batch {batch}")))?;
    let mut run = remote.clone();
    run.repo = repo.clone();
    let mut pulled = Pulled {
        execution: execution_of(batch, &*stores.remote_objects).await?,
        last_end: None,
        run,
        ended: HashMap::new(),
        pending: 0,
        running: 0,
        fetched: 0,
    };
    let all: Vec<(CacheKey, CommitJob)> = first_of_each_key(&remote.commits)
        .map(|(_, commit)| {
            let job = CommitJob {
                repo: remote.repo.clone(),
                commit: commit.commit,
                suite: commit.suite,
            };
            (commit.key, job)
        })
        .collect();
    for chunk in all.chunks(CHUNK) {
        let (keys, jobs): (Vec<CacheKey>, Vec<CommitJob>) = chunk.iter().cloned().unzip();
        let states = states_with_borrowed(&keys, &jobs, stores).await?;
        let here = stores.results.summaries(&keys).await?;
        for (((key, job), (source, state)), here) in keys.iter().zip(&jobs).zip(states).zip(here) {
            let Some(state) = state else {
                // Nobody was asked to run what was known here.
                let Some(known) = here else {
                    pulled.pending += 1;
                    continue;
                };
                let ending = JobEnding::known(&known);
                seen(job, &ending);
                pulled.ended.insert(*key, ending);
                continue;
            };
            let older = |known: &ResultSummary| known.started_at < remote.started_at;
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
                (JobStatus::Complete(_), Some(known)) if !(older(&known) && renew(key)) => {
                    pulled.ended_at(known.started_at, known.usage.wall);
                    JobEnding::known(&known)
                }
                (JobStatus::Complete(_), here) => {
                    let from = source.unwrap_or_else(|| job.clone());
                    let what = Wanted {
                        key: *key,
                        from,
                        epoch: state.epoch,
                        here,
                    };
                    fetch(what, job, repo, stores, &mut pulled).await?
                }
            };
            if let JobEnding::Failed(reason) = &ending {
                not_done(*key, job, reason, repo, stores).await?;
            }
            seen(job, &ending);
            pulled.ended.insert(*key, ending);
        }
    }
    store_run(&mut pulled, stores).await?;
    if let (true, RunStatus::Running, Some(at)) =
        (pulled.is_over(), remote.status, pulled.run.finished_at)
    {
        let (from, to) = (RunStatus::Running, RunStatus::Finished);
        // For those who look there. Who may only read has the results all the same.
        let _ = stores.remote_runs.set_run_status(batch, from, to, at).await;
    }
    Ok(pulled)
}

/// The states of jobs. Where one has not ended and another job has the result of its tree, it is
/// that job and its state.
async fn states_with_borrowed(
    keys: &[CacheKey],
    jobs: &[CommitJob],
    stores: &Pulling,
) -> Result<Vec<(Option<CommitJob>, Option<JobState>)>, StoreError> {
    let states = stores.remote_jobs.states(jobs).await?;
    let mut found: Vec<_> = states.into_iter().map(|state| (None, state)).collect();
    let is_open = |state: &JobState| matches!(state.status, JobStatus::Pending);
    let open: Vec<usize> = (0..jobs.len())
        .filter(|&place| found[place].1.as_ref().is_none_or(is_open))
        .collect();
    let Some(repo) = open.first().map(|&place| &jobs[place].repo) else {
        return Ok(found);
    };
    let asked: Vec<CacheKey> = open.iter().map(|&place| keys[place]).collect();
    let noted = stores.remote_index.noted(repo, &asked).await?;
    let (places, others): (Vec<usize>, Vec<CommitJob>) = open
        .into_iter()
        .zip(noted)
        .filter_map(|(place, noted)| Some((place, noted?)))
        .unzip();
    let states = stores.remote_jobs.states(&others).await?;
    for ((place, other), state) in places.into_iter().zip(others).zip(states) {
        let is_complete = |it: &JobState| matches!(it.status, JobStatus::Complete(_));
        if state.as_ref().is_some_and(is_complete) {
            found[place] = (Some(other), state);
        }
    }
    Ok(found)
}

/// A result to be brought home.
struct Wanted {
    key: CacheKey,
    /// The job that made it, and at which epoch.
    from: CommitJob,
    epoch: Epoch,
    /// What is here in its place.
    here: Option<ResultSummary>,
}

/// Says on this machine, too, that a job could not be done, unless its result is here.
async fn not_done(
    key: CacheKey,
    job: &CommitJob,
    reason: &str,
    repo: &RepoId,
    stores: &Pulling,
) -> Result<(), StoreError> {
    let local = CommitJob {
        repo: repo.clone(),
        ..job.clone()
    };
    let known = stores.jobs.job(&local).await?;
    let is_said = |state: &JobState| state.status == JobStatus::Failed(reason.to_owned());
    if known.as_ref().is_some_and(is_said)
        || stores
            .results
            .summaries(&[key])
            .await?
            .iter()
            .any(Option::is_some)
    {
        return Ok(());
    }
    if let Some(epoch) = claim_here(&local, stores).await? {
        let reason = reason.to_owned();
        let failed = JobEvent::Fail { epoch, reason };
        tolerate_race(stores.jobs.apply(&local, &failed).await)?;
    }
    Ok(())
}

/// Claims a job of this machine; `None` when another process has it.
async fn claim_here(local: &CommitJob, stores: &Pulling) -> Result<Option<Epoch>, StoreError> {
    stores.jobs.enqueue(std::slice::from_ref(local)).await?;
    let nobody: IsGone = Arc::new(|_| false);
    let claimed = claim(
        &*stores.jobs,
        local,
        &stores.owner,
        stores.clock.now(),
        LeasePolicy::default(),
        Claims::StartOver,
        &nobody,
    );
    Ok(match claimed.await? {
        Claim::Ours(epoch) => Some(epoch),
        _ => None,
    })
}

/// What to do about a job that is complete, and has no result that can be used.
const AGAIN: &str = "run it again with --no-cache (git retro) or --rerun (retro-initiator)";

/// Brings one result home, or says why it cannot be had. `job` is the one of the batch.
async fn fetch(
    wanted: Wanted,
    job: &CommitJob,
    repo: &RepoId,
    stores: &Pulling,
    pulled: &mut Pulled,
) -> Result<JobEnding, StoreError> {
    let here = wanted.here.clone();
    match bring(wanted, job, repo, stores, pulled).await {
        Err(error @ StoreError::Corrupt { .. }) => Ok(match here {
            Some(here) => JobEnding::known(&here),
            None => JobEnding::Failed(format!("its result there cannot be used: {error}; {AGAIN}")),
        }),
        brought => brought,
    }
}

/// Brings one result home, with its artifacts, as if it had been made here.
async fn bring(
    wanted: Wanted,
    job: &CommitJob,
    repo: &RepoId,
    stores: &Pulling,
    pulled: &mut Pulled,
) -> Result<JobEnding, StoreError> {
    let Wanted { key, from, .. } = wanted;
    let source = ArtifactScope {
        repo: from.repo,
        commit: from.commit,
        suite: from.suite,
        epoch: wanted.epoch,
    };
    let missing = |what: &str| StoreError::corrupt(source.to_string(), format!("it has no {what}"));
    let Some(manifest) = stores.remote_artifacts.manifest(&source).await? else {
        if let Some(here) = &wanted.here {
            return Ok(JobEnding::known(here));
        }
        let gone =
            "its result is not in the bucket any more, which keeps results for some time only";
        return Ok(JobEnding::Failed(format!("{gone}; {AGAIN}")));
    };
    let text = stores.remote_artifacts.read(&source, RESULT_NAME).await?;
    let text = text.ok_or_else(|| missing(RESULT_NAME))?;
    let text = String::from_utf8(text)
        .map_err(|_| StoreError::corrupt(source.to_string(), "its result is no text"))?;
    let mut result = StoredResult::decode(&text)?;
    if result.key != key {
        let why = "it is the result of another tree, suite, overlay or set of tools";
        return Err(StoreError::corrupt(source.to_string(), why));
    }
    pulled.ended_at(result.started_at, result.usage.wall);
    if let Some(here) = wanted.here.as_ref()
        && here.started_at >= result.started_at
    {
        return Ok(JobEnding::known(here));
    }
    let (counts, took) = (result.counts(), result.usage.wall);
    let verdict = result.verdict.clone();
    let local = CommitJob {
        repo: repo.clone(),
        ..job.clone()
    };
    let Some(epoch) = claim_here(&local, stores).await? else {
        // Another process of this machine makes the same result just now.
        return Ok(JobEnding::Complete(verdict, counts, took));
    };
    let target = ArtifactScope {
        repo: repo.clone(),
        epoch,
        ..source.clone()
    };
    let copied = match copy(&manifest, &source, &target, stores).await {
        Err(error) => {
            let reason = error.to_string();
            let failed = JobEvent::Fail { epoch, reason };
            tolerate_race(stores.jobs.apply(&local, &failed).await)?;
            return Err(error);
        }
        copied => copied?,
    };
    pulled.fetched += 1;
    stores.artifacts.finish(&target, &copied).await?;
    result.repo = repo.clone();
    result.epoch = epoch;
    result.artifacts = Some(target.clone());
    let here = wanted
        .here
        .map(|here| PutCondition::Revision(here.revision));
    let condition = here.unwrap_or(PutCondition::Absent);
    match stores.results.put(&result, condition).await {
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
    Ok(JobEnding::Complete(verdict, counts, took))
}

/// Copies every artifact but the result.
async fn copy(
    manifest: &Manifest,
    source: &ArtifactScope,
    target: &ArtifactScope,
    stores: &Pulling,
) -> Result<Manifest, StoreError> {
    let mut copied = Manifest::default();
    for entry in &manifest.entries {
        if entry.name == RESULT_NAME {
            continue;
        }
        let content = stores.remote_artifacts.read(source, &entry.name).await?;
        let missing =
            || StoreError::corrupt(source.to_string(), format!("it has no {}", entry.name));
        let content = ArtifactContent::Bytes(content.ok_or_else(missing)?);
        let copy = stores.artifacts.put(target, &entry.name, content).await?;
        entry.check_content(source, &copy)?;
        copied.entries.push(copy);
    }
    Ok(copied)
}

/// Stores the batch as a run, or what has changed of it.
async fn store_run(pulled: &mut Pulled, stores: &Pulling) -> Result<(), StoreError> {
    let over = pulled.is_over();
    let run = &mut pulled.run;
    run.status = match over {
        true => RunStatus::Finished,
        false => RunStatus::Running,
    };
    let ended_at = run.finished_at.or(pulled.last_end);
    run.finished_at = over.then(|| ended_at.unwrap_or_else(|| stores.clock.now()));
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
