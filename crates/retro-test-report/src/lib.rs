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
//! - Memory is bounded by one case and [`Options::max_text`], plus, in XML, a few bytes for each of
//!   at most 500,000 elements that are open, 16 MiB for cases around other cases and 16 MiB for what
//!   suites say of themselves, and, in libtest text, the name of every failed test of one binary. Where many tests are
//!   open at once (events, messages, one package of `go test` text), what is kept of them shares
//!   one allowance of 20 MiB and four times [`Options::max_text`]. TRX has the classes of its tests
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
//! - Counts that a report claims are compared with its cases and otherwise ignored.
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
pub use format::Format;
pub use options::Options;
pub use parse::{ParseError, parse};
pub use sink::{Collected, MAX_WARNINGS, ReportSink, Warning};
pub use summary::{ClaimedCounts, MAX_SUITES, SuiteMetadata, Summary};
pub use write::{CsvWriter, CtrfWriter, write_junit};
