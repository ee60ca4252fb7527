//! Removing old results, and what only they used.

use std::collections::{HashMap, HashSet};

use retro_domain::{CacheKey, Timestamp};
use retro_store::{ArtifactScope, StoreError};
use rusqlite::Transaction;

use crate::FsArtifactStore;
use crate::case_columns::Columns;
use crate::database::Database;
use crate::fault::Fault;
use crate::result_row::{Repos, cache_key, read_scope, unsigned};

/// Which results go.
pub(crate) struct Request<'a> {
    pub(crate) before: Timestamp,
    pub(crate) max_bytes: Option<u64>,
    pub(crate) keep: &'a [CacheKey],
}

struct Candidate {
    id: i64,
    key: CacheKey,
    started_at: i64,
    bytes: u64,
    scope: Option<ArtifactScope>,
}

pub(crate) fn prune(
    database: &Database,
    artifacts: &FsArtifactStore,
    request: &Request<'_>,
) -> Result<Vec<ArtifactScope>, StoreError> {
    database.write("removing results", |tx| {
        let keep: HashSet<&CacheKey> = request.keep.iter().collect();
        let mut results = oldest_first(tx)?;
        if request.max_bytes.is_some() {
            for result in &mut results {
                if let Some(scope) = &result.scope {
                    result.bytes += artifacts.listed_size(scope);
                }
            }
        }
        let mut used: u64 = results.iter().map(|result| result.bytes).sum();
        let mut delete = tx.prepare_cached("DELETE FROM result WHERE id = ?1")?;
        let mut removed = false;
        let mut scopes = Vec::new();
        for result in results.into_iter().filter(|it| !keep.contains(&it.key)) {
            let too_much = request.max_bytes.is_some_and(|most| used > most);
            if result.started_at >= request.before.unix_millis() && !too_much {
                break;
            }
            delete.execute([result.id])?;
            removed = true;
            used -= result.bytes;
            scopes.extend(result.scope);
        }
        if removed {
            sweep(tx)?;
        }
        Ok(scopes)
    })
}

fn oldest_first(tx: &Transaction<'_>) -> Result<Vec<Candidate>, Fault> {
    let mut select = tx.prepare_cached(
        "SELECT id, key, started_at, bytes, scope_repo, scope_commit, scope_suite, scope_epoch
         FROM result ORDER BY started_at, key",
    )?;
    let mut rows = select.query([])?;
    let mut repos = Repos::default();
    let mut results = Vec::new();
    while let Some(row) = rows.next()? {
        results.push(Candidate {
            id: row.get(0)?,
            key: cache_key(row, 1)?,
            started_at: row.get(2)?,
            bytes: unsigned(row, 3)?,
            scope: read_scope(tx, row, 4, &mut repos)?,
        });
    }
    Ok(results)
}

/// Removes the tests and texts that no result has any more, and tells every process to forget
/// their numbers.
fn sweep(tx: &Transaction<'_>) -> Result<(), Fault> {
    let mut tests: HashMap<i64, HashSet<u32>> = HashMap::new();
    let mut texts: HashSet<i64> = HashSet::new();
    let mut select = tx.prepare_cached(
        "SELECT repo, first, outcomes, places, texts
         FROM result_cases JOIN result ON result.id = result",
    )?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let columns: Columns<Vec<u8>> = Columns {
            first: row.get(1)?,
            outcomes: row.get(2)?,
            places: row.get(3)?,
            texts: row.get(4)?,
            durations: None,
        };
        let cells = columns.cells()?.into_iter();
        let seen = tests.entry(row.get(0)?).or_default();
        seen.extend(cells.map(|(_, place, ..)| place));
        texts.extend(columns.texts()?.into_iter().map(|(_, text)| text));
    }
    let known: Vec<(i64, u32)> = tx
        .prepare_cached("SELECT repo, place FROM test")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let mut delete = tx.prepare_cached("DELETE FROM test WHERE repo = ?1 AND place = ?2")?;
    let unused =
        |(repo, place): &&(i64, u32)| !tests.get(repo).is_some_and(|seen| seen.contains(place));
    for test in known.iter().filter(unused) {
        delete.execute(*test)?;
    }
    let known: Vec<i64> = tx
        .prepare_cached("SELECT id FROM case_text")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut delete = tx.prepare_cached("DELETE FROM case_text WHERE id = ?1")?;
    for text in known.iter().filter(|text| !texts.contains(text)) {
        delete.execute([text])?;
    }
    tx.execute("UPDATE sweep SET count = count + 1", [])?;
    Ok(())
}
