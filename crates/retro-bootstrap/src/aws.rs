//! Stores on AWS.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::Arc;

pub use retro_aws::AwsClients;
use retro_aws::{AwsSettings, DynamoJobStore, S3ArtifactStore, S3Objects, UploadLimits, Writer};
use retro_domain::Clock;
use retro_store::StoreError;

use crate::Failure;
use crate::config::AwsConfig;

/// Where things are on AWS. What is `None` is left to the standard chain of the AWS SDK.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AwsPlace {
    /// The table of jobs.
    pub table: String,
    /// The bucket of logs and results.
    pub bucket: String,
    /// What the keys of logs and results in the bucket begin with.
    pub prefix: String,
    /// The region.
    pub region: Option<String>,
    /// The profile in the shared configuration files.
    pub profile: Option<String>,
    /// The address of something that stands for AWS.
    pub endpoint: Option<String>,
}

impl AwsPlace {
    /// The place that the settings name.
    ///
    /// # Errors
    ///
    /// When they name no table or no bucket.
    pub fn new(config: &AwsConfig) -> Result<Self, Failure> {
        let [table, bucket] = needed([
            (&config.table, "aws.table", "--table"),
            (&config.bucket, "aws.bucket", "--bucket"),
        ])?;
        Ok(Self {
            table,
            bucket,
            prefix: config.prefix.clone(),
            region: config.region.clone(),
            profile: config.profile.clone(),
            endpoint: config.endpoint.clone(),
        })
    }
}

/// Settings that looking back on AWS cannot do without, each with its key and its flag.
///
/// # Errors
///
/// When one of them is not set: all such are named.
pub fn needed<const N: usize>(
    settings: [(&Option<String>, &str, &str); N],
) -> Result<[String; N], Failure> {
    let missing: Vec<_> = settings.iter().filter(|(it, ..)| it.is_none()).collect();
    if missing.is_empty() {
        return Ok(settings.map(|(value, ..)| value.clone().unwrap_or_default()));
    }
    let keys: Vec<&str> = missing.iter().map(|(_, key, _)| *key).collect();
    let flags: Vec<&str> = missing.iter().map(|(.., flag)| *flag).collect();
    let (are, needs) = match keys.len() {
        1 => ("is", "it"),
        _ => ("are", "them"),
    };
    Err(Failure::usage(format!(
        "{} {are} not set, and looking back on AWS needs {needs}",
        keys.join(", ")
    ))
    .with_hint(format!(
        "give {}, or set {needs} in retro.toml; docs/aws.md says how to get {needs}",
        flags.join(", ")
    )))
}

/// Stores over one table and one bucket.
#[derive(Clone, Debug)]
pub struct AwsStores {
    /// What they are made of.
    pub clients: AwsClients,
    /// Jobs and runs.
    pub jobs: Arc<DynamoJobStore>,
    /// Artifacts.
    pub artifacts: Arc<S3ArtifactStore>,
    /// Plans and lists of jobs, at the top of the bucket.
    pub objects: Arc<S3Objects>,
}

impl AwsStores {
    /// The stores at a place. Nothing is asked yet; credentials are looked for by the first call.
    ///
    /// # Errors
    ///
    /// [`StoreError::Backend`] when nothing says which region.
    pub async fn open(place: &AwsPlace, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let settings = AwsSettings {
            region: place.region.clone(),
            profile: place.profile.clone(),
            // What stands for AWS rarely has a host name for each bucket.
            path_style: place.endpoint.is_some(),
            endpoint: place.endpoint.clone(),
            ..AwsSettings::default()
        };
        let clients = AwsClients::load(&settings).await?;
        let (bucket, prefix) = (&place.bucket, &place.prefix);
        let beside = S3Objects::new(&clients, bucket, prefix, writer());
        let jobs = DynamoJobStore::new(&clients, &place.table, beside, writer(), clock);
        let limits = UploadLimits::default();
        let artifacts = S3ArtifactStore::new(&clients, bucket, prefix, limits, writer());
        Ok(Self {
            jobs: Arc::new(jobs),
            artifacts: Arc::new(artifacts),
            objects: Arc::new(S3Objects::new(&clients, bucket, "", writer())),
            clients,
        })
    }

    /// The objects of any bucket, by their whole keys.
    pub fn objects_of(&self, bucket: &str) -> S3Objects {
        S3Objects::new(&self.clients, bucket, "", writer())
    }
}

fn writer() -> Writer {
    Writer::new(format!("{:016x}", random()))
}

/// 64 bits that nobody foresees: the keys of hash tables are seeded by the system.
pub fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
