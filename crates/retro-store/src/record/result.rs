//! A whole result as JSON.

use std::time::Duration;

use retro_domain::{CacheKey, Epoch, RepoId, SuiteFingerprint, TestCase, TestId, Timestamp};
use serde::{Deserialize, Serialize};

use super::case_detail::{StoredCaseDetail, StoredOutcome};
use super::{StoredVerdict, V1, Versioned, from_json, parsed, to_json};
use crate::{ArtifactScope, ResourceUsage, ResultRecord, StoreError};

/// A [`ResultRecord`] with all its tests, as it is kept among the artifacts of its job where these
/// are to tell everything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredResult {
    v: u32,
    key: String,
    owner: String,
    name: String,
    commit: String,
    suite_name: String,
    verdict: StoredVerdict,
    started_at_ms: i64,
    usage: StoredUsage,
    ending: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
    epoch: u64,
    /// The suite of the artifacts' scope; the rest of it is above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    suite: Option<String>,
    cases: Vec<StoredCase>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredUsage {
    wall_micros: u64,
    user_micros: u64,
    system_micros: u64,
    max_rss: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredCase {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    suite: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    class: Option<String>,
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parameters: Option<String>,
    outcome: StoredOutcome,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    flaky: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    micros: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    texts: Option<StoredCaseDetail>,
}

impl Versioned for StoredResult {
    fn version(&self) -> u32 {
        self.v
    }
}

impl StoredResult {
    /// The JSON text. Durations are kept to the microsecond.
    ///
    /// # Errors
    ///
    /// [`StoreError::Backend`], which does not happen for any result there is.
    pub fn encode(result: &ResultRecord) -> Result<String, StoreError> {
        let usage = &result.usage;
        let scope = result.artifacts.as_ref();
        let stored = Self {
            v: V1,
            key: result.key.digest().to_string(),
            owner: result.repo.owner().to_owned(),
            name: result.repo.name().to_owned(),
            commit: result.commit.to_string(),
            suite_name: result.suite_name.clone(),
            verdict: StoredVerdict::from(&result.verdict),
            started_at_ms: result.started_at.unix_millis(),
            usage: StoredUsage {
                wall_micros: micros(usage.wall),
                user_micros: micros(usage.user),
                system_micros: micros(usage.system),
                max_rss: usage.max_rss,
            },
            ending: result.ending.clone(),
            notes: result.notes.clone(),
            epoch: result.epoch.0,
            suite: scope.map(|scope| scope.suite.0.to_string()),
            cases: result.cases.iter().map(StoredCase::from).collect(),
        };
        to_json(&stored, "writing a result")
    }

    /// The result of a JSON text.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] when the text is damaged, [`StoreError::Backend`] when a newer
    /// version wrote it.
    pub fn decode(text: &str) -> Result<ResultRecord, StoreError> {
        let what = "a stored result";
        let stored: Self = from_json(text, what)?;
        let repo = RepoId::new(&stored.owner, &stored.name)
            .map_err(|error| StoreError::corrupt(what, error.to_string()))?;
        let commit = parsed(&stored.commit, what)?;
        let epoch = Epoch(stored.epoch);
        let scope = |suite: String| {
            Ok::<_, StoreError>(ArtifactScope {
                repo: repo.clone(),
                commit,
                suite: SuiteFingerprint(parsed(&suite, what)?),
                epoch,
            })
        };
        Ok(ResultRecord {
            artifacts: stored.suite.map(scope).transpose()?,
            key: CacheKey::from_digest(parsed(&stored.key, what)?),
            commit,
            suite_name: stored.suite_name,
            verdict: stored.verdict.into(),
            started_at: Timestamp::from_unix_millis(stored.started_at_ms),
            usage: ResourceUsage {
                wall: Duration::from_micros(stored.usage.wall_micros),
                user: Duration::from_micros(stored.usage.user_micros),
                system: Duration::from_micros(stored.usage.system_micros),
                max_rss: stored.usage.max_rss,
            },
            ending: stored.ending,
            notes: stored.notes,
            epoch,
            cases: stored.cases.into_iter().map(TestCase::from).collect(),
            repo,
        })
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

impl From<&TestCase> for StoredCase {
    fn from(case: &TestCase) -> Self {
        Self {
            suite: case.id.suite.clone(),
            class: case.id.class.clone(),
            name: case.id.name.clone(),
            parameters: case.id.parameters.clone(),
            outcome: case.outcome.into(),
            flaky: case.flaky,
            micros: case.duration.map(micros),
            texts: StoredCaseDetail::new(case),
        }
    }
}

impl From<StoredCase> for TestCase {
    fn from(stored: StoredCase) -> Self {
        let id = TestId {
            suite: stored.suite,
            class: stored.class,
            name: stored.name,
            parameters: stored.parameters,
        };
        let mut case = Self::new(id, stored.outcome.into());
        case.flaky = stored.flaky;
        case.duration = stored.micros.map(Duration::from_micros);
        if let Some(texts) = stored.texts {
            texts.put_into(&mut case);
        }
        case
    }
}
