//! Result files as a document.

use std::io::{self, Write};

use retro_domain::{OutcomeCounts, TestCase};
use retro_test_report::{ClaimedCounts, Format, ParseError, SuiteMetadata, Summary, Warning};
use serde::Serialize;

use super::run::CountsDocument;
use super::{CaseDocument, DOCUMENT_VERSION, millis, rfc3339};

/// Writes what result files hold, one document whose `kind` is `results`, case by case.
///
/// For each file: [`begin`](Self::begin), a [`case`](Self::case) for each of its tests, and
/// [`end`](Self::end). What is known of a file as a whole comes after its cases for that.
pub struct ReportsWriter<W: Write> {
    to: W,
    has_files: bool,
    counts: OutcomeCounts,
}

/// What one result file says as a whole.
#[derive(Debug, Serialize)]
struct ReportDocument {
    /// Why it could not be read, or not to its end; the cases are those before.
    error: Option<String>,
    /// Its format; null when it is no report.
    format: Option<&'static str>,
    /// Its tests, counted.
    counts: CountsDocument,
    /// TAP subtests, counted apart.
    subtests: CountsDocument,
    /// Whether it ends before its end.
    truncated: bool,
    /// Its own words on a failure beyond its tests.
    run_failure: Option<String>,
    /// What was odd.
    warnings: Vec<String>,
    /// What it says of its suites.
    suites: Vec<SuiteDocument>,
    /// Suites that `suites` had no room for.
    suites_left_out: u64,
}

/// What a report says about a suite.
#[derive(Debug, Serialize)]
pub struct SuiteDocument {
    /// The suites around it and its own name.
    pub path: Vec<String>,
    /// When it started.
    pub started_at: Option<String>,
    /// How long it took.
    pub duration_ms: Option<f64>,
    /// The machine it ran on.
    pub hostname: Option<String>,
    /// The counts it claims.
    pub claimed: ClaimedDocument,
    /// Names and values.
    pub properties: Vec<(String, String)>,
    /// Its standard output.
    pub stdout: Option<String>,
    /// Its standard error.
    pub stderr: Option<String>,
}

/// The counts that a suite claims.
#[derive(Debug, Serialize)]
pub struct ClaimedDocument {
    /// All tests.
    pub tests: Option<u64>,
    /// Failed ones.
    pub failures: Option<u64>,
    /// Those that could not run to their end.
    pub errors: Option<u64>,
    /// Those that did not run.
    pub skipped: Option<u64>,
}

/// Everything that a report says about one test.
#[derive(Debug, Serialize)]
pub struct FullCaseDocument {
    /// What other documents say of a test, too.
    #[serde(flatten)]
    pub case: CaseDocument,
    /// The suites around it, outermost first.
    pub suite: Vec<String>,
    /// Its class, module or file.
    pub class: Option<String>,
    /// Its own name.
    pub name: String,
    /// Its parameters, where the format keeps them apart.
    pub parameters: Option<String>,
    /// What it wrote to standard output.
    pub stdout: Option<String>,
    /// What it wrote to standard error.
    pub stderr: Option<String>,
    /// Every execution, when there were several.
    pub executions: Vec<ExecutionDocument>,
    /// Files that it points at: `name` and `path`.
    pub attachments: Vec<AttachmentDocument>,
    /// Names and values.
    pub properties: Vec<(String, String)>,
}

/// One execution of a test.
#[derive(Debug, Serialize)]
pub struct ExecutionDocument {
    /// How it ended.
    pub outcome: &'static str,
    /// How long it took.
    pub duration_ms: Option<f64>,
    /// The message of its failure.
    pub message: Option<String>,
    /// The failure's type.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The failure's full text.
    pub detail: Option<String>,
}

/// A file that a test points at.
#[derive(Debug, Serialize)]
pub struct AttachmentDocument {
    /// What it is called.
    pub name: String,
    /// Where it is, as the report has it.
    pub path: String,
}

impl<W: Write> ReportsWriter<W> {
    /// Writes what comes before the files.
    ///
    /// # Errors
    ///
    /// Those of `to`.
    pub fn new(mut to: W) -> io::Result<Self> {
        write!(
            to,
            "{{\n  \"version\": {DOCUMENT_VERSION},\n  \"kind\": \"results\",\n  \"files\": ["
        )?;
        Ok(Self {
            to,
            has_files: false,
            counts: OutcomeCounts::default(),
        })
    }

    /// Begins a file, under the name it was given; `-` for standard input.
    ///
    /// # Errors
    ///
    /// Those of the writer below.
    pub fn begin(&mut self, file: &str) -> io::Result<()> {
        let comma = if self.has_files { "," } else { "" };
        self.has_files = true;
        self.counts = OutcomeCounts::default();
        let file = serde_json::to_string(file)?;
        write!(
            self.to,
            "{comma}\n    {{\n      \"file\": {file},\n      \"cases\": ["
        )
    }

    /// Writes a test of the file.
    ///
    /// # Errors
    ///
    /// Those of the writer below.
    pub fn case(&mut self, case: &TestCase) -> io::Result<()> {
        let comma = if self.counts.total() > 0 { "," } else { "" };
        self.counts.add(case.outcome, case.flaky);
        let text = indented(8, &FullCaseDocument::from(case))?;
        write!(self.to, "{comma}\n        {text}")
    }

    /// Ends a file: the format that was read, what was odd, and what its reader said in the end.
    ///
    /// # Errors
    ///
    /// Those of the writer below.
    pub fn end(
        &mut self,
        format: Option<Format>,
        warnings: &[Warning],
        ended: &Result<Summary, ParseError>,
    ) -> io::Result<()> {
        let break_line = match self.counts.total() {
            0 => "",
            _ => "\n      ",
        };
        // The fields of the whole follow those that are written already, in the same object.
        let whole = indented(
            4,
            &ReportDocument::new(self.counts, format, warnings, ended),
        )?;
        let fields = whole.trim_start_matches('{');
        write!(self.to, "{break_line}],{fields}")
    }

    /// Writes what comes after the files.
    ///
    /// # Errors
    ///
    /// Those of the writer below.
    pub fn finish(mut self) -> io::Result<()> {
        let break_line = if self.has_files { "\n  " } else { "" };
        writeln!(self.to, "{break_line}]\n}}")?;
        self.to.flush()
    }
}

/// A part of a document, laid out, whose lines but the first begin with so many more spaces.
fn indented(spaces: usize, part: &impl Serialize) -> serde_json::Result<String> {
    // No text of JSON holds a line end as it is.
    let line_end = format!("\n{:spaces$}", "");
    let text = serde_json::to_string_pretty(part)?;
    Ok(text.replace('\n', &line_end))
}

impl ReportDocument {
    fn new(
        counts: OutcomeCounts,
        format: Option<Format>,
        warnings: &[Warning],
        ended: &Result<Summary, ParseError>,
    ) -> Self {
        let summary = ended.as_ref().ok();
        let is_report = !matches!(
            ended,
            Err(ParseError::Empty | ParseError::NotAReport { .. } | ParseError::Encoding { .. })
        );
        let subtests = summary.map(|summary| summary.subtests).unwrap_or_default();
        Self {
            error: ended.as_ref().err().map(ToString::to_string),
            format: format.filter(|_| is_report).map(Format::name),
            counts: counts.into(),
            subtests: subtests.into(),
            truncated: summary.is_some_and(|summary| summary.truncated),
            run_failure: summary.and_then(|summary| summary.run_failure.clone()),
            warnings: warnings.iter().map(ToString::to_string).collect(),
            suites: summary
                .iter()
                .flat_map(|summary| &summary.suites)
                .map(SuiteDocument::from)
                .collect(),
            suites_left_out: summary.map_or(0, |summary| summary.suites_left_out),
        }
    }
}

impl From<&SuiteMetadata> for SuiteDocument {
    fn from(suite: &SuiteMetadata) -> Self {
        let ClaimedCounts {
            tests,
            failures,
            errors,
            skipped,
        } = suite.claimed;
        Self {
            path: suite.path.clone(),
            started_at: suite.started.map(rfc3339),
            duration_ms: suite.duration.map(millis),
            hostname: suite.hostname.clone(),
            claimed: ClaimedDocument {
                tests,
                failures,
                errors,
                skipped,
            },
            properties: suite.properties.clone(),
            stdout: suite.stdout.clone(),
            stderr: suite.stderr.clone(),
        }
    }
}

impl From<&TestCase> for FullCaseDocument {
    fn from(case: &TestCase) -> Self {
        let executions = case.attempts.iter().map(|attempt| ExecutionDocument {
            outcome: attempt.outcome.name(),
            duration_ms: attempt.duration.map(millis),
            message: attempt.message.clone(),
            kind: attempt.kind.clone(),
            detail: attempt.detail.clone(),
        });
        let attachments = case.attachments.iter().map(|file| AttachmentDocument {
            name: file.name.clone(),
            path: file.path.clone(),
        });
        Self {
            suite: case.id.suite.clone(),
            class: case.id.class.clone(),
            name: case.id.name.clone(),
            parameters: case.id.parameters.clone(),
            stdout: case.stdout.clone(),
            stderr: case.stderr.clone(),
            executions: executions.collect(),
            attachments: attachments.collect(),
            properties: case.properties.clone(),
            case: CaseDocument::new(case),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use retro_domain::{Outcome, TestId};

    const END: &str = r#",
      "error": "the result file is empty: the test runner wrote nothing, or was stopped before it could",
      "format": null,
"#;

    #[test]
    fn the_document_is_laid_out_as_if_it_were_written_at_once() {
        let mut text = Vec::new();
        let mut writer = ReportsWriter::new(&mut text).unwrap();
        for (file, names) in [("no \"tests\"", &[][..]), ("b.tap", &["a\nb", "c"])] {
            writer.begin(file).unwrap();
            for name in names {
                let case = TestCase::new(TestId::named(*name), Outcome::Passed);
                writer.case(&case).unwrap();
            }
            let tap = Some(Format::Tap);
            writer.end(tap, &[], &Err(ParseError::Empty)).unwrap();
        }
        writer.finish().unwrap();
        let text = String::from_utf8(text).unwrap();
        let begin = "{\n  \"version\": 1,\n  \"kind\": \"results\",\n  \"files\": [\n    {\n      \
                     \"file\": \"no \\\"tests\\\"\",\n      \"cases\": []";
        assert!(text.starts_with(&format!("{begin}{END}")), "{text}");
        let next = "\n      \"suites_left_out\": 0\n    },\n    {\n      \"file\": \"b.tap\",\n      \
                    \"cases\": [\n        {\n          \"test\": \"a\\nb\",\n          \
                    \"outcome\": \"passed\",";
        assert!(text.contains(next), "{text}");
        let inner = format!("\"properties\": []\n        }}\n      ]{END}");
        assert!(text.contains(&inner), "{text}");
        let end = "\n      \"suites_left_out\": 0\n    }\n  ]\n}\n";
        assert!(text.ends_with(end), "{text}");
        let document: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(document["files"][0]["counts"]["total"], 0);
        assert_eq!(document["files"][1]["counts"]["total"], 2);
        assert_eq!(document["files"][1]["cases"][1]["test"], "c");
    }

    #[test]
    fn a_document_may_have_no_file() {
        let mut text = Vec::new();
        ReportsWriter::new(&mut text).unwrap().finish().unwrap();
        assert!(text.ends_with(b"\"files\": []\n}\n"));
    }
}
