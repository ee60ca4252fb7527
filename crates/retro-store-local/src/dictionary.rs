//! Numbers for what recurs in results: tests, and the texts of test cases.

use std::collections::HashMap;

use retro_domain::{Digest256, TestId};
use retro_store::StoreError;
use rusqlite::{OptionalExtension as _, Transaction};

use crate::fault::{Fault, damaged};

/// Texts up to this length are remembered: locations and short messages, which recur.
const SHORT_TEXT: usize = 512;
/// How many texts are remembered before all are forgotten: some 10 MB.
const MOST_TEXTS: usize = 100_000;

/// The numbers that this process knows already. They spare a look into the database for every
/// test of every result.
///
/// Holds only what a committed transaction has: whoever fails in the middle throws it away.
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    /// The count of sweeps that the numbers belong to.
    sweep: i64,
    tests: HashMap<i64, Dictionary>,
    texts: HashMap<Digest256, i64>,
}

#[derive(Debug, Default)]
struct Dictionary {
    places: HashMap<TestId, u32>,
    /// One more than the greatest place that is known.
    next: u32,
}

impl Numbers {
    /// Forgets everything when numbers were taken away since.
    pub(crate) fn refresh(&mut self, tx: &Transaction<'_>) -> Result<(), Fault> {
        let sweep: i64 = tx
            .prepare_cached("SELECT count FROM sweep")?
            .query_row([], |row| row.get(0))?;
        if sweep != self.sweep {
            *self = Self {
                sweep,
                ..Self::default()
            };
        }
        Ok(())
    }

    /// The places of tests in a repository's dictionary, in the order given. New tests get one.
    pub(crate) fn places<'a>(
        &mut self,
        tx: &Transaction<'_>,
        repo: i64,
        tests: impl Iterator<Item = &'a TestId> + Clone,
    ) -> Result<Vec<u32>, Fault> {
        let dictionary = self.tests.entry(repo).or_default();
        if tests
            .clone()
            .any(|test| !dictionary.places.contains_key(test))
        {
            dictionary.learn(tx, repo)?;
        }
        tests
            .map(|test| match dictionary.places.get(test) {
                Some(place) => Ok(*place),
                None => dictionary.add(tx, repo, test),
            })
            .collect()
    }

    /// The number of a text, and how many bytes storing it took: none when it is there already.
    pub(crate) fn text(
        &mut self,
        tx: &Transaction<'_>,
        body: &str,
        digest: Digest256,
    ) -> Result<(i64, usize), Fault> {
        if let Some(id) = self.texts.get(&digest) {
            return Ok((*id, 0));
        }
        let known: Option<i64> = tx
            .prepare_cached("SELECT id FROM case_text WHERE digest = ?1")?
            .query_row([digest.as_bytes()], |row| row.get(0))
            .optional()?;
        let (id, bytes) = match known {
            Some(id) => (id, 0),
            None => {
                tx.prepare_cached("INSERT INTO case_text (digest, body) VALUES (?1, ?2)")?
                    .execute((digest.as_bytes(), body))?;
                (tx.last_insert_rowid(), body.len() + 64)
            }
        };
        if body.len() <= SHORT_TEXT {
            if self.texts.len() >= MOST_TEXTS {
                self.texts.clear();
            }
            self.texts.insert(digest, id);
        }
        Ok((id, bytes))
    }
}

impl Dictionary {
    /// Reads what other processes have added.
    fn learn(&mut self, tx: &Transaction<'_>, repo: i64) -> Result<(), Fault> {
        let mut select =
            tx.prepare_cached("SELECT place, key FROM test WHERE repo = ?1 AND place >= ?2")?;
        let mut rows = select.query((repo, self.next))?;
        while let Some(row) = rows.next()? {
            let place: u32 = row.get(0)?;
            self.places.insert(test_id(text(row, 1)?)?, place);
            self.next = self.next.max(place.saturating_add(1));
        }
        Ok(())
    }

    fn add(&mut self, tx: &Transaction<'_>, repo: i64, test: &TestId) -> Result<u32, Fault> {
        let place = self.next;
        self.next = place.checked_add(1).ok_or_else(|| {
            StoreError::backend("storing a result", "the repository has too many tests")
        })?;
        tx.prepare_cached("INSERT INTO test (repo, place, key) VALUES (?1, ?2, ?3)")?
            .execute((repo, place, test.to_key()))?;
        self.places.insert(test.clone(), place);
        Ok(place)
    }
}

/// The place of one test; `None` when no result of the repository ever had it.
pub(crate) fn find_place(
    tx: &Transaction<'_>,
    repo: i64,
    test: &TestId,
) -> Result<Option<u32>, Fault> {
    Ok(tx
        .prepare_cached("SELECT place FROM test WHERE repo = ?1 AND key = ?2")?
        .query_row((repo, test.to_key()), |row| row.get(0))
        .optional()?)
}

/// The tests at `places`, which ascend, in that order.
pub(crate) fn tests_at(
    tx: &Transaction<'_>,
    repo: i64,
    places: &[u32],
) -> Result<Vec<TestId>, Fault> {
    let (Some(&low), Some(&high)) = (places.first(), places.last()) else {
        return Ok(Vec::new());
    };
    let mut tests = Vec::with_capacity(places.len());
    // Scanning is some ten times cheaper a row than looking one up.
    if (high - low) as usize / 10 <= places.len() {
        let mut select = tx.prepare_cached(
            "SELECT place, key FROM test WHERE repo = ?1 AND place BETWEEN ?2 AND ?3
             ORDER BY place",
        )?;
        let mut rows = select.query((repo, low, high))?;
        while let Some(row) = rows.next()? {
            if row.get::<_, u32>(0)? == *places.get(tests.len()).unwrap_or(&high) {
                tests.push(test_id(text(row, 1)?)?);
            }
        }
    } else {
        let mut select =
            tx.prepare_cached("SELECT key FROM test WHERE repo = ?1 AND place = ?2")?;
        for place in places {
            let mut rows = select.query((repo, place))?;
            if let Some(row) = rows.next()? {
                tests.push(test_id(text(row, 0)?)?);
            }
        }
    }
    if tests.len() == places.len() {
        Ok(tests)
    } else {
        Err(damaged(
            "a result",
            "it has a test that no longer has a name",
        ))
    }
}

/// Every test of a repository.
pub(crate) fn all_tests(tx: &Transaction<'_>, repo: i64) -> Result<Vec<TestId>, Fault> {
    let mut select = tx.prepare_cached("SELECT key FROM test WHERE repo = ?1")?;
    let mut rows = select.query([repo])?;
    let mut tests = Vec::new();
    while let Some(row) = rows.next()? {
        tests.push(test_id(text(row, 0)?)?);
    }
    Ok(tests)
}

fn test_id(key: &str) -> Result<TestId, Fault> {
    key.parse()
        .map_err(|error| damaged("the list of tests", format!("{error}")))
}

fn text<'a>(row: &'a rusqlite::Row<'_>, column: usize) -> Result<&'a str, Fault> {
    Ok(row
        .get_ref(column)?
        .as_str()
        .map_err(rusqlite::Error::from)?)
}
