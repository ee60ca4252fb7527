//! Events: numbered, shown and stored.

use std::sync::{Arc, Mutex, PoisonError};

use retro_domain::{Clock, Event, EventKind, RunId};
use retro_store::{EventLog, StoreError};

/// Takes part in a run by seeing its events as they happen.
///
/// Called from the threads that do the work, one event at a time and in order: an implementation
/// that takes long holds up the run.
pub trait EventSink: Send + Sync {
    /// Sees one event.
    fn event(&self, event: &Event);
}

/// A function that takes events is a sink.
impl<F: Fn(&Event) + Send + Sync> EventSink for F {
    fn event(&self, event: &Event) {
        self(event);
    }
}

/// An event sink that looks away.
#[derive(Clone, Copy, Debug, Default)]
pub struct DiscardingSink;

impl EventSink for DiscardingSink {
    fn event(&self, _event: &Event) {}
}

/// Numbers the events of one run, shows each at once, and stores them in batches.
pub(crate) struct Recorder {
    run: RunId,
    sink: Arc<dyn EventSink>,
    log: Arc<dyn EventLog>,
    clock: Arc<dyn Clock>,
    pending: Mutex<Pending>,
    appending: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Pending {
    last_seq: u64,
    events: Vec<Event>,
}

impl Recorder {
    pub(crate) fn new(
        run: RunId,
        sink: Arc<dyn EventSink>,
        log: Arc<dyn EventLog>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let (pending, appending) = (Mutex::default(), tokio::sync::Mutex::default());
        Self {
            run,
            sink,
            log,
            clock,
            pending,
            appending,
        }
    }

    /// Numbers and shows an event; it is stored with the next [`flush`](Self::flush).
    pub(crate) fn record(&self, kind: EventKind) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.last_seq += 1;
        let event = Event {
            run: self.run.clone(),
            seq: pending.last_seq,
            at: self.clock.now(),
            kind,
        };
        self.sink.event(&event);
        pending.events.push(event);
    }

    /// Stores what was recorded since the last time, in order.
    pub(crate) async fn flush(&self) -> Result<(), StoreError> {
        let _turn = self.appending.lock().await;
        let events = {
            let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut pending.events)
        };
        if events.is_empty() {
            return Ok(());
        }
        let appended = self.log.append(&events).await;
        if appended.is_err() {
            // They are still the next ones: the log has no gaps.
            let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
            pending.events.splice(0..0, events);
        }
        appended
    }
}
