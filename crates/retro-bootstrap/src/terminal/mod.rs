//! What people read on a terminal: progress, plans, summaries.
//!
//! Standard output is for data, and standard error for people.

mod case;
mod interrupt;
mod output;
mod paint;
mod plan;
mod progress;
mod report;
mod summary;
mod text;

pub use case::case_lines;
pub use interrupt::listen;
pub use output::{Format, json, print, say};
pub use paint::Paint;
pub use plan::{count, plan, planned_commits};
pub use progress::{Progress, progress};
pub use report::{ReportOptions, look_back_failure, show_report, store_failure};
pub use summary::{Messages, is_abandoned, lost_results, messages, summary, verdict};
pub use text::{bytes, clip, commit_line, date, duration, one_line};
