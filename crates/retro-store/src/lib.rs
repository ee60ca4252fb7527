//! Where git-retro keeps jobs, results, artifacts and events: traits, in-memory implementations,
//! and the contract every implementation passes.

mod artifact_store;
mod error;
mod event_log;
mod job_store;
mod result_store;

pub use artifact_store::{ArtifactContent, ArtifactEntry, ArtifactScope, ArtifactStore, Manifest};
pub use error::StoreError;
pub use event_log::EventLog;
pub use job_store::{JobStore, RunCommit, RunRecord, RunStatus};
pub use result_store::{
    CaseSummary, OutcomeRow, OutcomeTable, PutCondition, ResourceUsage, ResultRecord, ResultStore,
    ResultSummary, Revision, TestPattern,
};
