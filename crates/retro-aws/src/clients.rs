//! One way to make every client.

use std::error::Error as _;

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_smithy_http_client::{Builder, tls};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use retro_store::StoreError;

use crate::certificates;
use crate::settings::{AwsCredentials, AwsSettings};

/// What the stores of this crate are made of: one configuration, one pool of connections.
#[derive(Clone, Debug)]
pub struct AwsClients {
    #[cfg_attr(
        not(any(
            feature = "dynamodb",
            feature = "s3",
            feature = "secrets",
            feature = "sfn",
            feature = "sqs"
        )),
        expect(dead_code, reason = "there is nothing to make")
    )]
    config: SdkConfig,
    #[cfg_attr(
        not(feature = "s3"),
        expect(dead_code, reason = "S3 alone has path style")
    )]
    path_style: bool,
}

impl AwsClients {
    /// Reads what the settings leave to the standard chain, once. Credentials are looked for when
    /// the first call needs them.
    ///
    /// # Errors
    ///
    /// [`StoreError::Backend`] when nothing says which region, or the certificates cannot be used.
    pub async fn load(settings: &AwsSettings) -> Result<Self, StoreError> {
        let timeouts = settings.timeouts;
        let retries = settings.retries;
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .http_client(http_client(settings)?)
            .retry_config(
                RetryConfig::adaptive()
                    .with_max_attempts(retries.attempts.max(1))
                    .with_initial_backoff(retries.first_wait)
                    .with_max_backoff(retries.longest_wait),
            )
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(timeouts.connect)
                    .read_timeout(timeouts.read)
                    .operation_attempt_timeout(timeouts.attempt)
                    .operation_timeout(timeouts.operation)
                    .build(),
            );
        if let Some(region) = &settings.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(profile) = &settings.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(endpoint) = &settings.endpoint {
            loader = loader.endpoint_url(endpoint);
        }
        if let Some(given) = &settings.credentials {
            loader = loader.credentials_provider(aws_credentials(given));
        }
        let mut config = loader.load().await;
        if let (Some(profile), None) = (&settings.profile, &settings.credentials) {
            // The SDK would look for credentials in the environment first.
            let provider = NamedProfile::new(profile, &config);
            let provider = SharedCredentialsProvider::new(provider);
            let builder = config.into_builder();
            config = builder.credentials_provider(provider).build();
        }
        if config.region().is_none() {
            let why = match &settings.profile {
                Some(profile) => format!(
                    "no region is set, and the shared configuration files of AWS have none for a \
                     profile {profile:?}: give one, or set AWS_REGION, or check the profile's name"
                ),
                None => {
                    "no region is set: give one, or set AWS_REGION, or name a profile that has one"
                        .to_owned()
                }
            };
            return Err(StoreError::backend("connecting to AWS", why));
        }
        Ok(Self {
            config,
            path_style: settings.path_style,
        })
    }

    #[cfg(feature = "dynamodb")]
    pub(crate) fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::new(&self.config)
    }

    #[cfg(feature = "s3")]
    pub(crate) fn s3(&self) -> aws_sdk_s3::Client {
        let config = aws_sdk_s3::config::Builder::from(&self.config)
            .force_path_style(self.path_style)
            .build();
        aws_sdk_s3::Client::from_conf(config)
    }

    #[cfg(feature = "sfn")]
    pub(crate) fn sfn(&self) -> aws_sdk_sfn::Client {
        aws_sdk_sfn::Client::new(&self.config)
    }

    #[cfg(feature = "sqs")]
    pub(crate) fn sqs(&self) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&self.config)
    }

    #[cfg(feature = "secrets")]
    pub(crate) fn secrets(&self) -> aws_sdk_secretsmanager::Client {
        aws_sdk_secretsmanager::Client::new(&self.config)
    }
}

fn aws_credentials(given: &AwsCredentials) -> Credentials {
    Credentials::new(
        &given.access_key,
        &given.secret_key,
        given.session_token.clone(),
        None,
        "settings",
    )
}

/// The credentials of a profile that was named, and of nothing else.
#[derive(Debug)]
struct NamedProfile {
    name: String,
    inner: ProfileFileCredentialsProvider,
}

impl NamedProfile {
    fn new(name: &str, config: &SdkConfig) -> Self {
        let mut around = ProviderConfig::without_region().with_region(config.region().cloned());
        if let Some(client) = config.http_client() {
            around = around.with_http_client(client);
        }
        Self {
            name: name.to_owned(),
            inner: ProfileFileCredentialsProvider::builder()
                .configure(&around)
                .profile_name(name)
                .build(),
        }
    }
}

impl ProvideCredentials for NamedProfile {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            self.inner.provide_credentials().await.map_err(|error| {
                let why = match error.source() {
                    Some(source) => source.to_string(),
                    None => "they have none of that name, or none for it".to_owned(),
                };
                CredentialsError::not_loaded(format!(
                    "the profile {:?} of the shared configuration files gives no credentials: {why}",
                    self.name
                ))
            })
        })
    }
}

/// A client on rustls and ring, or one without TLS when the endpoint is plain http.
fn http_client(settings: &AwsSettings) -> Result<SharedHttpClient, StoreError> {
    let plain = |endpoint: &String| endpoint.starts_with("http://");
    if settings.endpoint.as_ref().is_some_and(plain) {
        return Ok(Builder::new().build_http());
    }
    let trusted = match &settings.trusted_certificates {
        Some(given) => {
            certificates::check(given)?;
            given.clone()
        }
        None => certificates::trusted_certificates()?,
    };
    let failed = |why: String| StoreError::backend("reading the certificates to trust", why);
    let context = tls::TlsContext::builder()
        .with_trust_store(tls::TrustStore::empty().with_pem_certificate(trusted))
        .build()
        .map_err(|error| failed(error.to_string()))?;
    let ring = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
    let builder = Builder::new().tls_provider(ring).tls_context(context);
    Ok(builder.build_https())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_profile_that_is_not_there_is_named() {
        let settings = AwsSettings {
            region: Some("us-east-1".to_owned()),
            profile: Some("no such profile".to_owned()),
            endpoint: Some("http://127.0.0.1:1".to_owned()),
            ..AwsSettings::default()
        };
        let clients = AwsClients::load(&settings).await.unwrap();
        let provider = clients.config.credentials_provider().unwrap();
        let error = provider.provide_credentials().await.unwrap_err();
        let why = error.source().map(ToString::to_string).unwrap_or_default();
        assert!(why.contains("no such profile"), "{why}");
    }
}
