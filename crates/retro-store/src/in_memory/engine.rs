//! An engine in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use super::locked;
use crate::{Engine, Execution, ExecutionId, ExecutionStatus, StoreError, check_execution};

/// An [`Engine`] in memory that runs nothing: an execution ends when a test says so. Clones share
/// one state.
#[derive(Clone, Debug, Default)]
pub struct InMemoryEngine {
    executions: Arc<Mutex<BTreeMap<String, Started>>>,
}

#[derive(Debug)]
struct Started {
    input: String,
    execution: Execution,
}

impl InMemoryEngine {
    /// The input of an execution, for tests of who starts one.
    pub fn input(&self, execution: &ExecutionId) -> Option<String> {
        let executions = locked(&self.executions);
        executions.get(&execution.0).map(|it| it.input.clone())
    }

    /// Ends a running execution.
    pub fn end(&self, execution: &ExecutionId, status: ExecutionStatus, reason: Option<&str>) {
        if let Some(started) = locked(&self.executions).get_mut(&execution.0)
            && started.execution.status == ExecutionStatus::Running
        {
            started.execution.status = status;
            started.execution.reason = reason.map(str::to_owned);
        }
    }
}

#[async_trait]
impl Engine for InMemoryEngine {
    async fn start(&self, name: &str, input: &str) -> Result<ExecutionId, StoreError> {
        check_execution(name, input)?;
        let mut executions = locked(&self.executions);
        let id = ExecutionId(name.to_owned());
        if let Some(there) = executions.get(name) {
            if there.input == input {
                return Ok(id);
            }
            return Err(StoreError::conflict(
                format!("the execution {name}"),
                "no execution of this name, or one with this input",
                "one with another input",
            ));
        }
        let execution = Execution {
            name: name.to_owned(),
            status: ExecutionStatus::Running,
            started_at: None,
            ended_at: None,
            reason: None,
        };
        let input = input.to_owned();
        executions.insert(name.to_owned(), Started { input, execution });
        Ok(id)
    }

    async fn describe(&self, execution: &ExecutionId) -> Result<Option<Execution>, StoreError> {
        let executions = locked(&self.executions);
        Ok(executions.get(&execution.0).map(|it| it.execution.clone()))
    }

    async fn stop(&self, execution: &ExecutionId, reason: &str) -> Result<(), StoreError> {
        if !locked(&self.executions).contains_key(&execution.0) {
            return Err(StoreError::not_found(format!(
                "the execution {}",
                execution.0
            )));
        }
        self.end(execution, ExecutionStatus::Stopped, Some(reason));
        Ok(())
    }
}
