//! Which job has the result of a key: items beside the jobs of its repository.

use std::collections::HashMap;

use async_trait::async_trait;
use retro_domain::{CacheKey, CommitJob, RepoId};
use retro_store::{ResultIndex, StoreError};

use super::expression::Change;
use super::item::{Item, Key, PARTITION, SORT, need_text, text};
use super::job_item;
use super::jobs::DynamoJobStore;
use super::table::Wrote;

/// The sort key of the noted job.
const NOTED: &str = "noted_job";

fn key(repo: &RepoId, result: &CacheKey) -> Key {
    Key::new(repo.to_string(), format!("result#{}", result.digest()))
}

#[async_trait]
impl ResultIndex for DynamoJobStore {
    async fn noted(
        &self,
        repo: &RepoId,
        keys: &[CacheKey],
    ) -> Result<Vec<Option<CommitJob>>, StoreError> {
        let mut places: HashMap<Key, Option<CommitJob>> = keys
            .iter()
            .map(|result| (key(repo, result), None))
            .collect();
        let different: Vec<Key> = places.keys().cloned().collect();
        let attributes = [PARTITION, SORT, NOTED];
        let what = "reading which trees were run";
        let items = match different.as_slice() {
            // A runner asks for its own and may not do more.
            [only] => self.table.get(only, what).await?.into_iter().collect(),
            several => self.table.get_many(several, &attributes, what).await?,
        };
        for item in items {
            let place = Key::of(&item)?;
            let sort = need_text(&item, NOTED, &place.sort)?.to_owned();
            let job = job_item::job(&Key::new(place.partition.clone(), sort))?;
            places.insert(place, Some(job));
        }
        Ok(keys
            .iter()
            .map(|result| places.get(&key(repo, result)).cloned().flatten())
            .collect())
    }

    async fn note(
        &self,
        result: CacheKey,
        job: &CommitJob,
        replaces: Option<&CommitJob>,
    ) -> Result<(), StoreError> {
        let noted = |job: &CommitJob| text(job_item::key(job).sort);
        let expected = replaces.map(|job| (NOTED.to_owned(), noted(job)));
        let expected: Item = expected.into_iter().collect();
        let mut change = Change::default();
        change.expect_same(&expected, NOTED);
        change.set(NOTED, noted(job));
        let place = key(&job.repo, &result);
        let what = "noting that a tree was run";
        match self.table.update(&place, change, what).await? {
            Wrote::Yes => Ok(()),
            Wrote::No => Err(StoreError::conflict(
                format!("the note of {}", place.sort),
                replaces.map_or_else(|| "none".to_owned(), job_item::described),
                "another job",
            )),
        }
    }
}
