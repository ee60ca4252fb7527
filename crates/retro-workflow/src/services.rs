//! What a look back works with.

use std::sync::Arc;

use retro_domain::Clock;
use retro_exec::Executor;
use retro_git::SlotPool;
use retro_store::{
    ArtifactStore, EventLog, InMemoryArtifactStore, InMemoryEventLog, InMemoryJobStore,
    InMemoryResultStore, JobStore, ResultStore, RunStore,
};

/// What a look back works with.
#[derive(Clone)]
pub struct Services {
    /// Work trees.
    pub slots: Arc<dyn SlotPool>,
    /// Starts commands.
    pub executor: Arc<dyn Executor>,
    /// Jobs.
    pub jobs: Arc<dyn JobStore>,
    /// Runs.
    pub runs: Arc<dyn RunStore>,
    /// Test results.
    pub results: Arc<dyn ResultStore>,
    /// Logs and result files.
    pub artifacts: Arc<dyn ArtifactStore>,
    /// What happened.
    pub events: Arc<dyn EventLog>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl Services {
    /// With stores that are gone when the last copy of this is.
    pub fn in_memory(
        slots: impl SlotPool + 'static,
        executor: impl Executor + 'static,
        clock: impl Clock + 'static,
    ) -> Self {
        let jobs = Arc::new(InMemoryJobStore::default());
        Self {
            slots: Arc::new(slots),
            executor: Arc::new(executor),
            runs: Arc::clone(&jobs) as _,
            jobs,
            results: Arc::new(InMemoryResultStore::default()),
            artifacts: Arc::new(InMemoryArtifactStore::default()),
            events: Arc::new(InMemoryEventLog::default()),
            clock: Arc::new(clock),
        }
    }
}
