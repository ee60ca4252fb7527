//! Task runs: one change carried from a description to a pull request.
//!
//! [`run_task`] claims a run and does what [`next_phase`](retro_domain::next_phase) says until it is over.
//! What is decided is in `retro-domain`; here is what it takes: a work tree, commands, pushes, and the
//! journal that is written around each of their effects, so that a runner that dies at any moment leaves
//! a run that another one completes without doing anything twice.

mod command;
mod commit;
mod driver;
mod execute;
mod finish;
mod journal;
mod prepare;
mod prompt;
mod pull_request;
mod push;
mod recorder;
mod services;
mod session;
mod test;
mod watch;

pub use driver::{TaskReport, run_task};
pub use prompt::prompt;
pub use recorder::TaskEventSink;
pub use services::{TaskOptions, TaskServices, TaskWorkspaces};
