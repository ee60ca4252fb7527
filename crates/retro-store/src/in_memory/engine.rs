//! An engine that runs nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use super::locked;
use crate::{Engine, ExecutionId, ExecutionStatus, StoreError};

/// An [`Engine`] that runs nothing: what was started stays as it is until a test
/// [ends](Self::end) it. Clones share one state.
#[derive(Clone, Debug, Default)]
pub struct InMemoryEngine {
    executions: Arc<Mutex<HashMap<String, (String, ExecutionStatus)>>>,
}

impl InMemoryEngine {
    /// The input of an execution.
    pub fn input(&self, execution: &ExecutionId) -> Option<String> {
        let executions = locked(&self.executions);
        executions.get(&execution.0).map(|(input, _)| input.clone())
    }

    /// Ends an execution.
    pub fn end(&self, execution: &ExecutionId, status: ExecutionStatus) {
        if let Some((_, current)) = locked(&self.executions).get_mut(&execution.0) {
            *current = status;
        }
    }
}

#[async_trait]
impl Engine for InMemoryEngine {
    async fn start(&self, name: &str, input: &str) -> Result<ExecutionId, StoreError> {
        let mut executions = locked(&self.executions);
        let entry = executions.entry(name.to_owned());
        let (known, _) = entry.or_insert_with(|| (input.to_owned(), ExecutionStatus::Running));
        match known == input {
            true => Ok(ExecutionId(name.to_owned())),
            false => Err(StoreError::conflict(
                format!("the execution {name}"),
                "none of this name, or one with the same input",
                "one with another input",
            )),
        }
    }

    async fn describe(
        &self,
        execution: &ExecutionId,
    ) -> Result<Option<ExecutionStatus>, StoreError> {
        let executions = locked(&self.executions);
        Ok(executions
            .get(&execution.0)
            .map(|(_, status)| status.clone()))
    }

    async fn stop(&self, execution: &ExecutionId, _reason: &str) -> Result<(), StoreError> {
        match locked(&self.executions).get_mut(&execution.0) {
            None => Err(StoreError::not_found(format!(
                "the execution {}",
                execution.0
            ))),
            Some((_, status)) => {
                if *status == ExecutionStatus::Running {
                    *status = ExecutionStatus::Stopped;
                }
                Ok(())
            }
        }
    }
}
