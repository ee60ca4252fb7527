//! What the format tests share: reading a text and showing what came out.

use retro_domain::TestCase;
use retro_test_report::{Collected, Format, Options, ParseError, Summary, parse_with};

/// A report that was read.
pub(crate) struct Read {
    pub(crate) summary: Summary,
    pub(crate) cases: Vec<TestCase>,
    pub(crate) warnings: Vec<String>,
}

/// Reads bytes that must be a report, told from their content.
pub(crate) fn read(bytes: impl AsRef<[u8]>) -> Read {
    read_with(bytes, None, &Options::default()).unwrap()
}

/// Reads bytes as a format, with options.
pub(crate) fn read_with(
    bytes: impl AsRef<[u8]>,
    format: Option<Format>,
    options: &Options,
) -> Result<Read, ParseError> {
    let mut sink = Collected::default();
    let summary = parse_with(bytes.as_ref(), format, options, &mut sink)?;
    let warnings = sink.warnings.iter().map(ToString::to_string).collect();
    Ok(Read {
        summary,
        cases: sink.cases,
        warnings,
    })
}

/// The outcome and the id of every case, one per line.
pub(crate) fn shown(cases: &[TestCase]) -> Vec<String> {
    cases
        .iter()
        .map(|case| format!("{} {}", case.outcome.name(), case.id))
        .collect()
}

/// Checks the outcomes and ids of a report's cases.
pub(crate) fn check(bytes: impl AsRef<[u8]>, expected: &[&str]) -> Read {
    let read = read(bytes.as_ref());
    let text = String::from_utf8_lossy(bytes.as_ref()).into_owned();
    assert_eq!(shown(&read.cases), expected, "{text}");
    read
}
