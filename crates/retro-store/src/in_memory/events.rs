//! An event log in memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use retro_domain::{Event, RunId};

use super::locked;
use crate::record::{StoredEvent, check_batch};
use crate::{EventLog, StoreError};

/// An [`EventLog`] in memory. Clones share one log.
#[derive(Clone, Debug, Default)]
pub struct InMemoryEventLog {
    runs: Arc<Mutex<HashMap<RunId, Vec<Event>>>>,
}

#[async_trait]
impl EventLog for InMemoryEventLog {
    async fn append(&self, events: &[Event]) -> Result<(), StoreError> {
        let Some(first) = events.first() else {
            return Ok(());
        };
        // Through the stored form and back: what cannot be stored is refused here too.
        let kept: Result<Vec<Event>, StoreError> = events
            .iter()
            .map(|event| {
                let text = StoredEvent::new(event).encode()?;
                StoredEvent::decode(&text, event.run.clone(), event.seq)
            })
            .collect();
        let kept = kept?;
        let mut runs = locked(&self.runs);
        let last = runs.get(&first.run).map_or(0, |log| log.len() as u64);
        check_batch(events, last)?;
        runs.entry(first.run.clone()).or_default().extend(kept);
        Ok(())
    }

    async fn read(&self, run: &RunId, after: u64, limit: usize) -> Result<Vec<Event>, StoreError> {
        let runs = locked(&self.runs);
        let log = runs.get(run).map(Vec::as_slice).unwrap_or_default();
        let start = usize::try_from(after).unwrap_or(usize::MAX);
        Ok(log.iter().skip(start).take(limit).cloned().collect())
    }
}
