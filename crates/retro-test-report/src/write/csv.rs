//! CSV: one line for each test.

use std::io::{self, Write};

use retro_domain::TestCase;

use super::extra::{self, attempts_as_json};
use super::seconds;
use super::whole::Note;
use crate::Summary;

/// The columns, in their order. New ones come last.
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

/// The column of the report that a case comes from, where there are several.
const REPORT: &str = "report";

/// Writes a header and a line for each case, as RFC 4180 has it, case by case.
///
/// That the run failed beyond its tests, or that a report was cut off, is a line like that of an errored
/// test with a property `git-retro`, `run-failure` or `truncated`. Cases of several reports have one more
/// column, `report`, see [`begin`](Self::begin). Of suites there is nothing but their names.
///
/// `test` is the name that people are shown. `suite`, `attempts`, `attachments` and `properties` are
/// JSON arrays, empty fields when they are empty. A value that is absent is an empty field, like one
/// that is empty.
///
/// ```
/// use retro_test_report::{CsvWriter, Outcome, TestCase, TestId};
///
/// let case = TestCase::new(TestId::named("adds, and carries"), Outcome::Passed);
/// let mut table = Vec::new();
/// let mut writer = CsvWriter::new(&mut table);
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
    state: State<W>,
    report: Option<String>,
}

/// Whether the header was written. Until then nothing is, not even when the writer is dropped.
enum State<W: Write> {
    Fresh(W),
    Begun {
        table: Box<csv::Writer<W>>,
        has_reports: bool,
    },
    /// The header could not be written.
    Broken,
}

impl<W: Write> CsvWriter<W> {
    /// Begins a table. Nothing is written before the first case or the end.
    pub fn new(to: W) -> Self {
        Self {
            state: State::Fresh(to),
            report: None,
        }
    }

    /// Names the report that what follows comes from, where there are several. The table has a column for
    /// it when this comes before the first case.
    pub fn begin(&mut self, report: &str) {
        self.report = Some(report.to_owned());
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
        let report = self.report.take();
        let (table, has_reports) = self.table(report.is_some())?;
        let last = has_reports.then(|| report.as_deref().unwrap_or_default());
        let written = table.write_record(fields.into_iter().chain(last));
        self.report = report;
        written.map_err(reason)
    }

    /// Writes what is known of a report as a whole: whether the run failed beyond its tests, and whether
    /// the report was cut off.
    ///
    /// # Errors
    ///
    /// Those of the writer below.
    pub fn end(&mut self, summary: &Summary) -> io::Result<()> {
        if let Some(why) = &summary.run_failure {
            self.run_failure(why)?;
        }
        if summary.truncated {
            self.truncated()?;
        }
        Ok(())
    }

    /// Writes that the run failed beyond its tests.
    ///
    /// # Errors
    ///
    /// Those of the writer below.
    pub fn run_failure(&mut self, why: &str) -> io::Result<()> {
        self.note(&Note::run_failure(why, self.report.as_deref()))
    }

    /// Writes that tests may be missing.
    ///
    /// # Errors
    ///
    /// Those of the writer below.
    pub fn truncated(&mut self) -> io::Result<()> {
        self.note(&Note::Truncated)
    }

    /// Writes what is not written yet.
    ///
    /// # Errors
    ///
    /// Those of the writer below.
    pub fn finish(mut self) -> io::Result<()> {
        let has_reports = self.report.is_some();
        self.table(has_reports)?.0.flush()
    }

    fn note(&mut self, note: &Note) -> io::Result<()> {
        let mut case = note.case(self.report.as_deref());
        case.properties = vec![(extra::NAME.to_owned(), note.kind().to_owned())];
        self.case(&case)
    }

    /// The table behind its header, and whether it has a column for reports.
    fn table(&mut self, with_reports: bool) -> io::Result<(&mut csv::Writer<W>, bool)> {
        if let State::Fresh(_) = self.state
            && let State::Fresh(to) = std::mem::replace(&mut self.state, State::Broken)
        {
            let mut table = csv::WriterBuilder::new()
                .terminator(csv::Terminator::CRLF)
                .from_writer(to);
            let last = with_reports.then_some(REPORT);
            let header = COLUMNS.into_iter().chain(last);
            table.write_record(header).map_err(reason)?;
            self.state = State::Begun {
                table: Box::new(table),
                has_reports: with_reports,
            };
        }
        match &mut self.state {
            State::Begun { table, has_reports } => Ok((table, *has_reports)),
            _ => Err(io::Error::other("an earlier line could not be written")),
        }
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
