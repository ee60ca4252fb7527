//! Tests over history.

use retro_analysis::TestStory;
use retro_domain::TestId;
use retro_store::CaseSummary;
use serde::Serialize;

use super::{DOCUMENT_VERSION, millis, rfc3339};
use crate::RunView;

/// Some tests over a run's commits. `kind` is `test-history`.
#[derive(Debug, Serialize)]
pub struct HistoryDocument {
    /// The document's version.
    pub version: u32,
    /// `test-history`.
    pub kind: &'static str,
    /// The run whose commits these are.
    pub run: String,
    /// The tests.
    pub tests: Vec<TestHistory>,
}

/// One test over history.
#[derive(Debug, Serialize)]
pub struct TestHistory {
    /// The test.
    pub test: String,
    /// What each commit says, oldest first.
    pub points: Vec<HistoryPoint>,
}

/// One test at one commit.
#[derive(Debug, Serialize)]
pub struct HistoryPoint {
    /// The commit.
    pub commit: String,
    /// When it was committed.
    pub committed_at: String,
    /// The first line of its message.
    pub summary: String,
    /// `passed`, `failed`, `flaky`, `skipped`, `absent`, `lost`, `untestable`, `timed-out` or
    /// `not-run`.
    pub seen: &'static str,
    /// How long it took.
    pub duration_ms: Option<f64>,
}

impl HistoryDocument {
    /// The document of some tests of a run.
    pub fn new(run: String, tests: Vec<TestHistory>) -> Self {
        Self {
            version: DOCUMENT_VERSION,
            kind: "test-history",
            run,
            tests,
        }
    }
}

impl TestHistory {
    /// The history of the test at `place`, with the durations that the store has of it.
    pub fn new(view: &RunView, place: usize, cases: &[Option<CaseSummary>]) -> Self {
        let points = view
            .run
            .commits
            .iter()
            .enumerate()
            .map(|(at, commit)| HistoryPoint {
                commit: commit.commit.to_string(),
                committed_at: rfc3339(commit.committed_at),
                summary: commit.summary.clone(),
                seen: view.history.seen(at, place).name(),
                duration_ms: cases
                    .get(at)
                    .copied()
                    .flatten()
                    .and_then(|case| case.duration)
                    .map(millis),
            });
        Self {
            test: view.test(place).to_string(),
            points: points.collect(),
        }
    }
}

/// Why a test is as it is. `kind` is `why`.
#[derive(Debug, Serialize)]
pub struct StoryDocument {
    /// The document's version.
    pub version: u32,
    /// `why`.
    pub kind: &'static str,
    /// The run whose commits these are.
    pub run: String,
    /// The test.
    pub test: String,
    /// How it stands at the newest commit of each branch.
    pub heads: Vec<HeadDocument>,
    /// Every transition, oldest first.
    pub turns: Vec<TurnDocument>,
    /// Where it was flaky.
    pub flaky: Vec<String>,
    /// Where it fails with nothing earlier to compare with.
    pub failing_from_start: Vec<String>,
}

/// How a test stands at the newest commit of a branch.
#[derive(Debug, Serialize)]
pub struct HeadDocument {
    /// The commit.
    pub commit: String,
    /// `passing`, `failing`, `disputed` or `unknown`.
    pub standing: &'static str,
    /// The commits of the turns that led there.
    pub since: Vec<String>,
}

/// One transition of a test.
#[derive(Debug, Serialize)]
pub struct TurnDocument {
    /// `broke`, `fixed` or `appeared-failing`.
    pub turn: &'static str,
    /// The first commit seen in the new state.
    pub commit: String,
    /// Every listed commit that may be to blame, oldest first; ends with `commit`.
    pub suspects: Vec<String>,
    /// The nearest commits with the old state.
    pub before: Vec<String>,
    /// Whether the cause may also lie before the oldest suspect.
    pub open_ended: bool,
    /// Whether the test was flaky in this history.
    pub unreliable: bool,
}

impl StoryDocument {
    /// The document of a test's story.
    pub fn new(view: &RunView, test: &TestId, story: &TestStory) -> Self {
        let ids = |places: &[usize]| -> Vec<String> {
            places
                .iter()
                .map(|&place| view.commit(place).commit.to_string())
                .collect()
        };
        Self {
            version: DOCUMENT_VERSION,
            kind: "why",
            run: view.run.id.to_string(),
            test: test.to_string(),
            heads: story
                .heads
                .iter()
                .map(|head| HeadDocument {
                    commit: view.commit(head.commit).commit.to_string(),
                    standing: match head.standing {
                        retro_analysis::Standing::Passing => "passing",
                        retro_analysis::Standing::Failing => "failing",
                        retro_analysis::Standing::Disputed => "disputed",
                        retro_analysis::Standing::Unknown => "unknown",
                    },
                    since: ids(&head.since),
                })
                .collect(),
            turns: story
                .turns
                .iter()
                .map(|turn| TurnDocument {
                    turn: turn.kind.name(),
                    commit: view.commit(turn.transition.commit).commit.to_string(),
                    suspects: ids(&turn.transition.suspects),
                    before: ids(&turn.transition.before),
                    open_ended: turn.transition.open_ended,
                    unreliable: turn.transition.unreliable,
                })
                .collect(),
            flaky: ids(&story.flaky),
            failing_from_start: ids(&story.failing_from_start),
        }
    }
}
