//! Values for the checks: the same number makes the same value.

use std::time::Duration;

use retro_domain::{
    Attachment, Attempt, CacheKey, CommitId, CommitJob, Digest256, Epoch, JobEvent, LeaseOwner,
    Location, Outcome, RepoId, RunId, SuiteFingerprint, TestCase, TestId, Timestamp, TreeId,
    UntestableReason, Verdict,
};

use crate::{ArtifactScope, ResourceUsage, ResultRecord, RunCommit, RunRecord, RunStatus};

/// A repository.
pub fn repo(name: &str) -> RepoId {
    RepoId::new("some/group", name).expect("a plain name")
}

fn digest(kind: &str, number: u64) -> Digest256 {
    Digest256::of(format!("{kind} {number}").as_bytes())
}

/// A commit; every third one of a SHA-256 repository.
pub fn commit(number: u64) -> CommitId {
    let len = if number.is_multiple_of(3) { 32 } else { 20 };
    CommitId::from_bytes(&digest("commit", number).as_bytes()[..len]).expect("a good length")
}

/// A suite.
pub fn suite(number: u64) -> SuiteFingerprint {
    SuiteFingerprint(digest("suite", number))
}

/// A cache key.
pub fn key(number: u64) -> CacheKey {
    CacheKey::from_digest(digest("key", number))
}

/// A moment, `seconds` after some other.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_millis(1_700_000_000_123 + seconds * 1000)
}

/// A job of the repository `repo`.
pub fn job(name: &str, number: u64) -> CommitJob {
    CommitJob {
        repo: repo(name),
        commit: commit(number),
        suite: suite(1),
    }
}

/// A claim by a worker for 60 s.
pub fn claim(owner: &str, seconds: i64) -> JobEvent {
    JobEvent::Claim {
        owner: LeaseOwner(owner.to_owned()),
        now: at(seconds),
        ttl: Duration::from_secs(60),
    }
}

/// Every kind of verdict.
pub fn verdicts() -> Vec<Verdict> {
    vec![
        Verdict::Passed,
        Verdict::TestsFailed,
        Verdict::TimedOut,
        Verdict::Untestable(UntestableReason::BuildFailed("exit code 101".to_owned())),
        Verdict::Untestable(UntestableReason::SkipCode(-3)),
        Verdict::Untestable(UntestableReason::NoResults("no \"file\"\n".to_owned())),
        Verdict::Untestable(UntestableReason::OverlayConflict("a/b".to_owned())),
        Verdict::Untestable(UntestableReason::CommandMissing("./test".to_owned())),
    ]
}

/// A run of one repository that started at a moment, over the commits with these numbers.
pub fn run(name: &str, started: i64, commits: impl IntoIterator<Item = u64>) -> RunRecord {
    let commit = |number: u64| RunCommit {
        commit: commit(number),
        tree: TreeId::from_bytes(commit(number).as_bytes()).expect("a good length"),
        parents: (1..=number % 3)
            .map(|back| commit(number + 1_000 * back))
            .collect(),
        skips_ancestors: number.is_multiple_of(2),
        committed_at: at(-1_000 - started),
        author: format!("Author {number} <é@example.com>"),
        summary: format!("fix \"{number}\"\t\u{1f41b}"),
        suite: suite(1 + number % 2),
        key: key(number),
    };
    RunRecord {
        id: RunId::new(at(started), name.bytes().map(u32::from).sum()),
        repo: repo(name),
        suite_name: "unit tests".to_owned(),
        request: "--last 20 -- cargo test".to_owned(),
        owner: LeaseOwner(format!("host/{started}")),
        started_at: at(started),
        finished_at: None,
        status: RunStatus::Running,
        commits: commits.into_iter().map(commit).collect(),
    }
}

/// The artifacts of a claim.
pub fn scope(number: u64, epoch: u64) -> ArtifactScope {
    ArtifactScope {
        repo: repo("tool"),
        commit: commit(number),
        suite: suite(1),
        epoch: Epoch(epoch),
    }
}

/// A test with an outcome and nothing else.
pub fn case(name: &str, outcome: Outcome) -> TestCase {
    TestCase::new(TestId::named(name), outcome)
}

/// A test with everything a test can have.
pub fn full_case(name: &str) -> TestCase {
    let attempt = |outcome, micros: u64| Attempt {
        outcome,
        duration: Some(Duration::from_micros(micros)),
        message: Some(format!("{outcome:?} in {micros}")),
        kind: None,
        detail: Some("at line 3\nat line 4".to_owned()),
    };
    TestCase {
        id: TestId {
            suite: vec!["outer".to_owned(), "inner".to_owned()],
            class: Some("Class".to_owned()),
            name: name.to_owned(),
            parameters: Some("1-a".to_owned()),
        },
        outcome: Outcome::Passed,
        flaky: true,
        duration: Some(Duration::from_micros(1_234_567)),
        message: Some("it said so".to_owned()),
        kind: Some("AssertionError".to_owned()),
        detail: Some("a\n  b\n".to_owned()),
        location: Some(Location {
            file: "src/a b.rs".to_owned(),
            line: Some(u32::MAX),
        }),
        stdout: Some("out".to_owned()),
        stderr: Some(String::new()),
        attempts: vec![attempt(Outcome::Passed, 5), attempt(Outcome::Failed, 0)],
        attachments: vec![Attachment {
            name: "shot".to_owned(),
            path: "../shot.png".to_owned(),
        }],
        properties: vec![
            ("k".to_owned(), "v".to_owned()),
            ("k".to_owned(), String::new()),
        ],
    }
}

/// A result of the repository `name` with these tests.
pub fn result(name: &str, number: u64, cases: Vec<TestCase>) -> ResultRecord {
    ResultRecord {
        key: key(number),
        repo: repo(name),
        commit: commit(number),
        suite_name: "unit".to_owned(),
        verdict: Verdict::Passed,
        started_at: at(i64::try_from(number).expect("a small number")),
        usage: ResourceUsage {
            wall: Duration::from_micros(1_000_001),
            user: Duration::from_micros(2),
            system: Duration::ZERO,
            max_rss: 1 << 40,
        },
        ending: "exit code 0".to_owned(),
        notes: Vec::new(),
        epoch: Epoch(1),
        artifacts: Some(scope(number, 1)),
        cases,
    }
}
