//! The command line.

use clap::{Parser, Subcommand};

use retro_bootstrap::git_access::GIT_VARIABLES;

use crate::config::VARIABLES;

/// Does one piece of git-retro's work, as the entry point of a container.
#[derive(Parser)]
#[command(name = "retro-runner", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run the tests of one commit and store what they said; configured by the environment alone
    #[command(after_help = variables())]
    CommitJob,
}

fn variables() -> String {
    let mut text = "Environment:".to_owned();
    for (name, what) in VARIABLES.iter().chain(GIT_VARIABLES) {
        text.push_str(&format!("\n  {name:<24} {what}"));
    }
    text.push_str(
        "\n\nExit status: 0 the job is complete, whatever its tests said; 2 the environment is wrong; \
         3 git-retro could not do the job; 130 it was stopped, and the job handed back.",
    );
    text
}
