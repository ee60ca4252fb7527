//! What people read.

mod case;
mod paint;
mod plan;
mod summary;
mod text;

pub(crate) use case::case_lines;
pub(crate) use paint::Paint;
pub(crate) use plan::{count, plan, planned_commits};
pub(crate) use summary::{is_abandoned, lost_results, messages, summary, verdict};
pub(crate) use text::{bytes, clip, commit_line, duration, one_line};
