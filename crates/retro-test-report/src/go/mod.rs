//! What `go test` writes: its events with `-json`, its text without.

mod builds;
mod events_package;
mod failure;
mod json;
mod line;
mod package;
mod text;
mod text_package;

pub(crate) use json::{is_evidence as is_json_evidence, read as read_json};
pub(crate) use line::is_evidence as is_text_evidence;
pub(crate) use text::read as read_text;
