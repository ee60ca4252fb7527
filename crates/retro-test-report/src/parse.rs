//! From bytes to cases, whatever the format.

use std::io::{self, BufRead};

use crate::{Format, Options, ReportSink, Summary};

/// Why a result file could not be read. Cases that went to the sink before stay valid.
#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    /// There is nothing in it.
    #[error("the result file is empty: the test runner wrote nothing, or was stopped before it could")]
    Empty,
    /// It is something else.
    #[error("not a test report that can be read here: it looks like {looks_like}")]
    NotAReport {
        /// What it looks like, such as `an NUnit result (<test-run>)`.
        looks_like: String,
    },
    /// Its bytes are in an encoding that is not read.
    #[error("the result file is encoded as {encoding}, which is not read here; write it as UTF-8")]
    Encoding {
        /// The encoding's name.
        encoding: String,
    },
    /// It is a report, but nothing can be read beyond one place.
    #[error("line {line}: {why}; nothing after it was read")]
    Malformed {
        /// The line, from 1.
        line: u64,
        /// What is wrong there.
        why: String,
    },
    /// Reading its bytes failed.
    #[error("the result file could not be read: {0}")]
    Io(#[from] io::Error),
}

/// Reads a report and hands its cases to `sink`.
///
/// `format` says what the bytes are; `None` finds out from them, see [`detect`](crate::detect).
///
/// # Errors
///
/// See [`ParseError`]. A report that merely ends too early is not an error:
/// [`Summary::truncated`] says so.
pub fn parse<R: BufRead>(
    reader: R,
    format: Option<Format>,
    options: &Options,
    sink: &mut impl ReportSink,
) -> Result<Summary, ParseError> {
    let _ = (reader, format, options, sink);
    Err(ParseError::Empty)
}
