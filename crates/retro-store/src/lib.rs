//! Where git-retro keeps jobs, results, artifacts, events and runs of tasks, and what it hands work
//! to: traits, in-memory implementations, and the contract every implementation passes.
//!
//! The traits name what is guaranteed and what a crash leaves behind. The in-memory stores refuse
//! what the real ones refuse, so a test that passes on them says something. What is stored as
//! text has a versioned shape in [`record`], because the domain's own types are never serialised.

mod artifact_name;
mod artifact_rules;
mod artifact_store;
mod batch_plan;
mod compact_duration;
#[cfg(any(test, feature = "contract"))]
pub mod contract;
mod engine;
mod error;
mod event_log;
mod file_headers;
mod folder_sync;
mod in_memory;
mod job_store;
mod object_store;
mod output_folder;
pub mod record;
mod result_index;
mod result_rules;
mod result_store;
mod run_store;
mod secrets;
mod sync_plan;
mod synced_name;
mod task_event_log;
mod task_journal;
mod task_queue;
pub mod task_run_rules;
mod task_run_store;
mod test_pattern;

pub use artifact_name::{MANIFEST_NAME, TEMPORARY_PREFIX, check_artifact_name};
pub use artifact_store::{ArtifactContent, ArtifactEntry, ArtifactScope, ArtifactStore, Manifest};
pub use batch_plan::BatchPlan;
pub use compact_duration::CompactDuration;
pub use engine::{
    Engine, Execution, ExecutionId, ExecutionStatus, MAX_EXECUTION_INPUT, MAX_EXECUTION_NAME,
    check_execution,
};
pub use error::StoreError;
pub use event_log::EventLog;
pub use file_headers::FileHeaders;
pub use folder_sync::{
    FolderSync, SYNC_MANIFEST_NAME, SyncOutcome, SyncReport, SyncRequest, place_parts,
};
pub use in_memory::{
    InMemoryArtifactStore, InMemoryEngine, InMemoryEventLog, InMemoryFolderSync, InMemoryJobStore,
    InMemoryObjectStore, InMemoryResultStore, InMemorySecrets, InMemoryTaskQueue,
    InMemoryTaskStore,
};
pub use job_store::JobStore;
pub use object_store::{ObjectLocation, ObjectStore};
pub use output_folder::{OutputFile, OutputFolder};
pub use result_index::ResultIndex;
pub use result_store::{
    CaseSummary, OutcomeRow, OutcomeTable, PutCondition, ResourceUsage, ResultRecord, ResultStore,
    ResultSummary, Revision, TestPattern,
};
pub use run_store::{RunCommit, RunRecord, RunStatus, RunStore};
pub use secrets::{Secret, Secrets};
pub use sync_plan::{SyncManifest, SyncPlan, SyncSource, SyncUpload, SyncedFile};
pub use synced_name::is_synced_name;
pub use task_event_log::TaskEventLog;
pub use task_journal::TaskJournal;
pub use task_queue::{
    MAX_TASK_MESSAGE, Receipt, TaskMessage, TaskQueue, check_task_message, dead_letter_reason,
};
pub use task_run_store::{NewTaskRun, TaskRunFilter, TaskRunStore};
