//! Runs in SQLite.

use std::collections::{HashMap, HashSet};

use retro_domain::{RepoId, RunId, Timestamp};
use retro_store::record::StoredRun;
use retro_store::{RunRecord, RunStatus, StoreError};
use rusqlite::{OptionalExtension as _, Row, Transaction};

use crate::database::{Database, ensure_repo, find_repo};
use crate::fault::{Fault, damaged};

const COLUMNS: &str = "id, status, finished_at, plan";

pub(crate) fn create(database: &Database, run: &RunRecord) -> Result<(), StoreError> {
    let plan = StoredRun::encode(run)?;
    database.write("storing a run", |tx| {
        let repo = ensure_repo(tx, &run.repo)?;
        let added = tx
            .prepare_cached(
                "INSERT INTO run (id, repo, started_at, finished_at, status, plan)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
            )?
            .execute((
                run.id.as_str(),
                repo,
                run.started_at.unix_millis(),
                run.finished_at.map(Timestamp::unix_millis),
                run.status.name(),
                plan,
            ))?;
        if added == 0 {
            return Err(Fault::Store(StoreError::conflict(
                format!("run {}", run.id),
                "no such run",
                "a run of this id",
            )));
        }
        Ok(())
    })
}

pub(crate) fn set_status(
    database: &Database,
    run: &RunId,
    from: RunStatus,
    to: RunStatus,
    at: Timestamp,
) -> Result<(), StoreError> {
    database.write("changing a run", |tx| {
        let what = format!("run {run}");
        let found: Option<String> = tx
            .prepare_cached("SELECT status FROM run WHERE id = ?1")?
            .query_row([run.as_str()], |row| row.get(0))
            .optional()?;
        match found {
            None => return Err(Fault::Store(StoreError::not_found(what))),
            Some(found) if found != from.name() => {
                return Err(Fault::Store(StoreError::conflict(what, from.name(), found)));
            }
            Some(_) => {}
        }
        let finished_at = (to != RunStatus::Running).then_some(at.unix_millis());
        tx.prepare_cached("UPDATE run SET status = ?2, finished_at = ?3 WHERE id = ?1")?
            .execute((run.as_str(), to.name(), finished_at))?;
        Ok(())
    })
}

pub(crate) fn find(database: &Database, run: &RunId) -> Result<Option<RunRecord>, StoreError> {
    database.read("reading a run", |tx| {
        tx.prepare_cached(&format!("SELECT {COLUMNS} FROM run WHERE id = ?1"))?
            .query_row([run.as_str()], |row| Ok(read_run(row)))
            .optional()?
            .transpose()
    })
}

pub(crate) fn list(
    database: &Database,
    repo: Option<&RepoId>,
    limit: usize,
) -> Result<Vec<RunRecord>, StoreError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    database.read("listing runs", |tx| {
        let order = "ORDER BY started_at DESC, id DESC LIMIT ?1";
        let Some(repo) = repo else {
            let mut select = tx.prepare_cached(&format!("SELECT {COLUMNS} FROM run {order}"))?;
            return read_runs(select.query([limit])?);
        };
        let Some(repo) = find_repo(tx, repo)? else {
            return Ok(Vec::new());
        };
        let mut select = tx.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM run WHERE repo = ?2 {order}"
        ))?;
        read_runs(select.query([limit, repo])?)
    })
}

/// Removes old runs with their events, then the ended jobs that no remaining run has.
pub(crate) fn prune(
    database: &Database,
    before: Timestamp,
    keep_newest: usize,
) -> Result<u64, StoreError> {
    database.write("removing runs", |tx| {
        let doomed = too_old(tx, before, keep_newest)?;
        for run in &doomed {
            tx.prepare_cached("DELETE FROM event WHERE run = ?1")?
                .execute([run])?;
            tx.prepare_cached("DELETE FROM run WHERE id = ?1")?
                .execute([run])?;
        }
        remove_ended_jobs(tx)?;
        Ok(doomed.len() as u64)
    })
}

fn too_old(
    tx: &Transaction<'_>,
    before: Timestamp,
    keep_newest: usize,
) -> Result<Vec<String>, Fault> {
    let mut select = tx
        .prepare_cached("SELECT id, repo, started_at FROM run ORDER BY started_at DESC, id DESC")?;
    let mut rows = select.query([])?;
    let mut seen: HashMap<i64, usize> = HashMap::new();
    let mut doomed = Vec::new();
    while let Some(row) = rows.next()? {
        let rank = seen.entry(row.get(1)?).or_default();
        *rank += 1;
        if *rank > keep_newest && row.get::<_, i64>(2)? < before.unix_millis() {
            doomed.push(row.get(0)?);
        }
    }
    Ok(doomed)
}

type JobKey = (i64, Vec<u8>, Vec<u8>);

fn remove_ended_jobs(tx: &Transaction<'_>) -> Result<(), Fault> {
    let mut wanted: HashSet<JobKey> = HashSet::new();
    let mut select = tx.prepare_cached(&format!("SELECT {COLUMNS}, repo FROM run"))?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let repo = row.get(4)?;
        let run = read_run(row)?;
        wanted.extend(run.commits.iter().map(|commit| {
            let suite = commit.suite.0.as_bytes().to_vec();
            (repo, commit.commit.as_bytes().to_vec(), suite)
        }));
    }
    let ended: Vec<JobKey> = tx
        .prepare_cached(
            "SELECT repo, commit_id, suite FROM job WHERE status IN ('COMPLETE', 'FAILED')",
        )?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<_, _>>()?;
    // A job with stored artifacts stays: were it made anew, its epochs would start over and meet
    // the artifacts of the old ones.
    let mut delete = tx.prepare_cached(
        "DELETE FROM job WHERE repo = ?1 AND commit_id = ?2 AND suite = ?3 AND NOT EXISTS (
             SELECT 1 FROM result WHERE result.commit_id = ?2 AND scope_repo = ?1
             AND scope_commit = ?2 AND scope_suite = ?3
         )",
    )?;
    for job in ended.iter().filter(|job| !wanted.contains(*job)) {
        delete.execute((job.0, &job.1, &job.2))?;
    }
    Ok(())
}

fn read_runs(mut rows: rusqlite::Rows<'_>) -> Result<Vec<RunRecord>, Fault> {
    let mut runs = Vec::new();
    while let Some(row) = rows.next()? {
        runs.push(read_run(row)?);
    }
    Ok(runs)
}

fn read_run(row: &Row<'_>) -> Result<RunRecord, Fault> {
    let text = |column| -> Result<&str, Fault> {
        Ok(row
            .get_ref(column)?
            .as_str()
            .map_err(rusqlite::Error::from)?)
    };
    let id: RunId = text(0)?
        .parse()
        .map_err(|error| damaged("a run", format!("{error}")))?;
    let status =
        RunStatus::from_name(text(1)?).ok_or_else(|| damaged("a run", "its status is unknown"))?;
    let finished_at: Option<i64> = row.get(2)?;
    let finished_at = finished_at.map(Timestamp::from_unix_millis);
    Ok(StoredRun::decode(text(3)?, id, status, finished_at)?)
}
