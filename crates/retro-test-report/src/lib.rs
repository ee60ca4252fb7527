//! Reads what test runners write: bytes of a result file in, test cases out, streaming.
//!
//! [`parse`] takes a reader and hands every case to a [`ReportSink`] as soon as it is complete;
//! [`parse_with`] takes [`Options`], too.
//! What it returns is a [`Summary`]: the counts, whether the report was cut off, and whether the
//! report itself says that the run failed beyond its tests. The format is told from the content,
//! see [`detect`], unless the caller names one.
//!
//! # From a file to counts
//!
//! [`Collected`] is a sink that keeps everything in memory.
//!
//! ```
//! use retro_test_report::{Collected, parse};
//!
//! let report = br#"<testsuite name="math">
//!   <testcase classname="Sum" name="adds" time="0.002"/>
//!   <testcase classname="Sum" name="carries"><failure message="9 + 1 was 0"/></testcase>
//! </testsuite>"#;
//!
//! let mut sink = Collected::default();
//! let summary = parse(&report[..], None, &mut sink)?;
//!
//! assert_eq!((summary.counts.passed, summary.counts.failed), (1, 1));
//! assert_eq!(sink.cases[1].id.to_string(), "math::Sum::carries");
//! assert_eq!(sink.cases[1].message.as_deref(), Some("9 + 1 was 0"));
//! # Ok::<(), retro_test_report::ParseError>(())
//! ```
//!
//! A file is read through a buffer, `BufReader::new(File::open(path)?)`. Whether its tests are content is
//! not the whole answer: a report that was cut off may miss tests, and a run may fail beyond them.
//!
//! ```
//! use std::io::BufRead;
//!
//! use retro_test_report::{ParseError, ReportSink, TestCase, parse};
//!
//! /// A sink that looks at nothing: the summary counts by itself.
//! struct Nothing;
//!
//! impl ReportSink for Nothing {
//!     fn case(&mut self, _: &TestCase) {}
//! }
//!
//! fn is_green(report: impl BufRead) -> Result<bool, ParseError> {
//!     let summary = parse(report, None, &mut Nothing)?;
//!     Ok(summary.counts.failures() == 0 && !summary.truncated && summary.run_failure.is_none())
//! }
//!
//! assert!(is_green(&b"1..1\nok 1 - adds\n"[..])?);
//! assert!(!is_green(&b"1..2\nok 1 - adds\n"[..])?);
//! assert!(is_green(&b"dear diary,\n"[..]).is_err());
//! # Ok::<(), ParseError>(())
//! ```
//!
//! # While it is read
//!
//! A sink of one's own sees each test when it is complete, and keeps what it needs; see [`ReportSink`].
//! A file of any size takes a few megabytes that way. The types that a sink sees, such as [`TestCase`], are
//! those of `retro-domain` and are exported here, too.
//!
//! ```
//! use std::io::Write;
//!
//! use retro_test_report::{Format, ReportSink, TestCase, Warning, parse};
//!
//! /// Prints tests that failed while the others are still being read.
//! struct Failures<W>(W);
//!
//! impl<W: Write> ReportSink for Failures<W> {
//!     fn format(&mut self, format: Format) {
//!         let _ = writeln!(self.0, "reading {}", format.title());
//!     }
//!
//!     fn case(&mut self, case: &TestCase) {
//!         if case.outcome.is_failure() {
//!             let why = case.message.as_deref().unwrap_or("no message");
//!             let _ = writeln!(self.0, "{}: {why}", case.id);
//!         }
//!     }
//!
//!     fn warning(&mut self, warning: Warning) {
//!         let _ = writeln!(self.0, "warning: {warning}");
//!     }
//! }
//!
//! let report = br#"{"Action":"run","Package":"sums","Test":"TestAdd"}
//! {"Action":"output","Package":"sums","Test":"TestAdd","Output":"    a_test.go:7: 1 + 1 was 3\n"}
//! {"Action":"fail","Package":"sums","Test":"TestAdd","Elapsed":0.1}
//! {"Action":"fail","Package":"sums","Elapsed":0.2}
//! "#;
//! let mut text = Vec::new();
//! parse(&report[..], None, &mut Failures(&mut text))?;
//! assert_eq!(String::from_utf8_lossy(&text), "reading go test JSON\nsums::TestAdd: 1 + 1 was 3\n");
//! # Ok::<(), retro_test_report::ParseError>(())
//! ```
//!
//! # Writing
//!
//! [`JunitWriter`], [`CtrfWriter`] and [`CsvWriter`] take cases one by one, and what a [`Summary`] says at
//! the end. From the first two, [`parse`] reads the same again.
//!
//! # Guarantees
//!
//! - Nothing here performs I/O of its own, reads a clock or the environment, or panics.
//! - Memory is bounded by one case and [`Options::max_text`], plus, in XML, a few bytes for each of
//!   at most 500,000 elements that are open, 16 MiB for cases around other cases and 16 MiB for what
//!   suites say of themselves, and, in libtest
//!   text, up to 16 MiB of names of tests of one binary. Where many tests are
//!   open at once (events, messages, one package of `go test` text), what is kept of them shares
//!   one allowance: 20 MiB for names, 8 MiB for properties, and four times [`Options::max_text`].
//!   TRX has the classes of its tests
//!   apart from the results: up to 24 MiB of either wait for the other. A JUnit or TAP case is lent
//!   to the sink and filled again, so that an ordinary one allocates nothing. Time is linear in the
//!   input. Nesting in the input is never nesting of calls.
//! - A report that was cut off keeps every case that was complete, and says that it was cut off.
//! - What is no report is an error that says what it looks like, never a report without tests.
//! - The id of a case depends on the case and the suites around it, not on its place in the file,
//!   nor, where something else tells cases apart, on the place of the work tree.
//!   A TAP test without a description is named after its number, for want of anything else.
//!
//! # Non-guarantees
//!
//! - A name may come several times, in any format, when the file has it several times: cases are
//!   handed over as they close, and nothing is kept to compare them with. Whether they are attempts
//!   at one test or different tests cannot be told from the file. A caller that must have one case
//!   for each id joins them with [`TestCase::merge`](retro_domain::TestCase::merge), by one of two
//!   rules. [`RepeatRule::AnyFailureFails`](retro_domain::RepeatRule::AnyFailureFails) hides no
//!   failure and is right wherever nothing else is known.
//!   [`RepeatRule::AnyPassPasses`](retro_domain::RepeatRule::AnyPassPasses) is for repeats that are
//!   known to be attempts. git-retro takes the second one only within one JUnit file of a command
//!   that exited with 0, where failures come before a last pass (a runner that writes what it tries
//!   again so would have failed otherwise), and the first one for all other repeats: xUnit.net,
//!   NUnit, TRX, `go test -count`, TeamCity, TAP, and between files. Attempts that a format marks as
//!   such (Surefire's `flakyFailure`, CTRF's `retryAttempts`, nextest's `#2`) are one case here.
//! - Counts that a report claims are compared with its cases and otherwise ignored, but for a
//!   report without a single case: tests that it claims make it cut off, failures a failed run.
//! - One stream is of one format. Where a report of another one begins in it, a warning says so;
//!   only libtest text is read among libtest JSON.
//!
//! # A new format
//!
//! One variant of [`Format`], one folder with a `read` function beside the others, one line in
//! the table of `parse`, and what tells it from the others in `detect`.

mod ctrf;
mod decoded;
mod detect;
mod directives;
mod dotnet;
mod encoding;
mod file_suite;
mod foreign;
mod format;
mod go;
mod json;
mod junit;
mod kept_text;
mod libtest;
mod libtest_json;
mod lines;
mod numbers;
mod nunit;
mod odd;
mod open_room;
mod open_suite;
mod options;
mod other_document;
mod output;
mod panic_message;
mod parse;
mod sink;
mod spare;
mod suite_path;
mod summary;
mod tap;
mod teamcity;
mod trx;
mod write;
mod xml;
mod xunit;

pub use detect::detect;
pub use file_suite::suite_from_file;
pub use format::Format;
pub use options::Options;
pub use parse::{ParseError, parse, parse_with};
pub use retro_domain::{
    Attachment, Attempt, Location, Outcome, OutcomeCounts, RepeatRule, TestCase, TestId, Timestamp,
};
pub use sink::{Collected, MAX_WARNINGS, ReportSink, Warning};
pub use summary::{ClaimedCounts, MAX_SUITES, SuiteMetadata, Summary};
pub use write::{CsvWriter, CtrfWriter, JunitWriter};
