//! An event as JSON.

use std::time::Duration;

use retro_domain::{CommitId, Event, EventKind, OutcomeCounts, Phase, RunId, Timestamp};
use serde::{Deserialize, Serialize};

use super::{StoredVerdict, V1, Versioned, from_json, parsed, to_json};
use crate::StoreError;

/// An [`Event`] as it is stored, but for its run and number, which are stored beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredEvent {
    v: u32,
    at_ms: i64,
    what: StoredKind,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum StoredKind {
    RunStarted {
        commits: u64,
        trees: u64,
        cached: u64,
        to_run: u64,
    },
    JobStarted {
        commit: String,
        worker: u32,
    },
    JobPhase {
        commit: String,
        worker: u32,
        phase: String,
    },
    JobFinished {
        commit: String,
        worker: u32,
        verdict: StoredVerdict,
        counts: StoredCounts,
        took_micros: u64,
    },
    JobFailed {
        commit: String,
        worker: u32,
        reason: String,
    },
    JobHandedBack {
        commit: String,
        worker: u32,
    },
    Warning {
        message: String,
    },
    RunFinished {
        completed: u64,
        failed: u64,
        remaining: u64,
        interrupted: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredCounts {
    passed: u64,
    failed: u64,
    errored: u64,
    skipped: u64,
    flaky: u64,
}

impl Versioned for StoredEvent {
    fn version(&self) -> u32 {
        self.v
    }
}

/// Checks that events may follow the event numbered `last` of their run.
///
/// # Errors
///
/// [`StoreError::Conflict`] when the numbers do not continue from `last`, [`StoreError::Backend`]
/// when the events are of several runs.
pub fn check_batch(events: &[Event], last: u64) -> Result<(), StoreError> {
    check_numbers(events.iter().map(|event| (&event.run, event.seq)), last)
}

/// Checks that events of these runs and with these numbers may follow the one numbered `last`.
pub(super) fn check_numbers<'a>(
    events: impl Iterator<Item = (&'a RunId, u64)>,
    last: u64,
) -> Result<(), StoreError> {
    let mut first = None;
    for ((of, seq), expected) in events.zip(last + 1..) {
        let run = *first.get_or_insert(of);
        if of != run {
            return Err(StoreError::backend(
                format!("appending to the log of run {run}"),
                format!("an event of run {of} is among its events"),
            ));
        }
        if seq != expected {
            return Err(StoreError::conflict(
                format!("the log of run {run}"),
                format!("an event numbered {seq}"),
                format!("the next number to be {expected}"),
            ));
        }
    }
    Ok(())
}

impl StoredEvent {
    /// The stored form of an event.
    pub fn new(event: &Event) -> Self {
        Self {
            v: V1,
            at_ms: event.at.unix_millis(),
            what: StoredKind::from(&event.kind),
        }
    }

    /// The JSON text.
    ///
    /// # Errors
    ///
    /// [`StoreError::Backend`], which does not happen for any event there is.
    pub fn encode(&self) -> Result<String, StoreError> {
        to_json(self, "writing an event")
    }

    /// The event of a JSON text, with what is stored beside it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] when the text is damaged, [`StoreError::Backend`] when a newer
    /// version wrote it.
    pub fn decode(text: &str, run: RunId, seq: u64) -> Result<Event, StoreError> {
        let what = format!("event {seq} of run {run}");
        let stored: Self = from_json(text, &what)?;
        Ok(Event {
            kind: stored.what.into_kind(&what)?,
            run,
            seq,
            at: Timestamp::from_unix_millis(stored.at_ms),
        })
    }
}

impl From<&EventKind> for StoredKind {
    fn from(kind: &EventKind) -> Self {
        match kind {
            &EventKind::RunStarted {
                commits,
                trees,
                cached,
                to_run,
            } => Self::RunStarted {
                commits,
                trees,
                cached,
                to_run,
            },
            EventKind::JobStarted { commit, worker } => Self::JobStarted {
                commit: commit.to_string(),
                worker: *worker,
            },
            EventKind::JobPhase {
                commit,
                worker,
                phase,
            } => Self::JobPhase {
                commit: commit.to_string(),
                worker: *worker,
                phase: phase.name().to_owned(),
            },
            EventKind::JobFinished {
                commit,
                worker,
                verdict,
                counts,
                took,
            } => Self::JobFinished {
                commit: commit.to_string(),
                worker: *worker,
                verdict: verdict.into(),
                counts: StoredCounts {
                    passed: counts.passed,
                    failed: counts.failed,
                    errored: counts.errored,
                    skipped: counts.skipped,
                    flaky: counts.flaky,
                },
                took_micros: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            },
            EventKind::JobFailed {
                commit,
                worker,
                reason,
            } => Self::JobFailed {
                commit: commit.to_string(),
                worker: *worker,
                reason: reason.clone(),
            },
            EventKind::JobHandedBack { commit, worker } => Self::JobHandedBack {
                commit: commit.to_string(),
                worker: *worker,
            },
            EventKind::Warning { message } => Self::Warning {
                message: message.clone(),
            },
            &EventKind::RunFinished {
                completed,
                failed,
                remaining,
                interrupted,
            } => Self::RunFinished {
                completed,
                failed,
                remaining,
                interrupted,
            },
        }
    }
}

impl StoredKind {
    fn into_kind(self, what: &str) -> Result<EventKind, StoreError> {
        let id = |text: String| parsed::<CommitId>(&text, what);
        Ok(match self {
            Self::RunStarted {
                commits,
                trees,
                cached,
                to_run,
            } => EventKind::RunStarted {
                commits,
                trees,
                cached,
                to_run,
            },
            Self::JobStarted { commit, worker } => EventKind::JobStarted {
                commit: id(commit)?,
                worker,
            },
            Self::JobPhase {
                commit,
                worker,
                phase,
            } => EventKind::JobPhase {
                commit: id(commit)?,
                worker,
                phase: Phase::ALL
                    .into_iter()
                    .find(|known| known.name() == phase)
                    .ok_or_else(|| StoreError::corrupt(what, format!("unknown phase {phase:?}")))?,
            },
            Self::JobFinished {
                commit,
                worker,
                verdict,
                counts,
                took_micros,
            } => EventKind::JobFinished {
                commit: id(commit)?,
                worker,
                verdict: verdict.into(),
                counts: OutcomeCounts {
                    passed: counts.passed,
                    failed: counts.failed,
                    errored: counts.errored,
                    skipped: counts.skipped,
                    flaky: counts.flaky,
                },
                took: Duration::from_micros(took_micros),
            },
            Self::JobFailed {
                commit,
                worker,
                reason,
            } => EventKind::JobFailed {
                commit: id(commit)?,
                worker,
                reason,
            },
            Self::JobHandedBack { commit, worker } => EventKind::JobHandedBack {
                commit: id(commit)?,
                worker,
            },
            Self::Warning { message } => EventKind::Warning { message },
            Self::RunFinished {
                completed,
                failed,
                remaining,
                interrupted,
            } => EventKind::RunFinished {
                completed,
                failed,
                remaining,
                interrupted,
            },
        })
    }
}
