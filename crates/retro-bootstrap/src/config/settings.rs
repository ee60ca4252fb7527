//! The settings in force, ready to use.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use retro_domain::Suite;

use super::choice::{ColorMode, Extra, FailOn, HomeMode, Order, Verbosity};
use super::suites::{Limit, Limits, RuleConfig, SuiteConfig};
use super::task::ProjectTasks;

/// Every setting, after all layers.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// How many commits run at once; `None` leaves the choice to the caller.
    pub jobs: Option<NonZeroU32>,
    /// Which commits run first.
    pub order: Order,
    /// Whether results of earlier runs are used again.
    pub cache: bool,
    /// What makes a look back end with exit code 1.
    pub fail_on: FailOn,
    /// Whether the first failed commit ends the run.
    pub fail_fast: bool,
    /// How often a commit with failed tests is run again, for suites that do not say.
    pub retries: u32,
    /// How long one run of a suite may take, for suites that do not say; `None` for no limit.
    pub timeout: Option<Duration>,
    /// How long a build may take, for suites that do not say; `None` for no limit.
    pub build_timeout: Option<Duration>,
    /// How long the whole look back may take; `None` for no limit.
    pub time_limit: Option<Duration>,
    /// Where results, logs and artifacts are kept; `None` for the platform's data folder. Relative
    /// paths are meant from the working directory of the process.
    pub data_dir: Option<PathBuf>,
    /// Where work trees are kept; `None` for the platform's cache folder. Relative paths are meant
    /// from the working directory of the process.
    pub cache_dir: Option<PathBuf>,
    /// The home folder that commands see.
    pub home: HomeMode,
    /// How many bytes of a command's output are kept; `None` for all of it.
    pub log_cap: Option<u64>,
    /// Whether output is coloured.
    pub color: ColorMode,
    /// How much is said on the way.
    pub verbosity: Verbosity,
    /// The work trees that commits are checked out in.
    pub slots: SlotSettings,
    /// What `git retro gc` removes.
    pub gc: GcSettings,
    /// Looking back on AWS.
    pub aws: AwsConfig,
    pub(super) task: ProjectTasks,
    /// What to run on each commit; empty when the configuration names no suite.
    pub suites: Vec<SuiteConfig>,
    /// Changes of suites for ranges of commits, in the order in which they apply.
    pub rules: Vec<RuleConfig>,
    /// Files laid over every commit.
    pub overlay: OverlayConfig,
    pub(super) limits: Limits,
}

/// The work trees that commits are checked out in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotSettings {
    /// Globs of untracked files that stay between commits even though no ignore rule names them.
    pub keep: Vec<String>,
    /// What to do about submodules.
    pub submodules: Extra,
    /// What to do about files in Git LFS.
    pub lfs: Extra,
    /// Whether every commit starts in an empty work tree.
    pub clean: bool,
}

/// What `git retro gc` removes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GcSettings {
    /// Results older than this; `None` for no limit.
    pub max_age: Option<Duration>,
    /// The oldest results until this many bytes are left; `None` for no limit.
    pub max_size: Option<u64>,
}

/// Looking back on AWS: where, and what it is taken to cost.
#[derive(Clone, Debug, PartialEq)]
pub struct AwsConfig {
    /// The DynamoDB table of jobs.
    pub table: Option<String>,
    /// The S3 bucket of logs and results.
    pub bucket: Option<String>,
    /// What keys in the bucket begin with.
    pub prefix: String,
    /// The ARN of the state machine that runs the jobs.
    pub state_machine: Option<String>,
    /// The region; `None` for that of the AWS environment.
    pub region: Option<String>,
    /// The profile in the shared configuration files of AWS.
    pub profile: Option<String>,
    /// The address of something that stands for AWS.
    pub endpoint: Option<String>,
    /// A name for the tools in the task's image.
    pub toolchain: String,
    /// How long a job is taken to last where nothing is known.
    pub job_time: Duration,
    /// A batch that is expected to cost more US dollars than this is refused.
    pub max_cost_usd: Option<f64>,
    /// What a task is given, and the prices of that in US dollars.
    pub task: TaskConfig,
}

/// What a task is given, and the prices of that in US dollars.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TaskConfig {
    /// Virtual processors.
    pub vcpu: f64,
    /// Memory in GB.
    pub memory_gb: f64,
    /// Disk in GB.
    pub disk_gb: f64,
    /// A virtual processor for an hour.
    pub usd_vcpu_hour: f64,
    /// One GB of memory for an hour.
    pub usd_memory_gb_hour: f64,
    /// One GB of disk for an hour.
    pub usd_disk_gb_hour: f64,
    /// A thousand state transitions.
    pub usd_thousand_transitions: f64,
}

/// Files laid over every commit before its suites run. Nothing has been read yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OverlayConfig {
    /// Where each file goes, relative to the work tree's root, and the file it is copied from.
    pub files: BTreeMap<String, PathBuf>,
    /// Patches in `git diff` format, in the order in which they apply.
    pub patches: Vec<PathBuf>,
}

impl OverlayConfig {
    /// Whether there is nothing to lay over.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty() && self.patches.is_empty()
    }
}

impl Settings {
    /// A suite that was detected or typed, with the time limits and retries of these settings.
    #[must_use]
    pub fn limit(&self, mut suite: Suite) -> Suite {
        suite.timeout = self.limits.timeout.value;
        suite.build_timeout = self.limits.build_timeout.value;
        suite.retries = self.limits.retries.value;
        suite
    }
}

impl<T> Limit<T> {
    pub(super) fn new(value: T, for_this_call: bool) -> Self {
        Self {
            value,
            for_this_call,
        }
    }
}
