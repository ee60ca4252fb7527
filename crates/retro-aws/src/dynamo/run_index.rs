//! The places of runs among all runs and among those of their repository, newest first.

use retro_domain::{RepoId, RunId, Timestamp};
use retro_store::StoreError;

use super::item::{Item, Key, SORT, need_text};
use super::table::{Partition, Table};

/// How many places are read at once.
const PAGE: i32 = 100;

/// One place in an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) run: RunId,
    pub(super) started_at: Timestamp,
}

/// The partition of a repository, or that of all.
fn partition(repo: Option<&RepoId>) -> String {
    match repo {
        Some(repo) => format!("runs#{repo}"),
        None => "runs#".to_owned(),
    }
}

/// The keys under which a run has its places.
pub(super) fn keys(repo: &RepoId, place: &Place) -> [Key; 2] {
    [None, Some(repo)].map(|repo| Key::new(partition(repo), place.sort()))
}

/// The key under which a run has its place among all, whatever its repository is.
pub(super) fn key_among_all(place: &Place) -> Key {
    Key::new(partition(None), place.sort())
}

impl Place {
    /// Sorts as the moments do, also those before 1970.
    fn sort(&self) -> String {
        let biased = self.started_at.unix_millis().cast_unsigned() ^ (1 << 63);
        format!("{biased:020}#{}", self.run)
    }

    fn of(item: &Item) -> Result<Self, StoreError> {
        let what = "the list of runs";
        let sort = need_text(item, SORT, what)?;
        let damaged = || StoreError::corrupt(what, format!("it has the key {sort:?}"));
        let (biased, run) = sort.split_once('#').ok_or_else(damaged)?;
        let biased: u64 = biased.parse().map_err(|_| damaged())?;
        Ok(Self {
            run: run.parse().map_err(|_| damaged())?,
            started_at: Timestamp::from_unix_millis((biased ^ (1 << 63)).cast_signed()),
        })
    }
}

/// The places of the runs of a repository or of all, newest first.
pub(super) struct Places<'a> {
    partition: Partition<'a>,
}

impl<'a> Places<'a> {
    pub(super) fn new(table: &'a Table, repo: Option<&RepoId>) -> Self {
        let mut partition = table.partition(partition(repo), "listing runs");
        partition.backwards = true;
        partition.page = Some(PAGE);
        Self { partition }
    }

    /// The next page; `None` after the last.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Place>>, StoreError> {
        match self.partition.next().await? {
            None => Ok(None),
            Some(items) => items
                .iter()
                .map(Place::of)
                .collect::<Result<_, _>>()
                .map(Some),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_sort_by_moment_and_read_back() {
        let place = |millis: i64| Place {
            run: RunId::new(Timestamp::from_unix_millis(7), 1),
            started_at: Timestamp::from_unix_millis(millis),
        };
        let mut last = String::new();
        for millis in [i64::MIN, -1, 0, 1, 1_700_000_000_000, i64::MAX] {
            let sort = place(millis).sort();
            assert!(sort > last, "{sort} after {last}");
            let item = Key::new("runs#", sort.clone()).item();
            assert_eq!(Place::of(&item).unwrap(), place(millis));
            last = sort;
        }
    }
}
