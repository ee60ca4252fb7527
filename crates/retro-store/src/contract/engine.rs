//! Checks of engines. Whatever an engine runs for these inputs may succeed or fail.

use std::sync::Arc;

use super::{is_conflict, is_not_found, refused};
use crate::{Engine, ExecutionId, ExecutionStatus};

type Store = Arc<dyn Engine>;

/// However often it is asked for.
pub async fn an_execution_is_started_once(engine: Store) {
    let first = engine.start("a-1", "{\"n\":1}").await.unwrap();
    assert_eq!(engine.start("a-1", "{\"n\":1}").await.unwrap(), first);
    let other = engine.start("a-2", "{\"n\":1}").await.unwrap();
    assert_ne!(other, first);
}

/// For it is another piece of work.
pub async fn another_input_under_a_known_name_is_a_conflict(engine: Store) {
    engine.start("a", "{\"n\":1}").await.unwrap();
    refused(engine.start("a", "{\"n\":2}").await, is_conflict);
}

/// And an unknown one is not described.
pub async fn an_execution_is_described(engine: Store) {
    let started = engine.start("a", "{}").await.unwrap();
    assert!(engine.describe(&started).await.unwrap().is_some());
    let unknown = ExecutionId(started.0.replace('a', "b"));
    assert_eq!(engine.describe(&unknown).await.unwrap(), None);
    refused(engine.stop(&unknown, "test").await, is_not_found);
}

/// Twice does no harm.
pub async fn a_stopped_execution_does_not_run(engine: Store) {
    let started = engine.start("a", "{}").await.unwrap();
    engine.stop(&started, "test").await.unwrap();
    engine.stop(&started, "test").await.unwrap();
    let status = engine.describe(&started).await.unwrap();
    assert_ne!(status.expect("it was started"), ExecutionStatus::Running);
}
