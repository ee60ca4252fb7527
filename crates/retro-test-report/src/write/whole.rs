//! What a format has no place for beside its cases: what a report says of its suites and of itself
//! as a whole.

use std::time::Duration;

use retro_domain::{Outcome, OutcomeCounts, TestCase, TestId, Timestamp};
use serde::{Deserialize, Serialize};

use super::extra::{self, Span, given};
use crate::output::Output;
use crate::{ClaimedCounts, SuiteMetadata};

/// The name under which what belongs to the whole document is kept, where [`extra::NAME`] is taken.
pub(crate) const DOCUMENT: &str = "git-retro-document";

/// The name under which what belongs to suites is kept, where [`extra::NAME`] is taken.
pub(crate) const SUITES: &str = "git-retro-suites";

/// How many texts of full length all that is kept of the suites of one file may have.
pub(crate) const ROOM: usize = 4;

/// What differs between a suite and what a reader would make of its plain form. A field that is
/// absent does not differ.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct SuiteExtra {
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<Vec<String>>,
    /// Milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    started: Option<Option<i64>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    duration: Option<Option<Span>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    hostname: Option<Option<String>>,
    /// Tests, failures, errors and skipped ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    claimed: Option<[Option<u64>; 4]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    properties: Option<Vec<(String, String)>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    stdout: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    stderr: Option<Option<String>>,
}

impl SuiteExtra {
    /// What has to be kept beside the plain form of `suite`, which reads back as `read`.
    pub(crate) fn between(suite: &SuiteMetadata, read: &SuiteMetadata) -> Self {
        fn unless<T: PartialEq + Clone>(suite: &T, read: &T) -> Option<T> {
            (suite != read).then(|| suite.clone())
        }
        let claims = |of: &ClaimedCounts| [of.tests, of.failures, of.errors, of.skipped];
        Self {
            path: unless(&suite.path, &read.path),
            started: unless(&suite.started, &read.started).map(|at| at.map(Timestamp::unix_millis)),
            duration: unless(&suite.duration, &read.duration).map(|took| took.map(Span::from)),
            hostname: unless(&suite.hostname, &read.hostname),
            claimed: unless(&suite.claimed, &read.claimed).map(|claimed| claims(&claimed)),
            properties: unless(&suite.properties, &read.properties),
            stdout: unless(&suite.stdout, &read.stdout),
            stderr: unless(&suite.stderr, &read.stderr),
        }
    }

    /// Whether the plain form says it all.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Puts what was kept into a suite that was read from its plain form.
    pub(crate) fn put_back(self, suite: &mut SuiteMetadata) {
        fn set<T>(slot: &mut T, kept: Option<T>) {
            if let Some(kept) = kept {
                *slot = kept;
            }
        }
        set(&mut suite.path, self.path);
        let started = self.started.map(|at| at.map(Timestamp::from_unix_millis));
        set(&mut suite.started, started);
        let took = self.duration.map(|took| took.map(Duration::from));
        set(&mut suite.duration, took);
        set(&mut suite.hostname, self.hostname);
        let claimed = self
            .claimed
            .map(|[tests, failures, errors, skipped]| ClaimedCounts {
                tests,
                failures,
                errors,
                skipped,
            });
        set(&mut suite.claimed, claimed);
        set(&mut suite.properties, self.properties);
        set(&mut suite.stdout, self.stdout);
        set(&mut suite.stderr, self.stderr);
    }
}

/// What is kept of a document as a whole. That there is one says that a writer of ours wrote it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct DocumentExtra {
    /// The suites that are told, in their order, by the numbers of their elements, which are counted
    /// where they end. Absent when those are all there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) suites: Option<Vec<u32>>,
    /// What is kept of the root, when that is told as a suite.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) root: Option<SuiteExtra>,
    /// Suites that the model had no room for.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) left_out: u32,
    /// Subtests that passed, failed, errored, were skipped, or are flaky.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) subtests: Option<[u32; 5]>,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl DocumentExtra {
    pub(super) fn new(left_out: u64, subtests: OutcomeCounts) -> Self {
        let small = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        let OutcomeCounts {
            passed,
            failed,
            errored,
            skipped,
            flaky,
        } = subtests;
        Self {
            left_out: small(left_out),
            subtests: (subtests != OutcomeCounts::default())
                .then(|| [passed, failed, errored, skipped, flaky].map(small)),
            ..Self::default()
        }
    }

    /// Tells what is counted.
    pub(crate) fn tell(&self, out: &mut Output<'_>) {
        out.summary.suites_left_out += u64::from(self.left_out);
        let [passed, failed, errored, skipped, flaky] =
            self.subtests.unwrap_or_default().map(u64::from);
        out.summary.subtests += OutcomeCounts {
            passed,
            failed,
            errored,
            skipped,
            flaky,
        };
    }
}

/// What a report says of its run that no test of it does. It is written as an errored test, for other
/// readers know nothing else that makes a run a failed one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Note {
    /// The run failed, for this reason.
    RunFailure(String),
    /// The report ends before its end.
    Truncated,
}

impl Note {
    /// That the run failed; `report` says so, when there are several.
    pub(super) fn run_failure(why: &str, report: Option<&str>) -> Self {
        Self::RunFailure(match report {
            Some(report) => format!("{report}: {why}"),
            None => why.to_owned(),
        })
    }

    /// The test that it is written as; `report` is where it comes from, when there are several.
    pub(super) fn case(&self, report: Option<&str>) -> TestCase {
        let (name, message) = match self {
            Self::RunFailure(why) => ("the run failed outside of its tests", why.as_str()),
            Self::Truncated => ("the report ends before its end", "tests may be missing"),
        };
        let name = match report {
            Some(report) => format!("{name}: {report}"),
            None => name.to_owned(),
        };
        let id = TestId {
            class: Some(extra::NAME.to_owned()),
            ..TestId::named(name)
        };
        let mut case = TestCase::new(id, Outcome::Errored);
        case.message = Some(message.to_owned());
        case
    }

    /// What it is, in a word.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::RunFailure(_) => "run-failure",
            Self::Truncated => "truncated",
        }
    }

    /// What was read, it says again.
    pub(crate) fn tell(self, out: &mut Output<'_>) {
        match self {
            Self::RunFailure(why) => out.run_failure(why),
            Self::Truncated => out.summary.truncated = true,
        }
    }
}
