//! `git retro config`: the settings in force.

use std::fmt::Write;
use std::path::Path;

use retro_bootstrap::{ExitCode, Failure, schema};

use crate::cli::ConfigCommand;
use crate::context::Context;
use retro_bootstrap::terminal::{Format, json, print};

pub(crate) fn run(
    command: ConfigCommand,
    context: impl FnOnce() -> Result<Context, Failure>,
) -> Result<ExitCode, Failure> {
    match command {
        ConfigCommand::Schema => print(&json(&schema(), Format::Json)?)?,
        ConfigCommand::Show { origin } => {
            let context = context()?;
            for warning in &context.config.warnings {
                context.warn(warning);
            }
            let mut text = String::new();
            for entry in context.config.entries() {
                // "auto" would leave open where things are.
                let value = match entry.key {
                    "data-dir" => folder(&context.data_dir()),
                    "cache-dir" => folder(&context.cache_dir()),
                    _ => entry.value,
                };
                let _ = if origin {
                    writeln!(text, "{} = {value}  # {}", entry.key, entry.origin)
                } else {
                    writeln!(text, "{} = {value}", entry.key)
                };
            }
            print(&text)?;
        }
    }
    Ok(ExitCode::Fine)
}

fn folder(path: &Path) -> String {
    format!("{:?}", path.to_string_lossy())
}
