//! Settings: five layers, one answer, and where each value came from.
//!
//! Defaults, the user's file, the repository's file, `RETRO_*` variables and flags, each over the
//! one before. Every layer is a TOML table under one schema ([`schema`]), so that a key means the
//! same wherever it is written. `docs/configuration.md` lists the keys.

mod byte_size;
mod choice;
mod command_text;
mod config_error;
mod document;
mod duration_text;
mod entry;
mod environment;
mod files;
mod flags;
mod jobs;
mod keys;
mod layers;
mod located;
mod old_layout;
mod origin;
mod safe_path;
mod schema;
mod schema_check;
mod settings;
mod suites;
mod task;
mod task_table;

pub use choice::{ColorMode, Extra, FailOn, HomeMode, Order, UnknownChoice, Verbosity};
pub use config_error::{ConfigError, Place};
pub use files::{REPOSITORY_FILES, write_repository_files};
pub use flags::{AwsFlags, FlagLayer};
pub use keys::{KEYS, Key, RESERVED_VARIABLES};
pub use layers::{ConfigInputs, LoadedConfig, load};
pub use origin::{Entry, Origin};
pub use schema::schema;
pub use settings::{AwsConfig, GcSettings, OverlayConfig, Settings, SlotSettings, TaskConfig};
pub use suites::{RuleConfig, SuiteConfig};

pub(crate) use choice::closest;
pub(crate) use command_text::CommandText;
pub(crate) use document::{AllowedVariable, FilledText, SuiteName, SuiteTable, VariableName};
pub(crate) use duration_text::DurationText;
pub(crate) use files::in_plain_words;
pub(crate) use safe_path::KeepGlob;
pub(crate) use task_table::{build, executor, usual_approval};

/// The shipped defaults: a configuration file like any other.
pub const DEFAULTS: &str = include_str!("defaults.toml");

/// A duration as configuration files have it; `none` for no limit.
pub(crate) fn duration_text(duration: Option<std::time::Duration>) -> String {
    duration_text::DurationText(duration).to_string()
}
