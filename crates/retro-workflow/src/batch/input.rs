//! What an engine is told.

use retro_domain::{CommitJob, Epoch, RepoId, RunId, SuiteFingerprint};
use retro_store::{ObjectLocation, StoreError};
use serde::{Deserialize, Serialize};

use super::submit::BatchOptions;

/// One job as an engine passes it on: everything that a runner needs to know beside the names of
/// table and bucket. The state machine of `infra/template.yaml` reads these fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchJob {
    /// Owner and name.
    pub repo_id: String,
    /// The owner.
    pub repo_owner: String,
    /// The name.
    pub repo_name: String,
    /// Where the repository is fetched from.
    pub repo_url: String,
    /// The commit.
    pub commit: String,
    /// The fingerprint of the suite.
    pub suite: String,
    /// The job within its repository: commit, `#`, suite.
    pub commit_suite: String,
    /// Where the plan is, as a URI.
    pub plan: String,
    /// What the keys of logs and results begin with.
    pub prefix: String,
    /// Who the job belongs to: the beginning of the owner of its lease.
    pub attempt: String,
    /// The epoch of the job when it was decided to run it.
    pub epoch: u64,
}

/// A job within its repository: commit, `#`, suite.
pub fn commit_suite(job: &CommitJob) -> String {
    format!("{}#{}", job.commit, job.suite.0)
}

/// So many jobs are part of an execution's input; more are read from an object. Step Functions runs
/// so many of an inline map at once, and takes no input over 256 KiB.
pub const INLINE_JOBS: usize = 40;

/// An execution's input.
#[derive(Debug, Serialize)]
struct Input<'a> {
    batch: &'a str,
    mode: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    jobs: Option<&'a [BatchJob]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    items: Option<Items>,
}

#[derive(Debug, Serialize)]
struct Items {
    bucket: String,
    key: String,
}

impl BatchJob {
    /// The job number `index` of a batch.
    pub(super) fn new(
        job: &CommitJob,
        epoch: Epoch,
        plan: &ObjectLocation,
        options: &BatchOptions,
        index: usize,
    ) -> Self {
        let (url, batch) = (&options.url, &options.id);
        Self {
            repo_id: job.repo.to_string(),
            repo_owner: job.repo.owner().to_owned(),
            repo_name: job.repo.name().to_owned(),
            repo_url: url.clone(),
            commit_suite: commit_suite(job),
            commit: job.commit.to_string(),
            suite: job.suite.0.to_string(),
            plan: plan.uri(),
            prefix: options.prefix.clone(),
            attempt: format!("{batch}/{index}"),
            epoch: epoch.0,
        }
    }

    /// The job; `None` when a text is not what it has to be.
    pub(super) fn commit_job(&self) -> Option<CommitJob> {
        Some(CommitJob {
            repo: RepoId::new(&self.repo_owner, &self.repo_name).ok()?,
            commit: self.commit.parse().ok()?,
            suite: SuiteFingerprint(self.suite.parse().ok()?),
        })
    }
}

/// The input of an execution that runs `jobs`, which are also in the object at `items`.
pub(super) fn input(
    batch: &RunId,
    jobs: &[BatchJob],
    items: ObjectLocation,
) -> Result<String, StoreError> {
    let inline = jobs.len() <= INLINE_JOBS;
    let ObjectLocation { bucket, key } = items;
    let input = Input {
        batch: batch.as_str(),
        mode: if inline { "inline" } else { "distributed" },
        jobs: inline.then_some(jobs),
        items: (!inline).then_some(Items { bucket, key }),
    };
    encoded(&input)
}

/// The input of an execution that leaves no job of a batch open, and runs none.
pub(super) fn reconcile_input(batch: &RunId) -> Result<String, StoreError> {
    encoded(&Input {
        batch: batch.as_str(),
        mode: "reconcile",
        jobs: None,
        items: None,
    })
}

fn encoded(input: &Input<'_>) -> Result<String, StoreError> {
    serde_json::to_string(input)
        .map_err(|error| StoreError::backend("writing an execution's input", error.to_string()))
}
