//! The shape of one layer: what a configuration file may hold.
//!
//! The doc comments here become the descriptions in the JSON schema, so they speak to the people
//! who write configuration files.

use std::collections::BTreeMap;

use retro_domain::ResultFormat;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use super::byte_size::ByteSize;
use super::choice::{ColorMode, Extra, FailOn, HomeMode, Order, Verbosity};
use super::command_text::CommandText;
use super::duration_text::DurationText;
use super::jobs::Jobs;
use super::safe_path::{InsidePath, KeepGlob, ResultGlob};
use super::task_table::TaskTable;

/// Settings of git-retro: `retro.toml` or `.config/retro.toml` in a repository, `config.toml` in
/// the user's configuration folder.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(title = "git-retro configuration")]
pub(super) struct Document {
    /// How many commits run at once; "auto" lets git-retro choose.
    pub(super) jobs: Option<Jobs>,
    /// Which commits run first.
    pub(super) order: Option<Order>,
    /// Whether results of earlier runs are used again.
    pub(super) cache: Option<bool>,
    /// What makes a look back end with exit code 1.
    pub(super) fail_on: Option<FailOn>,
    /// Whether the first failed commit ends the run.
    pub(super) fail_fast: Option<bool>,
    /// How often a commit with failed tests is run again, for suites that do not say.
    pub(super) retries: Option<u32>,
    /// How long one run of a suite may take, for suites that do not say.
    pub(super) timeout: Option<DurationText>,
    /// How long a build may take, for suites that do not say.
    pub(super) build_timeout: Option<DurationText>,
    /// How long the whole look back may take.
    pub(super) time_limit: Option<DurationText>,
    /// Where results, logs and artifacts are kept; "auto" for the platform's data folder.
    pub(super) data_dir: Option<String>,
    /// Where work trees are kept; "auto" for the platform's cache folder.
    pub(super) cache_dir: Option<String>,
    /// The home folder that commands see.
    pub(super) home: Option<HomeMode>,
    /// How much of a command's output is kept.
    pub(super) log_cap: Option<ByteSize>,
    /// Whether output is coloured.
    pub(super) color: Option<ColorMode>,
    /// How much is said on the way.
    pub(super) verbosity: Option<Verbosity>,
    /// The work trees that commits are checked out in.
    pub(super) slots: Option<SlotsTable>,
    /// What `git retro gc` removes.
    pub(super) gc: Option<GcTable>,
    /// Looking back on AWS.
    pub(super) aws: Option<AwsTable>,
    /// Runs of tasks.
    pub(super) task: Option<TaskTable>,
    /// What to run on each commit.
    pub(super) suites: Option<Vec<SuiteTable>>,
    /// Changes of suites for ranges of commits.
    pub(super) rules: Option<Vec<RuleTable>>,
    /// Files laid over every commit before its suites run.
    pub(super) overlay: Option<OverlayTable>,
    /// The old layout of `suites`; read with a warning.
    #[serde(rename = "test_runners")]
    #[schemars(extend("deprecated" = true))]
    pub(super) test_runners: Option<Vec<OldRunnerTable>>,
}

/// The work trees that commits are checked out in.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct SlotsTable {
    /// Untracked files that stay between commits even though no ignore rule names them.
    pub(super) keep: Option<Vec<KeepGlob>>,
    /// What to do about submodules.
    pub(super) submodules: Option<Extra>,
    /// What to do about files in Git LFS.
    pub(super) lfs: Option<Extra>,
    /// Whether every commit starts in an empty work tree.
    pub(super) clean: Option<bool>,
}

/// What `git retro gc` removes.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct GcTable {
    /// Results older than this.
    pub(super) max_age: Option<DurationText>,
    /// The oldest results, until no more than this is left.
    pub(super) max_size: Option<ByteSize>,
}

/// Looking back on AWS: where, and what it is taken to cost.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct AwsTable {
    /// The DynamoDB table of jobs.
    pub(super) table: Option<FilledText>,
    /// The S3 bucket of logs and results.
    pub(super) bucket: Option<FilledText>,
    /// What keys in the bucket begin with.
    pub(super) prefix: Option<String>,
    /// The ARN of the Step Functions state machine that runs the jobs.
    pub(super) state_machine: Option<FilledText>,
    /// The region; that of the AWS environment when absent.
    pub(super) region: Option<FilledText>,
    /// The profile in the shared configuration files of AWS.
    pub(super) profile: Option<FilledText>,
    /// The address of something that stands for AWS.
    pub(super) endpoint: Option<FilledText>,
    /// A name for the tools in the task's image, to be changed when they change: results made with
    /// others are not used again.
    pub(super) toolchain: Option<String>,
    /// How long a job is taken to last, the start of its image included, where nothing is known.
    pub(super) job_time: Option<DurationText>,
    /// A batch that is expected to cost more US dollars than this is refused.
    pub(super) max_cost_usd: Option<AmountLimit>,
    /// Virtual processors of a task.
    pub(super) vcpu: Option<Amount>,
    /// Memory of a task in GB.
    pub(super) memory_gb: Option<Amount>,
    /// Disk of a task in GB.
    pub(super) disk_gb: Option<Amount>,
    /// The price of a virtual processor for an hour.
    pub(super) usd_vcpu_hour: Option<Amount>,
    /// The price of one GB of memory for an hour.
    pub(super) usd_memory_gb_hour: Option<Amount>,
    /// The price of one GB of disk for an hour, beyond the 20 that cost nothing.
    pub(super) usd_disk_gb_hour: Option<Amount>,
    /// The price of a thousand state transitions.
    pub(super) usd_thousand_transitions: Option<Amount>,
}

/// A number that is not negative.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(try_from = "f64")]
#[schemars(with = "f64")]
pub(super) struct Amount(pub(super) f64);

impl TryFrom<f64> for Amount {
    type Error = String;

    fn try_from(number: f64) -> Result<Self, String> {
        match number.is_finite() && number >= 0.0 {
            true => Ok(Self(number)),
            false => Err(format!("{number} is no amount: a number from 0 on")),
        }
    }
}

/// An amount, or "none" for no limit.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(try_from = "AmountOrText")]
#[schemars(with = "AmountOrText")]
pub(super) struct AmountLimit(pub(super) Option<f64>);

/// An amount, or "none" for no limit.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
enum AmountOrText {
    Amount(f64),
    Text(String),
}

impl TryFrom<AmountOrText> for AmountLimit {
    type Error = String;

    fn try_from(given: AmountOrText) -> Result<Self, String> {
        match given {
            AmountOrText::Amount(number) => Amount::try_from(number).map(|it| Self(Some(it.0))),
            AmountOrText::Text(text) if text == "none" => Ok(Self(None)),
            AmountOrText::Text(text) => Err(format!("{text:?} is neither an amount nor \"none\"")),
        }
    }
}

/// One way of testing a commit.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct SuiteTable {
    /// What the suite is called.
    pub(super) name: SuiteName,
    /// Runs first; a commit whose build fails is untestable.
    pub(super) build: Option<CommandText>,
    /// Runs the tests.
    pub(super) run: CommandText,
    /// Where the results are; without any, they are told from what the command prints.
    pub(super) results: Option<Vec<ResultEntry>>,
    /// How long one run may take.
    pub(super) timeout: Option<DurationText>,
    /// How long the build may take.
    pub(super) build_timeout: Option<DurationText>,
    /// Exit codes of the run command that mean "cannot be judged"; 125 unless said otherwise.
    pub(super) skip_exit_codes: Option<Vec<i32>>,
    /// Environment variables that commands may see; a trailing `*` stands for any ending.
    pub(super) env_allow: Option<Vec<AllowedVariable>>,
    /// Environment variables with fixed values.
    pub(super) env: Option<BTreeMap<VariableName, String>>,
    /// How often a commit with failed tests is run again.
    pub(super) retries: Option<u32>,
    /// Where commands run.
    pub(super) work_dir: Option<InsidePath>,
    /// Commands whose output names the versions of the tools; part of what makes results reusable.
    pub(super) toolchain: Option<Vec<CommandText>>,
}

/// A change of suites for a range of commits. Keys that are not given stay as the suite has them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct RuleTable {
    /// The commits, as `git log` takes them: `v1.0..v2.0`.
    pub(super) range: RangeText,
    /// The suite it changes; every suite when absent.
    pub(super) suite: Option<SuiteName>,
    /// Replaces the build command.
    pub(super) build: Option<CommandText>,
    /// Replaces the run command.
    pub(super) run: Option<CommandText>,
    /// Replaces the results.
    pub(super) results: Option<Vec<ResultEntry>>,
    /// Replaces the time limit of a run.
    pub(super) timeout: Option<DurationText>,
    /// Replaces the time limit of the build.
    pub(super) build_timeout: Option<DurationText>,
    /// Replaces the exit codes that mean "cannot be judged".
    pub(super) skip_exit_codes: Option<Vec<i32>>,
    /// Replaces the environment variables that commands may see.
    pub(super) env_allow: Option<Vec<AllowedVariable>>,
    /// Environment variables laid over those of the suite, one by one.
    pub(super) env: Option<BTreeMap<VariableName, String>>,
    /// Replaces the number of retries.
    pub(super) retries: Option<u32>,
    /// Replaces the folder where commands run.
    pub(super) work_dir: Option<InsidePath>,
    /// Replaces the commands that name the versions of the tools.
    pub(super) toolchain: Option<Vec<CommandText>>,
}

/// Files laid over every commit before its suites run; part of what makes results reusable.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct OverlayTable {
    /// Files: where each goes, and the file it is copied from.
    pub(super) files: Option<BTreeMap<OverlayPath, String>>,
    /// Patches in `git diff` format, applied in order before the files are copied.
    pub(super) patches: Option<Vec<String>>,
}

/// The old layout of a suite.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "checked here; the old layout's translation carries the values over as text"
)]
pub(super) struct OldRunnerTable {
    /// What the suite is called.
    pub(super) name: SuiteName,
    /// Runs the tests.
    pub(super) command: CommandText,
    /// The folder of the results.
    pub(super) output_dir: Option<InsidePath>,
}

/// One place where a suite leaves results.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(try_from = "ResultTable")]
#[schemars(with = "ResultTable")]
pub(super) struct ResultEntry {
    pub(super) format: ResultFormat,
    /// None for the standard output.
    pub(super) path: Option<String>,
}

/// One place where a suite leaves results: files, or the standard output.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "Results")]
struct ResultTable {
    /// How to read it; "auto" tells from the content.
    #[serde(default)]
    format: FormatName,
    /// The files, as a glob. `$RETRO_SCRATCH/` at the start stands for the run's scratch folder.
    path: Option<ResultGlob>,
    /// True for what the run command prints.
    stdout: Option<bool>,
}

impl TryFrom<ResultTable> for ResultEntry {
    type Error = String;

    fn try_from(table: ResultTable) -> Result<Self, String> {
        let FormatName(format) = table.format;
        match (table.path, table.stdout) {
            (Some(_), Some(true)) => {
                Err("results are either in a path or on stdout, not both".to_owned())
            }
            (Some(ResultGlob(path)), _) => Ok(Self {
                format,
                path: Some(path),
            }),
            (None, Some(true)) => Ok(Self { format, path: None }),
            (None, _) if format == ResultFormat::ExitCode => Ok(Self { format, path: None }),
            (None, _) => Err(
                "say where the results are: path = \"some/glob/*.xml\", or stdout = true"
                    .to_owned(),
            ),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct FormatName(ResultFormat);

impl Default for FormatName {
    fn default() -> Self {
        Self(ResultFormat::Auto)
    }
}

impl TryFrom<String> for FormatName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        ResultFormat::from_name(&text).map(Self).ok_or_else(|| {
            let names = ResultFormat::ALL.map(ResultFormat::name);
            let mut message = format!(
                "{text:?} is no result format; there are {}",
                names.join(", ")
            );
            if let Some(name) = super::choice::closest(&text, names) {
                message.push_str(&format!("; did you mean {name:?}?"));
            }
            message
        })
    }
}

impl JsonSchema for FormatName {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ResultFormat".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "enum": ResultFormat::ALL.map(ResultFormat::name) })
    }
}

/// Declares texts that must meet a condition.
macro_rules! checked_text {
    ($($(#[$meta:meta])* $name:ident: |$text:ident| $check:expr;)+) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
        #[serde(try_from = "String")]
        #[schemars(with = "String")]
        pub(crate) struct $name(pub(crate) String);

        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from($text: String) -> Result<Self, String> {
                $check?;
                Ok(Self($text))
            }
        }
    )+};
}

pub(super) use checked_text;

checked_text! {
    /// A suite's name: one line, not empty.
    SuiteName: |text| suite_name(&text);
    /// A text of one line, not empty.
    FilledText: |text| filled(&text);
    /// A range of commits.
    RangeText: |text| range(&text);
    /// The name of an environment variable.
    VariableName: |text| variable_name(&text);
    /// The name of an environment variable, or the start of names and `*`.
    AllowedVariable: |text| allowed_variable(&text);
    /// Where a file of an overlay goes.
    OverlayPath: |text| overlay_path(&text);
}

fn suite_name(text: &str) -> Result<(), String> {
    if text.trim().is_empty() || text.chars().any(char::is_control) {
        return Err(format!(
            "{text:?} is no name for a suite: one line, not empty"
        ));
    }
    Ok(())
}

fn filled(text: &str) -> Result<(), String> {
    if text.trim().is_empty() || text.chars().any(char::is_control) {
        return Err(format!("{text:?} is empty or has several lines"));
    }
    Ok(())
}

fn range(text: &str) -> Result<(), String> {
    if text.trim().is_empty() || text.starts_with('-') || text.chars().any(char::is_control) {
        return Err(format!(
            "{text:?} is no range of commits; write it as v1.0..v2.0"
        ));
    }
    Ok(())
}

fn variable_name(text: &str) -> Result<(), String> {
    if text.is_empty() || text.contains(['=', '\0', '*']) {
        return Err(format!("{text:?} is no name of an environment variable"));
    }
    if ["RETRO_COMMIT", "RETRO_SCRATCH"].contains(&text) {
        return Err(format!("git-retro itself sets {text} for each commit"));
    }
    Ok(())
}

fn allowed_variable(text: &str) -> Result<(), String> {
    match text.strip_suffix('*') {
        // A lone star would let every secret of the user's environment into the commands.
        Some("") => Err("\"*\" would allow everything; name the variables".to_owned()),
        Some(start) => variable_name(start),
        None => variable_name(text),
    }
}

fn overlay_path(text: &str) -> Result<(), String> {
    match InsidePath::try_from(text.to_owned())? {
        InsidePath(path) if path.is_empty() => Err("the path of a file is missing".to_owned()),
        InsidePath(path) if path != text => Err(format!("{text:?} is better written {path:?}")),
        InsidePath(_) => Ok(()),
    }
}
