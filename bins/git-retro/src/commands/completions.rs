//! `git retro completions`: scripts for shells.

use clap::CommandFactory;
use retro_bootstrap::{ExitCode, Failure};

use crate::cli::{Cli, CompletionsArgs};

pub(crate) fn run(args: &CompletionsArgs) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "git-retro", &mut script);
    crate::output::print(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::Fine)
}
