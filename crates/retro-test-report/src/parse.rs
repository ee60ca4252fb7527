//! From bytes to cases, whatever the format.

use std::io::{self, BufRead, Read};

use crate::detect::{detect_decoded, looks_like};
use crate::encoding::{Decoded, decode_start, sniff};
use crate::output::Output;
use crate::{Format, Options, ReportSink, Summary};
use crate::{ctrf, go, junit, libtest, libtest_json, nunit, tap, teamcity, trx, xunit};

/// How much of a file is read to find out what it is.
const START: u64 = 64 * 1024;

/// Why a result file could not be read. Cases that went to the sink before stay valid.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// There is nothing in it.
    #[error(
        "the result file is empty: the test runner wrote nothing, or was stopped before it could"
    )]
    Empty,
    /// It is something else.
    #[error("not a test report that can be read here: it looks like {looks_like}")]
    NotAReport {
        /// What it looks like, such as `a web page (its root element is <html>)`.
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
/// `format` says what the bytes are; `None` finds out from them, see [`detect`](crate::detect). A sink may be
/// a `&mut dyn ReportSink`.
///
/// ```
/// use retro_test_report::{Collected, Options, ParseError, ReportSink, parse};
///
/// let report = b"1..2\nok 1 - adds\nnot ok 2 - carries\n";
/// let mut sink = Collected::default();
/// let lent: &mut dyn ReportSink = &mut sink;
/// let summary = parse(&report[..], None, &Options::default(), lent)?;
/// assert_eq!((summary.format.name(), summary.counts.total()), ("tap", 2));
/// assert_eq!(sink.cases[1].id.name, "carries");
///
/// let error = parse(&b"<html/>"[..], None, &Options::default(), &mut sink).unwrap_err();
/// assert!(matches!(error, ParseError::NotAReport { .. }));
/// # Ok::<(), ParseError>(())
/// ```
///
/// # Errors
///
/// See [`ParseError`]. A report that merely ends too early is not an error:
/// [`Summary::truncated`] says so.
pub fn parse<R: BufRead>(
    mut reader: R,
    format: Option<Format>,
    options: &Options,
    mut sink: &mut (impl ReportSink + ?Sized),
) -> Result<Summary, ParseError> {
    let mut start = Vec::new();
    (&mut reader).take(START).read_to_end(&mut start)?;
    let (encoding, mark) = sniff(&start)?;
    let readable = decode_start(&start)?;
    if readable.iter().all(|&b| b.is_ascii_whitespace() || b == 0) {
        return Err(ParseError::Empty);
    }
    let other = || ParseError::NotAReport {
        looks_like: looks_like(&readable),
    };
    let format = format
        .or_else(|| detect_decoded(&readable))
        .ok_or_else(other)?;
    let source = Decoded::new(start, mark, reader, encoding);
    sink.format(format);
    let mut out = Output::new(&mut sink, format, options);
    let recognised = match format {
        Format::Junit => junit::read(source, &mut out)?,
        Format::Tap => tap::read(source, &mut out)?,
        Format::Libtest => libtest::read(source, &mut out)?,
        Format::LibtestJson => libtest_json::read(source, &mut out)?,
        Format::GoJson => go::read_json(source, &mut out)?,
        Format::GoText => go::read_text(source, &mut out)?,
        Format::Ctrf => ctrf::read(source, &mut out)?,
        Format::TeamCity => teamcity::read(source, &mut out)?,
        Format::Trx => trx::read(source, &mut out)?,
        Format::Nunit => nunit::read(source, &mut out)?,
        Format::Xunit => xunit::read(source, &mut out)?,
    };
    if recognised {
        Ok(out.finish())
    } else {
        Err(other())
    }
}
