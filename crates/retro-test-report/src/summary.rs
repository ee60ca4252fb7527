//! What a whole report said.

use std::time::Duration;

use retro_domain::{OutcomeCounts, Timestamp};

use crate::Format;

/// What a report said as a whole, after its cases went to the sink.
///
/// ```
/// use retro_test_report::{Collected, parse};
///
/// let report = b"1..3\nok 1 - adds\nBail out! the database is gone\n";
/// let summary = parse(&report[..], None, &mut Collected::default())?;
/// // No test failed, and yet the run did.
/// assert_eq!(summary.counts.failures(), 0);
/// assert!(summary.run_failure.unwrap().contains("the database is gone"));
/// # Ok::<(), retro_test_report::ParseError>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct Summary {
    /// The format that was read.
    pub format: Format,
    /// The cases that went to the sink, counted.
    pub counts: OutcomeCounts,
    /// TAP subtests, counted apart from [`counts`](Summary::counts) whether or not they went to
    /// the sink. Zero for other formats.
    pub subtests: OutcomeCounts,
    /// Whether the report ends before its end: tests may be missing.
    pub truncated: bool,
    /// The report's own words on a failure beyond its tests: a bail-out, a plan that was not met,
    /// an error of a whole suite.
    pub run_failure: Option<String>,
    /// What the report says about its suites, in the order they end; at most [`MAX_SUITES`], which
    /// hold 16 MiB in all beside their outputs.
    pub suites: Vec<SuiteMetadata>,
    /// Suites that [`suites`](Summary::suites) had no room for.
    pub suites_left_out: u64,
}

/// The most suites a [`Summary`] describes.
pub const MAX_SUITES: usize = 1_000;

impl Summary {
    pub(crate) fn new(format: Format) -> Self {
        Self {
            format,
            counts: OutcomeCounts::default(),
            subtests: OutcomeCounts::default(),
            truncated: false,
            run_failure: None,
            suites: Vec::new(),
            suites_left_out: 0,
        }
    }
}

/// What a report says about one suite, beside its cases.
///
/// Writers take it as well. Fields may be added: one is made with `..SuiteMetadata::default()`.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct SuiteMetadata {
    /// The suites around it and its own name, outermost first, as in
    /// [`TestId::suite`](retro_domain::TestId::suite). The absolute path of a file is no part of it:
    /// the suite has it as its property `name`.
    pub path: Vec<String>,
    /// When it started. A time without a zone is taken for UTC.
    pub started: Option<Timestamp>,
    /// How long it took, by its own account.
    pub duration: Option<Duration>,
    /// The machine it ran on.
    pub hostname: Option<String>,
    /// The counts it claims. They are compared with the cases, never used.
    pub claimed: ClaimedCounts,
    /// Names and values the report attaches to it.
    pub properties: Vec<(String, String)>,
    /// What it wrote to standard output outside its cases. All suites of a report share one
    /// allowance of [`Options::max_text`](crate::Options::max_text) for this and `stderr`.
    pub stdout: Option<String>,
    /// What it wrote to standard error outside its cases.
    pub stderr: Option<String>,
}

/// The counts a suite claims to have; `None` where it claims nothing readable.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ClaimedCounts {
    /// All tests.
    pub tests: Option<u64>,
    /// Tests that failed.
    pub failures: Option<u64>,
    /// Tests that could not run to their end.
    pub errors: Option<u64>,
    /// Tests that did not run.
    pub skipped: Option<u64>,
}
