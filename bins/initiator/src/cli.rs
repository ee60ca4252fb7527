//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use retro_bootstrap::config::{AwsFlags, ColorMode, FailOn};
use retro_bootstrap::git_access::GIT_VARIABLES;
use retro_bootstrap::look_back::{CommitArgs, SuiteArgs};
use retro_bootstrap::terminal::Format;

/// Starts batches of commit jobs on AWS. As a Lambda function it reads events; see docs/aws.md.
#[derive(Debug, Parser)]
#[command(name = "retro-initiator", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the commits of a repository elsewhere, store their jobs, and start the state machine
    #[command(after_help = variables())]
    Start(Box<StartArgs>),
}

/// `retro-initiator start`
#[derive(Debug, Args)]
pub(crate) struct StartArgs {
    /// The repository: an https, http or file URL, or a folder; runners fetch from there, too
    #[arg(long, value_name = "URL")]
    pub(crate) repo: String,
    /// Commits: single revisions, or ranges such as v1.0..main, by branches and tags there
    #[arg(value_name = "REV|RANGE")]
    pub(crate) revisions: Vec<String>,
    #[command(flatten)]
    pub(crate) commits: CommitArgs,
    #[command(flatten)]
    pub(crate) suite: SuiteArgs,
    #[command(flatten)]
    pub(crate) aws: AwsFlags,
    /// Go on with the batch of this id, or start it
    #[arg(long, value_name = "BATCH", help_heading = "AWS")]
    pub(crate) batch: Option<String>,
    /// Run jobs that are complete once more
    #[arg(long, help_heading = "AWS")]
    pub(crate) rerun: bool,
    /// Print the plan and what it is expected to cost, and start nothing
    #[arg(long, help_heading = "Output")]
    pub(crate) dry_run: bool,
    /// Wait for the end of the batch, and show what it found
    #[arg(long, conflicts_with = "dry_run", help_heading = "Output")]
    pub(crate) wait: bool,
    /// With --wait, what makes the exit code 1: new, any, flaky or none
    #[arg(long, value_name = "WHAT", help_heading = "Output")]
    pub(crate) fail_on: Option<FailOn>,
    /// How to print the answer
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub(crate) format: Format,
    /// Read settings from this file, in place of the retro.toml of the newest commit
    #[arg(long, value_name = "FILE", help_heading = "Global")]
    pub(crate) config: Option<PathBuf>,
    /// When to use colour: auto, always or never
    #[arg(long, value_name = "WHEN", help_heading = "Global")]
    pub(crate) color: Option<ColorMode>,
    /// Say less: results only
    #[arg(long, short, help_heading = "Global")]
    pub(crate) quiet: bool,
    /// Run this command on each commit, in place of the suites of the newest commit's retro.toml
    #[arg(last = true, value_name = "COMMAND", help_heading = "Suite")]
    pub(crate) command: Vec<OsString>,
}

fn variables() -> String {
    let mut text = "Environment:".to_owned();
    for (name, what) in GIT_VARIABLES {
        text.push_str(&format!("\n  {name:<24} {what}"));
    }
    text.push_str(
        "\n\nExit codes: 0 fine, 1 findings (with --wait), 2 usage or configuration, 3 incomplete or \
         infrastructure, 4 nothing to run, 130 interrupted.",
    );
    text
}
