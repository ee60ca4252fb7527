//! Writing a result.

use std::mem;
use std::sync::Mutex;
use std::time::Duration;

use retro_domain::{Digest256, TestCase};
use retro_store::record::{StoredCaseDetail, StoredVerdict};
use retro_store::{PutCondition, ResultRecord, Revision, StoreError};
use rusqlite::{OptionalExtension as _, Transaction, params};

use crate::case_columns::{Cell, Columns};
use crate::database::{Database, ensure_repo, locked};
use crate::dictionary::Numbers;
use crate::fault::{Fault, damaged};

/// What a row takes beside its blobs and texts, about.
const ROW_BYTES: usize = 400;

/// Checks the condition and writes, in one transaction.
pub(crate) fn put(
    database: &Database,
    numbers: &Mutex<Numbers>,
    record: &ResultRecord,
    condition: PutCondition,
) -> Result<Revision, StoreError> {
    record.check()?;
    let verdict = StoredVerdict::encode(&record.verdict)?;
    // The costly part needs no transaction.
    let texts: Result<Vec<Option<Text>>, StoreError> = record.cases.iter().map(Text::of).collect();
    let texts = texts?;
    let mut numbers = locked(numbers);
    // Numbers given in a transaction that fails must not be remembered, so they are put back at
    // the end. A conflict is found before any is given.
    let mut known = mem::take(&mut *numbers);
    let outcome = database.write("storing a result", |tx| {
        let found = stored_revision(tx, record)?;
        let revision = condition.next_revision(found.map(|(_, revision)| revision))?;
        known.refresh(tx)?;
        let repo = ensure_repo(tx, &record.repo)?;
        let tests = record.cases.iter().map(|case| &case.id);
        let places = known.places(tx, repo, tests)?;
        let mut text_bytes = 0;
        let mut cells = Vec::with_capacity(places.len());
        for ((case, place), text) in record.cases.iter().zip(places).zip(&texts) {
            let text = match text {
                Some(text) => {
                    let (id, bytes) = known.text(tx, &text.body, text.digest)?;
                    text_bytes += bytes;
                    Some(id)
                }
                None => None,
            };
            cells.push(Cell {
                place,
                outcome: case.outcome,
                flaky: case.flaky,
                duration: case.duration,
                text,
            });
        }
        let columns = Columns::pack(&mut cells);
        let bytes = ROW_BYTES + text_bytes + columns.size();
        let row = Row {
            record,
            revision,
            repo,
            verdict: &verdict,
            bytes,
        };
        let id = row.write(tx, found.map(|(id, _)| id))?;
        write_columns(tx, id, &columns)?;
        Ok(revision)
    });
    if matches!(outcome, Ok(_) | Err(StoreError::Conflict { .. })) {
        *numbers = known;
    }
    outcome
}

/// The texts of a test case.
struct Text {
    body: String,
    digest: Digest256,
}

impl Text {
    fn of(case: &TestCase) -> Result<Option<Self>, StoreError> {
        let body = StoredCaseDetail::encode(case)?;
        Ok(body.map(|body| Self {
            digest: Digest256::of(body.as_bytes()),
            body,
        }))
    }
}

fn stored_revision(
    tx: &Transaction<'_>,
    record: &ResultRecord,
) -> Result<Option<(i64, Revision)>, Fault> {
    let found: Option<(i64, i64)> = tx
        .prepare_cached("SELECT id, revision FROM result WHERE key = ?1")?
        .query_row([record.key.digest().as_bytes()], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let Some((id, revision)) = found else {
        return Ok(None);
    };
    let revision =
        u64::try_from(revision).map_err(|_| damaged("a result", "its revision is negative"))?;
    Ok(Some((id, Revision(revision))))
}

struct Row<'a> {
    record: &'a ResultRecord,
    revision: Revision,
    repo: i64,
    verdict: &'a str,
    bytes: usize,
}

impl Row<'_> {
    /// Writes a new row, or over the one with the number `id`. Returns its number.
    fn write(&self, tx: &Transaction<'_>, id: Option<i64>) -> Result<i64, Fault> {
        let record = self.record;
        let counts = record.counts();
        let usage = record.usage;
        let scope = record.artifacts.as_ref();
        let scope_repo = match scope {
            Some(scope) if scope.repo == record.repo => Some(self.repo),
            Some(scope) => Some(ensure_repo(tx, &scope.repo)?),
            None => None,
        };
        let notes = match record.notes.as_slice() {
            [] => None,
            notes => Some(serde_json::to_string(notes).map_err(|error| {
                StoreError::backend("storing a result's notes", error.to_string())
            })?),
        };
        tx.prepare_cached(
            "INSERT INTO result VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13,
             ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25)
             ON CONFLICT (id) DO UPDATE SET revision = ?3, repo = ?4, commit_id = ?5,
             suite_name = ?6, verdict = ?7, passed = ?8, failed = ?9, errored = ?10, skipped = ?11,
             flaky = ?12, started_at = ?13, wall_us = ?14, user_us = ?15, system_us = ?16,
             max_rss = ?17, ending = ?18, notes = ?19, epoch = ?20, scope_repo = ?21,
             scope_commit = ?22, scope_suite = ?23, scope_epoch = ?24, bytes = ?25",
        )?
        .execute(params![
            id,
            record.key.digest().as_bytes(),
            signed(self.revision.0)?,
            self.repo,
            record.commit.as_bytes(),
            record.suite_name,
            self.verdict,
            signed(counts.passed)?,
            signed(counts.failed)?,
            signed(counts.errored)?,
            signed(counts.skipped)?,
            signed(counts.flaky)?,
            record.started_at.unix_millis(),
            micros(usage.wall),
            micros(usage.user),
            micros(usage.system),
            signed(usage.max_rss)?,
            record.ending,
            notes,
            signed(record.epoch.0)?,
            scope_repo,
            scope.map(|scope| scope.commit.as_bytes()),
            scope.map(|scope| scope.suite.0.as_bytes()),
            scope.map(|scope| signed(scope.epoch.0)).transpose()?,
            signed(self.bytes as u64)?,
        ])?;
        Ok(id.unwrap_or_else(|| tx.last_insert_rowid()))
    }
}

fn write_columns(
    tx: &Transaction<'_>,
    result: i64,
    columns: &Columns<Vec<u8>>,
) -> Result<(), Fault> {
    tx.prepare_cached(
        "INSERT INTO result_cases (result, first, outcomes, places, texts, durations)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (result) DO UPDATE SET first = ?2, outcomes = ?3, places = ?4, texts = ?5,
         durations = ?6",
    )?
    .execute((
        result,
        columns.first,
        &columns.outcomes,
        &columns.places,
        &columns.texts,
        &columns.durations,
    ))?;
    Ok(())
}

fn signed(number: u64) -> Result<i64, Fault> {
    i64::try_from(number).map_err(|_| {
        Fault::Store(StoreError::backend(
            "storing a result",
            format!("{number} is too large a number"),
        ))
    })
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
