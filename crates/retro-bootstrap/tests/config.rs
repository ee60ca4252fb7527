//! The configuration through its public interface: layers, errors, suites, documentation.

#[path = "config/documentation.rs"]
mod documentation;
#[path = "config/errors.rs"]
mod errors;
#[path = "config/precedence.rs"]
mod precedence;
#[path = "config/sandbox.rs"]
mod sandbox;
#[path = "config/suites.rs"]
mod suites;
#[path = "config/tasks.rs"]
mod tasks;
