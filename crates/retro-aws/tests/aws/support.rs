//! Servers, tables and buckets for one test.

use std::sync::Arc;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType,
};
use retro_aws::{
    AwsClients, AwsCredentials, AwsRetries, AwsSettings, DynamoEventLog, DynamoJobStore,
    S3ArtifactStore, S3Objects, UploadLimits, Writer,
};
use retro_domain::{Clock, Timestamp};
use retro_testing::{ACCESS_KEY, SECRET_KEY, SharedServer};

/// Settings that leave nothing to the environment.
pub(crate) fn settings(endpoint: &str) -> AwsSettings {
    AwsSettings {
        region: Some("us-east-1".to_owned()),
        endpoint: Some(endpoint.to_owned()),
        path_style: true,
        retries: AwsRetries {
            attempts: 4,
            first_wait: Duration::from_millis(5),
            longest_wait: Duration::from_millis(50),
        },
        credentials: Some(AwsCredentials {
            access_key: ACCESS_KEY.to_owned(),
            secret_key: SECRET_KEY.to_owned(),
            session_token: None,
        }),
        ..AwsSettings::default()
    }
}

pub(crate) async fn clients(endpoint: &str) -> AwsClients {
    AwsClients::load(&settings(endpoint)).await.unwrap()
}

pub(crate) fn writer() -> Writer {
    Writer::new(SharedServer::unique("writer"))
}

pub(crate) fn clock() -> Arc<dyn Clock> {
    Arc::new(|| Timestamp::from_unix_millis(1_700_000_000_000))
}

/// Parts as small as S3 takes them.
pub(crate) fn small_parts() -> UploadLimits {
    UploadLimits {
        part_size: 5 << 20,
        parts_in_flight: 3,
        ..UploadLimits::default()
    }
}

/// The SDK's own configuration, for what the adapters are not to do.
pub(crate) fn raw(endpoint: &str) -> SdkConfig {
    let credentials = Credentials::new(ACCESS_KEY, SECRET_KEY, None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .region(Region::new("us-east-1"))
        .endpoint_url(endpoint)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build()
}

pub(crate) fn raw_s3(endpoint: &str) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::config::Builder::from(&raw(endpoint)).force_path_style(true);
    aws_sdk_s3::Client::from_conf(config.build())
}

pub(crate) fn raw_dynamodb(endpoint: &str) -> aws_sdk_dynamodb::Client {
    aws_sdk_dynamodb::Client::new(&raw(endpoint))
}

/// A new bucket of a server.
pub(crate) async fn make_bucket(endpoint: &str) -> String {
    let name = SharedServer::unique("bucket");
    let create = raw_s3(endpoint).create_bucket().bucket(&name);
    create.send().await.unwrap();
    name
}

/// A new table of a server, as the stack has it.
pub(crate) async fn make_table(endpoint: &str) -> String {
    let name = SharedServer::unique("table");
    let attribute = |name: &str| {
        AttributeDefinition::builder()
            .attribute_name(name)
            .attribute_type(ScalarAttributeType::S)
            .build()
            .unwrap()
    };
    let key = |name: &str, kind: KeyType| {
        KeySchemaElement::builder()
            .attribute_name(name)
            .key_type(kind)
            .build()
            .unwrap()
    };
    let all = Projection::builder()
        .projection_type(ProjectionType::All)
        .build();
    let index = GlobalSecondaryIndex::builder()
        .index_name("batch_status")
        .key_schema(key("batch_id", KeyType::Hash))
        .key_schema(key("status", KeyType::Range))
        .projection(all)
        .build()
        .unwrap();
    let client = raw_dynamodb(endpoint);
    let mut create = client
        .create_table()
        .table_name(&name)
        .billing_mode(BillingMode::PayPerRequest)
        .key_schema(key("repo_id", KeyType::Hash))
        .key_schema(key("commit_suite", KeyType::Range))
        .global_secondary_indexes(index);
    for name in ["repo_id", "commit_suite", "batch_id", "status"] {
        create = create.attribute_definitions(attribute(name));
    }
    create.send().await.unwrap();
    let deadline = std::time::Instant::now() + Duration::from_secs(30);
    loop {
        let described = client
            .describe_table()
            .table_name(&name)
            .send()
            .await
            .unwrap();
        let status = described.table.and_then(|table| table.table_status);
        if status.is_some_and(|status| status.as_str() == "ACTIVE") {
            return name;
        }
        assert!(
            std::time::Instant::now() < deadline,
            "the table is not active"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Which server the table is on.
#[derive(Clone, Copy)]
pub(crate) enum Dynamo {
    Moto,
    Dynalite,
}

/// A table, and a bucket for what is too large for it.
pub(crate) struct Place {
    pub(crate) table: String,
    pub(crate) bucket: String,
    pub(crate) dynamodb: AwsClients,
    pub(crate) objects: S3Objects,
    pub(crate) dynamodb_endpoint: String,
    _servers: Vec<SharedServer>,
}

impl Place {
    pub(crate) async fn new(dynamo: Dynamo) -> Self {
        let moto = SharedServer::moto();
        let s3_endpoint = moto.endpoint();
        let mut servers = vec![moto];
        let dynamodb_endpoint = match dynamo {
            Dynamo::Moto => s3_endpoint.clone(),
            Dynamo::Dynalite => {
                let dynalite = SharedServer::dynalite();
                let endpoint = dynalite.endpoint();
                servers.push(dynalite);
                endpoint
            }
        };
        let bucket = make_bucket(&s3_endpoint).await;
        let objects = S3Objects::new(&clients(&s3_endpoint).await, &bucket, "pre/fix", writer());
        Self {
            table: make_table(&dynamodb_endpoint).await,
            bucket,
            dynamodb: clients(&dynamodb_endpoint).await,
            objects,
            dynamodb_endpoint,
            _servers: servers,
        }
    }

    pub(crate) fn jobs(&self) -> DynamoJobStore {
        self.jobs_through(&self.dynamodb)
    }

    pub(crate) fn jobs_through(&self, clients: &AwsClients) -> DynamoJobStore {
        DynamoJobStore::new(
            clients,
            &self.table,
            self.objects.clone(),
            writer(),
            clock(),
        )
    }

    pub(crate) fn events_through(&self, clients: &AwsClients) -> DynamoEventLog {
        DynamoEventLog::new(
            clients,
            &self.table,
            self.objects.clone(),
            writer(),
            clock(),
        )
    }

    pub(crate) fn events(&self) -> DynamoEventLog {
        self.events_through(&self.dynamodb)
    }
}

/// A bucket of a server.
pub(crate) struct Bucket {
    pub(crate) name: String,
    pub(crate) endpoint: String,
    pub(crate) clients: AwsClients,
    _server: Box<dyn Send + Sync>,
}

impl Bucket {
    pub(crate) async fn on_moto() -> Self {
        let moto = SharedServer::moto();
        let endpoint = moto.endpoint();
        Self {
            name: make_bucket(&endpoint).await,
            clients: clients(&endpoint).await,
            endpoint,
            _server: Box::new(moto),
        }
    }

    /// On a server that checks checksums.
    pub(crate) async fn on_s3s() -> Self {
        let server = std::thread::spawn(retro_testing::S3Folder::start)
            .join()
            .unwrap();
        let endpoint = server.endpoint();
        let name = SharedServer::unique("bucket");
        server.make_bucket(&name);
        Self {
            name,
            clients: clients(&endpoint).await,
            endpoint,
            _server: Box::new(server),
        }
    }

    pub(crate) fn artifacts(&self) -> S3ArtifactStore {
        self.artifacts_through(&self.clients)
    }

    pub(crate) fn artifacts_through(&self, clients: &AwsClients) -> S3ArtifactStore {
        S3ArtifactStore::new(clients, &self.name, "pre/fix", small_parts(), writer())
    }
}
