//! A made-up history of results, the same for the same seed.

use std::time::Duration;

use retro_domain::{
    CacheKey, CommitId, Digest256, Epoch, LeaseOwner, Location, Outcome, RepoId, RunId,
    SuiteFingerprint, TestCase, TestId, Timestamp, TreeId, Verdict,
};
use retro_store::{ArtifactScope, ResourceUsage, ResultRecord, RunCommit, RunRecord, RunStatus};

/// Numbers that look random and are the same every time.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// A project in which every commit renames a few tests (1 % of them within 40 commits), 1 % of
/// tests fail in stretches, each commit moves the lines of one file, and durations wobble.
pub(crate) struct History {
    pub(crate) repo: RepoId,
    pub(crate) commits: u64,
    tests: u64,
}

/// Tests in one source file.
const PER_FILE: u64 = 50;
/// Commits between two renamings of one test.
const RENAMED_EVERY: u64 = 4_000;

impl History {
    pub(crate) fn new(commits: u64, tests: u64) -> Self {
        Self {
            repo: RepoId::new("some", "project").expect("a plain name"),
            commits,
            tests,
        }
    }

    pub(crate) fn keys(&self) -> Vec<CacheKey> {
        (0..self.commits).map(key).collect()
    }

    /// A test as it is called at the first commit.
    pub(crate) fn test(&self, index: u64) -> TestId {
        named(index, 0)
    }

    pub(crate) fn started_at(&self, commit: u64) -> Timestamp {
        Timestamp::from_unix_seconds(1_700_000_000 + commit.cast_signed() * 60)
    }

    pub(crate) fn result(&self, commit: u64, located: bool) -> ResultRecord {
        let mut random = Random(0x5eed ^ (commit + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let case = |index| self.case(index, commit, located, &mut random);
        ResultRecord {
            key: key(commit),
            repo: self.repo.clone(),
            commit: commit_id(commit),
            suite_name: "unit".to_owned(),
            verdict: Verdict::TestsFailed,
            started_at: self.started_at(commit),
            usage: ResourceUsage::default(),
            ending: "exit code 101".to_owned(),
            notes: Vec::new(),
            epoch: Epoch(1),
            artifacts: Some(ArtifactScope {
                repo: self.repo.clone(),
                commit: commit_id(commit),
                suite: SuiteFingerprint(Digest256::of(b"suite")),
                epoch: Epoch(1),
            }),
            cases: (0..self.tests).map(case).collect(),
        }
    }

    fn case(&self, index: u64, commit: u64, located: bool, random: &mut Random) -> TestCase {
        // Test 7 keeps its name, so that it has a history.
        let renamings = if index == 7 || index == 0 {
            0
        } else {
            (commit + index * 7919) / RENAMED_EVERY - index * 7919 / RENAMED_EVERY
        };
        let mut case = TestCase::new(named(index, renamings), Outcome::Passed);
        case.duration = Some(Duration::from_micros(200 + index * 3 + random.below(400)));
        let stretch = (commit / 25).wrapping_mul(31).wrapping_add(index * 17);
        if stretch.is_multiple_of(100) {
            case.outcome = Outcome::Failed;
            case.kind = Some("AssertionError".to_owned());
            case.message = Some(format!("expected {index} but found {}", index + stretch));
            case.detail = Some(format!(
                "{}at some::frame\n",
                "  at a::frame::of::the::stack\n".repeat(12)
            ));
        } else if random.below(100) == 0 {
            case.outcome = Outcome::Skipped;
        } else if random.below(1_000) == 0 {
            case.flaky = true;
        }
        if located {
            let file = index / PER_FILE;
            let files = self.tests / PER_FILE + 1;
            // Each commit touches one file and moves everything in it.
            let moved = (commit + files - file % files) / files;
            case.location = Some(Location {
                file: format!("src/module_{file}/tests.rs"),
                line: u32::try_from(10 + (index % PER_FILE) * 12 + moved).ok(),
            });
        }
        case
    }

    pub(crate) fn run(&self, number: u64) -> RunRecord {
        let commit = |commit: u64| RunCommit {
            commit: commit_id(commit),
            tree: TreeId::from_bytes(commit_id(commit + 1).as_bytes()).expect("20 bytes"),
            parents: vec![commit_id(commit.saturating_sub(1))],
            skips_ancestors: false,
            committed_at: self.started_at(commit),
            author: "Some Author <author@example.com>".to_owned(),
            summary: format!("area: what the commit number {commit} changed"),
            suite: SuiteFingerprint(Digest256::of(b"suite")),
            key: key(commit),
        };
        let started_at = self.started_at(self.commits + number);
        RunRecord {
            id: RunId::new(started_at, 1),
            repo: self.repo.clone(),
            suite_name: "unit".to_owned(),
            request: "--last 1000".to_owned(),
            owner: LeaseOwner("host/1".to_owned()),
            started_at,
            finished_at: None,
            status: RunStatus::Running,
            commits: (0..self.commits).map(commit).collect(),
        }
    }
}

fn named(index: u64, renamings: u64) -> TestId {
    TestId {
        class: Some(format!("project::module_{}::tests", index / PER_FILE)),
        ..TestId::named(format!("case_{index}_does_what_it_should_{renamings}"))
    }
}

pub(crate) fn key(commit: u64) -> CacheKey {
    CacheKey::from_digest(Digest256::of(&commit.to_le_bytes()))
}

pub(crate) fn commit_id(commit: u64) -> CommitId {
    let digest = Digest256::of(format!("commit {commit}").as_bytes());
    CommitId::from_bytes(&digest.as_bytes()[..20]).expect("20 bytes")
}
