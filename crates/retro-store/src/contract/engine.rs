//! Checks of engines.

use std::sync::Arc;

use super::{at_once, is_backend, is_conflict, is_not_found, refused};
use crate::{Engine, ExecutionId, ExecutionStatus, MAX_EXECUTION_INPUT};

type Store = Arc<dyn Engine>;

const INPUT: &str = r#"{"batch":"b","jobs":[]}"#;

/// Under its name.
pub async fn a_started_execution_is_described(store: Store) {
    let id = store.start("batch-1", INPUT).await.unwrap();
    let execution = store.describe(&id).await.unwrap().expect("it exists");
    assert_eq!(execution.name, "batch-1");
    assert_eq!(execution.status, ExecutionStatus::Running);
    assert_eq!(execution.ended_at, None);
}

/// Whether it still runs or not, and also at the same moment.
pub async fn starting_the_same_again_starts_nothing(store: Store) {
    let id = store.start("batch-1", INPUT).await.unwrap();
    assert_eq!(store.start("batch-1", INPUT).await.unwrap(), id);
    store.stop(&id, "enough").await.unwrap();
    assert_eq!(store.start("batch-1", INPUT).await.unwrap(), id);
    let execution = store.describe(&id).await.unwrap().expect("it exists");
    assert_eq!(execution.status, ExecutionStatus::Stopped);
    let answers = at_once(4, |_| {
        let store = Arc::clone(&store);
        async move { store.start("batch-2", INPUT).await }
    })
    .await;
    let ids: Vec<ExecutionId> = answers.into_iter().map(Result::unwrap).collect();
    assert!(ids.iter().all(|other| *other == ids[0] && *other != id));
}

/// A batch is one set of jobs.
pub async fn another_input_under_the_same_name_is_a_conflict(store: Store) {
    let id = store.start("batch-1", INPUT).await.unwrap();
    refused(store.start("batch-1", "{}").await, is_conflict);
    store.stop(&id, "enough").await.unwrap();
    refused(store.start("batch-1", "{}").await, is_conflict);
}

/// With the first reason, where the engine keeps one; again is fine.
pub async fn a_stopped_execution_says_why(store: Store) {
    let id = store.start("batch-1", INPUT).await.unwrap();
    store.stop(&id, "someone asked for it").await.unwrap();
    store.stop(&id, "another reason").await.unwrap();
    let execution = store.describe(&id).await.unwrap().expect("it exists");
    assert_eq!(execution.status, ExecutionStatus::Stopped);
    let reason = execution.reason;
    assert!(
        reason.is_none_or(|reason| reason == "someone asked for it"),
        "another reason"
    );
}

/// `unknown` names an execution that was never started.
pub async fn an_unknown_execution_is_not_there(store: Store) {
    let id = store.start("batch-1", INPUT).await.unwrap();
    let unknown = ExecutionId(id.0.replace("batch-1", "batch-9"));
    assert_eq!(store.describe(&unknown).await.unwrap(), None);
    refused(store.stop(&unknown, "enough").await, is_not_found);
}

/// Before anything is started.
pub async fn what_an_engine_would_not_take_is_refused(store: Store) {
    let long = "x".repeat(81);
    for name in ["", "a b", "a/b", "a:b", "é", "a\nb", &long] {
        refused(store.start(name, INPUT).await, is_backend);
    }
    let large = format!("\"{}\"", "x".repeat(MAX_EXECUTION_INPUT));
    refused(store.start("batch-1", &large).await, is_backend);
    let longest = "x".repeat(80);
    store.start(&longest, INPUT).await.unwrap();
}
