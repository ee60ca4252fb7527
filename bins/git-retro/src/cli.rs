//! The command line.

use std::ffi::OsString;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use retro_bootstrap::config::{AwsFlags, ColorMode, Extra, FailOn, HomeMode, Order, UnknownChoice};
use retro_bootstrap::look_back::{CommitArgs, SuiteArgs, at_least_one};
use retro_bootstrap::terminal::Format;

/// Run a repository's tests over its history: which commit broke, fixed or flaked which test?
#[derive(Debug, Parser)]
#[command(
    name = "git-retro",
    version,
    propagate_version = true,
    max_term_width = 100,
    after_help = "Start with:  git retro run --last 20\n\nExit codes: 0 fine, 1 findings (see --fail-on), \
                  2 usage or configuration,\n3 incomplete or infrastructure, 4 nothing ran, 130 interrupted."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The command as people type it: `git retro`.
pub(crate) fn as_typed() -> clap::Command {
    Cli::command().bin_name("git retro")
}

/// What `--color` asks for, read before anything else: the errors of reading the command line are
/// coloured, too.
pub(crate) fn color_asked(words: &[OsString]) -> clap::ColorChoice {
    let mut words = words.iter().filter_map(|word| word.to_str());
    let mut choice = clap::ColorChoice::Auto;
    while let Some(word) = words.next() {
        let value = match word {
            "--" => break,
            "--color" => words.next(),
            _ => word.strip_prefix("--color="),
        };
        choice = match value {
            Some("always") => clap::ColorChoice::Always,
            Some("never") => clap::ColorChoice::Never,
            _ => choice,
        };
    }
    choice
}

/// Reads one of a few words, so that shells can complete them.
fn one_of<T>(words: impl Iterator<Item = &'static str>) -> impl TypedValueParser<Value = T>
where
    T: FromStr<Err = UnknownChoice> + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(words).try_map(|word| word.parse::<T>())
}

/// Flags that every command takes.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// The repository, or a folder inside it
    #[arg(
        long,
        short = 'C',
        global = true,
        value_name = "DIR",
        help_heading = "Global"
    )]
    pub(crate) repo: Option<PathBuf>,
    /// Read this file in place of the repository's retro.toml
    #[arg(long, global = true, value_name = "FILE", help_heading = "Global")]
    pub(crate) config: Option<PathBuf>,
    /// Where results, logs and artifacts are kept
    #[arg(long, global = true, value_name = "DIR", help_heading = "Global")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Where work trees are kept
    #[arg(long, global = true, value_name = "DIR", help_heading = "Global")]
    pub(crate) cache_dir: Option<PathBuf>,
    /// When to use colour: auto, always or never
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        help_heading = "Global",
        value_parser = one_of::<ColorMode>(ColorMode::ALL.iter().map(|it| it.name())),
        hide_possible_values = true
    )]
    pub(crate) color: Option<ColorMode>,
    /// Say less: results only
    #[arg(
        long,
        short,
        global = true,
        conflicts_with = "verbose",
        help_heading = "Global"
    )]
    pub(crate) quiet: bool,
    /// Say more; twice for everything
    #[arg(long, short, global = true, action = clap::ArgAction::Count, help_heading = "Global")]
    pub(crate) verbose: u8,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a suite over a range of commits and say what changed where
    Run(Box<RunArgs>),
    /// Write a retro.toml for this repository, with what was found
    Init(InitArgs),
    /// Show the configuration in force, or its schema
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Show a run, or what is known of a commit
    Show(ShowArgs),
    /// Show one test, or several, over history
    Test(TestArgs),
    /// Say why a test is as it is: last good, first bad, every transition
    Why(WhyArgs),
    /// Compare the tests of two commits
    Diff(DiffArgs),
    /// Print what a commit's commands wrote
    Log(LogArgs),
    /// Bring the results of a batch on AWS home
    Pull(Box<PullArgs>),
    /// Stop a batch on AWS: no further task starts, and jobs that are not done have failed
    Stop(Box<StopArgs>),
    /// List runs
    Ls(LsArgs),
    /// Write results as JUnit XML, CSV or JSON lines
    Export(ExportArgs),
    /// Show what result files hold, or write it in another format
    Results(ResultsArgs),
    /// Remove old results, logs and work trees
    Gc(GcArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
    /// Print the manual page, or install it where `git retro --help` finds it
    Man(ManArgs),
}

/// `git retro run`
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// Commits: single revisions, or ranges such as v1.0..main as git rev-list reads them
    #[arg(value_name = "REVISION")]
    pub(crate) revisions: Vec<String>,
    #[command(flatten)]
    pub(crate) commits: CommitArgs,
    #[command(flatten)]
    pub(crate) suite: SuiteArgs,
    #[command(flatten)]
    pub(crate) execution: ExecutionArgs,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
    /// Print the plan and run nothing
    #[arg(long, help_heading = "Output")]
    pub(crate) dry_run: bool,
    /// What makes the exit code 1: new, any, flaky or none
    #[arg(long, value_name = "WHAT", help_heading = "Output", value_parser = one_of::<FailOn>(FailOn::ALL.iter().map(|it| it.name())), hide_possible_values = true)]
    pub(crate) fail_on: Option<FailOn>,
    /// How to print the answer
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub(crate) format: Format,
    /// Run this command on each commit, in place of the configured suites
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

/// Where jobs run.
#[derive(Debug, Args)]
#[command(next_help_heading = "AWS")]
pub(crate) struct RemoteArgs {
    /// Where jobs run: on this machine, or as tasks on AWS
    #[arg(long, value_enum, default_value_t)]
    pub(crate) backend: Backend,
    /// Where runners fetch the repository from [default: the address of the remote `origin`]
    #[arg(long, value_name = "URL")]
    pub(crate) from: Option<String>,
    /// Go on with the batch of this id, or start it
    #[arg(long, value_name = "BATCH")]
    pub(crate) batch: Option<String>,
    /// Start the batch, and do not wait for it
    #[arg(long)]
    pub(crate) no_wait: bool,
    #[command(flatten)]
    pub(crate) aws: AwsFlags,
}

/// Where jobs run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Backend {
    /// On this machine
    #[default]
    Local,
    /// As Fargate tasks
    Aws,
}

/// `git retro pull`
#[derive(Debug, Args)]
pub(crate) struct PullArgs {
    /// The batch
    pub(crate) batch: String,
    #[command(flatten)]
    pub(crate) aws: AwsFlags,
}

/// `git retro stop`
#[derive(Debug, Args)]
pub(crate) struct StopArgs {
    /// The batch
    pub(crate) batch: String,
    #[command(flatten)]
    pub(crate) aws: AwsFlags,
}

/// How to run.
#[derive(Debug, Args)]
#[command(next_help_heading = "Execution")]
pub(crate) struct ExecutionArgs {
    /// How many commits at once [default: one for each two processors]
    #[arg(long, short, value_name = "N", value_parser = at_least_one)]
    pub(crate) jobs: Option<NonZeroU32>,
    /// newest, oldest, or spread (both ends first, then the middles: answers early)
    #[arg(long, value_name = "ORDER", value_parser = one_of::<Order>(Order::ALL.iter().map(|it| it.name())), hide_possible_values = true)]
    pub(crate) order: Option<Order>,
    /// Start no further commit once a commit's tests failed
    #[arg(long)]
    pub(crate) fail_fast: bool,
    /// Run a commit with failed tests again, up to N times; a test that passes then is flaky
    #[arg(long, value_name = "N")]
    pub(crate) retries: Option<u32>,
    /// How long the whole look back may take, such as 2h
    #[arg(long, value_name = "DURATION")]
    pub(crate) time_limit: Option<String>,
    /// How long one commit's tests may take, such as 10m
    #[arg(long, value_name = "DURATION")]
    pub(crate) timeout: Option<String>,
    /// How long one commit's build may take
    #[arg(long, value_name = "DURATION")]
    pub(crate) build_timeout: Option<String>,
    /// Run commits again whose results are known
    #[arg(long)]
    pub(crate) no_cache: bool,
    /// Run commits again that are known to be untestable, or to run into their time limit
    #[arg(long)]
    pub(crate) retry_untestable: bool,
    /// Start every commit from an empty work tree
    #[arg(long)]
    pub(crate) clean: bool,
    /// Keep untracked files that match from one commit to the next
    #[arg(long, value_name = "GLOB")]
    pub(crate) keep: Option<Vec<String>>,
    /// Submodules: skip or checkout
    #[arg(long, value_name = "WHAT", value_parser = one_of::<Extra>(Extra::ALL.iter().map(|it| it.name())), hide_possible_values = true)]
    pub(crate) submodules: Option<Extra>,
    /// Files in Git LFS: skip or checkout
    #[arg(long, value_name = "WHAT", value_parser = one_of::<Extra>(Extra::ALL.iter().map(|it| it.name())), hide_possible_values = true)]
    pub(crate) lfs: Option<Extra>,
    /// The home folder commands see: own or user
    #[arg(long, value_name = "WHOSE", value_parser = one_of::<HomeMode>(HomeMode::ALL.iter().map(|it| it.name())), hide_possible_values = true)]
    pub(crate) home: Option<HomeMode>,
    /// How much of each command's output is kept, such as 16MiB
    #[arg(long, value_name = "SIZE")]
    pub(crate) log_cap: Option<String>,
}

/// `git retro init`
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// Replace a retro.toml that is there
    #[arg(long)]
    pub(crate) force: bool,
    /// Print the file and write nothing
    #[arg(long)]
    pub(crate) print: bool,
}

/// `git retro config`
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print every setting
    Show {
        /// Print where each value came from
        #[arg(long)]
        origin: bool,
    },
    /// Print the JSON schema of retro.toml
    Schema,
}

/// `git retro show`
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// A run (an id, its beginning, or `latest`) or a commit
    #[arg(value_name = "RUN|COMMIT", default_value = "latest")]
    pub(crate) what: String,
    /// Show every test, not only those that failed
    #[arg(long)]
    pub(crate) all: bool,
    /// How to print the answer
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

/// `git retro test`
#[derive(Debug, Args)]
pub(crate) struct TestArgs {
    /// A glob, or a part of the test's name
    pub(crate) name: String,
    /// The run whose commits are looked at
    #[arg(long, value_name = "RUN", default_value = "latest")]
    pub(crate) run: String,
    /// How to print the answer
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

/// `git retro why`
#[derive(Debug, Args)]
pub(crate) struct WhyArgs {
    /// The test: its name, or a part of it that fits no other
    pub(crate) test: String,
    /// The run whose commits are looked at
    #[arg(long, value_name = "RUN", default_value = "latest")]
    pub(crate) run: String,
    /// How to print the answer
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

/// `git retro diff`
#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    /// The commit to start from
    pub(crate) from: String,
    /// The commit to compare with it
    pub(crate) to: String,
    /// Which suite, when the commits were run with several
    #[arg(long, value_name = "NAME")]
    pub(crate) suite: Option<String>,
    /// How to print the answer
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

/// `git retro log`
#[derive(Debug, Args)]
pub(crate) struct LogArgs {
    /// The commit
    pub(crate) commit: String,
    /// Only this file, such as test.stdout
    #[arg(long, value_name = "NAME")]
    pub(crate) file: Option<String>,
    /// List the files and print none
    #[arg(long)]
    pub(crate) list: bool,
    /// Which suite, when the commit was run with several
    #[arg(long, value_name = "NAME")]
    pub(crate) suite: Option<String>,
    /// How to print the answer
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

/// `git retro ls`
#[derive(Debug, Args)]
pub(crate) struct LsArgs {
    /// Runs of every repository
    #[arg(long)]
    pub(crate) all: bool,
    /// At most this many
    #[arg(long, short = 'n', value_name = "N", default_value_t = 20)]
    pub(crate) limit: usize,
    /// How to print the answer
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

/// How results are exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// One JUnit XML document, a suite for each commit
    Junit,
    /// One line for each test of each commit
    Csv,
    /// One JSON document for each test of each commit
    Jsonl,
}

/// `git retro export`
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// The run
    #[arg(value_name = "RUN", default_value = "latest")]
    pub(crate) run: String,
    /// How
    #[arg(long, value_enum)]
    pub(crate) format: ExportFormat,
    /// Write here in place of standard output
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// How the content of result files is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ResultsFormat {
    /// For people
    #[default]
    Human,
    /// One JSON document with everything
    Json,
    /// One JUnit XML document
    Junit,
    /// One CTRF document
    Ctrf,
    /// One line for each test
    Csv,
}

/// `git retro results`
#[derive(Debug, Args)]
pub(crate) struct ResultsArgs {
    /// The files; `-` for standard input
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// How to print them
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: ResultsFormat,
    /// Read them as this format, which is otherwise told from the content
    #[arg(long = "as", value_name = "FORMAT")]
    pub(crate) read_as: Option<String>,
    /// Show every test, not only those that failed or are flaky
    #[arg(long)]
    pub(crate) all: bool,
    /// Count TAP subtests as tests
    #[arg(long)]
    pub(crate) subtests: bool,
}

/// `git retro gc`
#[derive(Debug, Args)]
pub(crate) struct GcArgs {
    /// Remove results older than this, such as 90d
    #[arg(long, value_name = "AGE")]
    pub(crate) max_age: Option<String>,
    /// Remove the oldest results until this much is left, such as 10GB
    #[arg(long, value_name = "SIZE")]
    pub(crate) max_size: Option<String>,
    /// Remove this repository's work trees too; the next run builds from scratch
    #[arg(long)]
    pub(crate) slots: bool,
}

/// `git retro completions`
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

/// `git retro man`
#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// Write the pages where man finds them: in share/man beside the program's bin folder
    #[arg(long)]
    pub(crate) install: bool,
    /// Install here instead
    #[arg(long, value_name = "DIR", requires = "install")]
    pub(crate) dir: Option<PathBuf>,
}
