//! Result files as a document.

use retro_domain::TestCase;
use retro_test_report::{ClaimedCounts, Collected, ParseError, SuiteMetadata, Summary};
use serde::Serialize;

use super::run::CountsDocument;
use super::{CaseDocument, DOCUMENT_VERSION, millis, rfc3339};

/// What result files hold. `kind` is `results`.
#[derive(Debug, Serialize)]
pub struct ReportsDocument {
    /// The document's version.
    pub version: u32,
    /// `results`.
    pub kind: &'static str,
    /// One for each file, in the order they were named.
    pub files: Vec<ReportDocument>,
}

/// What one result file holds.
#[derive(Debug, Serialize)]
pub struct ReportDocument {
    /// The file as it was named; `-` for standard input.
    pub file: String,
    /// Why it could not be read, or not to its end; `cases` are those before.
    pub error: Option<String>,
    /// Its format; null when it is no report.
    pub format: Option<&'static str>,
    /// Its tests, counted.
    pub counts: CountsDocument,
    /// TAP subtests, counted apart.
    pub subtests: CountsDocument,
    /// Whether it ends before its end.
    pub truncated: bool,
    /// Its own words on a failure beyond its tests.
    pub run_failure: Option<String>,
    /// What was odd.
    pub warnings: Vec<String>,
    /// What it says of its suites.
    pub suites: Vec<SuiteDocument>,
    /// Suites that `suites` had no room for.
    pub suites_left_out: u64,
    /// Its tests, in its order.
    pub cases: Vec<FullCaseDocument>,
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

impl ReportsDocument {
    /// The document of some files.
    pub fn new(files: Vec<ReportDocument>) -> Self {
        Self {
            version: DOCUMENT_VERSION,
            kind: "results",
            files,
        }
    }
}

impl ReportDocument {
    /// The document of one file: what its reader collected, and how it ended.
    pub fn new(file: &str, read: &Collected, ended: &Result<Summary, ParseError>) -> Self {
        let summary = ended.as_ref().ok();
        let mut counts = retro_domain::OutcomeCounts::default();
        for case in &read.cases {
            counts.add(case.outcome, case.flaky);
        }
        let subtests = summary.map(|summary| summary.subtests).unwrap_or_default();
        Self {
            file: file.to_owned(),
            error: ended.as_ref().err().map(ToString::to_string),
            format: summary.map(|summary| summary.format.name()),
            counts: counts.into(),
            subtests: subtests.into(),
            truncated: summary.is_some_and(|summary| summary.truncated),
            run_failure: summary.and_then(|summary| summary.run_failure.clone()),
            warnings: read.warnings.iter().map(ToString::to_string).collect(),
            suites: summary
                .iter()
                .flat_map(|summary| &summary.suites)
                .map(SuiteDocument::from)
                .collect(),
            suites_left_out: summary.map_or(0, |summary| summary.suites_left_out),
            cases: read.cases.iter().map(FullCaseDocument::from).collect(),
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
