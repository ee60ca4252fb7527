//! `retro-runner`: does one commit job; the entry point of a container.

mod cli;
mod commit_job;
mod config;
mod log;
mod own_suite;
mod signals;

use clap::Parser as _;
use retro_bootstrap::ExitCode;

fn main() -> std::process::ExitCode {
    let cli = cli::Cli::parse();
    let environment = match config::hidden_environment() {
        Ok(environment) => environment,
        Err(error) => {
            eprintln!(
                "error: the environment cannot be hidden from commands: {error}\n  \
                 hint: mount /proc in the container"
            );
            return ExitCode::Incomplete.into();
        }
    };
    match cli.command {
        cli::Command::CommitJob => commit_job::run(&environment).into(),
    }
}
