//! Events in DynamoDB.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use retro_domain::{Clock, Event, RunId};
use retro_store::record::{StoredEvent, check_batch};
use retro_store::{EventLog, StoreError};

use super::item::{Item, Key, SORT, TOKEN, need_number, need_text, number, text};
use super::overflow::INLINE;
use super::table::{Table, Wrote};
use crate::clients::AwsClients;
use crate::s3::S3Objects;
use crate::writer::Writer;

/// The events of a batch, one line of JSON each.
const LINES: &str = "events";
const COUNT: &str = "events_count";

/// An [`EventLog`] in one table of DynamoDB, the one that the jobs are in.
///
/// A batch is one item under the number of its first event, written on the condition that there is
/// none. Items never change, and each begins where one ends; so a batch is there whole or not at
/// all, and the numbers have neither gaps nor repeats, without a transaction.
///
/// Removing a run from the job store of the same table removes its events.
#[derive(Clone, Debug)]
pub struct DynamoEventLog {
    table: Table,
    /// The last number of the run that was appended to last: a writer need not ask for it.
    last: Arc<Mutex<Option<(RunId, u64)>>>,
}

impl DynamoEventLog {
    /// The log in this table. Batches that are too large for an item go to `objects`.
    pub fn new(
        clients: &AwsClients,
        table: &str,
        objects: S3Objects,
        writer: Writer,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            table: Table::new(clients.dynamodb(), table, objects, writer, clock),
            last: Arc::default(),
        }
    }

    fn remembered(&self, run: &RunId) -> Option<u64> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref()
            .filter(|(known, _)| known == run)
            .map(|(_, number)| *number)
    }

    fn remember(&self, run: &RunId, number: u64) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some((run.clone(), number));
    }

    /// The number of the last event that is stored.
    async fn stored_last(&self, run: &RunId) -> Result<u64, StoreError> {
        let mut batches = self.table.partition(partition(run), "reading events");
        batches.backwards = true;
        batches.page = Some(1);
        while let Some(items) = batches.next().await? {
            if let Some(item) = items.first() {
                return Batch::of(item, run).map(|batch| batch.last());
            }
        }
        Ok(0)
    }
}

#[async_trait]
impl EventLog for DynamoEventLog {
    async fn append(&self, events: &[Event]) -> Result<(), StoreError> {
        let (Some(first), Some(end)) = (events.first(), events.last()) else {
            return Ok(());
        };
        let run = &first.run;
        // Numbers that continue what is remembered need no look: an item tells if it is out of date.
        let mut last = match self.remembered(run) {
            Some(last) if first.seq == last.saturating_add(1) => last,
            _ => self.stored_last(run).await?,
        };
        let mut lines = Vec::with_capacity(events.len());
        for event in events {
            lines.push(StoredEvent::new(event).encode()?);
        }
        loop {
            check_batch(events, last)?;
            let mut item = key(run, first.seq).item();
            item.extend(
                self.table
                    .overflow
                    .keep(LINES, lines.join("\n"), INLINE, &format!("events/{run}"))
                    .await?,
            );
            item.insert(COUNT.to_owned(), number(events.len()));
            item.insert(TOKEN.to_owned(), text(self.table.writer.token()));
            match self.table.put_new(item, "appending events").await? {
                Wrote::Yes => {
                    self.remember(run, end.seq);
                    return Ok(());
                }
                // Somebody else was first; the check says so.
                Wrote::No => last = self.stored_last(run).await?,
            }
        }
    }

    async fn read(&self, run: &RunId, after: u64, limit: usize) -> Result<Vec<Event>, StoreError> {
        let mut events = Vec::new();
        let Some(first) = after.checked_add(1) else {
            return Ok(events);
        };
        if limit == 0 {
            return Ok(events);
        }
        let mut batches = self.table.partition(partition(run), "reading events");
        batches.from = Some(sort(self.begin_of_batch(run, first).await?));
        while let Some(items) = batches.next().await? {
            for item in items {
                let batch = Batch::of(&item, run)?;
                if batch.last() < first {
                    continue;
                }
                for event in self.decode(&item, &batch, run).await? {
                    if event.seq >= first {
                        events.push(event);
                    }
                    if events.len() == limit {
                        return Ok(events);
                    }
                }
            }
        }
        Ok(events)
    }
}

impl DynamoEventLog {
    /// The number at which the batch begins that an event is in.
    async fn begin_of_batch(&self, run: &RunId, number: u64) -> Result<u64, StoreError> {
        if number == 1 {
            return Ok(1);
        }
        let mut batches = self.table.partition(partition(run), "reading events");
        batches.from = Some(sort(number));
        batches.backwards = true;
        batches.page = Some(1);
        while let Some(items) = batches.next().await? {
            if let Some(item) = items.first() {
                return Batch::of(item, run).map(|batch| batch.first);
            }
        }
        Ok(1)
    }

    async fn decode(
        &self,
        item: &Item,
        batch: &Batch,
        run: &RunId,
    ) -> Result<Vec<Event>, StoreError> {
        let what = format!("the log of run {run}");
        let lines = self.table.overflow.find(item, LINES).await?;
        let lines = lines.ok_or_else(|| StoreError::corrupt(&what, "a batch has no events"))?;
        let events: Result<Vec<Event>, StoreError> = (batch.first..)
            .zip(lines.lines())
            .map(|(number, line)| StoredEvent::decode(line, run.clone(), number))
            .collect();
        let events = events?;
        if events.len() as u64 != batch.count {
            return Err(StoreError::corrupt(what, "a batch is cut short"));
        }
        Ok(events)
    }
}

/// Where a batch lies in the log.
struct Batch {
    first: u64,
    count: u64,
}

impl Batch {
    fn of(item: &Item, run: &RunId) -> Result<Self, StoreError> {
        let what = format!("the log of run {run}");
        let first = need_text(item, SORT, &what)?;
        Ok(Self {
            first: first
                .parse()
                .map_err(|_| StoreError::corrupt(&what, format!("a batch begins at {first:?}")))?,
            count: need_number(item, COUNT, &what)?,
        })
    }

    fn last(&self) -> u64 {
        (self.first + self.count).saturating_sub(1)
    }
}

fn partition(run: &RunId) -> String {
    format!("events#{run}")
}

/// Sorts as the numbers do.
fn sort(number: u64) -> String {
    format!("{number:020}")
}

fn key(run: &RunId, first: u64) -> Key {
    Key::new(partition(run), sort(first))
}

/// Removes the log of a run.
pub(super) async fn remove(table: &Table, run: &RunId) -> Result<(), StoreError> {
    let what = "removing events";
    let mut batches = table.partition(partition(run), what);
    while let Some(items) = batches.next().await? {
        table.overflow.forget(&items, LINES).await?;
        for item in &items {
            table.delete(&Key::of(item)?, what).await?;
        }
    }
    Ok(())
}
