//! The jobs of a batch, through the index `batch_status`.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, Select};
use retro_domain::CommitJob;
use retro_store::StoreError;

use super::item::{Item, Key, find_number, find_text, need_text, text};
use super::job_item::{self, BATCH, ERROR, FAILED, OUTPUT, STATUS, TOTAL};
use super::jobs::DynamoJobStore;
use super::table::Table;
use crate::fault;

/// The index: `batch_id` and `status`.
const INDEX: &str = "batch_status";

/// One job of a batch, as the index has it: what the index does not hold is `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchJob {
    /// The job.
    pub job: CommitJob,
    /// The name of its status, as [`retro_domain::JobStatus::name`] has it.
    pub status: String,
    /// How many tests it had.
    pub total_tests: Option<u64>,
    /// How many of them failed.
    pub failed_tests: Option<u64>,
    /// Where its artifacts are.
    pub s3_output_path: Option<String>,
    /// Why git-retro could not do it; a long text is cut.
    pub error_message: Option<String>,
}

/// How many jobs of a batch have each status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StatusCounts {
    /// Jobs that wait.
    pub pending: u64,
    /// Jobs that are worked on.
    pub running: u64,
    /// Jobs that ended with a verdict.
    pub complete: u64,
    /// Jobs that git-retro could not do.
    pub failed: u64,
}

impl StatusCounts {
    /// Jobs of the batch.
    pub fn total(&self) -> u64 {
        self.pending + self.running + self.complete + self.failed
    }
}

/// The jobs of a batch, page by page. See [`DynamoJobStore::jobs_of_batch`].
#[derive(Clone, Debug)]
pub struct BatchPages {
    table: Table,
    batch: String,
    status: Option<String>,
    next: Option<Option<HashMap<String, AttributeValue>>>,
}

impl DynamoJobStore {
    /// The jobs of a batch, or those with one status: `PENDING`, `RUNNING`, `COMPLETE` or `FAILED`.
    pub fn jobs_of_batch(&self, batch: &str, status: Option<&str>) -> BatchPages {
        BatchPages {
            table: self.table.clone(),
            batch: batch.to_owned(),
            status: status.map(str::to_owned),
            next: Some(None),
        }
    }

    /// How many jobs of a batch have each status.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] or [`StoreError::Backend`].
    pub async fn count_by_status(&self, batch: &str) -> Result<StatusCounts, StoreError> {
        let count = async |status: &str| {
            let mut pages = self.jobs_of_batch(batch, Some(status));
            let mut count = 0;
            while let Some((_, length)) = pages.page(true).await? {
                count += length;
            }
            Ok::<u64, StoreError>(count)
        };
        Ok(StatusCounts {
            pending: count("PENDING").await?,
            running: count("RUNNING").await?,
            complete: count("COMPLETE").await?,
            failed: count("FAILED").await?,
        })
    }
}

impl BatchPages {
    /// The next page; `None` after the last. A page may be empty.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] when an item is not one of a job, [`StoreError::Unavailable`] or
    /// [`StoreError::Backend`].
    pub async fn next_page(&mut self) -> Result<Option<Vec<BatchJob>>, StoreError> {
        match self.page(false).await? {
            None => Ok(None),
            Some((items, _)) => items
                .iter()
                .map(batch_job)
                .collect::<Result<_, _>>()
                .map(Some),
        }
    }

    /// The next page, or only its length.
    async fn page(&mut self, only_count: bool) -> Result<Option<(Vec<Item>, u64)>, StoreError> {
        let Some(start) = self.next.take() else {
            return Ok(None);
        };
        let table = &self.table;
        let mut query = table
            .client
            .query()
            .table_name(&*table.name)
            .index_name(INDEX)
            .set_select(only_count.then_some(Select::Count))
            .set_exclusive_start_key(start)
            .expression_attribute_names("#batch", BATCH)
            .expression_attribute_values(":batch", text(&self.batch));
        query = match &self.status {
            None => query.key_condition_expression("#batch = :batch"),
            Some(status) => query
                .key_condition_expression("#batch = :batch AND #status = :status")
                .expression_attribute_names("#status", STATUS)
                .expression_attribute_values(":status", text(status)),
        };
        let page = query
            .send()
            .await
            .map_err(|error| fault::from_sdk(&error, table.doing("listing a batch")))?;
        let count = u64::try_from(page.count).unwrap_or_default();
        self.next = page.last_evaluated_key.map(Some);
        Ok(Some((page.items.unwrap_or_default(), count)))
    }
}

fn batch_job(item: &Item) -> Result<BatchJob, StoreError> {
    let job = job_item::job(&Key::of(item)?)?;
    let what = job_item::described(&job);
    Ok(BatchJob {
        status: need_text(item, STATUS, &what)?.to_owned(),
        total_tests: find_number(item, TOTAL, &what)?,
        failed_tests: find_number(item, FAILED, &what)?,
        s3_output_path: find_text(item, OUTPUT).map(str::to_owned),
        error_message: find_text(item, ERROR).map(str::to_owned),
        job,
    })
}
