//! Commands run for real: every ending, every limit, and nothing left behind. Other systems than Linux
//! do not give these guarantees.
#![cfg(target_os = "linux")]

mod concurrency;
mod daemons;
mod endings;
mod input;
mod interruption;
mod isolation;
mod limits;
mod output;
mod parent_death;
mod redaction;
mod refusals;
mod resources;
mod scratch;
