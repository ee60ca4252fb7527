//! `retro-initiator`: starts a batch on AWS, as a command and as a Lambda function.

mod answer;
mod cli;
mod event;
mod lambda;
mod look;
mod start;
mod suites;
mod tips;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::IsTerminal;

use clap::Parser as _;
use retro_bootstrap::config::ColorMode;
use retro_bootstrap::terminal::say;
use retro_bootstrap::{ExitCode, use_color};

/// The environment of the process.
type Environment = BTreeMap<OsString, OsString>;

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment"
)]
fn main() -> std::process::ExitCode {
    let environment: Environment = std::env::vars_os().collect();
    if environment.contains_key(OsStr::new("AWS_LAMBDA_RUNTIME_API")) {
        return lambda::serve(environment).into();
    }
    let cli::Command::Start(args) = cli::Cli::parse().command;
    let color = args.color.unwrap_or(ColorMode::Auto);
    let color = use_color(color, &environment, std::io::stderr().is_terminal());
    let exit = match start::run(&args, &environment) {
        Ok(exit) => exit,
        Err(failure) => {
            say(failure.render(color).trim_end());
            failure.exit
        }
    };
    if exit == ExitCode::Interrupted {
        say("interrupted; the batch goes on");
    }
    exit.into()
}
