//! git-retro inside other programs: the example runs, and a caller can be tested with mocks.

use std::sync::Arc;

use async_trait::async_trait;
use mockall::mock;
use mockall::predicate::eq;
use retro_domain::{CacheKey, CommandLine, CommitId, RepoId, Suite, TestCase, TestId, Timestamp};
use retro_git::{CommitInfo, CommitList, CommitQuery, GitError, History, Selection};
use retro_store::{
    ArtifactScope, CaseSummary, OutcomeTable, PutCondition, ResultRecord, ResultStore,
    ResultSummary, Revision, StoreError, TestPattern,
};
use retro_workflow::{LookBackError, LookBackRequest, plan};

mock! {
    Repository {}
    impl History for Repository {
        fn repo_id(&self) -> RepoId;
        fn commits(&self, query: &CommitQuery) -> Result<CommitList, GitError>;
        fn resolve(&self, revision: &str) -> Result<CommitInfo, GitError>;
        fn read_file(&self, commit: &CommitId, path: &str) -> Result<Option<Vec<u8>>, GitError>;
    }
}

mock! {
    Results {}
    #[async_trait]
    impl ResultStore for Results {
        async fn put(&self, record: &ResultRecord, condition: PutCondition) -> Result<Revision, StoreError>;
        async fn summaries(&self, keys: &[CacheKey]) -> Result<Vec<Option<ResultSummary>>, StoreError>;
        async fn cases(&self, key: &CacheKey) -> Result<Option<Vec<TestCase>>, StoreError>;
        async fn failures(&self, key: &CacheKey) -> Result<Option<Vec<TestCase>>, StoreError>;
        async fn find_tests(&self, repo: &RepoId, pattern: &TestPattern, limit: usize) -> Result<Vec<TestId>, StoreError>;
        async fn history(&self, test: &TestId, keys: &[CacheKey]) -> Result<Vec<Option<CaseSummary>>, StoreError>;
        async fn outcomes(&self, keys: &[CacheKey]) -> Result<OutcomeTable, StoreError>;
        async fn prune(&self, before: Timestamp, max_bytes: Option<u64>, keep: &[CacheKey]) -> Result<Vec<ArtifactScope>, StoreError>;
    }
}

/// The code of an embedding service, as small as can be: how much work would a look back be?
async fn jobs_needed(
    history: Arc<dyn History>,
    results: Arc<dyn ResultStore>,
) -> Result<usize, LookBackError> {
    let suite = Suite::new("unit", CommandLine::Shell("make test".into()));
    let newest = Selection::Last {
        count: 2,
        tip: None,
    };
    let request = LookBackRequest::new(suite, CommitQuery::new(newest));
    Ok(plan(&request, &*history, &*results).await?.jobs.len())
}

fn commit(number: u8) -> CommitInfo {
    CommitInfo {
        id: CommitId::from_bytes(&[number; 20]).unwrap(),
        tree: retro_domain::TreeId::from_bytes(&[number; 20]).unwrap(),
        parents: Vec::new(),
        committed_at: Timestamp::from_unix_seconds(0),
        author: "A".into(),
        summary: "s".into(),
    }
}

#[tokio::test]
async fn a_caller_is_tested_with_mocks() {
    let mut repository = MockRepository::new();
    let query = CommitQuery::new(Selection::Last {
        count: 2,
        tip: None,
    });
    repository
        .expect_commits()
        .with(eq(query))
        .times(1)
        .returning(|_| {
            let commits = vec![commit(1), commit(2)];
            Ok(CommitList {
                commits,
                parents: vec![vec![], vec![0]],
                warnings: vec![],
            })
        });
    repository
        .expect_repo_id()
        .returning(|| RepoId::new("o", "n").unwrap());
    let mut results = MockResults::new();
    results
        .expect_summaries()
        .times(1)
        .returning(|keys| Ok(vec![None; keys.len()]));
    let needed = jobs_needed(Arc::new(repository), Arc::new(results))
        .await
        .unwrap();
    assert_eq!(needed, 2);
}

#[tokio::test]
async fn a_store_that_is_out_of_reach_is_told_apart() {
    let mut repository = MockRepository::new();
    repository.expect_commits().returning(|_| {
        Ok(CommitList {
            commits: vec![commit(1)],
            parents: vec![vec![]],
            warnings: vec![],
        })
    });
    let mut results = MockResults::new();
    let away = || StoreError::Unavailable {
        why: "no answer".into(),
    };
    results.expect_summaries().returning(move |_| Err(away()));
    let error = jobs_needed(Arc::new(repository), Arc::new(results))
        .await
        .unwrap_err();
    assert!(matches!(error, LookBackError::Store(error) if error.is_retryable()));
}

#[test]
fn the_example_looks_back_with_stores_in_memory() {
    let repo = retro_testing::ScratchRepo::new();
    for state in ["ok - a", "not ok - a", "ok - a"] {
        repo.commit_files(&[("out.tap", &format!("1..1\n{state}\n"))], state);
    }
    let path = repo.path().to_str().unwrap();
    let printed = retro_tests::cargo(&[
        "run",
        "--quiet",
        "--locked",
        "--example",
        "embed",
        "--package",
        "retro-tests",
        "--",
        path,
        "cat",
        "out.tap",
    ]);
    assert_eq!(printed, "1 broke, 1 fixed\n");
}
