//! Reads what test runners write: bytes of a result file in, test cases out, streaming.

mod detect;
mod format;
mod options;
mod parse;
mod sink;
mod summary;

pub use detect::detect;
pub use format::Format;
pub use options::Options;
pub use parse::{ParseError, parse};
pub use sink::{Collected, MAX_WARNINGS, ReportSink, Warning};
pub use summary::{ClaimedCounts, MAX_SUITES, SuiteMetadata, Summary};
