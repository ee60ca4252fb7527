//! The event log in SQLite.

use std::sync::Arc;

use async_trait::async_trait;
use retro_domain::{Event, RunId};
use retro_store::record::{StoredEvent, check_batch};
use retro_store::{EventLog, StoreError};

use crate::database::Database;
use crate::fault::{Fault, damaged};

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
        let bodies = bodies?;
        let run = first.run.as_str();
        self.database.write("appending events", |tx| {
            let last: Option<i64> = tx
                .prepare_cached("SELECT max(seq) FROM event WHERE run = ?1")?
                .query_row([run], |row| row.get(0))?;
            let last = u64::try_from(last.unwrap_or(0))
                .map_err(|_| damaged("the event log", "a number is negative"))?;
            check_batch(events, last)?;
            let mut insert =
                tx.prepare_cached("INSERT INTO event (run, seq, body) VALUES (?1, ?2, ?3)")?;
            for (event, body) in events.iter().zip(&bodies) {
                insert.execute((run, number(event.seq)?, body))?;
            }
            Ok(())
        })
    }

    async fn read(&self, run: &RunId, after: u64, limit: usize) -> Result<Vec<Event>, StoreError> {
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.database.read("reading events", |tx| {
            let mut select = tx.prepare_cached(
                "SELECT seq, body FROM event WHERE run = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
            )?;
            let mut rows = select.query((run.as_str(), after, limit))?;
            let mut events = Vec::new();
            while let Some(row) = rows.next()? {
                let seq = u64::try_from(row.get::<_, i64>(0)?)
                    .map_err(|_| damaged("the event log", "a number is negative"))?;
                let body = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
                events.push(StoredEvent::decode(body, run.clone(), seq)?);
            }
            Ok(events)
        })
    }
}

fn number(seq: u64) -> Result<i64, Fault> {
    i64::try_from(seq).map_err(|_| {
        Fault::Store(StoreError::backend(
            "appending events",
            "the number is too large",
        ))
    })
}
