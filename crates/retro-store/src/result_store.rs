//! Test results, by cache key.

use std::time::Duration;

use async_trait::async_trait;
use retro_domain::{
    CacheKey, CommitId, Epoch, Outcome, OutcomeCounts, RepoId, TestCase, TestId, Timestamp, Verdict,
};

use crate::{ArtifactScope, StoreError};

/// What running a command cost. Stored to the microsecond.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResourceUsage {
    /// From start to end.
    pub wall: Duration,
    /// Processor time in user mode, of the command and its descendants.
    pub user: Duration,
    /// Processor time in the kernel, of the command and its descendants.
    pub system: Duration,
    /// Largest resident set of any one process, in bytes.
    pub max_rss: u64,
}

/// Everything one finished job says. Immutable once stored, but for a replacement as a whole.
#[derive(Clone, Debug, PartialEq)]
pub struct ResultRecord {
    /// What it is the result of.
    pub key: CacheKey,
    /// The repository it was run in.
    pub repo: RepoId,
    /// The commit that was checked out; others with the same tree share the result.
    pub commit: CommitId,
    /// The name of the suite.
    pub suite_name: String,
    /// What was found.
    pub verdict: Verdict,
    /// When the job was claimed.
    pub started_at: Timestamp,
    /// What the commands cost, build and retries included.
    pub usage: ResourceUsage,
    /// How the last command ended, for people: `exit code 1`, `killed by SIGSEGV`.
    pub ending: String,
    /// Warnings of the readers and of the runner, for people.
    pub notes: Vec<String>,
    /// The epoch of the claim it was made under.
    pub epoch: Epoch,
    /// Where its logs and result files are.
    pub artifacts: Option<ArtifactScope>,
    /// Every test, each id once.
    pub cases: Vec<TestCase>,
}

/// Counts the stored result of one key: 1 for the first, one more for each replacement.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Revision(pub u64);

/// What must hold for a result to be written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PutCondition {
    /// There is no result for the key.
    Absent,
    /// The result for the key is at this revision.
    Revision(Revision),
}

/// A result without its tests.
#[derive(Clone, Debug, PartialEq)]
pub struct ResultSummary {
    /// What it is the result of.
    pub key: CacheKey,
    /// Which replacement it is.
    pub revision: Revision,
    /// The repository it was run in.
    pub repo: RepoId,
    /// The commit that was checked out.
    pub commit: CommitId,
    /// The name of the suite.
    pub suite_name: String,
    /// What was found.
    pub verdict: Verdict,
    /// Its tests, those of [`TestId::is_command`] left out.
    pub counts: OutcomeCounts,
    /// When the job was claimed.
    pub started_at: Timestamp,
    /// What the commands cost.
    pub usage: ResourceUsage,
    /// How the last command ended, for people.
    pub ending: String,
    /// Warnings, for people.
    pub notes: Vec<String>,
    /// Where its logs and result files are.
    pub artifacts: Option<ArtifactScope>,
}

/// One test in one result, without its texts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CaseSummary {
    /// How it ended.
    pub outcome: Outcome,
    /// Whether it passed after an attempt that did not.
    pub flaky: bool,
    /// How long it took, in the precision of [`CompactDuration`](crate::CompactDuration).
    pub duration: Option<Duration>,
}

/// One result's outcomes, by the table's test index. Shorter than the table when its last tests
/// are absent; `None` where the result does not have the test.
pub type OutcomeRow = Vec<Option<(Outcome, bool)>>;

/// Outcomes of many results at once: the input of an analysis.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OutcomeTable {
    /// The tests, each once, in no particular order.
    pub tests: Vec<TestId>,
    /// A row for each key asked for, in that order; `None` where there is no result.
    pub rows: Vec<Option<OutcomeRow>>,
}

/// Which tests are meant: a glob when it holds `*`, `?` or `[`, else a part of the displayed id.
/// An exact displayed id is preferred to the tests that merely contain it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestPattern(pub String);

/// Test results, by cache key.
///
/// # Guarantees
///
/// - A result is seen whole or not at all, also by other processes and after a crash.
/// - [`put`](Self::put) checks its condition and writes in one step; of several callers with
///   `Absent` for the same key exactly one succeeds.
/// - Keys that nobody has stored are `None`, never an error.
/// - A key that is asked for twice is answered twice.
///
/// # Not guaranteed
///
/// - The order of cases within a result.
/// - Durations more exact than [`CompactDuration`](crate::CompactDuration) for a test, and a
///   microsecond for one of its attempts.
/// - That the tests of removed results are forgotten by [`find_tests`](Self::find_tests) before the
///   next [`prune`](Self::prune).
#[async_trait]
pub trait ResultStore: Send + Sync {
    /// Stores a result and returns its revision.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when the condition does not hold;
    /// [`StoreError::Backend`] when a test id occurs twice in the record.
    async fn put(
        &self,
        record: &ResultRecord,
        condition: PutCondition,
    ) -> Result<Revision, StoreError>;

    /// The results of `keys` without their tests, in the order asked for.
    async fn summaries(&self, keys: &[CacheKey]) -> Result<Vec<Option<ResultSummary>>, StoreError>;

    /// Every test of one result with all its texts, sorted by id.
    async fn cases(&self, key: &CacheKey) -> Result<Option<Vec<TestCase>>, StoreError>;

    /// The tests that failed or errored, or passed as flaky, of one result, with their texts.
    async fn failures(&self, key: &CacheKey) -> Result<Option<Vec<TestCase>>, StoreError>;

    /// The tests that match among those of results stored for this repository, sorted, at most
    /// `limit`: what [`TestPattern::select`] picks. A result that another repository shares by its
    /// key counts for the one it was stored for.
    async fn find_tests(
        &self,
        repo: &RepoId,
        pattern: &TestPattern,
        limit: usize,
    ) -> Result<Vec<TestId>, StoreError>;

    /// One test in each of `keys`, in the order asked for.
    async fn history(
        &self,
        test: &TestId,
        keys: &[CacheKey],
    ) -> Result<Vec<Option<CaseSummary>>, StoreError>;

    /// Every test in each of `keys`.
    async fn outcomes(&self, keys: &[CacheKey]) -> Result<OutcomeTable, StoreError>;

    /// Removes results claimed before `before`, then the oldest until at most `max_bytes` are
    /// used, those in `keep` excepted. Returns the artifact scopes of what was removed, which the
    /// caller removes next; one that is lost to a crash in between is garbage.
    ///
    /// Bytes are counted as the implementation stores them. Its documentation says whether those
    /// of artifacts count.
    async fn prune(
        &self,
        before: Timestamp,
        max_bytes: Option<u64>,
        keep: &[CacheKey],
    ) -> Result<Vec<ArtifactScope>, StoreError>;
}
