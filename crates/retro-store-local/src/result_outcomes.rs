//! Reading the outcomes of many results at once.

use std::collections::{BTreeMap, HashMap};

use retro_domain::{CacheKey, TestId};
use retro_store::{OutcomeRow, OutcomeTable, StoreError};
use rusqlite::Transaction;

use crate::case_columns::{Columns, outcome_table, strange_outcome};
use crate::database::Database;
use crate::dictionary::tests_at;
use crate::fault::{Fault, damaged};

/// The outcomes of one result as they are stored.
struct Stored {
    repo: i64,
    columns: Columns<Vec<u8>>,
}

/// Every test in each of `keys`.
pub(crate) fn outcomes(database: &Database, keys: &[CacheKey]) -> Result<OutcomeTable, StoreError> {
    database.read("reading outcomes", |tx| {
        let stored = read(tx, keys)?;
        let mut table = OutcomeTable::default();
        let columns = table_columns(tx, &stored, &mut table.tests)?;
        let row = |stored: &Option<Stored>| match stored {
            Some(stored) => convert(stored, &columns).map(Some),
            None => Ok(None),
        };
        table.rows = stored.iter().map(row).collect::<Result<_, Fault>>()?;
        Ok(table)
    })
}

fn read(tx: &Transaction<'_>, keys: &[CacheKey]) -> Result<Vec<Option<Stored>>, Fault> {
    let mut select = tx.prepare_cached(
        "SELECT repo, first, outcomes, places FROM result JOIN result_cases ON result = id
         WHERE key = ?1",
    )?;
    let mut stored = Vec::with_capacity(keys.len());
    for key in keys {
        let mut rows = select.query([key.digest().as_bytes()])?;
        stored.push(match rows.next()? {
            Some(row) => Some(Stored {
                repo: row.get(0)?,
                columns: Columns {
                    first: row.get(1)?,
                    outcomes: row.get(2)?,
                    places: row.get(3)?,
                    texts: None,
                    durations: None,
                },
            }),
            None => None,
        });
    }
    Ok(stored)
}

/// From places to columns of the table, for one repository.
struct ColumnMap {
    /// The least place that any result has.
    low: u32,
    /// The column of each place from `low` on; meaningless where no result has the test.
    columns: Vec<u32>,
}

/// Gives each test that any result has a column, and puts its name into `tests`.
fn table_columns(
    tx: &Transaction<'_>,
    stored: &[Option<Stored>],
    tests: &mut Vec<TestId>,
) -> Result<BTreeMap<i64, ColumnMap>, Fault> {
    let mut spans: BTreeMap<i64, (u32, u32)> = BTreeMap::new();
    for stored in stored.iter().flatten() {
        let len = stored.columns.outcomes.len();
        if len > 0 {
            let (first, last) = (stored.columns.place(0)?, stored.columns.place(len - 1)?);
            if first > last {
                return Err(damaged("a result", "its places are out of order"));
            }
            let span = spans.entry(stored.repo).or_insert((first, last));
            *span = (span.0.min(first), span.1.max(last));
        }
    }
    // Results of one key space may come from several clones, whose tests have the same names.
    let mut shared: Option<HashMap<TestId, u32>> = (spans.len() > 1).then(HashMap::new);
    let mut maps = BTreeMap::new();
    for (repo, (low, high)) in spans {
        let mut present = vec![false; (high - low) as usize + 1];
        for stored in stored.iter().flatten().filter(|it| it.repo == repo) {
            mark(stored, low, &mut present)?;
        }
        let places: Vec<u32> = (low..=high)
            .zip(&present)
            .filter_map(|(place, present)| present.then_some(place))
            .collect();
        let mut columns = vec![0; present.len()];
        for (place, test) in places.iter().zip(tests_at(tx, repo, &places)?) {
            let next = u32::try_from(tests.len())
                .map_err(|_| StoreError::backend("reading outcomes", "too many tests"))?;
            let column = match &mut shared {
                Some(shared) => *shared.entry(test.clone()).or_insert(next),
                None => next,
            };
            if column == next {
                tests.push(test);
            }
            columns[(place - low) as usize] = column;
        }
        maps.insert(repo, ColumnMap { low, columns });
    }
    Ok(maps)
}

fn mark(stored: &Stored, low: u32, present: &mut [bool]) -> Result<(), Fault> {
    let outcomes = &stored.columns.outcomes;
    if outcomes.is_empty() {
        return Ok(());
    }
    if stored.columns.places.is_none() {
        let start = (stored.columns.first - low) as usize;
        for (present, byte) in present[start..].iter_mut().zip(outcomes) {
            *present |= *byte != 0;
        }
        return Ok(());
    }
    for position in 0..outcomes.len() {
        let offset = stored.columns.place(position)?.checked_sub(low);
        let slot = offset.and_then(|offset| present.get_mut(offset as usize));
        *slot.ok_or_else(|| damaged("a result", "its places are out of order"))? = true;
    }
    Ok(())
}

fn convert(stored: &Stored, maps: &BTreeMap<i64, ColumnMap>) -> Result<OutcomeRow, Fault> {
    let outcomes = &stored.columns.outcomes;
    let Some(map) = maps.get(&stored.repo).filter(|_| !outcomes.is_empty()) else {
        return Ok(Vec::new());
    };
    let meaning = outcome_table();
    let mut row: OutcomeRow = Vec::new();
    for (position, &byte) in outcomes.iter().enumerate() {
        let outcome = meaning[usize::from(byte)].map_err(strange_outcome)?;
        if outcome.is_none() {
            continue;
        }
        let offset = (stored.columns.place(position)? - map.low) as usize;
        let column = map.columns[offset] as usize;
        if row.len() <= column {
            if row.capacity() == 0 {
                row.reserve(outcomes.len());
            }
            row.resize(column + 1, None);
        }
        row[column] = outcome;
    }
    Ok(row)
}
