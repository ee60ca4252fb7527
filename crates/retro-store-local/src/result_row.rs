//! Reading results without their tests.

use std::collections::HashMap;
use std::time::Duration;

use retro_domain::{
    CacheKey, CommitId, Digest256, Epoch, OutcomeCounts, RepoId, SuiteFingerprint, Timestamp,
};
use retro_store::record::StoredVerdict;
use retro_store::{ArtifactScope, ResourceUsage, ResultSummary, Revision, StoreError};
use rusqlite::{Row, Transaction};

use crate::database::{Database, repo_of};
use crate::fault::{Fault, damaged};

const SUMMARY: &str = "SELECT revision, repo, commit_id, suite_name, verdict, passed, failed, \
     errored, skipped, flaky, started_at, wall_us, user_us, system_us, max_rss, ending, notes, \
     scope_repo, scope_commit, scope_suite, scope_epoch FROM result WHERE key = ?1";

pub(crate) fn summaries(
    database: &Database,
    keys: &[CacheKey],
) -> Result<Vec<Option<ResultSummary>>, StoreError> {
    database.read("reading results", |tx| {
        let mut select = tx.prepare_cached(SUMMARY)?;
        let mut repos = Repos::default();
        let mut summaries = Vec::with_capacity(keys.len());
        for key in keys {
            let mut rows = select.query([key.digest().as_bytes()])?;
            summaries.push(match rows.next()? {
                Some(row) => Some(read_summary(tx, row, *key, &mut repos)?),
                None => None,
            });
        }
        Ok(summaries)
    })
}

fn read_summary(
    tx: &Transaction<'_>,
    row: &Row<'_>,
    key: CacheKey,
    repos: &mut Repos,
) -> Result<ResultSummary, Fault> {
    let text = |column| -> Result<&str, Fault> {
        Ok(row
            .get_ref(column)?
            .as_str()
            .map_err(rusqlite::Error::from)?)
    };
    let notes: Option<String> = row.get(16)?;
    let notes = match notes {
        None => Vec::new(),
        Some(json) => serde_json::from_str(&json)
            .map_err(|error| damaged("a result's notes", error.to_string()))?,
    };
    Ok(ResultSummary {
        key,
        revision: Revision(unsigned(row, 0)?),
        repo: repos.get(tx, row.get(1)?)?,
        commit: commit_id(row, 2)?,
        suite_name: row.get(3)?,
        verdict: StoredVerdict::decode(text(4)?)?,
        counts: OutcomeCounts {
            passed: unsigned(row, 5)?,
            failed: unsigned(row, 6)?,
            errored: unsigned(row, 7)?,
            skipped: unsigned(row, 8)?,
            flaky: unsigned(row, 9)?,
        },
        started_at: Timestamp::from_unix_millis(row.get(10)?),
        usage: ResourceUsage {
            wall: Duration::from_micros(unsigned(row, 11)?),
            user: Duration::from_micros(unsigned(row, 12)?),
            system: Duration::from_micros(unsigned(row, 13)?),
            max_rss: unsigned(row, 14)?,
        },
        ending: row.get(15)?,
        notes,
        artifacts: read_scope(tx, row, 17, repos)?,
    })
}

/// The scope whose four columns begin at `column`.
pub(crate) fn read_scope(
    tx: &Transaction<'_>,
    row: &Row<'_>,
    column: usize,
    repos: &mut Repos,
) -> Result<Option<ArtifactScope>, Fault> {
    let Some(repo) = row.get::<_, Option<i64>>(column)? else {
        return Ok(None);
    };
    Ok(Some(ArtifactScope {
        repo: repos.get(tx, repo)?,
        commit: commit_id(row, column + 1)?,
        suite: SuiteFingerprint(Digest256::from_bytes(row.get(column + 2)?)),
        epoch: Epoch(unsigned(row, column + 3)?),
    }))
}

/// The cache key in a column.
pub(crate) fn cache_key(row: &Row<'_>, column: usize) -> Result<CacheKey, Fault> {
    Ok(CacheKey::from_digest(Digest256::from_bytes(
        row.get(column)?,
    )))
}

/// Repositories by their numbers, each read once.
#[derive(Default)]
pub(crate) struct Repos(HashMap<i64, RepoId>);

impl Repos {
    pub(crate) fn get(&mut self, tx: &Transaction<'_>, id: i64) -> Result<RepoId, Fault> {
        if let Some(repo) = self.0.get(&id) {
            return Ok(repo.clone());
        }
        let repo = repo_of(tx, id)?;
        self.0.insert(id, repo.clone());
        Ok(repo)
    }
}

fn commit_id(row: &Row<'_>, column: usize) -> Result<CommitId, Fault> {
    let bytes = row
        .get_ref(column)?
        .as_blob()
        .map_err(rusqlite::Error::from)?;
    CommitId::from_bytes(bytes).ok_or_else(|| damaged("a result", "its commit is no commit id"))
}

/// The number in a column that is never negative.
pub(crate) fn unsigned(row: &Row<'_>, column: usize) -> Result<u64, Fault> {
    u64::try_from(row.get::<_, i64>(column)?)
        .map_err(|_| damaged("a result", "a count is negative"))
}
