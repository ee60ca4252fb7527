//! Commands run for real: every ending, every limit, and nothing left behind.

mod concurrency;
mod daemons;
mod endings;
mod isolation;
mod limits;
mod output;
mod parent_death;
mod refusals;
mod scratch;
