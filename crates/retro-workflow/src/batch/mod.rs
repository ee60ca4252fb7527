//! A look back that runs elsewhere: its jobs are stored, an engine is told, results are brought
//! home.
//!
//! [`submit`] stores everything before it starts anything, under names that follow from the batch:
//! a second call with the same plan and id goes on where the first one stopped. [`pull`] makes a
//! batch look like a run of this machine.

mod cost;
mod follow;
mod input;
mod pull;
mod submit;

pub use cost::{Estimate, FREE_DISK_GB, PriceTable, TaskSize};
pub use follow::{FollowOptions, Followed, follow};
pub use input::{BatchJob, INLINE_JOBS, commit_suite};
pub use pull::{JobEnding, Pulled, Pulling, pull};
pub use submit::{BatchOptions, BatchServices, Submitted, submit};

use retro_domain::RunId;

/// The name of the object with what all runners of a batch have in common, a
/// [`StoredBatchPlan`](retro_store::record::StoredBatchPlan).
pub fn plan_object(batch: &RunId) -> String {
    format!("plans/{batch}.json")
}

/// The name of the object with the jobs that a batch runs, an array of [`BatchJob`].
pub fn items_object(batch: &RunId) -> String {
    format!("batches/{batch}/items.json")
}

/// The name of the object with the id of a batch's execution, written once it is started.
pub fn receipt_object(batch: &RunId) -> String {
    format!("batches/{batch}/execution")
}
