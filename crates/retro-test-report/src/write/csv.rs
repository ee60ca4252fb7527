//! CSV: one line for each test.

use std::io::{self, Write};

use retro_domain::TestCase;

use super::extra::attempts_as_json;
use super::seconds;

/// The columns, in their order.
const COLUMNS: [&str; 18] = [
    "test",
    "suite",
    "class",
    "name",
    "parameters",
    "outcome",
    "flaky",
    "seconds",
    "message",
    "type",
    "file",
    "line",
    "detail",
    "stdout",
    "stderr",
    "attempts",
    "attachments",
    "properties",
];

/// Writes a header and a line for each case, as RFC 4180 has it.
///
/// `test` is the name that people are shown. `suite`, `attempts`, `attachments` and `properties` are
/// JSON arrays, empty fields when they are empty. A value that is absent is an empty field, like one
/// that is empty.
///
/// # Errors
///
/// Those of `to`.
///
/// ```
/// use retro_domain::{Outcome, TestCase, TestId};
///
/// let case = TestCase::new(TestId::named("adds, and carries"), Outcome::Passed);
/// let mut table = Vec::new();
/// retro_test_report::write_csv(&mut table, &[case])?;
/// let table = String::from_utf8(table)?;
/// assert_eq!(
///     table.lines().nth(1),
///     Some(r#""adds, and carries",,,"adds, and carries",,passed,false,,,,,,,,,,,"#),
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_csv(to: impl Write, cases: &[TestCase]) -> io::Result<()> {
    let mut table = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(to);
    table.write_record(COLUMNS)?;
    for case in cases {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let place = case.location.as_ref();
        let attachments: Vec<(&str, &str)> = case
            .attachments
            .iter()
            .map(|it| (it.name.as_str(), it.path.as_str()))
            .collect();
        table.write_record([
            case.id.to_string(),
            list(&case.id.suite)?,
            text(&case.id.class),
            case.id.name.clone(),
            text(&case.id.parameters),
            case.outcome.name().to_owned(),
            case.flaky.to_string(),
            case.duration.map(seconds).unwrap_or_default(),
            text(&case.message),
            text(&case.kind),
            place.map(|place| place.file.clone()).unwrap_or_default(),
            place
                .and_then(|place| place.line)
                .map(|line| line.to_string())
                .unwrap_or_default(),
            text(&case.detail),
            text(&case.stdout),
            text(&case.stderr),
            attempts_as_json(&case.attempts)?,
            list(&attachments)?,
            list(&case.properties)?,
        ])?;
    }
    table.flush()
}

fn list<T: serde::Serialize>(items: &[T]) -> serde_json::Result<String> {
    match items {
        [] => Ok(String::new()),
        items => serde_json::to_string(items),
    }
}

#[cfg(test)]
#[path = "csv_tests.rs"]
mod tests;
