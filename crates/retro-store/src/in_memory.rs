//! Stores that live as long as their last handle. They refuse what the real ones refuse, and keep
//! what they are given in the precision and through the records that the real ones use.

mod artifacts;
mod engine;
mod events;
mod folder_sync;
mod jobs;
mod objects;
mod results;
mod secrets;
mod task_queue;
mod task_runs;

pub use artifacts::InMemoryArtifactStore;
pub use engine::InMemoryEngine;
pub use events::InMemoryEventLog;
pub use folder_sync::InMemoryFolderSync;
pub use jobs::InMemoryJobStore;
pub use objects::InMemoryObjectStore;
pub use results::InMemoryResultStore;
pub use secrets::InMemorySecrets;
pub use task_queue::InMemoryTaskQueue;
pub use task_runs::InMemoryTaskStore;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The state, also after a panic of another holder: every method checks before it changes
/// anything, so no panic leaves a change half made.
fn locked<T>(state: &Mutex<T>) -> MutexGuard<'_, T> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod contract_tests;
