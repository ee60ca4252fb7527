//! Event logs in SQLite.

use std::sync::Arc;

use async_trait::async_trait;
use retro_domain::{Event, RunId};
use retro_store::record::{StoredEvent, check_batch};
use retro_store::{EventLog, StoreError};

use crate::database::Database;
use crate::fault::damaged;

/// An [`EventLog`] in SQLite. The calls block for as long as SQLite takes: well under a
/// millisecond unless another process writes.
///
/// Removing a run from the job store of the same data directory removes its events.
#[derive(Clone, Debug)]
pub struct SqliteEventLog {
    database: Arc<Database>,
}

impl SqliteEventLog {
    pub(crate) fn new(database: Arc<Database>) -> Self {
        Self { database }
    }
}

#[async_trait]
impl EventLog for SqliteEventLog {
    async fn append(&self, events: &[Event]) -> Result<(), StoreError> {
        let Some(first) = events.first() else {
            return Ok(());
        };
        let bodies: Result<Vec<String>, StoreError> = events
            .iter()
            .map(|event| StoredEvent::new(event).encode())
            .collect();
        append(&self.database, &EVENTS, &first.run, &bodies?, |last| {
            check_batch(events, last)
        })
    }

    async fn read(&self, run: &RunId, after: u64, limit: usize) -> Result<Vec<Event>, StoreError> {
        read(&self.database, &EVENTS, run, after, limit, |body, seq| {
            StoredEvent::decode(body, run.clone(), seq)
        })
    }
}

/// The statements on a table of events.
pub(crate) struct Statements {
    last: &'static str,
    insert: &'static str,
    read: &'static str,
}

/// Those of looks back.
const EVENTS: Statements = Statements {
    last: "SELECT max(seq) FROM event WHERE run = ?1",
    insert: "INSERT INTO event (run, seq, body) VALUES (?1, ?2, ?3)",
    read: "SELECT seq, body FROM event WHERE run = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
};

/// Those of task runs.
pub(crate) const TASK_EVENTS: Statements = Statements {
    last: "SELECT max(seq) FROM task_event WHERE run = ?1",
    insert: "INSERT INTO task_event (run, seq, body) VALUES (?1, ?2, ?3)",
    read: "SELECT seq, body FROM task_event WHERE run = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
};

/// Appends events of one run; `check` is told the number of the last one there is.
pub(crate) fn append(
    database: &Database,
    statements: &Statements,
    run: &RunId,
    bodies: &[String],
    check: impl FnOnce(u64) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let run = run.as_str();
    database.write("appending events", |tx| {
        let last: Option<i64> = tx
            .prepare_cached(statements.last)?
            .query_row([run], |row| row.get(0))?;
        let last = last.unwrap_or(0);
        let number = u64::try_from(last);
        check(number.map_err(|_| damaged("the event log", "a number is negative"))?)?;
        let mut insert = tx.prepare_cached(statements.insert)?;
        for (seq, body) in (last + 1..).zip(bodies) {
            insert.execute((run, seq, body))?;
        }
        Ok(())
    })
}

/// Reads events of a run with `decode`, which is given what is stored and its number.
pub(crate) fn read<T>(
    database: &Database,
    statements: &Statements,
    run: &RunId,
    after: u64,
    limit: usize,
    decode: impl Fn(&str, u64) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    database.read("reading events", |tx| {
        let mut select = tx.prepare_cached(statements.read)?;
        let mut rows = select.query((run.as_str(), after, limit))?;
        let mut events = Vec::new();
        while let Some(row) = rows.next()? {
            let seq = u64::try_from(row.get::<_, i64>(0)?)
                .map_err(|_| damaged("the event log", "a number is negative"))?;
            let body = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
            events.push(decode(body, seq)?);
        }
        Ok(events)
    })
}
