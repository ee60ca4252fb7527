//! `git retro config`: the settings in force.

use std::fmt::Write;

use retro_bootstrap::{ExitCode, Failure, schema};

use crate::cli::{ConfigCommand, Format};
use crate::context::Context;
use crate::output::{json, print};

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
                let _ = if origin {
                    writeln!(text, "{} = {}  # {}", entry.key, entry.value, entry.origin)
                } else {
                    writeln!(text, "{} = {}", entry.key, entry.value)
                };
            }
            print(&text)?;
        }
    }
    Ok(ExitCode::Fine)
}
