//! From a request to the jobs that answer it.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use retro_domain::{
    CacheKey, CommitId, CommitJob, Overlay, RepoId, Suite, SuiteFingerprint, ToolchainFingerprint,
};
use retro_git::{CommitQuery, History};
use retro_store::{ResultStore, ResultSummary, Revision, RunCommit};

use crate::LookBackError;
use crate::suite_rules::{ResolvedRules, SuiteRules};

/// What someone wants to know.
#[derive(Clone, Debug)]
pub struct LookBackRequest {
    /// What to run.
    pub suites: SuiteRules,
    /// On which commits.
    pub commits: CommitQuery,
    /// With what laid over them.
    pub overlay: Overlay,
    /// With which tools, see [`crate::toolchain_fingerprint`].
    pub toolchain: ToolchainFingerprint,
    /// Which known results may stand in for runs.
    pub reuse: Reuse,
    /// The request as a person would type it.
    pub described: String,
}

impl LookBackRequest {
    /// Suites over commits: nothing laid over them, tools of unknown versions, known results used.
    pub fn new(suites: impl Into<SuiteRules>, commits: CommitQuery) -> Self {
        let suites = suites.into();
        Self {
            described: suites.base.run.to_string(),
            suites,
            commits,
            overlay: Overlay::default(),
            toolchain: ToolchainFingerprint::unknown(),
            reuse: Reuse::default(),
        }
    }
}

/// Which known results stand in for runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Reuse {
    /// All of them.
    #[default]
    All,
    /// Those of commits whose tests ran to their end. What could not be judged may have met trouble
    /// that passes, such as a build without its network.
    Judged,
    /// None.
    Nothing,
}

impl Reuse {
    fn takes(self, known: &ResultSummary) -> bool {
        match self {
            Self::All => true,
            Self::Judged => known.verdict.is_tested(),
            Self::Nothing => false,
        }
    }
}

/// One piece of work: a tree to run a suite on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedJob {
    /// The commit that is checked out, by its place in [`Plan::commits`].
    pub commit: usize,
    /// The suite, as jobs know it: see [`SuiteFingerprint::with`].
    pub suite: SuiteFingerprint,
    /// The key its result is stored under.
    pub key: CacheKey,
    /// The stored result it replaces, when the cache is not used.
    pub replaces: Option<Revision>,
}

/// What will be run, and what is known already. Making one writes nothing.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The repository.
    pub repo: RepoId,
    /// The request as a person would type it.
    pub described: String,
    /// The name of the suite.
    pub suite_name: String,
    /// The commits, oldest first.
    pub commits: Vec<RunCommit>,
    /// The suites that apply, by the fingerprints of their jobs.
    pub suites: HashMap<SuiteFingerprint, Suite>,
    /// What is laid over each commit.
    pub overlay: Overlay,
    /// The jobs to run, by the age of their commits, oldest first.
    pub jobs: Vec<PlannedJob>,
    /// Known results that stand in for runs.
    pub cached: HashMap<CacheKey, ResultSummary>,
    /// How many different things there are to run, the known ones included.
    pub distinct: usize,
    /// Things a person should know.
    pub warnings: Vec<String>,
    /// How long one job took before, on average; `None` when this suite was never run.
    pub usual_job: Option<Duration>,
}

impl Plan {
    /// How long the jobs take on `workers` workers, judging by what is known.
    pub fn estimate(&self, workers: usize) -> Option<Duration> {
        let rounds = self.jobs.len().div_ceil(workers.max(1));
        Some(self.usual_job? * u32::try_from(rounds).unwrap_or(u32::MAX))
    }

    /// A planned job as the stores know it.
    pub fn commit_job(&self, job: &PlannedJob) -> CommitJob {
        CommitJob {
            repo: self.repo.clone(),
            commit: self.commits[job.commit].commit,
            suite: job.suite,
        }
    }

    /// The keys of all commits, in their order.
    pub fn keys(&self) -> Vec<CacheKey> {
        self.commits.iter().map(|commit| commit.key).collect()
    }
}

/// Resolves a request against a repository and what is stored.
///
/// # Errors
///
/// When a revision is bad, the range is empty, or the store cannot be read.
pub async fn plan(
    request: &LookBackRequest,
    history: &dyn History,
    results: &dyn ResultStore,
) -> Result<Plan, LookBackError> {
    let listed = history.commits(&request.commits)?;
    if listed.commits.is_empty() {
        return Err(LookBackError::EmptyRange {
            request: request.described.clone(),
        });
    }
    let mut rules = ResolvedRules::new(&request.suites, history)?;
    let overlay = request.overlay.hash();
    let commits: Vec<RunCommit> = listed
        .commits
        .iter()
        .zip(&listed.parents)
        .map(|(info, parents)| {
            let own = rules.fingerprint_for(&info.id);
            let suite = own.with(request.toolchain, overlay);
            let direct =
                |parent: &CommitId| parents.iter().any(|&at| listed.commits[at].id == *parent);
            RunCommit {
                skips_ancestors: !info.parents.iter().all(direct),
                commit: info.id,
                tree: info.tree,
                parents: parents.iter().map(|&at| listed.commits[at].id).collect(),
                committed_at: info.committed_at,
                author: info.author.clone(),
                summary: info.summary.clone(),
                suite,
                key: CacheKey::new(info.tree, own, request.toolchain, overlay),
            }
        })
        .collect();
    let keys: Vec<CacheKey> = commits.iter().map(|commit| commit.key).collect();
    let known = results.summaries(&keys).await?;
    let usual_job = usual_job(known.iter().flatten());
    let mut seen = HashSet::new();
    let mut cached = HashMap::new();
    let mut jobs = Vec::new();
    for (index, (commit, known)) in commits.iter().zip(known).enumerate() {
        if !seen.insert(commit.key) {
            continue;
        }
        match known {
            Some(summary) if request.reuse.takes(&summary) => {
                cached.insert(commit.key, summary);
            }
            known => jobs.push(PlannedJob {
                commit: index,
                suite: commit.suite,
                key: commit.key,
                replaces: known.map(|summary| summary.revision),
            }),
        }
    }
    Ok(Plan {
        repo: history.repo_id(),
        described: request.described.clone(),
        suite_name: request.suites.base.name.clone(),
        commits,
        suites: rules
            .into_suites()
            .into_iter()
            .map(|(own, suite)| (own.with(request.toolchain, overlay), suite))
            .collect(),
        overlay: request.overlay.clone(),
        jobs,
        cached,
        distinct: seen.len(),
        warnings: listed.warnings,
        usual_job,
    })
}

fn usual_job<'a>(known: impl Iterator<Item = &'a ResultSummary>) -> Option<Duration> {
    let (mut total, mut count) = (Duration::ZERO, 0_u32);
    for summary in known {
        total = total.saturating_add(summary.usage.wall);
        count += 1;
    }
    total.checked_div(count)
}

/// The first commit of each key, with its place: of commits with one key, it is the one that has the
/// job.
pub(crate) fn first_of_each_key(
    commits: &[RunCommit],
) -> impl Iterator<Item = (usize, &RunCommit)> {
    let mut seen = HashSet::new();
    let all = commits.iter().enumerate();
    all.filter(move |(_, commit)| seen.insert(commit.key))
}

/// The commits of a plan by id.
pub(crate) fn places(commits: &[RunCommit]) -> HashMap<CommitId, usize> {
    commits
        .iter()
        .enumerate()
        .map(|(index, commit)| (commit.commit, index))
        .collect()
}
