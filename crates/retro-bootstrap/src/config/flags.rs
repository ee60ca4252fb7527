//! The layer that flags make.

use std::num::NonZeroU32;
use std::path::PathBuf;

use serde::Serialize;
use toml::{Table, Value};

use super::choice::{ColorMode, Extra, FailOn, HomeMode, Order, Verbosity};
use super::config_error::{ConfigError, Place};
use super::keys::KEYS;
use super::layers::Leaf;
use super::origin::Origin;

/// What the command line sets; `None` for what it does not mention.
///
/// Durations and sizes stay text here, so that a wrong one is reported like one in a file. Relative
/// paths are meant from the working directory of the process.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct FlagLayer {
    /// `--jobs`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jobs: Option<NonZeroU32>,
    /// `--order`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<Order>,
    /// `--no-cache` is `Some(false)`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache: Option<bool>,
    /// `--fail-on`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fail_on: Option<FailOn>,
    /// `--fail-fast`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fail_fast: Option<bool>,
    /// `--retries`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retries: Option<u32>,
    /// `--timeout`, such as `10m` or `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<String>,
    /// `--build-timeout`, such as `10m` or `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub build_timeout: Option<String>,
    /// `--time-limit`, such as `2h` or `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_limit: Option<String>,
    /// `--data-dir`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_dir: Option<PathBuf>,
    /// `--cache-dir`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_dir: Option<PathBuf>,
    /// `--home`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub home: Option<HomeMode>,
    /// `--log-cap`, such as `64MiB` or `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_cap: Option<String>,
    /// `--color`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color: Option<ColorMode>,
    /// `-q`, `-v`, `-vv`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verbosity: Option<Verbosity>,
    /// `--keep`, as often as it is given.
    #[serde(rename = "slots.keep", skip_serializing_if = "Option::is_none")]
    pub keep: Option<Vec<String>>,
    /// `--submodules`
    #[serde(rename = "slots.submodules", skip_serializing_if = "Option::is_none")]
    pub submodules: Option<Extra>,
    /// `--lfs`
    #[serde(rename = "slots.lfs", skip_serializing_if = "Option::is_none")]
    pub lfs: Option<Extra>,
    /// `--clean`
    #[serde(rename = "slots.clean", skip_serializing_if = "Option::is_none")]
    pub clean: Option<bool>,
    /// `--max-age`, such as `90d` or `none`.
    #[serde(rename = "gc.max-age", skip_serializing_if = "Option::is_none")]
    pub max_age: Option<String>,
    /// `--max-size`, such as `10GB` or `none`.
    #[serde(rename = "gc.max-size", skip_serializing_if = "Option::is_none")]
    pub max_size: Option<String>,
    /// The flags of looking back on AWS.
    #[serde(flatten)]
    pub aws: AwsFlags,
}

/// What the command line sets of looking back on AWS.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "cli", derive(clap::Args))]
#[cfg_attr(feature = "cli", command(next_help_heading = "AWS"))]
pub struct AwsFlags {
    /// The DynamoDB table of jobs
    #[cfg_attr(feature = "cli", arg(long, value_name = "NAME"))]
    #[serde(rename = "aws.table", skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// The S3 bucket of logs and results
    #[cfg_attr(feature = "cli", arg(long, value_name = "NAME"))]
    #[serde(rename = "aws.bucket", skip_serializing_if = "Option::is_none")]
    pub bucket: Option<String>,
    /// What keys in the bucket begin with
    #[cfg_attr(feature = "cli", arg(long, value_name = "PREFIX"))]
    #[serde(rename = "aws.prefix", skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// The Step Functions state machine that runs the jobs
    #[cfg_attr(feature = "cli", arg(long, value_name = "ARN"))]
    #[serde(rename = "aws.state-machine", skip_serializing_if = "Option::is_none")]
    pub state_machine: Option<String>,
    /// The region
    #[cfg_attr(feature = "cli", arg(long, value_name = "REGION"))]
    #[serde(rename = "aws.region", skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The profile in the shared configuration files of AWS
    #[cfg_attr(feature = "cli", arg(long, value_name = "NAME"))]
    #[serde(rename = "aws.profile", skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// The address of something that stands for AWS
    #[cfg_attr(feature = "cli", arg(long, value_name = "URL"))]
    #[serde(rename = "aws.endpoint", skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// A name for the tools in the task's image, to be changed when they change
    #[cfg_attr(feature = "cli", arg(long, value_name = "NAME"))]
    #[serde(rename = "aws.toolchain", skip_serializing_if = "Option::is_none")]
    pub toolchain: Option<String>,
    /// How long a job is taken to last, where nothing is known [default: 10m]
    #[cfg_attr(feature = "cli", arg(long, value_name = "DURATION"))]
    #[serde(rename = "aws.job-time", skip_serializing_if = "Option::is_none")]
    pub job_time: Option<String>,
    /// Refuse a batch that is expected to cost more
    #[cfg_attr(feature = "cli", arg(long, value_name = "USD"))]
    #[serde(rename = "aws.max-cost-usd", skip_serializing_if = "Option::is_none")]
    pub max_cost_usd: Option<f64>,
    /// Virtual processors of a task, for the estimate
    #[cfg_attr(feature = "cli", arg(long, value_name = "N"))]
    #[serde(rename = "aws.vcpu", skip_serializing_if = "Option::is_none")]
    pub vcpu: Option<f64>,
    /// Memory of a task, for the estimate
    #[cfg_attr(feature = "cli", arg(long, value_name = "GB"))]
    #[serde(rename = "aws.memory-gb", skip_serializing_if = "Option::is_none")]
    pub memory_gb: Option<f64>,
    /// Disk of a task, for the estimate
    #[cfg_attr(feature = "cli", arg(long, value_name = "GB"))]
    #[serde(rename = "aws.disk-gb", skip_serializing_if = "Option::is_none")]
    pub disk_gb: Option<f64>,
    /// The price of a virtual processor for an hour
    #[cfg_attr(feature = "cli", arg(long, value_name = "USD", hide = true))]
    #[serde(rename = "aws.usd-vcpu-hour", skip_serializing_if = "Option::is_none")]
    pub usd_vcpu_hour: Option<f64>,
    /// The price of one GB of memory for an hour
    #[cfg_attr(feature = "cli", arg(long, value_name = "USD", hide = true))]
    #[serde(
        rename = "aws.usd-memory-gb-hour",
        skip_serializing_if = "Option::is_none"
    )]
    pub usd_memory_gb_hour: Option<f64>,
    /// The price of one GB of disk for an hour
    #[cfg_attr(feature = "cli", arg(long, value_name = "USD", hide = true))]
    #[serde(
        rename = "aws.usd-disk-gb-hour",
        skip_serializing_if = "Option::is_none"
    )]
    pub usd_disk_gb_hour: Option<f64>,
    /// The price of a thousand state transitions
    #[cfg_attr(feature = "cli", arg(long, value_name = "USD", hide = true))]
    #[serde(
        rename = "aws.usd-thousand-transitions",
        skip_serializing_if = "Option::is_none"
    )]
    pub usd_thousand_transitions: Option<f64>,
}

/// The values that the flags set.
pub(super) fn flag_leaves(flags: &FlagLayer) -> Result<Vec<Leaf>, ConfigError> {
    let mut table = Table::try_from(flags).map_err(|_| {
        ConfigError::new(
            Place::Flag("--data-dir or --cache-dir".to_owned()),
            "the path is not valid UTF-8",
        )
    })?;
    let mut leaves = Vec::new();
    for key in KEYS {
        let Some(value) = table.remove(key.name) else {
            continue;
        };
        let name = flag_name(key.name, key.flag.unwrap_or(key.name), &value);
        super::layers::check_leaf(key.name, &value)
            .map_err(|what| ConfigError::new(Place::Flag(name.clone()), what))?;
        leaves.push(Leaf {
            key: key.name,
            value,
            origin: Origin::Flag { name },
        });
    }
    Ok(leaves)
}

/// The flag as it was typed: a switch's flag names the value that it usually turns on.
fn flag_name(key: &str, flag: &str, value: &Value) -> String {
    match (key, value) {
        ("cache", Value::Boolean(true)) => "--cache".to_owned(),
        ("verbosity", Value::String(level)) if level == "quiet" => "--quiet".to_owned(),
        _ => flag.to_owned(),
    }
}
