//! A result store in memory.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use retro_domain::{CacheKey, RepoId, TestCase, TestId, Timestamp};

use super::locked;
use crate::{
    ArtifactScope, CaseSummary, OutcomeTable, PutCondition, ResultRecord, ResultStore,
    ResultSummary, Revision, StoreError, TestPattern,
};

/// A [`ResultStore`] in memory. Clones share one state.
///
/// [`prune`](ResultStore::prune) counts the bytes of texts and a fixed amount for each test; those
/// of artifacts do not count.
#[derive(Clone, Debug, Default)]
pub struct InMemoryResultStore {
    results: Arc<Mutex<HashMap<CacheKey, Kept>>>,
}

#[derive(Debug)]
struct Kept {
    revision: Revision,
    /// In stored precision, its cases sorted by id.
    record: ResultRecord,
}

impl Kept {
    fn bytes(&self) -> u64 {
        let case_bytes = |case: &TestCase| {
            let texts = [
                &case.message,
                &case.kind,
                &case.detail,
                &case.stdout,
                &case.stderr,
            ];
            let text_bytes: usize = texts.into_iter().flatten().map(String::len).sum();
            5 + text_bytes as u64
        };
        200 + self.record.cases.iter().map(case_bytes).sum::<u64>()
    }

    fn case(&self, test: &TestId) -> Option<CaseSummary> {
        let cases = &self.record.cases;
        let at = cases.binary_search_by(|case| case.id.cmp(test)).ok()?;
        Some(CaseSummary {
            outcome: cases[at].outcome,
            flaky: cases[at].flaky,
            duration: cases[at].duration,
        })
    }
}

#[async_trait]
impl ResultStore for InMemoryResultStore {
    async fn put(
        &self,
        record: &ResultRecord,
        condition: PutCondition,
    ) -> Result<Revision, StoreError> {
        record.check()?;
        let mut results = locked(&self.results);
        let found = results.get(&record.key).map(|kept| kept.revision);
        let revision = condition.next_revision(found)?;
        let record = record.in_stored_precision();
        results.insert(record.key, Kept { revision, record });
        Ok(revision)
    }

    async fn summaries(&self, keys: &[CacheKey]) -> Result<Vec<Option<ResultSummary>>, StoreError> {
        let results = locked(&self.results);
        let summary = |key| {
            results
                .get(key)
                .map(|kept| kept.record.summary(kept.revision))
        };
        Ok(keys.iter().map(summary).collect())
    }

    async fn cases(&self, key: &CacheKey) -> Result<Option<Vec<TestCase>>, StoreError> {
        let results = locked(&self.results);
        Ok(results.get(key).map(|kept| kept.record.cases.clone()))
    }

    async fn failures(&self, key: &CacheKey) -> Result<Option<Vec<TestCase>>, StoreError> {
        let results = locked(&self.results);
        let worth_a_look = |case: &&TestCase| case.outcome.is_failure() || case.flaky;
        Ok(results.get(key).map(|kept| {
            let cases = kept.record.cases.iter();
            cases.filter(worth_a_look).cloned().collect()
        }))
    }

    async fn find_tests(
        &self,
        repo: &RepoId,
        pattern: &TestPattern,
        limit: usize,
    ) -> Result<Vec<TestId>, StoreError> {
        let results = locked(&self.results);
        let records = results.values().map(|kept| &kept.record);
        let tests: HashSet<&TestId> = records
            .filter(|record| record.repo == *repo)
            .flat_map(|record| record.cases.iter().map(|case| &case.id))
            .collect();
        Ok(pattern.select(tests.into_iter().cloned(), limit))
    }

    async fn history(
        &self,
        test: &TestId,
        keys: &[CacheKey],
    ) -> Result<Vec<Option<CaseSummary>>, StoreError> {
        let results = locked(&self.results);
        let case = |key| results.get(key).and_then(|kept| kept.case(test));
        Ok(keys.iter().map(case).collect())
    }

    async fn outcomes(&self, keys: &[CacheKey]) -> Result<OutcomeTable, StoreError> {
        let results = locked(&self.results);
        let mut table = OutcomeTable::default();
        let mut columns: HashMap<&TestId, usize> = HashMap::new();
        for key in keys {
            let row = results.get(key).map(|kept| {
                let mut row = Vec::new();
                for case in &kept.record.cases {
                    let next = columns.len();
                    let column = *columns.entry(&case.id).or_insert(next);
                    if column == next {
                        table.tests.push(case.id.clone());
                    }
                    if row.len() <= column {
                        row.resize(column + 1, None);
                    }
                    row[column] = Some((case.outcome, case.flaky));
                }
                row
            });
            table.rows.push(row);
        }
        Ok(table)
    }

    async fn prune(
        &self,
        before: Timestamp,
        max_bytes: Option<u64>,
        keep: &[CacheKey],
    ) -> Result<Vec<ArtifactScope>, StoreError> {
        let mut results = locked(&self.results);
        let keep: HashSet<&CacheKey> = keep.iter().collect();
        let mut used: u64 = results.values().map(Kept::bytes).sum();
        let mut oldest_first: Vec<(Timestamp, CacheKey)> = results
            .values()
            .map(|kept| (kept.record.started_at, kept.record.key))
            .filter(|(_, key)| !keep.contains(key))
            .collect();
        oldest_first.sort();
        let mut scopes = Vec::new();
        for (started_at, key) in oldest_first {
            let too_much = max_bytes.is_some_and(|most| used > most);
            if started_at >= before && !too_much {
                break;
            }
            if let Some(kept) = results.remove(&key) {
                used -= kept.bytes();
                scopes.extend(kept.record.artifacts);
            }
        }
        Ok(scopes)
    }
}
