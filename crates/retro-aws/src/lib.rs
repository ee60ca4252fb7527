//! git-retro on AWS: jobs, runs and events in DynamoDB, artifacts in S3, the fan-out on Step
//! Functions, task messages in SQS, secrets in Secrets Manager.
//!
//! Nothing else in the workspace names the AWS SDK, and nothing of the SDK shows in what is public
//! here: [`AwsSettings`] come in, [`AwsClients`] are made of them, and each store is made of those.
//! There is a feature for each service, so that a program pulls in no more than it needs.

mod certificates;
mod clients;
mod settings;
mod writer;

#[cfg(any(
    feature = "dynamodb",
    feature = "s3",
    feature = "secrets",
    feature = "sfn",
    feature = "sqs"
))]
mod fault;
#[cfg(feature = "s3")]
mod pace;

#[cfg(feature = "dynamodb")]
mod dynamo;
#[cfg(feature = "sfn")]
mod engine;
#[cfg(feature = "sqs")]
mod queue;
#[cfg(feature = "s3")]
mod s3;
#[cfg(feature = "secrets")]
mod secrets;

pub use certificates::trusted_certificates;
pub use clients::AwsClients;
#[cfg(feature = "dynamodb")]
pub use dynamo::{BatchJob, BatchPages, DynamoEventLog, DynamoJobStore, StatusCounts};
#[cfg(feature = "sfn")]
pub use engine::StepFunctionsEngine;
#[cfg(feature = "sqs")]
pub use queue::SqsTaskQueue;
#[cfg(feature = "s3")]
pub use s3::{S3ArtifactStore, S3FolderSync, S3Objects, UploadLimits, artifact_prefix};
#[cfg(feature = "secrets")]
pub use secrets::SecretsManager;
pub use settings::{AwsCredentials, AwsRetries, AwsSettings, AwsTimeouts};
pub use writer::Writer;
