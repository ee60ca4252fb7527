//! Runs and their findings.

use retro_analysis::{Boundary, Transition};
use retro_domain::{OutcomeCounts, Verdict};
use retro_store::{ResultSummary, RunCommit, RunRecord, RunStatus};
use serde::Serialize;

use super::{DOCUMENT_VERSION, millis, rfc3339};
use crate::RunView;

/// One run, what it found, and each of its commits. `kind` is `run`.
#[derive(Debug, Serialize)]
pub struct RunDocument {
    /// The document's version.
    pub version: u32,
    /// `run`.
    pub kind: &'static str,
    /// The run.
    pub run: RunLine,
    /// What it found.
    pub findings: FindingsDocument,
    /// Its commits, oldest first.
    pub commits: Vec<CommitLine>,
}

/// One run in a list.
#[derive(Debug, Serialize)]
pub struct RunLine {
    /// Its id.
    pub id: String,
    /// The repository.
    pub repo: String,
    /// The name of the suite.
    pub suite: String,
    /// What was asked for.
    pub request: String,
    /// `running`, `finished`, `interrupted`, `failed`, or `abandoned`: its process is gone.
    pub status: &'static str,
    /// When it began.
    pub started_at: String,
    /// When it ended.
    pub finished_at: Option<String>,
    /// How many commits it covers.
    pub commits: usize,
}

/// Runs, newest first. `kind` is `runs`.
#[derive(Debug, Serialize)]
pub struct RunsDocument {
    /// The document's version.
    pub version: u32,
    /// `runs`.
    pub kind: &'static str,
    /// The runs.
    pub runs: Vec<RunLine>,
}

impl RunsDocument {
    /// The document of some runs.
    pub fn new(runs: Vec<RunLine>) -> Self {
        Self {
            version: DOCUMENT_VERSION,
            kind: "runs",
            runs,
        }
    }
}

/// How many tests ended how.
#[derive(Debug, Serialize)]
pub struct CountsDocument {
    /// All of them.
    pub total: u64,
    /// Those that passed, flaky ones included.
    pub passed: u64,
    /// Those that failed.
    pub failed: u64,
    /// Those that could not run to their end.
    pub errored: u64,
    /// Those that did not run.
    pub skipped: u64,
    /// Those that passed after an attempt that did not.
    pub flaky: u64,
}

/// One commit of a run.
#[derive(Debug, Serialize)]
pub struct CommitLine {
    /// The commit.
    pub id: String,
    /// Its tree.
    pub tree: String,
    /// The first line of its message.
    pub summary: String,
    /// Who wrote it.
    pub author: String,
    /// When it was committed.
    pub committed_at: String,
    /// `passed`, `tests-failed`, `untestable`, `timed-out`; absent when not run.
    pub verdict: Option<&'static str>,
    /// Why it is untestable.
    pub reason: Option<String>,
    /// Why git-retro itself could not do it, where that is so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_done: Option<String>,
    /// Its tests; absent when not run.
    pub counts: Option<CountsDocument>,
    /// What its commands took, in milliseconds.
    pub duration_ms: Option<f64>,
}

/// What a run found.
#[derive(Debug, Serialize)]
pub struct FindingsDocument {
    /// Tests that began to fail.
    pub broke: Vec<TransitionDocument>,
    /// Tests that began to pass.
    pub fixed: Vec<TransitionDocument>,
    /// Tests that failed when they came.
    pub new_failures: Vec<TransitionDocument>,
    /// Tests that passed after an attempt that did not.
    pub flaky: Vec<FlakyDocument>,
    /// Stretches that could not be judged.
    pub untestable: Vec<UntestableDocument>,
    /// Tests that fail with nothing earlier in the range to compare with.
    pub failing_from_start: Vec<String>,
}

/// A test went from one state to another.
#[derive(Debug, Serialize)]
pub struct TransitionDocument {
    /// The test.
    pub test: String,
    /// The first commit seen in the new state.
    pub commit: String,
    /// Every listed commit that may be to blame, oldest first; ends with `commit`.
    pub suspects: Vec<String>,
    /// The nearest commits with the old state.
    pub before: Vec<String>,
    /// Whether the cause may also lie before the oldest suspect.
    pub open_ended: bool,
    /// Whether the test was flaky in this history, so that chance may have made the transition.
    pub unreliable: bool,
}

/// A flaky test.
#[derive(Debug, Serialize)]
pub struct FlakyDocument {
    /// The test.
    pub test: String,
    /// Where it was flaky.
    pub commits: Vec<String>,
}

/// A stretch of commits that could not be judged.
#[derive(Debug, Serialize)]
pub struct UntestableDocument {
    /// The commits, oldest first.
    pub commits: Vec<String>,
    /// Why the first of them could not.
    pub reason: Option<String>,
    /// Where it began.
    pub began: Vec<BoundaryDocument>,
    /// Where it ended; empty when it still lasts.
    pub ended: Vec<BoundaryDocument>,
}

/// One edge of a stretch.
#[derive(Debug, Serialize)]
pub struct BoundaryDocument {
    /// The first commit on this side.
    pub commit: String,
    /// Every listed commit that may have made the difference.
    pub suspects: Vec<String>,
    /// The nearest commits on the other side.
    pub before: Vec<String>,
}

impl RunDocument {
    /// The document of a run.
    pub fn new(view: &RunView) -> Self {
        let ids = |places: &[usize]| -> Vec<String> {
            places
                .iter()
                .map(|&place| view.commit(place).commit.to_string())
                .collect()
        };
        let id = |place: usize| view.commit(place).commit.to_string();
        let transition = |transition: &Transition| TransitionDocument {
            test: view.test(transition.test).to_string(),
            commit: id(transition.commit),
            suspects: ids(&transition.suspects),
            before: ids(&transition.before),
            open_ended: transition.open_ended,
            unreliable: transition.unreliable,
        };
        let boundary = |boundary: &Boundary| BoundaryDocument {
            commit: id(boundary.commit),
            suspects: ids(&boundary.suspects),
            before: ids(&boundary.before),
        };
        let found = &view.findings;
        Self {
            version: DOCUMENT_VERSION,
            kind: "run",
            run: RunLine::new(&view.run),
            findings: FindingsDocument {
                broke: found.broke.iter().map(transition).collect(),
                fixed: found.fixed.iter().map(transition).collect(),
                new_failures: found.new_failures.iter().map(transition).collect(),
                flaky: found
                    .flaky
                    .iter()
                    .map(|flaky| FlakyDocument {
                        test: view.test(flaky.test).to_string(),
                        commits: ids(&flaky.commits),
                    })
                    .collect(),
                untestable: found
                    .untestable
                    .iter()
                    .map(|range| UntestableDocument {
                        commits: ids(&range.commits),
                        reason: view.summaries[range.commits[0]].as_ref().map(reason_of),
                        began: range.began.iter().map(boundary).collect(),
                        ended: range.ended.iter().map(boundary).collect(),
                    })
                    .collect(),
                failing_from_start: found
                    .failing_from_start
                    .iter()
                    .map(|&test| view.test(test).to_string())
                    .collect(),
            },
            commits: view
                .run
                .commits
                .iter()
                .zip(&view.summaries)
                .enumerate()
                .map(|(place, (commit, summary))| CommitLine {
                    not_done: view.not_done.get(&place).cloned(),
                    ..CommitLine::new(commit, summary.as_ref())
                })
                .collect(),
        }
    }
}

/// What a verdict has to say beside its name.
fn reason_of(summary: &ResultSummary) -> String {
    match &summary.verdict {
        Verdict::Untestable(reason) => reason.to_string(),
        other => other.to_string(),
    }
}

impl RunLine {
    /// The line of a run.
    pub fn new(run: &RunRecord) -> Self {
        Self {
            id: run.id.to_string(),
            repo: run.repo.to_string(),
            suite: run.suite_name.clone(),
            request: run.request.clone(),
            status: match run.status {
                RunStatus::Running => "running",
                RunStatus::Finished => "finished",
                RunStatus::Interrupted => "interrupted",
                RunStatus::Failed => "failed",
            },
            started_at: rfc3339(run.started_at),
            finished_at: run.finished_at.map(rfc3339),
            commits: run.commits.len(),
        }
    }
}

impl CommitLine {
    /// The line of a commit with what is known of it.
    pub fn new(commit: &RunCommit, summary: Option<&ResultSummary>) -> Self {
        Self {
            id: commit.commit.to_string(),
            tree: commit.tree.to_string(),
            summary: commit.summary.clone(),
            author: commit.author.clone(),
            committed_at: rfc3339(commit.committed_at),
            verdict: summary.map(|summary| summary.verdict.name()),
            reason: summary
                .filter(|summary| !summary.verdict.is_tested())
                .map(reason_of),
            not_done: None,
            counts: summary.map(|summary| summary.counts.into()),
            duration_ms: summary.map(|summary| millis(summary.usage.wall)),
        }
    }
}

impl From<OutcomeCounts> for CountsDocument {
    fn from(counts: OutcomeCounts) -> Self {
        Self {
            total: counts.total(),
            passed: counts.passed,
            failed: counts.failed,
            errored: counts.errored,
            skipped: counts.skipped,
            flaky: counts.flaky,
        }
    }
}
