//! Reads what test runners write: bytes of a result file in, test cases out, streaming.
//!
//! [`parse`] takes a reader and hands every case to a [`ReportSink`] as soon as it is complete.
//! What it returns is a [`Summary`]: the counts, whether the report was cut off, and whether the
//! report itself says that the run failed beyond its tests. The format is told from the content,
//! see [`detect`], unless the caller names one.
//!
//! ```
//! use retro_test_report::{Collected, Options, parse};
//!
//! let report = br#"<testsuite name="math">
//!   <testcase classname="Sum" name="adds" time="0.002"/>
//!   <testcase classname="Sum" name="carries"><failure message="9 + 1 was 0"/></testcase>
//! </testsuite>"#;
//!
//! let mut sink = Collected::default();
//! let summary = parse(&report[..], None, &Options::default(), &mut sink)?;
//!
//! assert_eq!((summary.counts.passed, summary.counts.failed), (1, 1));
//! assert_eq!(sink.cases[1].id.to_string(), "math::Sum::carries");
//! assert_eq!(sink.cases[1].message.as_deref(), Some("9 + 1 was 0"));
//! assert!(!summary.truncated);
//! # Ok::<(), retro_test_report::ParseError>(())
//! ```
//!
//! # Guarantees
//!
//! - Nothing here performs I/O of its own, reads a clock or the environment, or panics.
//! - Memory is bounded by one case and [`Options::max_text`], plus a few bytes per element that is
//!   open and, in libtest text, up to 16 MiB of names of tests of one binary. Where many tests are
//!   open at once (events, messages, one package of `go test` text), what is kept of them shares
//!   one allowance: 20 MiB for names, 8 MiB for properties, and four times [`Options::max_text`].
//!   In XML, suites that are open and cases inside of other cases share 12 MiB, and texts inside of
//!   each other four times [`Options::max_text`]. What suites say goes into the summary, up to 16 MiB
//!   and one more text. TRX has the classes of its tests
//!   apart from the results: up to 24 MiB of either wait for the other. A JUnit or TAP case is lent
//!   to the sink and filled again, so that an ordinary one allocates nothing. Time is linear in the
//!   input. Nesting in the input is never nesting of calls.
//! - A report that was cut off keeps every case that was complete, and says that it was cut off.
//! - What is no report is an error that says what it looks like, never a report without tests.
//! - The id of a case depends on the case and the suites around it, not on its place in the file.
//!   A TAP test without a description is named after its number, for want of anything else.
//!
//! # Non-guarantees
//!
//! - A name may come several times, when the file has it several times: `go test -count`, retries
//!   in TeamCity messages or xUnit.net, and different tests that share a name look alike, and each
//!   case is handed over as it comes. Attempts that the file itself calls attempts are inside of one
//!   case. A caller that wants one result for each name must choose between
//!   [`RepeatRule`](retro_domain::RepeatRule)`::AnyFailureFails`, which hides no failure, and
//!   `AnyPassPasses`, which is right only where a pass after failures is known to be a retry.
//!   git-retro does so in JUnit XML of a command that succeeded, and nowhere else.
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
mod detect;
mod directives;
mod dotnet;
mod encoding;
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
mod summary;
mod tap;
mod teamcity;
mod trx;
mod write;
mod xml;
mod xunit;

pub use detect::detect;
pub use format::Format;
pub use options::Options;
pub use parse::{ParseError, parse};
pub use sink::{Collected, MAX_WARNINGS, ReportSink, Warning};
pub use summary::{ClaimedCounts, MAX_SUITES, SuiteMetadata, Summary};
pub use write::{CsvWriter, CtrfWriter, write_junit};
