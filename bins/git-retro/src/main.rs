//! `git retro`: the command people type.

mod cli;
mod commands;
mod context;

use std::ffi::OsString;
use std::io::IsTerminal;

use clap::FromArgMatches;
use retro_bootstrap::{ExitCode, use_color};

fn main() -> std::process::ExitCode {
    let words: Vec<OsString> = std::env::args_os().collect();
    let matches = cli::as_typed()
        .color(cli::color_asked(&words))
        .get_matches_from(words);
    let cli = cli::Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let environment = context::read_environment();
    let mode = cli
        .global
        .color
        .unwrap_or(retro_bootstrap::config::ColorMode::Auto);
    let color = use_color(mode, &environment, std::io::stderr().is_terminal());
    let exit = match commands::dispatch(cli, environment) {
        Ok(exit) => exit,
        Err(failure) => {
            retro_bootstrap::terminal::say(failure.render(color).trim_end());
            failure.exit
        }
    };
    if exit == ExitCode::Interrupted {
        retro_bootstrap::terminal::say(
            "interrupted; run the same command again to go on from here",
        );
    }
    exit.into()
}
