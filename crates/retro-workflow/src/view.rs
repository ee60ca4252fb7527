//! Stored runs, read back and analysed.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use retro_analysis::{Findings, History, Observation, State, findings};
use retro_domain::{CacheKey, CommitId, CommitJob, JobStatus, RepoId, RunId, TestId, Verdict};
use retro_store::{
    JobStore, ResultStore, ResultSummary, RunCommit, RunRecord, RunStatus, RunStore, StoreError,
};

use crate::plan::{first_of_each_key, places};

/// A run with what is known of each of its commits, and what that shows.
#[derive(Debug)]
pub struct RunView {
    /// The run.
    pub run: RunRecord,
    /// What is known of each commit, in the run's order.
    pub summaries: Vec<Option<ResultSummary>>,
    /// The outcomes of every test.
    pub history: History,
    /// What they show.
    pub findings: Findings,
    /// Why git-retro itself could not do the jobs of commits without a result, by their places; empty
    /// until [`explain`](Self::explain) was called.
    pub not_done: BTreeMap<usize, String>,
}

impl RunView {
    /// A commit of the run by its place.
    pub fn commit(&self, place: usize) -> &RunCommit {
        &self.run.commits[place]
    }

    /// Whether nothing is older than what the run holds: each commit of it that has no ancestor
    /// in it has none at all.
    pub fn begins_with_history(&self) -> bool {
        self.run
            .commits
            .iter()
            .all(|commit| !commit.parents.is_empty() || !commit.skips_ancestors)
    }

    /// How many commits of a run that came to its end have no result, for a reason that is not known:
    /// it was removed since. None of a run that did not come to its end.
    pub fn without_result(&self) -> usize {
        match self.run.status {
            RunStatus::Finished => {
                let without = self.summaries.iter().filter(|it| it.is_none()).count();
                without - self.not_done.len()
            }
            _ => 0,
        }
    }

    /// Looks up why commits have no result.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub async fn explain(&mut self, jobs: &dyn JobStore) -> Result<(), StoreError> {
        let first = first_of_each_key(&self.run.commits);
        let first_of_key: HashMap<CacheKey, CommitId> = first
            .map(|(_, commit)| (commit.key, commit.commit))
            .collect();
        let commits = self.run.commits.iter().enumerate();
        let without = commits.filter(|(place, _)| self.summaries[*place].is_none());
        let (places, asked): (Vec<usize>, Vec<CommitJob>) = without
            .map(|(place, commit)| {
                let job = CommitJob {
                    repo: self.run.repo.clone(),
                    commit: first_of_key[&commit.key],
                    suite: commit.suite,
                };
                (place, job)
            })
            .unzip();
        let states = jobs.states(&asked).await?;
        for (place, state) in places.into_iter().zip(states) {
            if let Some(JobStatus::Failed(reason)) = state.map(|state| state.status) {
                self.not_done.insert(place, reason);
            }
        }
        Ok(())
    }

    /// A test by its place.
    pub fn test(&self, place: usize) -> &TestId {
        &self.history.tests[place]
    }
}

/// Reads everything that is stored about a run's commits and analyses it.
///
/// # Errors
///
/// When the store cannot be read.
pub async fn view_run(run: RunRecord, results: &dyn ResultStore) -> Result<RunView, StoreError> {
    let keys: Vec<CacheKey> = run.commits.iter().map(|commit| commit.key).collect();
    let summaries = results.summaries(&keys).await?;
    let table = results.outcomes(&keys).await?;
    let at = places(&run.commits);
    let commits = run
        .commits
        .iter()
        .zip(&summaries)
        .zip(table.rows)
        .map(|((commit, summary), row)| Observation {
            parents: commit
                .parents
                .iter()
                .filter_map(|parent| at.get(parent).copied())
                .collect(),
            state: match summary.as_ref().map(|summary| &summary.verdict) {
                Some(Verdict::Passed | Verdict::TestsFailed) => {
                    State::Tested(row.unwrap_or_default())
                }
                Some(Verdict::Untestable(_)) => State::Untestable,
                Some(Verdict::TimedOut) => State::TimedOut,
                None => State::NotRun,
            },
        })
        .collect();
    let history = History {
        tests: table.tests,
        commits,
    };
    let findings = findings(&history);
    Ok(RunView {
        run,
        summaries,
        history,
        findings,
        not_done: BTreeMap::new(),
    })
}

/// The run that a person means: `latest`, an id, or the beginning of one that is like no other.
///
/// # Errors
///
/// When the store cannot be read.
pub async fn find_run(
    runs: &dyn RunStore,
    repo: &RepoId,
    text: &str,
) -> Result<Option<RunRecord>, StoreError> {
    if text == "latest" {
        return Ok(runs.runs(Some(repo), 1).await?.pop());
    }
    if let Ok(id) = text.parse::<RunId>() {
        return runs.run(&id).await;
    }
    if text.len() < 4 {
        return Ok(None);
    }
    let newest = runs.runs(Some(repo), RUNS_SEARCHED).await?;
    let mut matching = newest
        .into_iter()
        .filter(|run| run.id.as_str().starts_with(text));
    match (matching.next(), matching.next()) {
        (Some(run), None) => Ok(Some(run)),
        _ => Ok(None),
    }
}

/// Every known result of a commit, that of its newest run first: one for each suite and each set
/// of tools it was run with.
///
/// # Errors
///
/// When the store cannot be read.
pub async fn results_of_commit(
    runs: &dyn RunStore,
    results: &dyn ResultStore,
    repo: &RepoId,
    commit: &CommitId,
) -> Result<Vec<(RunRecord, RunCommit, ResultSummary)>, StoreError> {
    let mut keys = Vec::new();
    let mut found: HashMap<CacheKey, (RunRecord, RunCommit)> = HashMap::new();
    // A commit is mostly asked for soon after it was run.
    for limit in [RUNS_SEARCHED, usize::MAX] {
        for run in runs.runs(Some(repo), limit).await? {
            let Some(member) = run.commits.iter().find(|member| member.commit == *commit) else {
                continue;
            };
            let member = member.clone();
            if let Entry::Vacant(place) = found.entry(member.key) {
                keys.push(member.key);
                place.insert((run, member));
            }
        }
        if !keys.is_empty() {
            break;
        }
    }
    let summaries = results.summaries(&keys).await?;
    Ok(summaries
        .into_iter()
        .flatten()
        .filter_map(|summary| {
            found
                .remove(&summary.key)
                .map(|(run, member)| (run, member, summary))
        })
        .collect())
}

/// How many runs are looked through for the beginning of an id, and at first for a commit.
const RUNS_SEARCHED: usize = 200;
