//! Results in SQLite.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use retro_domain::{CacheKey, RepoId, TestCase, TestId, Timestamp};
use retro_store::{
    ArtifactScope, CaseSummary, OutcomeTable, PutCondition, ResultRecord, ResultStore,
    ResultSummary, Revision, StoreError, TestPattern,
};

use crate::database::{Database, find_repo};
use crate::dictionary::{Numbers, all_tests};
use crate::{FsArtifactStore, result_cases, result_outcomes, result_prune, result_put, result_row};

/// A [`ResultStore`] in SQLite: the outcomes of a result are one blob over a dictionary of the
/// repository's tests, and each distinct text of a test is stored once.
///
/// The calls block for as long as SQLite takes. Reads of several threads run side by side; writes
/// queue, and give up with [`StoreError::Unavailable`] when another process has written for 20 s.
///
/// [`prune`](ResultStore::prune) counts what a result added to the database when it was stored,
/// and the sizes of the artifacts it refers to.
#[derive(Clone, Debug)]
pub struct SqliteResultStore {
    database: Arc<Database>,
    artifacts: Arc<FsArtifactStore>,
    numbers: Arc<Mutex<Numbers>>,
}

impl SqliteResultStore {
    pub(crate) fn new(database: Arc<Database>, artifacts: Arc<FsArtifactStore>) -> Self {
        Self {
            database,
            artifacts,
            numbers: Arc::default(),
        }
    }
}

#[async_trait]
impl ResultStore for SqliteResultStore {
    async fn put(
        &self,
        record: &ResultRecord,
        condition: PutCondition,
    ) -> Result<Revision, StoreError> {
        result_put::put(&self.database, &self.numbers, record, condition)
    }

    async fn summaries(&self, keys: &[CacheKey]) -> Result<Vec<Option<ResultSummary>>, StoreError> {
        result_row::summaries(&self.database, keys)
    }

    async fn cases(&self, key: &CacheKey) -> Result<Option<Vec<TestCase>>, StoreError> {
        result_cases::cases(&self.database, key, |_, _| true)
    }

    async fn failures(&self, key: &CacheKey) -> Result<Option<Vec<TestCase>>, StoreError> {
        result_cases::cases(&self.database, key, |outcome, flaky| {
            outcome.is_failure() || flaky
        })
    }

    async fn find_tests(
        &self,
        repo: &RepoId,
        pattern: &TestPattern,
        limit: usize,
    ) -> Result<Vec<TestId>, StoreError> {
        let tests = self
            .database
            .read("looking for tests", |tx| match find_repo(tx, repo)? {
                Some(repo) => all_tests(tx, repo),
                None => Ok(Vec::new()),
            })?;
        Ok(pattern.select(tests, limit))
    }

    async fn history(
        &self,
        test: &TestId,
        keys: &[CacheKey],
    ) -> Result<Vec<Option<CaseSummary>>, StoreError> {
        result_cases::history(&self.database, test, keys)
    }

    async fn outcomes(&self, keys: &[CacheKey]) -> Result<OutcomeTable, StoreError> {
        result_outcomes::outcomes(&self.database, keys)
    }

    async fn prune(
        &self,
        before: Timestamp,
        max_bytes: Option<u64>,
        keep: &[CacheKey],
    ) -> Result<Vec<ArtifactScope>, StoreError> {
        let request = result_prune::Request {
            before,
            max_bytes,
            keep,
        };
        result_prune::prune(&self.database, &self.artifacts, &request)
    }
}
