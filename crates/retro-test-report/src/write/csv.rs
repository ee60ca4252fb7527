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

/// Writes a header and a line for each case, as RFC 4180 has it, case by case.
///
/// `test` is the name that people are shown. `suite`, `attempts`, `attachments` and `properties` are
/// JSON arrays, empty fields when they are empty. A value that is absent is an empty field, like one
/// that is empty.
///
/// ```
/// use retro_domain::{Outcome, TestCase, TestId};
/// use retro_test_report::CsvWriter;
///
/// let case = TestCase::new(TestId::named("adds, and carries"), Outcome::Passed);
/// let mut table = Vec::new();
/// let mut writer = CsvWriter::new(&mut table)?;
/// writer.case(&case)?;
/// writer.finish()?;
/// let table = String::from_utf8(table)?;
/// assert_eq!(
///     table.lines().nth(1),
///     Some(r#""adds, and carries",,,"adds, and carries",,passed,false,,,,,,,,,,,"#),
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct CsvWriter<W: Write> {
    table: csv::Writer<W>,
}

impl<W: Write> CsvWriter<W> {
    /// Writes the header.
    ///
    /// # Errors
    ///
    /// Those of `to`.
    pub fn new(to: W) -> io::Result<Self> {
        let mut table = csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .from_writer(to);
        table.write_record(COLUMNS).map_err(reason)?;
        Ok(Self { table })
    }

    /// Writes a line.
    ///
    /// # Errors
    ///
    /// Those of the writer below.
    pub fn case(&mut self, case: &TestCase) -> io::Result<()> {
        let place = case.location.as_ref();
        let line = place.and_then(|place| place.line);
        let attachments: Vec<(&str, &str)> = case
            .attachments
            .iter()
            .map(|it| (it.name.as_str(), it.path.as_str()))
            .collect();
        let fields: [&str; COLUMNS.len()] = [
            &case.id.to_string(),
            &list(&case.id.suite)?,
            text(&case.id.class),
            &case.id.name,
            text(&case.id.parameters),
            case.outcome.name(),
            &case.flaky.to_string(),
            &case.duration.map(seconds).unwrap_or_default(),
            text(&case.message),
            text(&case.kind),
            place.map_or("", |place| place.file.as_str()),
            &line.map(|line| line.to_string()).unwrap_or_default(),
            text(&case.detail),
            text(&case.stdout),
            text(&case.stderr),
            &attempts_as_json(&case.attempts)?,
            &list(&attachments)?,
            &list(&case.properties)?,
        ];
        self.table.write_record(fields).map_err(reason)
    }

    /// Writes what is not written yet.
    ///
    /// # Errors
    ///
    /// Those of the writer below.
    pub fn finish(mut self) -> io::Result<()> {
        self.table.flush()
    }
}

/// What went wrong below, as it was: a reader that went away is to be told from a full disk.
fn reason(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

fn text(text: &Option<String>) -> &str {
    text.as_deref().unwrap_or_default()
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
