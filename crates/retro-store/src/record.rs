//! The shapes in which things are stored as JSON, each with the version of its form, and the messages
//! of queue mode, which have none.
//!
//! A shape is written by the store and read by every later version of it: a test pins each one. A
//! change that an older reader would not understand raises the shape's version; a reader refuses a
//! version it does not know rather than guess.

mod batch;
mod case_detail;
mod event;
mod manifest;
mod result;
mod run;
mod suite;
mod sync_manifest;
mod task_event;
mod task_message;
mod task_run;
mod task_settings;
mod utc_text;
mod verdict;

pub use batch::StoredBatchPlan;
pub use case_detail::StoredCaseDetail;
pub use event::{StoredEvent, check_batch};
pub use manifest::StoredManifest;
pub use result::StoredResult;
pub use run::StoredRun;
pub use sync_manifest::{MAX_SYNC_MANIFEST, StoredSyncManifest};
pub use task_event::{StoredTaskEvent, check_task_batch};
pub use task_message::{MalformedMessage, ResponseMessage, WorkMessage};
pub use task_run::{StoredGitFacts, StoredTaskContext, StoredTaskState};
pub use verdict::StoredVerdict;

use crate::StoreError;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The only version of nearly every shape so far.
const V1: u32 = 1;

/// A shape with a version that is checked on reading.
trait Versioned: Serialize + DeserializeOwned {
    fn version(&self) -> u32;
}

fn to_json<T: Serialize>(value: &T, what: &str) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::backend(what, error.to_string()))
}

fn from_json<T: Versioned>(text: &str, what: &str) -> Result<T, StoreError> {
    match serde_json::from_str::<T>(text) {
        Ok(value) if value.version() == V1 => Ok(value),
        read => {
            // The version comes first: a newer form may well fail to read as this one.
            check_version(text.as_bytes(), &[V1], what)?;
            read.map_err(|error| StoreError::corrupt(what, error.to_string()))
        }
    }
}

/// Checks that a text says a version that is known here; `known` is sorted.
fn check_version(text: &[u8], known: &[u32], what: &str) -> Result<(), StoreError> {
    #[derive(serde::Deserialize)]
    struct Version {
        v: u32,
    }
    let Version { v } = serde_json::from_slice(text)
        .map_err(|error| StoreError::corrupt(what, error.to_string()))?;
    if known.contains(&v) {
        return Ok(());
    }
    let newest = known.last().unwrap_or(&V1);
    Err(StoreError::backend(
        format!("reading {what}"),
        format!("it is stored in form {v} and this version knows form {newest}: update git-retro"),
    ))
}

fn parsed<T>(text: &str, what: &str) -> Result<T, StoreError>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    text.parse()
        .map_err(|error: T::Err| StoreError::corrupt(what, error.to_string()))
}

#[cfg(test)]
mod golden_tests;
#[cfg(test)]
mod round_trip_tests;
#[cfg(test)]
mod task_golden_tests;
#[cfg(test)]
mod task_message_tests;
#[cfg(test)]
mod task_round_trip_tests;
