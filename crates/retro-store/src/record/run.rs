//! A run as JSON.

use retro_domain::{
    CacheKey, CommitId, Digest256, LeaseOwner, RepoId, RunId, SuiteFingerprint, Timestamp,
};
use serde::{Deserialize, Serialize};

use super::{V1, Versioned, from_json, parsed, to_json};
use crate::{RunCommit, RunRecord, RunStatus, StoreError};

/// What never changes of a [`RunRecord`], as it is stored: all but its id, status and end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredRun {
    v: u32,
    owner: String,
    name: String,
    suite: String,
    request: String,
    holder: String,
    started_at_ms: i64,
    /// Each fingerprint once: most runs have a single one for thousands of commits.
    suites: Vec<String>,
    commits: Vec<StoredCommit>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredCommit {
    id: String,
    tree: String,
    parents: Vec<String>,
    skips: bool,
    at_ms: i64,
    author: String,
    summary: String,
    /// Its place in `suites`.
    suite: usize,
    key: String,
}

impl Versioned for StoredRun {
    fn version(&self) -> u32 {
        self.v
    }
}

impl StoredRun {
    /// The JSON text.
    ///
    /// # Errors
    ///
    /// [`StoreError::Backend`], which does not happen for any run there is.
    pub fn encode(run: &RunRecord) -> Result<String, StoreError> {
        let mut fingerprints: Vec<SuiteFingerprint> = Vec::new();
        let mut stored_commit = |commit: &RunCommit| {
            let known = fingerprints.iter().position(|it| *it == commit.suite);
            let suite = known.unwrap_or_else(|| {
                fingerprints.push(commit.suite);
                fingerprints.len() - 1
            });
            StoredCommit {
                id: commit.commit.to_string(),
                tree: commit.tree.to_string(),
                parents: commit.parents.iter().map(CommitId::to_string).collect(),
                skips: commit.skips_ancestors,
                at_ms: commit.committed_at.unix_millis(),
                author: commit.author.clone(),
                summary: commit.summary.clone(),
                suite,
                key: commit.key.digest().to_string(),
            }
        };
        let commits = run.commits.iter().map(&mut stored_commit).collect();
        let stored = Self {
            v: V1,
            owner: run.repo.owner().to_owned(),
            name: run.repo.name().to_owned(),
            suite: run.suite_name.clone(),
            request: run.request.clone(),
            holder: run.owner.0.clone(),
            started_at_ms: run.started_at.unix_millis(),
            suites: fingerprints.iter().map(|it| it.0.to_string()).collect(),
            commits,
        };
        to_json(&stored, "writing a run")
    }

    /// The run of a JSON text, with what is stored beside it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] when the text is damaged, [`StoreError::Backend`] when a newer
    /// version wrote it.
    pub fn decode(
        text: &str,
        id: RunId,
        status: RunStatus,
        finished_at: Option<Timestamp>,
    ) -> Result<RunRecord, StoreError> {
        let what = format!("run {id}");
        let stored: Self = from_json(text, &what)?;
        let suites: Result<Vec<SuiteFingerprint>, StoreError> = stored
            .suites
            .iter()
            .map(|text| parsed::<Digest256>(text, &what).map(SuiteFingerprint))
            .collect();
        let suites = suites?;
        let commit = |commit: StoredCommit| commit.decode(&suites, &what);
        let commits: Result<_, StoreError> = stored.commits.into_iter().map(commit).collect();
        Ok(RunRecord {
            repo: RepoId::new(&stored.owner, &stored.name)
                .map_err(|error| StoreError::corrupt(&what, error.to_string()))?,
            id,
            suite_name: stored.suite,
            request: stored.request,
            owner: LeaseOwner(stored.holder),
            started_at: Timestamp::from_unix_millis(stored.started_at_ms),
            finished_at,
            status,
            commits: commits?,
        })
    }
}

impl StoredCommit {
    fn decode(self, suites: &[SuiteFingerprint], what: &str) -> Result<RunCommit, StoreError> {
        let parents: Result<_, StoreError> =
            self.parents.iter().map(|text| parsed(text, what)).collect();
        Ok(RunCommit {
            commit: parsed(&self.id, what)?,
            tree: parsed(&self.tree, what)?,
            parents: parents?,
            skips_ancestors: self.skips,
            committed_at: Timestamp::from_unix_millis(self.at_ms),
            suite: *suites
                .get(self.suite)
                .ok_or_else(|| StoreError::corrupt(what, "a commit names a suite it lacks"))?,
            key: CacheKey::from_digest(parsed(&self.key, what)?),
            author: self.author,
            summary: self.summary,
        })
    }
}
