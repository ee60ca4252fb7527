//! From bytes to cases, whatever the format.

use std::io::{self, BufRead, Read};

use crate::decoded::{Decoded, Faults, decode_start, name_encoding};
use crate::detect::{detect_decoded, looks_like};
use crate::encoding::{Encoding, Named, Sniffed, of_name, shown, sniff, sniff_after_output};
use crate::other_document::other_document;
use crate::output::Output;
use crate::{Format, Options, ReportSink, Summary};
use crate::{ctrf, go, junit, libtest, libtest_json, nunit, tap, teamcity, trx, xunit};

/// How much of a file is read to find out what it is, and how much when that says nothing.
const START: u64 = 64 * 1024;
const LONG_START: u64 = 1024 * 1024;

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
    #[error(
        "the result file is encoded as {encoding}, which is not read here; convert it first: \
         iconv -f {encoding} -t UTF-8"
    )]
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

/// Reads a report and hands its cases to `sink`, with the usual [`Options`].
///
/// `format` says what the bytes are; `None` finds out from them, see [`detect`](crate::detect). A sink may be
/// a `&mut dyn ReportSink`.
///
/// ```
/// use retro_test_report::{Collected, ParseError, ReportSink, parse};
///
/// let report = b"1..2\nok 1 - adds\nnot ok 2 - carries\n";
/// let mut sink = Collected::default();
/// let lent: &mut dyn ReportSink = &mut sink;
/// let summary = parse(&report[..], None, lent)?;
/// assert_eq!((summary.format.name(), summary.counts.total()), ("tap", 2));
/// assert_eq!(sink.cases[1].id.name, "carries");
///
/// let error = parse(&b"<html/>"[..], None, &mut sink).unwrap_err();
/// assert!(matches!(error, ParseError::NotAReport { .. }));
/// # Ok::<(), ParseError>(())
/// ```
///
/// # Errors
///
/// See [`ParseError`]. A report that merely ends too early is not an error:
/// [`Summary::truncated`] says so.
pub fn parse<R: BufRead>(
    reader: R,
    format: Option<Format>,
    sink: &mut (impl ReportSink + ?Sized),
) -> Result<Summary, ParseError> {
    parse_with(reader, format, &Options::default(), sink)
}

/// As [`parse`], with options of one's own; see [`Options`] for an example.
///
/// # Errors
///
/// Those of [`parse`].
pub fn parse_with<R: BufRead>(
    mut reader: R,
    format: Option<Format>,
    options: &Options,
    mut sink: &mut (impl ReportSink + ?Sized),
) -> Result<Summary, ParseError> {
    let mut start = Vec::new();
    (&mut reader).take(START).read_to_end(&mut start)?;
    let mut sniffed = sniff(&start)?;
    let mut readable = decode_start(&start, &sniffed);
    let asked = format;
    let mut format = asked.or_else(|| detect_decoded(&readable));
    if format.is_none() && start.len() as u64 == START {
        let more = LONG_START - START;
        (&mut reader).take(more).read_to_end(&mut start)?;
        readable = decode_start(&start, &sniffed);
        format = detect_decoded(&readable);
    }
    if readable.iter().all(|&b| b.is_ascii_whitespace() || b == 0) {
        return Err(ParseError::Empty);
    }
    let goes_on = start.len() as u64 == LONG_START;
    let other = || {
        let mut looks_like = looks_like(&readable, asked);
        if goes_on {
            looks_like.push_str(", in its first MiB; a report that begins later must be named");
        }
        ParseError::NotAReport { looks_like }
    };
    let format = format.ok_or_else(other)?;
    // Allure calls its elements as NUnit does, and says nothing where NUnit does.
    if format == Format::Nunit && other_document(&readable).is_some() {
        return Err(other());
    }
    let is_xml = matches!(
        format,
        Format::Junit | Format::Trx | Format::Nunit | Format::Xunit
    );
    if is_xml && !sniffed.is_certain {
        sniffed = sniff_after_output(&start)?.unwrap_or(sniffed);
    }
    let (faults, described) = (Faults::default(), sniffed.clone());
    let source = Decoded::new(start, sniffed, reader, &faults);
    sink.format(format);
    let mut out = Output::new(&mut sink, format, options);
    let read = match format {
        Format::Junit => junit::read(source, &mut out),
        Format::Tap => tap::read(source, &mut out),
        Format::Libtest => libtest::read(source, &mut out),
        Format::LibtestJson => libtest_json::read(source, &mut out),
        Format::GoJson => go::read_json(source, &mut out),
        Format::GoText => go::read_text(source, &mut out),
        Format::Ctrf => ctrf::read(source, &mut out),
        Format::TeamCity => teamcity::read(source, &mut out),
        Format::Trx => trx::read(source, &mut out),
        Format::Nunit => nunit::read(source, &mut out),
        Format::Xunit => xunit::read(source, &mut out),
    };
    let recognised = read.map_err(name_encoding)?;
    // A document of another tool may have elements that a report has.
    let is_empty = out.summary.counts.total() == 0;
    if recognised && !(is_empty && other_document(&readable).is_some()) {
        if let Some(warning) = faults.warning(described.encoding) {
            out.warn(None, warning);
        }
        warn_of_other_encodings(&described, &mut out);
        Ok(out.finish())
    } else {
        Err(other())
    }
}

/// Warns of documents in a file that are not in the encoding of the first one.
fn warn_of_other_encodings(first: &Sniffed, out: &mut Output<'_>) {
    let notices = std::mem::take(&mut out.notices);
    if let Some(line) = notices.wide {
        out.summary.truncated = true;
        out.warn(
            line,
            "from here on the file is UTF-16, unlike its beginning, and was not read; write each report to a \
             file of its own, or all of them in one encoding",
        );
    }
    let is_other = |name: &str| match of_name(name) {
        Named::Known(encoding) => encoding != first.encoding,
        Named::Unknown | Named::Refused => first.unknown.is_none(),
        Named::ByItsBytes => false,
    };
    for (line, name) in notices.declarations {
        if !first.is_certain && is_other(&name) {
            let read_as = match first.encoding {
                Encoding::Utf8 => "UTF-8",
                Encoding::Other(other) => other.name(),
            };
            let message = format!(
                "this document declares {}, and was read as {read_as} like the beginning of the file; write each \
                 report to a file of its own",
                shown(&name)
            );
            out.warn(line, message);
        }
    }
}
