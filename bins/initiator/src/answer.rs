//! What is answered when batches were started.

use retro_workflow::batch::Submitted;
use serde::Serialize;

/// The answer to a request. With several suites there is a batch for each; what is told beside
/// `batches` is of the first.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Answer {
    /// As in HTTP: 200, or 400 when the request is wrong.
    pub(crate) status_code: u16,
    pub(crate) message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) execution_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) batch_id: Option<String>,
    pub(crate) queued: usize,
    pub(crate) skipped: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) batches: Vec<StartedBatch>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) estimated_usd: Option<f64>,
}

/// One of them.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StartedBatch {
    pub(crate) suite: String,
    pub(crate) batch_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) execution_arn: Option<String>,
    pub(crate) queued: usize,
    pub(crate) skipped: usize,
}

impl StartedBatch {
    pub(crate) fn new(suite: &str, submitted: &Submitted) -> Self {
        Self {
            suite: suite.to_owned(),
            batch_id: submitted.batch.to_string(),
            execution_arn: submitted.execution.as_ref().map(|id| id.0.clone()),
            queued: submitted.queued,
            skipped: submitted.skipped,
        }
    }
}

impl Answer {
    /// An answer without a batch.
    pub(crate) fn new(status_code: u16, message: impl Into<String>) -> Self {
        Self {
            status_code,
            message: message.into(),
            execution_arn: None,
            batch_id: None,
            queued: 0,
            skipped: 0,
            batches: Vec::new(),
            estimated_usd: None,
        }
    }

    /// The answer for batches that were started.
    pub(crate) fn started(batches: Vec<StartedBatch>) -> Self {
        let queued = batches.iter().map(|batch| batch.queued).sum();
        let skipped = batches.iter().map(|batch| batch.skipped).sum();
        let message = match queued {
            0 => "every job is complete or running already".to_owned(),
            1 => "1 job started".to_owned(),
            _ => format!("{queued} jobs started"),
        };
        let first = batches.first();
        Self {
            execution_arn: batches.iter().find_map(|it| it.execution_arn.clone()),
            batch_id: first.map(|first| first.batch_id.clone()),
            queued,
            skipped,
            batches,
            ..Self::new(200, message)
        }
    }
}
