//! Commits, their tests, and what differs between two of them.

use retro_analysis::Difference;
use retro_domain::{TestCase, TestId};
use retro_store::{ArtifactEntry, ResultSummary, RunCommit, RunRecord};
use serde::Serialize;

use super::run::CommitLine;
use super::{DOCUMENT_VERSION, millis, rfc3339};

/// What is known of one commit. `kind` is `commit`.
#[derive(Debug, Serialize)]
pub struct CommitDocument {
    /// The document's version.
    pub version: u32,
    /// `commit`.
    pub kind: &'static str,
    /// Its results, newest run first: one for each suite and each set of tools.
    pub results: Vec<CommitResult>,
}

/// One result of a commit.
#[derive(Debug, Serialize)]
pub struct CommitResult {
    /// The newest run that covers it.
    pub run: String,
    /// The name of the suite.
    pub suite: String,
    /// The commit and its verdict.
    #[serde(flatten)]
    pub commit: CommitLine,
    /// When it was run.
    pub started_at: String,
    /// How the last command ended.
    pub ending: String,
    /// Warnings.
    pub notes: Vec<String>,
    /// Processor time of its commands, in milliseconds.
    pub cpu_ms: f64,
    /// Largest resident set of a process, in bytes.
    pub max_rss: u64,
    /// Tests that failed, errored, or were flaky; every test when asked for.
    pub cases: Vec<CaseDocument>,
}

/// One test.
#[derive(Debug, Serialize)]
pub struct CaseDocument {
    /// The test.
    pub test: String,
    /// `passed`, `failed`, `errored` or `skipped`.
    pub outcome: &'static str,
    /// Whether it passed after an attempt that did not.
    pub flaky: bool,
    /// How long it took.
    pub duration_ms: Option<f64>,
    /// The message of its failure, or why it was skipped.
    pub message: Option<String>,
    /// The failure's type.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The failure's full text.
    pub detail: Option<String>,
    /// The source file.
    pub file: Option<String>,
    /// The line in it.
    pub line: Option<u32>,
    /// How often it was executed.
    pub attempts: usize,
}

impl CommitResult {
    /// The document of one result.
    pub fn new(
        run: &RunRecord,
        commit: &RunCommit,
        summary: &ResultSummary,
        cases: &[TestCase],
    ) -> Self {
        Self {
            run: run.id.to_string(),
            suite: summary.suite_name.clone(),
            commit: CommitLine::new(commit, Some(summary)),
            started_at: rfc3339(summary.started_at),
            ending: summary.ending.clone(),
            notes: summary.notes.clone(),
            cpu_ms: millis(summary.usage.user + summary.usage.system),
            max_rss: summary.usage.max_rss,
            cases: cases.iter().map(CaseDocument::new).collect(),
        }
    }
}

impl CommitDocument {
    /// The document of a commit's results.
    pub fn new(results: Vec<CommitResult>) -> Self {
        Self {
            version: DOCUMENT_VERSION,
            kind: "commit",
            results,
        }
    }
}

impl CaseDocument {
    /// The document of one test.
    pub fn new(case: &TestCase) -> Self {
        Self {
            test: case.id.to_string(),
            outcome: case.outcome.name(),
            flaky: case.flaky,
            duration_ms: case.duration.map(millis),
            message: case.message.clone(),
            kind: case.kind.clone(),
            detail: case.detail.clone(),
            file: case.location.as_ref().map(|location| location.file.clone()),
            line: case.location.as_ref().and_then(|location| location.line),
            attempts: case.attempts.len().max(1),
        }
    }
}

/// What a commit's commands wrote. `kind` is `log`.
#[derive(Debug, Serialize)]
pub struct LogDocument {
    /// The document's version.
    pub version: u32,
    /// `log`.
    pub kind: &'static str,
    /// The commit that was run; others with the same tree share its files.
    pub commit: String,
    /// The name of the suite.
    pub suite: String,
    /// The files, sorted by name.
    pub files: Vec<LogFile>,
}

/// One file that a commit's commands left.
#[derive(Debug, Serialize)]
pub struct LogFile {
    /// Its name, such as `test.stdout`.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// The SHA-256 of its content.
    pub sha256: String,
    /// What it holds, invalid UTF-8 replaced; absent when only a list was asked for.
    pub text: Option<String>,
}

impl LogDocument {
    /// The document of some files of a result.
    pub fn new(summary: &ResultSummary, files: Vec<LogFile>) -> Self {
        let (commit, suite) = (summary.commit.to_string(), summary.suite_name.clone());
        Self {
            version: DOCUMENT_VERSION,
            kind: "log",
            commit,
            suite,
            files,
        }
    }
}

impl LogFile {
    /// The document of one artifact.
    pub fn new(entry: &ArtifactEntry, content: Option<&[u8]>) -> Self {
        Self {
            name: entry.name.clone(),
            size: entry.size,
            sha256: entry.digest.to_string(),
            text: content.map(|bytes| String::from_utf8_lossy(bytes).into_owned()),
        }
    }
}

/// What differs between two commits. `kind` is `diff`.
#[derive(Debug, Serialize)]
pub struct DifferenceDocument {
    /// The document's version.
    pub version: u32,
    /// `diff`.
    pub kind: &'static str,
    /// The first commit.
    pub from: String,
    /// The second commit.
    pub to: String,
    /// The suite that both were run with.
    pub suite: String,
    /// Whether its commands and settings were the same; if not, a difference may come from them.
    pub same_suite: bool,
    /// Whether both were tested; if not, every list is empty.
    pub comparable: bool,
    /// Passed in the first, fails in the second.
    pub broke: Vec<String>,
    /// Failed in the first, passes in the second.
    pub fixed: Vec<String>,
    /// Fails in both.
    pub still_failing: Vec<String>,
    /// Fails in the second, and the first has no result of it to compare with.
    pub new_failures: Vec<String>,
    /// Only in the second, however it ended.
    pub appeared: Vec<String>,
    /// Only in the first.
    pub disappeared: Vec<String>,
    /// Skipped only in the second.
    pub newly_skipped: Vec<String>,
    /// Skipped only in the first.
    pub no_longer_skipped: Vec<String>,
    /// Perhaps there, but not reported, because the command failed as a whole.
    pub lost: Vec<String>,
    /// Flaky in one of the two.
    pub flaky: Vec<String>,
}

impl DifferenceDocument {
    /// The document of a difference between the commits `from` and `to`, which were run with
    /// `suite`: its name, and whether it was the same on both.
    pub fn new(
        (from, to): (String, String),
        (suite, same_suite): (String, bool),
        tests: &[TestId],
        found: &Difference,
    ) -> Self {
        let names = |places: &[usize]| -> Vec<String> {
            places
                .iter()
                .map(|&place| tests[place].to_string())
                .collect()
        };
        Self {
            version: DOCUMENT_VERSION,
            kind: "diff",
            from,
            to,
            suite,
            same_suite,
            comparable: found.comparable,
            broke: names(&found.broke),
            fixed: names(&found.fixed),
            still_failing: names(&found.still_failing),
            new_failures: names(&found.new_failures),
            appeared: names(&found.appeared),
            disappeared: names(&found.disappeared),
            newly_skipped: names(&found.newly_skipped),
            no_longer_skipped: names(&found.no_longer_skipped),
            lost: names(&found.lost),
            flaky: names(&found.flaky),
        }
    }
}
