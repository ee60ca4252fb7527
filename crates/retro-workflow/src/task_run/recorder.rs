//! The events of a run: shown at once, and appended to the log.

use std::sync::Arc;

use retro_domain::{Clock, RunId, TaskEvent, TaskEventKind};
use retro_store::{StoreError, TaskEventLog};

/// Is told of each event of a run, in order. Must return soon.
pub trait TaskEventSink: Send + Sync {
    /// One thing that happened.
    fn event(&self, event: &TaskEvent);
}

impl<F: Fn(&TaskEvent) + Send + Sync> TaskEventSink for F {
    fn event(&self, event: &TaskEvent) {
        self(event);
    }
}

/// So many events are read at once.
const PAGE: usize = 1_000;
/// How often an event is numbered anew because somebody else was faster.
const ROUNDS: usize = 100;

/// Appends the events of one run. Others may append to the same log.
pub(super) struct Recorder {
    run: RunId,
    sink: Arc<dyn TaskEventSink>,
    log: Arc<dyn TaskEventLog>,
    clock: Arc<dyn Clock>,
    last: u64,
}

impl Recorder {
    pub(super) async fn open(
        run: RunId,
        sink: Arc<dyn TaskEventSink>,
        log: Arc<dyn TaskEventLog>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        let mut recorder = Self {
            run,
            sink,
            log,
            clock,
            last: 0,
        };
        while recorder.read_on(false).await? {}
        Ok(recorder)
    }

    /// Whether there was something to read. What others appended is shown, too, unless it is old.
    async fn read_on(&mut self, is_news: bool) -> Result<bool, StoreError> {
        let events = self.log.read(&self.run, self.last, PAGE).await?;
        for event in &events {
            self.last = event.seq;
            if is_news {
                self.sink.event(event);
            }
        }
        Ok(!events.is_empty())
    }

    pub(super) async fn record(&mut self, kind: TaskEventKind) -> Result<(), StoreError> {
        for _ in 0..ROUNDS {
            let event = TaskEvent {
                run: self.run.clone(),
                seq: self.last + 1,
                at: self.clock.now(),
                kind: kind.clone(),
            };
            match self.log.append(std::slice::from_ref(&event)).await {
                Ok(()) => {
                    self.last = event.seq;
                    self.sink.event(&event);
                    return Ok(());
                }
                Err(StoreError::Conflict { .. }) => while self.read_on(true).await? {},
                Err(error) => return Err(error),
            }
        }
        Err(StoreError::Unavailable {
            why: format!(
                "the log of task run {} is being written all the time",
                self.run
            ),
        })
    }
}
