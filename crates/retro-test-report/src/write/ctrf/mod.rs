//! The Common Test Report Format.

mod test;

use std::io::{self, Write};

use retro_domain::{OutcomeCounts, TestCase, Timestamp};
use serde_json::json;

use super::extra::{self, Extra};
use super::whole::{DocumentExtra, Note, SUITES, SuiteExtra};
use crate::{SuiteMetadata, Summary};

/// What comes before the tests.
const HEAD: &[u8] = br#"{"reportFormat":"CTRF","specVersion":"0.0.0","generatedBy":"git-retro",
"results":{"tool":{"name":"git-retro"},
"tests":["#;

/// So much memory of one test is kept for the next.
const AT_MOST: usize = 1 << 16;

/// Writes a CTRF document, version 0.0.0 of its schema and later, case by case.
///
/// The summary comes after the tests, for it counts them. A test that errored is `failed` with the
/// raw status `errored`. Start and stop are those of the suites, see
/// [`Summary::suites`](crate::Summary::suites), and 0 where those tell none. That the run failed beyond
/// its tests, or that a report was cut off, is written as an errored test, so that other readers take
/// the run for a failed one.
///
/// What the format has no place for is kept in the `extra` of a test and of the results under
/// `git-retro`, so that [`parse`](crate::parse) gives back the same cases, the same suites, and that
/// the run failed.
///
/// ```
/// use retro_test_report::{Collected, CtrfWriter, Outcome, TestCase, TestId, parse};
///
/// let mut case = TestCase::new(TestId::named("adds"), Outcome::Errored);
/// case.message = Some("out of memory".into());
///
/// let mut document = Vec::new();
/// let mut writer = CtrfWriter::new(&mut document);
/// writer.case(&case)?;
/// writer.finish()?;
///
/// let mut read = Collected::default();
/// parse(&document[..], None, &mut read)?;
/// assert_eq!(read.cases, [case]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct CtrfWriter<W: Write> {
    to: W,
    counts: OutcomeCounts,
    report: Option<String>,
    start: Option<Timestamp>,
    stop: Option<Timestamp>,
    /// The last test, whose memory the next one gets.
    text: Vec<u8>,
    /// What is kept of each suite.
    suites: Vec<String>,
    left_out: u64,
    subtests: OutcomeCounts,
}

impl<W: Write> CtrfWriter<W> {
    /// Begins a document. Nothing is written before the first case or the end.
    pub fn new(to: W) -> Self {
        Self {
            to,
            counts: OutcomeCounts::default(),
            report: None,
            start: None,
            stop: None,
            text: Vec::new(),
            suites: Vec::new(),
            left_out: 0,
            subtests: OutcomeCounts::default(),
        }
    }

    /// Names the report that what follows comes from, where there are several.
    pub fn begin(&mut self, report: &str) {
        self.report = Some(report.to_owned());
    }

    /// Writes a test.
    ///
    /// # Errors
    ///
    /// Those of the writer below.
    pub fn case(&mut self, case: &TestCase) -> io::Result<()> {
        self.test(case, |text| test::exact(text, case))
    }

    /// Takes what is known of a report as a whole: its suites, whether the run failed beyond its tests,
    /// and whether the report was cut off.
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
        self.left_out += summary.suites_left_out;
        self.subtests += summary.subtests;
        self.suites(&summary.suites)
    }

    /// Takes what is known of suites, which is kept until the end.
    ///
    /// # Errors
    ///
    /// When a suite cannot be written; no suite is known to be of that kind.
    pub fn suites(&mut self, suites: &[SuiteMetadata]) -> io::Result<()> {
        for suite in suites {
            let kept = SuiteExtra::between(suite, &SuiteMetadata::default());
            self.suites.push(serde_json::to_string(&kept)?);
            let Some(started) = suite.started else {
                continue;
            };
            let ended = started.plus(suite.duration.unwrap_or_default());
            self.start = Some(self.start.map_or(started, |start| start.min(started)));
            self.stop = self.stop.max(Some(ended));
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

    /// Writes the summary.
    ///
    /// # Errors
    ///
    /// Those of the writer below.
    pub fn finish(mut self) -> io::Result<()> {
        let counts = self.counts;
        if counts.total() == 0 {
            self.to.write_all(HEAD)?;
        }
        let millis = |at: Option<Timestamp>| at.map_or(0, |at| at.unix_millis().max(0));
        let summary = json!({
            "tests": counts.total(),
            "passed": counts.passed,
            "failed": counts.failures(),
            "skipped": counts.skipped,
            "pending": 0,
            "other": 0,
            "flaky": counts.flaky,
            "start": millis(self.start),
            "stop": millis(self.stop),
        });
        let document = DocumentExtra::new(self.left_out, self.subtests);
        let extra = json!({
            extra::NAME: serde_json::to_string(&document)?,
            SUITES: self.suites,
        });
        write!(
            self.to,
            "\n],\n\"summary\":{summary},\n\"extra\":{extra}}}}}\n"
        )?;
        self.to.flush()
    }

    fn note(&mut self, note: &Note) -> io::Result<()> {
        let case = note.case(self.report.as_deref());
        self.test(&case, |text| {
            test::marked(text, &case, &Extra::of_note(note))
        })
    }

    fn test(
        &mut self,
        case: &TestCase,
        write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>,
    ) -> io::Result<()> {
        self.text.clear();
        if self.counts.total() == 0 {
            self.to.write_all(HEAD)?;
        } else {
            self.text.push(b',');
        }
        self.text.push(b'\n');
        write(&mut self.text)?;
        self.to.write_all(&self.text)?;
        self.text.shrink_to(AT_MOST);
        self.counts.add(case.outcome, case.flaky);
        Ok(())
    }
}

#[cfg(test)]
#[path = "ctrf_tests.rs"]
mod tests;
