//! Reads what test runners write: bytes of a result file in, test cases out, streaming.

mod detect;
mod encoding;
mod format;
mod junit;
mod kept_text;
mod libtest;
mod lines;
mod options;
mod output;
mod panic_message;
mod parse;
mod sink;
mod summary;
mod tap;
mod xml;

pub use detect::detect;
pub use format::Format;
pub use options::Options;
pub use parse::{ParseError, parse};
pub use sink::{Collected, MAX_WARNINGS, ReportSink, Warning};
pub use summary::{ClaimedCounts, MAX_SUITES, SuiteMetadata, Summary};
