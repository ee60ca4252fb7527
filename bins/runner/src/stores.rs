//! Table and bucket.

use std::ffi::OsStr;
use std::sync::Arc;

use retro_aws::{
    AwsClients, AwsSettings, DynamoJobStore, S3ArtifactStore, S3Objects, UploadLimits, Writer,
};
use retro_domain::Clock;
use retro_store::StoreError;

use crate::config::{Config, Environment, KnownJob};
use crate::pace::random;

/// What a runner reads and writes.
pub(crate) struct Stores {
    pub(crate) clients: AwsClients,
    pub(crate) jobs: DynamoJobStore,
    pub(crate) artifacts: S3ArtifactStore,
}

impl Stores {
    pub(crate) async fn open(config: &Config, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let clients = clients(config.region.clone(), config.endpoint.clone()).await?;
        let writer = writer();
        let (bucket, prefix) = (&config.bucket, &config.prefix);
        let objects = S3Objects::new(&clients, bucket, prefix, writer.clone());
        let jobs = DynamoJobStore::new(&clients, &config.table, objects, writer.clone(), clock);
        let limits = UploadLimits::default();
        let artifacts = S3ArtifactStore::new(&clients, bucket, prefix, limits, writer);
        Ok(Self {
            clients,
            jobs,
            artifacts,
        })
    }

    /// The jobs alone, for a configuration that is wrong otherwise.
    pub(crate) async fn jobs_of(
        known: &KnownJob,
        environment: &Environment,
        clock: Arc<dyn Clock>,
    ) -> Result<DynamoJobStore, StoreError> {
        let text = |name: &str| {
            let value = environment.get(OsStr::new(name))?.to_str()?;
            (!value.is_empty()).then(|| value.to_owned())
        };
        let clients = clients(text("AWS_REGION"), text("AWS_ENDPOINT_URL")).await?;
        let objects = S3Objects::new(&clients, &known.bucket, "", writer());
        Ok(DynamoJobStore::new(
            &clients,
            &known.table,
            objects,
            writer(),
            clock,
        ))
    }
}

/// The objects of a bucket, by their whole keys.
pub(crate) fn bucket_objects(clients: &AwsClients, bucket: &str) -> S3Objects {
    S3Objects::new(clients, bucket, "", writer())
}

async fn clients(
    region: Option<String>,
    endpoint: Option<String>,
) -> Result<AwsClients, StoreError> {
    let settings = AwsSettings {
        region,
        // What stands for AWS rarely has a host name for each bucket.
        path_style: endpoint.is_some(),
        endpoint,
        ..AwsSettings::default()
    };
    AwsClients::load(&settings).await
}

fn writer() -> Writer {
    Writer::new(format!("runner-{:016x}", random()))
}
