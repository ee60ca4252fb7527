//! What a caller says about AWS.

use std::fmt;
use std::time::Duration;

/// How AWS is reached. What is `None` is left to the standard chain of the AWS SDK: environment
/// variables such as `AWS_REGION`, `AWS_PROFILE` and `AWS_ENDPOINT_URL`, the shared configuration
/// files, the metadata of a container or an instance. That chain, and the look for certificates, are
/// the two places of this crate that read the environment; a program that wants none of it gives
/// region, endpoint, credentials and certificates itself.
#[derive(Clone, Debug, Default)]
pub struct AwsSettings {
    /// The region, such as `eu-central-1`.
    pub region: Option<String>,
    /// The profile of the shared configuration files. One that is named here goes before credentials in
    /// the environment.
    pub profile: Option<String>,
    /// The address of something that stands for AWS, such as `http://127.0.0.1:5000`.
    pub endpoint: Option<String>,
    /// Whether buckets are part of the path and not of the host name: most stand-ins want that.
    pub path_style: bool,
    /// How long anything may take.
    pub timeouts: AwsTimeouts,
    /// How failures are retried.
    pub retries: AwsRetries,
    /// Credentials in place of those that the chain finds.
    pub credentials: Option<AwsCredentials>,
    /// Certificates (PEM) to trust in place of [`trusted_certificates`](crate::trusted_certificates).
    pub trusted_certificates: Option<Vec<u8>>,
}

/// How long each part of a call may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AwsTimeouts {
    /// Until a connection stands.
    pub connect: Duration,
    /// Until the first byte of an answer.
    pub read: Duration,
    /// One attempt at a call.
    pub attempt: Duration,
    /// A call with all its attempts.
    pub operation: Duration,
}

impl Default for AwsTimeouts {
    /// 5 s to connect, 30 s to an answer, 60 s for an attempt, 10 minutes in all.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            read: Duration::from_secs(30),
            attempt: Duration::from_secs(60),
            operation: Duration::from_secs(600),
        }
    }
}

/// How failed attempts are repeated: the waits double from the first to the longest, with jitter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AwsRetries {
    /// Attempts in all.
    pub attempts: u32,
    /// The wait after the first failed attempt is at most this long.
    pub first_wait: Duration,
    /// No wait is longer.
    pub longest_wait: Duration,
}

impl Default for AwsRetries {
    /// 10 attempts, waits of at most 0.2 s to 20 s.
    fn default() -> Self {
        Self {
            attempts: 10,
            first_wait: Duration::from_millis(200),
            longest_wait: Duration::from_secs(20),
        }
    }
}

/// An access key. Its secret parts do not show in `Debug`.
#[derive(Clone)]
pub struct AwsCredentials {
    /// The id of the access key.
    pub access_key: String,
    /// The secret of the access key.
    pub secret_key: String,
    /// The token of temporary credentials.
    pub session_token: Option<String>,
}

impl fmt::Debug for AwsCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsCredentials")
            .field("access_key", &self.access_key)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_do_not_show() {
        let credentials = AwsCredentials {
            access_key: "AKIDEXAMPLE".to_owned(),
            secret_key: "very secret".to_owned(),
            session_token: Some("secret too".to_owned()),
        };
        let settings = AwsSettings {
            credentials: Some(credentials),
            ..AwsSettings::default()
        };
        assert!(!format!("{settings:?}").contains("secret too"));
        assert!(!format!("{settings:?}").contains("very secret"));
    }
}
