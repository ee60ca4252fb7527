//! How a report is read.

/// How a report is read.
///
/// Fields may be added, so that one is made from the defaults. (It is open to that as
/// `#[non_exhaustive]` is not.)
///
/// ```
/// use retro_test_report::{Collected, Options, parse_with};
///
/// let report = b"1..1\n# Subtest: sums\n    ok 1 - adds\n    1..1\nok 1 - sums\n";
/// let options = Options {
///     subtests: true,
///     ..Options::default()
/// };
/// let mut sink = Collected::default();
/// let summary = parse_with(&report[..], None, &options, &mut sink)?;
/// assert_eq!((summary.counts.total(), summary.subtests.total()), (1, 1));
/// assert_eq!(sink.cases[0].id.to_string(), "sums::adds");
/// # Ok::<(), retro_test_report::ParseError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Options {
    /// The most bytes kept of one text (a message, a failure's detail, one output stream of one
    /// case). What is longer is cut, and a line at its end says so. 1 MiB by default.
    pub max_text: usize,
    /// Whether TAP subtests go to the sink too, under the names of the tests around them. Off by
    /// default: established TAP readers count the outermost tests only, and a test with subtests
    /// says in its message which of them failed.
    pub subtests: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_text: 1 << 20,
            subtests: false,
        }
    }
}
