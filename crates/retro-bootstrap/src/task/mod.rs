//! Tasks and playbooks as people and programs write them.
//!
//! A task comes from a JSON or TOML file, from flags, or from the value of a message; a playbook from a
//! TOML or YAML file. Whatever is wrong with one is said at once, by field ([`DocumentError`]); what a
//! task that could be read lacks is for [`retro_domain::validate`].

mod context;
mod context_document;
mod document_error;
mod dry_run;
mod fields;
#[cfg(feature = "cli")]
mod flags;
mod json_text;
mod playbook;
mod settings;
mod suites;
#[cfg(feature = "yaml")]
mod yaml_text;

pub use context::{TaskDocument, read_context};
pub use context_document::context_document;
pub use document_error::{DocumentError, FieldFault};
pub use dry_run::dry_run;
#[cfg(feature = "cli")]
pub use flags::{TaskFlags, task_of};
pub use playbook::read_playbook;

/// A larger file is no task and no playbook.
pub const MAX_DOCUMENT_BYTES: usize = 1 << 20;
