//! Puts git-retro together for its binaries: configuration layers, suite detection, errors and exit codes.
//!
//! - [`config`] reads settings from five layers and remembers where each value came from.
//! - [`detect`](mod@detect) looks at a repository and proposes how to test it.
//! - [`task`] reads tasks and playbooks.
//! - [`Failure`] decides how an error reaches a person, [`ExitCode`] how it reaches a script.
//! - [`directories`] says where data, cache and the user's configuration live.
//!
//! Nothing here reads the environment, the home directory or a clock: binaries pass them in.

#[cfg(feature = "aws")]
pub mod aws;
#[cfg(all(feature = "aws", feature = "workflow"))]
pub mod batch;
mod color;
pub mod config;
pub mod detect;
mod directories;
mod exit_code;
mod failure;
#[cfg(feature = "fetch")]
pub mod git_access;
#[cfg(feature = "workflow")]
pub mod look_back;
mod process_identity;
pub mod signals;
mod system_clock;
pub mod task;
#[cfg(feature = "workflow")]
pub mod terminal;

pub use color::use_color;
pub use config::{
    ConfigError, ConfigInputs, FlagLayer, LoadedConfig, Origin, Settings, load, schema,
};
pub use detect::{Detection, DirView, FileView, PathProbe, ToolProbe, detect, render_init};
pub use directories::{Directories, DirectoriesError, directories};
pub use exit_code::ExitCode;
pub use failure::Failure;
pub use process_identity::ProcessIdentity;
pub use retro_store_local::LocalStores;
pub use system_clock::SystemClock;
