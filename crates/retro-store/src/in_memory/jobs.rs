//! A job store in memory.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use retro_domain::{
    CacheKey, CommitJob, JobEvent, JobState, JobStatus, RepoId, RunId, Timestamp, transition,
};

use super::locked;
use crate::{JobStore, ResultIndex, RunRecord, RunStatus, RunStore, StoreError};

/// A [`JobStore`], [`ResultIndex`] and [`RunStore`] in memory. Clones share one state.
#[derive(Clone, Debug, Default)]
pub struct InMemoryJobStore {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    runs: BTreeMap<RunId, RunRecord>,
    jobs: HashMap<CommitJob, JobState>,
    noted: HashMap<(RepoId, CacheKey), CommitJob>,
}

impl State {
    fn newest_first(&self) -> Vec<&RunRecord> {
        let mut runs: Vec<&RunRecord> = self.runs.values().collect();
        runs.sort_by(|a, b| (b.started_at, &b.id).cmp(&(a.started_at, &a.id)));
        runs
    }
}

#[async_trait]
impl JobStore for InMemoryJobStore {
    async fn enqueue(&self, jobs: &[CommitJob]) -> Result<usize, StoreError> {
        let mut state = locked(&self.state);
        let before = state.jobs.len();
        for job in jobs {
            state.jobs.entry(job.clone()).or_default();
        }
        Ok(state.jobs.len() - before)
    }

    async fn job(&self, job: &CommitJob) -> Result<Option<JobState>, StoreError> {
        Ok(locked(&self.state).jobs.get(job).cloned())
    }

    async fn apply(&self, job: &CommitJob, event: &JobEvent) -> Result<JobState, StoreError> {
        let mut state = locked(&self.state);
        let stored = state.jobs.get_mut(job).ok_or_else(|| {
            StoreError::not_found(format!(
                "the job for commit {} of {}",
                job.commit.short(),
                job.repo
            ))
        })?;
        *stored = transition(stored, event)?;
        Ok(stored.clone())
    }
}

#[async_trait]
impl ResultIndex for InMemoryJobStore {
    async fn noted(
        &self,
        repo: &RepoId,
        keys: &[CacheKey],
    ) -> Result<Vec<Option<CommitJob>>, StoreError> {
        let state = locked(&self.state);
        let noted = |key: &CacheKey| state.noted.get(&(repo.clone(), *key)).cloned();
        Ok(keys.iter().map(noted).collect())
    }

    async fn note(
        &self,
        key: CacheKey,
        job: &CommitJob,
        replaces: Option<&CommitJob>,
    ) -> Result<(), StoreError> {
        let mut state = locked(&self.state);
        let place = (job.repo.clone(), key);
        let there = state.noted.get(&place);
        if there != replaces {
            let shown = |job: Option<&CommitJob>| format!("{job:?}");
            let what = format!("the note of {}", key.digest());
            return Err(StoreError::conflict(what, shown(replaces), shown(there)));
        }
        state.noted.insert(place, job.clone());
        Ok(())
    }
}

#[async_trait]
impl RunStore for InMemoryJobStore {
    async fn create_run(&self, run: &RunRecord) -> Result<(), StoreError> {
        let mut state = locked(&self.state);
        if state.runs.contains_key(&run.id) {
            return Err(StoreError::conflict(
                format!("run {}", run.id),
                "no such run",
                "a run of this id",
            ));
        }
        state.runs.insert(run.id.clone(), run.clone());
        Ok(())
    }

    async fn set_run_status(
        &self,
        run: &RunId,
        from: RunStatus,
        to: RunStatus,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut state = locked(&self.state);
        let what = format!("run {run}");
        let Some(record) = state.runs.get_mut(run) else {
            return Err(StoreError::not_found(what));
        };
        if record.status != from {
            return Err(StoreError::conflict(
                what,
                from.name(),
                record.status.name(),
            ));
        }
        record.status = to;
        record.finished_at = (to != RunStatus::Running).then_some(at);
        Ok(())
    }

    async fn run(&self, run: &RunId) -> Result<Option<RunRecord>, StoreError> {
        Ok(locked(&self.state).runs.get(run).cloned())
    }

    async fn runs(
        &self,
        repo: Option<&RepoId>,
        limit: usize,
    ) -> Result<Vec<RunRecord>, StoreError> {
        let state = locked(&self.state);
        let runs = state.newest_first().into_iter();
        let wanted = runs.filter(|run| repo.is_none_or(|repo| run.repo == *repo));
        Ok(wanted.take(limit).cloned().collect())
    }

    async fn prune_runs(&self, before: Timestamp, keep_newest: usize) -> Result<u64, StoreError> {
        let mut state = locked(&self.state);
        let mut seen: HashMap<RepoId, usize> = HashMap::new();
        let mut doomed = Vec::new();
        for run in state.newest_first() {
            let rank = seen.entry(run.repo.clone()).or_default();
            *rank += 1;
            if *rank > keep_newest && run.started_at < before {
                doomed.push(run.id.clone());
            }
        }
        for id in &doomed {
            state.runs.remove(id);
        }
        let wanted: HashSet<CommitJob> = state.runs.values().flat_map(jobs_of).collect();
        state.jobs.retain(|job, job_state| {
            let ended = matches!(
                job_state.status,
                JobStatus::Complete(_) | JobStatus::Failed(_)
            );
            !ended || wanted.contains(job)
        });
        Ok(doomed.len() as u64)
    }
}

fn jobs_of(run: &RunRecord) -> impl Iterator<Item = CommitJob> + '_ {
    run.commits.iter().map(|commit| CommitJob {
        repo: run.repo.clone(),
        commit: commit.commit,
        suite: commit.suite,
    })
}
