//! Reading tests out of results.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use retro_domain::{CacheKey, Outcome, TestCase, TestId};
use retro_store::record::StoredCaseDetail;
use retro_store::{CaseSummary, StoreError};
use rusqlite::{Row, Transaction};

use crate::case_columns::Columns;
use crate::database::Database;
use crate::dictionary::{find_place, tests_at};
use crate::fault::{Fault, damaged};

const COLUMNS: &str = "SELECT repo, first, outcomes, places, durations, texts \
     FROM result JOIN result_cases ON result = id WHERE key = ?1";

/// The tests of one result that `wanted` wants, with their texts, sorted by id.
pub(crate) fn cases(
    database: &Database,
    key: &CacheKey,
    wanted: impl Fn(Outcome, bool) -> bool,
) -> Result<Option<Vec<TestCase>>, StoreError> {
    database.read("reading the tests of a result", |tx| {
        let mut select = tx.prepare_cached(COLUMNS)?;
        let mut rows = select.query([key.digest().as_bytes()])?;
        let Some(row) = rows.next()? else {
            return Ok(None);
        };
        let repo: i64 = row.get(0)?;
        let columns = Columns {
            texts: optional_blob(row, 5)?,
            ..read_columns(row)?
        };
        let mut cells = columns.cells()?;
        cells.retain(|&(_, _, outcome, flaky)| wanted(outcome, flaky));
        let places: Vec<u32> = cells.iter().map(|&(_, place, ..)| place).collect();
        let ids = tests_at(tx, repo, &places)?;
        let texts: HashMap<usize, i64> = columns.texts()?.into_iter().collect();
        let mut read_text = tx.prepare_cached("SELECT body FROM case_text WHERE id = ?1")?;
        let mut cases = Vec::with_capacity(cells.len());
        for (&(position, _, outcome, flaky), id) in cells.iter().zip(ids) {
            let mut case = TestCase::new(id, outcome);
            case.flaky = flaky;
            case.duration = columns.duration(position)?;
            if let Some(text) = texts.get(&position) {
                let mut rows = read_text.query([text])?;
                let Some(row) = rows.next()? else {
                    return Err(damaged("a result", "the texts of a test are gone"));
                };
                let body = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
                StoredCaseDetail::decode_into(body, &mut case)?;
            }
            cases.push(case);
        }
        cases.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(Some(cases))
    })
}

/// One test in each of `keys`.
pub(crate) fn history(
    database: &Database,
    test: &TestId,
    keys: &[CacheKey],
) -> Result<Vec<Option<CaseSummary>>, StoreError> {
    database.read("reading the history of a test", |tx| {
        let mut select = tx.prepare_cached(COLUMNS)?;
        let mut places = Places::default();
        let mut history = Vec::with_capacity(keys.len());
        for key in keys {
            let mut rows = select.query([key.digest().as_bytes()])?;
            history.push(match rows.next()? {
                Some(row) => match places.get(tx, row.get(0)?, test)? {
                    Some(place) => summary_at(row, place)?,
                    None => None,
                },
                None => None,
            });
        }
        Ok(history)
    })
}

fn summary_at(row: &Row<'_>, place: u32) -> Result<Option<CaseSummary>, Fault> {
    let found = read_columns(row)?.cell(place)?;
    Ok(found.map(|(outcome, flaky, duration)| CaseSummary {
        outcome,
        flaky,
        duration,
    }))
}

/// The columns of a row but for its texts, which few want.
fn read_columns<'a>(row: &'a Row<'_>) -> Result<Columns<&'a [u8]>, Fault> {
    Ok(Columns {
        first: row.get(1)?,
        outcomes: row.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)?,
        places: optional_blob(row, 3)?,
        durations: optional_blob(row, 4)?,
        texts: None,
    })
}

fn optional_blob<'a>(row: &'a Row<'_>, column: usize) -> Result<Option<&'a [u8]>, Fault> {
    Ok(row
        .get_ref(column)?
        .as_blob_or_null()
        .map_err(rusqlite::Error::from)?)
}

/// The places of one test, by repository.
#[derive(Default)]
struct Places(HashMap<i64, Option<u32>>);

impl Places {
    fn get(
        &mut self,
        tx: &Transaction<'_>,
        repo: i64,
        test: &TestId,
    ) -> Result<Option<u32>, Fault> {
        match self.0.entry(repo) {
            Entry::Occupied(known) => Ok(*known.get()),
            Entry::Vacant(slot) => Ok(*slot.insert(find_place(tx, repo, test)?)),
        }
    }
}
