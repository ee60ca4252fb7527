//! Stores on AWS.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::Arc;

pub use retro_aws::AwsClients;
use retro_aws::{AwsSettings, DynamoJobStore, S3ArtifactStore, S3Objects, UploadLimits, Writer};
use retro_domain::Clock;
use retro_store::StoreError;

use crate::Failure;
use crate::config::{AwsConfig, Extra, Settings, SlotSettings};

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
    /// When they name no table or no bucket, or what they name can be none: all of it is told.
    pub fn new(config: &AwsConfig) -> Result<Self, Failure> {
        let [table, bucket] = needed(
            config,
            [
                (&config.table, "aws.table", "--table"),
                (&config.bucket, "aws.bucket", "--bucket"),
            ],
        )?;
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

/// Looks at the names and addresses that settings have of AWS; one that is not set is not wrong.
///
/// # Errors
///
/// When some of them can be none: all such are named.
pub fn check_names(config: &AwsConfig) -> Result<(), Failure> {
    let wrong = wrong_names(config);
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(Failure::usage(wrong.join("; "))),
    }
}

type Check = fn(&str) -> Result<(), &'static str>;

fn wrong_names(config: &AwsConfig) -> Vec<String> {
    let texts: [(&str, Option<&str>, Check); 5] = [
        ("aws.table", config.table.as_deref(), check_table),
        ("aws.bucket", config.bucket.as_deref(), check_bucket),
        ("aws.prefix", Some(&config.prefix), check_prefix),
        ("aws.endpoint", config.endpoint.as_deref(), check_endpoint),
        ("aws.region", config.region.as_deref(), check_region),
    ];
    let fault = |(key, text, check): (&str, Option<&str>, Check)| {
        let text = text?;
        let why = check(text).err()?;
        Some(format!("{key} is {text:?}, which {why}"))
    };
    texts.into_iter().filter_map(fault).collect()
}

/// Whether a text can be the name of a table, or its ARN.
///
/// # Errors
///
/// What is wrong with it, to be read behind "which".
pub fn check_table(text: &str) -> Result<(), &'static str> {
    match is_arn(text, "dynamodb") || is_name(text) {
        true => Ok(()),
        false => Err("is no name of a table: 3 to 255 letters, digits, _, - and ., or an ARN"),
    }
}

/// Whether a text can be the name of a bucket, or an ARN that stands for one.
///
/// # Errors
///
/// What is wrong with it, to be read behind "which".
pub fn check_bucket(text: &str) -> Result<(), &'static str> {
    match is_arn(text, "s3") || is_name(text) {
        true => Ok(()),
        false => Err("is no name of a bucket: 3 to 255 letters, digits, ., _ and -, or an ARN"),
    }
}

/// As long as a name may be, of the characters that names are made of.
fn is_name(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    (3..=255).contains(&text.len()) && text.chars().all(is_plain)
}

/// `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`; services such as `s3-outposts` belong to theirs.
fn is_arn(text: &str, service: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let is_plain = |c: char| c.is_ascii_graphic();
    matches!(parts.as_slice(), ["arn", partition, of, _, _, resource]
        if !partition.is_empty() && of.starts_with(service) && !resource.is_empty())
        && text.chars().all(is_plain)
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
    let is_part = |part: &str| !matches!(part, "" | "." | "..") && part.chars().all(is_plain);
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

/// How many bytes of each output stream runners keep.
pub fn log_cap(settings: &Settings) -> u64 {
    settings.log_cap.unwrap_or(u64::MAX)
}

/// Refuses settings that runners cannot follow, before anything is stored.
///
/// # Errors
///
/// When submodules or files in Git LFS are to be checked out: a runner fetches one commit of one
/// repository, and slots take both from a clone that has them.
pub fn check_slots(settings: &SlotSettings) -> Result<(), Failure> {
    let wanted: Vec<&str> = [
        ("slots.submodules", settings.submodules),
        ("slots.lfs", settings.lfs),
    ]
    .into_iter()
    .filter(|(_, extra)| *extra == Extra::Checkout)
    .map(|(key, _)| key)
    .collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let (are, what) = match wanted.len() {
        1 => ("is", wanted[0].to_owned()),
        _ => ("are", wanted.join(" and ")),
    };
    Err(Failure::usage(format!(
        "{what} {are} \"checkout\", and a runner on AWS fetches neither submodules nor files in Git LFS"
    ))
    .with_hint(
        "run such commits on this machine, or let the suite's build command fetch them \
         and set \"skip\"; see docs/aws.md",
    ))
}

/// Settings that looking back on AWS cannot do without, each with its key and its flag.
///
/// # Errors
///
/// When one of them is not set, or a name can be none: all such are named.
pub fn needed<const N: usize>(
    config: &AwsConfig,
    settings: [(&Option<String>, &str, &str); N],
) -> Result<[String; N], Failure> {
    let missing: Vec<_> = settings.iter().filter(|(it, ..)| it.is_none()).collect();
    if missing.is_empty() {
        check_names(config)?;
        return Ok(settings.map(|(value, ..)| value.clone().unwrap_or_default()));
    }
    let keys: Vec<&str> = missing.iter().map(|(_, key, _)| *key).collect();
    let flags: Vec<&str> = missing.iter().map(|(.., flag)| *flag).collect();
    let (are, needs) = match keys.len() {
        1 => ("is", "it"),
        _ => ("are", "them"),
    };
    let mut faults = vec![format!(
        "{} {are} not set, and looking back on AWS needs {needs}",
        keys.join(", ")
    )];
    faults.extend(wrong_names(config));
    Err(Failure::usage(faults.join("; ")).with_hint(format!(
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
    use crate::{ConfigInputs, ExitCode, FlagLayer, load};

    fn settings_of(flags: FlagLayer) -> Settings {
        let inputs = ConfigInputs {
            user_file: None,
            repo_root: None,
            config_file: None,
            env: &std::collections::BTreeMap::new(),
            flags,
        };
        load(&inputs).unwrap().settings
    }

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
            "..",
            "a/../plans",
            "./results",
            "a/.",
            "!overflow",
        ] {
            assert!(check_prefix(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn tables_and_buckets_have_names_or_arns() {
        let dots = "a".repeat(255);
        for good in ["jobs", "a.b-c_D", "abc", &dots] {
            assert_eq!(check_table(good), Ok(()), "{good}");
            assert_eq!(check_bucket(good), Ok(()), "{good}");
        }
        let table = "arn:aws:dynamodb:eu-central-1:123456789012:table/jobs";
        let point = "arn:aws:s3:eu-central-1:123456789012:accesspoint/results";
        assert_eq!((check_table(table), check_bucket(point)), (Ok(()), Ok(())));
        assert!(check_table(point).is_err() && check_bucket(table).is_err());
        let long = "a".repeat(256);
        for bad in [
            "",
            "ab",
            "my table",
            "a/b",
            "s3://b",
            "arn:aws:s3",
            "jöbs",
            &long,
        ] {
            assert!(check_table(bad).is_err(), "{bad}");
            assert!(check_bucket(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn all_that_is_missing_or_wrong_is_named_at_once() {
        let mut config = settings_of(FlagLayer::default()).aws;
        assert_eq!(check_names(&config), Ok(()));
        config.bucket = Some("my bucket".to_owned());
        config.prefix = "../x".to_owned();
        let said = AwsPlace::new(&config).unwrap_err().message;
        for part in ["aws.table is not set", "aws.bucket is", "aws.prefix is"] {
            assert!(said.contains(part), "{said}");
        }
    }

    #[test]
    fn what_runners_cannot_check_out_is_refused() {
        assert_eq!(
            check_slots(&settings_of(FlagLayer::default()).slots),
            Ok(())
        );
        let both = FlagLayer {
            submodules: Some(Extra::Checkout),
            lfs: Some(Extra::Checkout),
            ..FlagLayer::default()
        };
        let refused = check_slots(&settings_of(both).slots).unwrap_err();
        assert_eq!(refused.exit, ExitCode::Usage);
        let said = "slots.submodules and slots.lfs are \"checkout\"";
        assert!(refused.message.starts_with(said), "{}", refused.message);
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
