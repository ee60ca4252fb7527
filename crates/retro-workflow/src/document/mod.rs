//! The stable JSON shapes of what git-retro tells other programs.
//!
//! Every document carries `version` and `kind`. Fields are added within a version, never renamed or
//! removed. Times are RFC 3339 in UTC; durations are milliseconds; commits are full object ids;
//! tests are displayed ids.

mod commit;
mod plan;
mod report;
mod run;
mod test;

pub use commit::{
    CaseDocument, CommitDocument, CommitResult, DifferenceDocument, LogDocument, LogFile,
};
pub use plan::{PlanDocument, PlannedCommit};
pub use report::{
    AttachmentDocument, ClaimedDocument, ExecutionDocument, FullCaseDocument, ReportsWriter,
    SuiteDocument,
};
pub use run::{
    BoundaryDocument, CommitLine, CountsDocument, FindingsDocument, FlakyDocument, RunDocument,
    RunLine, RunsDocument, TransitionDocument, UntestableDocument,
};
pub use test::{
    HeadDocument, HistoryDocument, HistoryPoint, StoryDocument, TestHistory, TurnDocument,
};

use std::time::Duration;

use retro_domain::Timestamp;

/// The version of every document.
pub const DOCUMENT_VERSION: u32 = 1;

/// A moment as documents have it, such as `2026-02-03T04:05:06Z`.
pub fn rfc3339(at: Timestamp) -> String {
    match jiff::Timestamp::from_millisecond(at.unix_millis()) {
        Ok(at) => at.to_string(),
        Err(_) => format!("{}ms", at.unix_millis()),
    }
}

/// A duration as documents have it: milliseconds, to the microsecond.
pub(crate) fn millis(duration: Duration) -> f64 {
    duration.as_secs() as f64 * 1000.0 + f64::from(duration.subsec_micros()) / 1000.0
}
