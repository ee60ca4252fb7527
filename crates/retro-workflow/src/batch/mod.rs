//! A look back that runs elsewhere: its jobs are stored, an engine is told, results are brought
//! home.
//!
//! [`submit`] stores everything before it starts anything, under names that follow from the batch:
//! a second call with the same plan and id goes on where the first one stopped. [`pull`] makes a
//! batch look like a run of this machine, and [`stop`] ends one.

mod cost;
mod follow;
mod input;
mod pull;
mod stop;
mod submit;
mod survey;

pub use cost::{Estimate, FREE_DISK_GB, PriceTable, TaskSize};
pub use follow::{FollowOptions, Followed, follow};
pub use input::{BatchJob, INLINE_JOBS, commit_suite};
pub use pull::{JobEnding, Pulled, Pulling, pull};
pub use stop::{Stopped, stop};
pub use submit::{BatchOptions, BatchServices, Submitted, submit};
pub use survey::{JobThere, Standing, note_result, survey};

use retro_domain::RunId;
use retro_store::{ExecutionId, ObjectStore, StoreError};

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

/// The execution of a batch; `None` when none was started.
///
/// # Errors
///
/// What the store says.
pub async fn execution_of(
    batch: &RunId,
    objects: &dyn ObjectStore,
) -> Result<Option<ExecutionId>, StoreError> {
    let name = receipt_object(batch);
    let Some(receipt) = objects.get(&name).await? else {
        return Ok(None);
    };
    let id = String::from_utf8(receipt);
    let id = id.map_err(|_| StoreError::corrupt(format!("the object {name}"), "it is no text"))?;
    Ok(Some(ExecutionId(id)))
}
