//! DynamoDB: one table for jobs, runs and events.
//!
//! | what | `repo_id` | `commit_suite` |
//! |---|---|---|
//! | a job | `OWNER/NAME` | `COMMIT#SUITEFINGERPRINT` |
//! | which job has the result of a key | `OWNER/NAME` | `result#KEY` |
//! | a run | `run#ID` | `run` |
//! | its place among all runs | `runs#` | `START#ID` |
//! | its place among those of its repository | `runs#OWNER/NAME` | `START#ID` |
//! | a batch of its events | `events#ID` | the number of the first |
//!
//! No repository's name has a `#`. What is too large for an item is an object of the bucket, and the
//! item holds its name.

mod batch;
mod enqueue;
mod events;
mod expression;
mod item;
mod job_item;
mod jobs;
mod noted;
mod overflow;
mod prune;
mod run_index;
mod runs;
mod table;

pub use batch::{BatchJob, BatchPages, StatusCounts};
pub use events::DynamoEventLog;
pub use jobs::DynamoJobStore;
