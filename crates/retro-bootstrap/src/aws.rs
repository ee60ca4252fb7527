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
    /// When they name no table or no bucket, or what they name can be none.
    pub fn new(config: &AwsConfig) -> Result<Self, Failure> {
        let [table, bucket] = needed([
            (&config.table, "aws.table", "--table"),
            (&config.bucket, "aws.bucket", "--bucket"),
        ])?;
        let wrong = |key: &str, value: &str, why: &str| {
            Err(Failure::usage(format!("{key} is {value:?}, which {why}")))
        };
        if let Err(why) = check_prefix(&config.prefix) {
            return wrong("aws.prefix", &config.prefix, why);
        }
        if let Some(Err(why)) = config.endpoint.as_deref().map(check_endpoint) {
            let value = config.endpoint.as_deref().unwrap_or_default();
            return wrong("aws.endpoint", value, why);
        }
        if let Some(Err(why)) = config.region.as_deref().map(check_region) {
            let value = config.region.as_deref().unwrap_or_default();
            return wrong("aws.region", value, why);
        }
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

/// Whether a text can be the address of something that stands for AWS.
///
/// # Errors
///
/// What is wrong with it, to be read behind "which".
pub fn check_endpoint(text: &str) -> Result<(), &'static str> {
    const NONE: &str = "is no address such as http://127.0.0.1:5000";
    let lower = text.to_ascii_lowercase();
    let rest = lower.strip_prefix("http://");
    let rest = rest
        .or_else(|| lower.strip_prefix("https://"))
        .ok_or(NONE)?;
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(NONE);
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (host, port) = match authority.strip_prefix('[') {
        Some(inner) => {
            let (host, port) = inner.split_once(']').ok_or(NONE)?;
            let is_ipv6 = host.parse::<std::net::Ipv6Addr>().is_ok();
            (if is_ipv6 { host } else { "" }, port)
        }
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let is_host = |c: char| c.is_ascii_alphanumeric() || "-._:".contains(c);
    let is_port = match port.strip_prefix(':') {
        Some(number) => number.parse::<u16>().is_ok(),
        None => port.is_empty(),
    };
    match !host.is_empty() && host.chars().all(is_host) && is_port {
        true => Ok(()),
        false => Err(NONE),
    }
}

/// Whether a text can be the name of a region.
///
/// # Errors
///
/// What is wrong with it, to be read behind "which".
pub fn check_region(text: &str) -> Result<(), &'static str> {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let is_name = text.starts_with(|c: char| c.is_ascii_lowercase()) && text.len() < 64;
    match is_name && text.chars().all(is_plain) {
        true => Ok(()),
        false => Err("is no region such as eu-central-1"),
    }
}

/// Whether keys of logs and results can begin with this text and a `/`.
///
/// # Errors
///
/// What is wrong with it, to be read behind "which".
pub fn check_prefix(text: &str) -> Result<(), &'static str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let is_part = |part: &str| !part.is_empty() && part.chars().all(is_plain);
    if !text.split('/').all(is_part) {
        return Err(
            "is no folder such as results or team/results: letters, digits, -, _ and . \
                    between slashes",
        );
    }
    match matches!(text.split('/').next(), Some("plans" | "batches")) {
        true => Err("is where plans and lists of jobs are"),
        false => Ok(()),
    }
}

/// The https address that most likely leads where an ssh address does; `None` when the address is none
/// of ssh. Nothing connects by ssh on AWS.
pub fn https_in_place_of_ssh(address: &str) -> Option<String> {
    let (host, path) = match address.split_once("://") {
        Some((scheme, rest)) => {
            let scheme = scheme.to_ascii_lowercase();
            if !matches!(scheme.as_str(), "ssh" | "git+ssh" | "ssh+git") {
                return None;
            }
            let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
            let host = authority.rsplit('@').next().unwrap_or(authority);
            // The port is that of ssh.
            let end = match host.starts_with('[') {
                true => host.find(']').map(|at| at + 1),
                false => host.find(':'),
            };
            (&host[..end.unwrap_or(host.len())], path)
        }
        // As git reads it: a path has a slash before its first colon.
        None => {
            let (before, path) = address.split_once(':')?;
            if before.contains('/') || before.is_empty() {
                return None;
            }
            (before.rsplit('@').next().unwrap_or(before), path)
        }
    };
    Some(format!("https://{host}/{}", path.trim_start_matches('/')))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_for_aws_has_an_address() {
        for good in [
            "http://127.0.0.1:5000",
            "https://example.com",
            "http://localhost:4566/",
            "HTTP://[::1]:8000/base",
            "https://vpce-1.s3.eu-central-1.vpce.amazonaws.com",
        ] {
            assert_eq!(check_endpoint(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "localhost:5000",
            "127.0.0.1:5000",
            "ftp://example.com",
            "http://",
            "http://:5000",
            "http://a:port",
            "http://a:65536",
            "http://a b",
            "http://[::1",
            "http://[zz]:1",
            "http://user:pass@host",
        ] {
            assert!(check_endpoint(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn regions_and_prefixes_are_plain_words() {
        assert_eq!(check_region("eu-central-1"), Ok(()));
        for bad in ["", "EU", "eu central", "eu.central", "-eu"] {
            assert!(check_region(bad).is_err(), "{bad}");
        }
        for good in ["results", "team/results", "a-b_c.d"] {
            assert_eq!(check_prefix(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "/results",
            "results/",
            "a//b",
            "a b",
            "a*",
            "plans",
            "batches/x",
        ] {
            assert!(check_prefix(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_ssh_address_has_a_sister_of_https() {
        for (ssh, https) in [
            ("git@example.com:o/r.git", "https://example.com/o/r.git"),
            ("example.com:/o/r", "https://example.com/o/r"),
            ("ssh://git@example.com:2222/o/r", "https://example.com/o/r"),
            ("git+ssh://u:p@[::1]:22/o/r", "https://[::1]/o/r"),
        ] {
            assert_eq!(https_in_place_of_ssh(ssh).as_deref(), Some(https), "{ssh}");
        }
        for other in [
            "https://example.com/o/r",
            "file:///o/r",
            "/o/r",
            "./a:b/r",
            "o/r",
        ] {
            assert_eq!(https_in_place_of_ssh(other), None, "{other}");
        }
    }
}
