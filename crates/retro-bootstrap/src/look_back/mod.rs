//! What commands that look back have in common: which commits, which suites, what is laid over them.

mod commits;
mod overlay;
mod suites;

pub use commits::{CommitArgs, DEFAULT_LAST, Merges, at_least_one, query};
pub use overlay::read_overlay;
pub use suites::{ChosenSuite, SuiteArgs, named, typed};
