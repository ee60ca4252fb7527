//! The engine: Step Functions.

use async_trait::async_trait;
use aws_sdk_sfn::Client;
use aws_sdk_sfn::operation::describe_execution::DescribeExecutionOutput;
use aws_sdk_sfn::operation::start_execution::StartExecutionError;
use aws_sdk_sfn::primitives::DateTime;
use aws_sdk_sfn::types::ExecutionStatus as Status;
use retro_domain::Timestamp;
use retro_store::{Engine, Execution, ExecutionId, ExecutionStatus, StoreError, check_execution};

use crate::clients::AwsClients;
use crate::fault::{self, Doing};

/// An [`Engine`] on a standard state machine of Step Functions. The id of an execution is its ARN,
/// which follows from the state machine's and the name.
#[derive(Clone, Debug)]
pub struct StepFunctionsEngine {
    client: Client,
    machine: String,
    place: String,
}

impl StepFunctionsEngine {
    /// The engine that runs the state machine with this ARN.
    pub fn new(clients: &AwsClients, state_machine_arn: &str) -> Self {
        Self {
            client: clients.sfn(),
            machine: state_machine_arn.to_owned(),
            place: format!("the state machine {state_machine_arn}"),
        }
    }

    /// The id of the execution of this name, whether there is one or not.
    pub fn execution(&self, name: &str) -> ExecutionId {
        let executions = self.machine.replacen(":stateMachine:", ":execution:", 1);
        ExecutionId(format!("{executions}:{name}"))
    }

    fn doing<'a>(&'a self, what: &'a str) -> Doing<'a> {
        Doing {
            what,
            place: &self.place,
        }
    }

    async fn find(
        &self,
        execution: &ExecutionId,
    ) -> Result<Option<DescribeExecutionOutput>, StoreError> {
        let answer = self
            .client
            .describe_execution()
            .execution_arn(&execution.0)
            .send()
            .await;
        match answer {
            Ok(found) => Ok(Some(found)),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|it| it.is_execution_does_not_exist()) =>
            {
                Ok(None)
            }
            Err(error) => Err(fault::from_sdk(
                &error,
                self.doing("looking at an execution"),
            )),
        }
    }
}

#[async_trait]
impl Engine for StepFunctionsEngine {
    async fn start(&self, name: &str, input: &str) -> Result<ExecutionId, StoreError> {
        check_execution(name, input)?;
        let answer = self
            .client
            .start_execution()
            .state_machine_arn(&self.machine)
            .name(name)
            .input(input)
            .send()
            .await;
        let error = match answer {
            Ok(started) => return Ok(ExecutionId(started.execution_arn)),
            Err(error) => error,
        };
        let exists = error
            .as_service_error()
            .is_some_and(StartExecutionError::is_execution_already_exists);
        if !exists {
            return Err(fault::from_sdk(&error, self.doing("starting an execution")));
        }
        // One that has ended, or runs with another input.
        let id = self.execution(name);
        let found = self.find(&id).await?;
        if found.is_some_and(|there| there.input.as_deref() == Some(input)) {
            return Ok(id);
        }
        Err(StoreError::conflict(
            format!("the execution {name}"),
            "no execution of this name, or one with this input",
            "one with another input",
        ))
    }

    async fn describe(&self, execution: &ExecutionId) -> Result<Option<Execution>, StoreError> {
        let Some(found) = self.find(execution).await? else {
            return Ok(None);
        };
        let status = match &found.status {
            Status::Running | Status::PendingRedrive => ExecutionStatus::Running,
            Status::Succeeded => ExecutionStatus::Succeeded,
            Status::TimedOut => ExecutionStatus::TimedOut,
            Status::Aborted => ExecutionStatus::Stopped,
            _ => ExecutionStatus::Failed,
        };
        let of_arn = || found.execution_arn.rsplit(':').next().unwrap_or_default();
        Ok(Some(Execution {
            name: found.name.as_deref().unwrap_or_else(of_arn).to_owned(),
            status,
            started_at: moment(Some(&found.start_date)),
            ended_at: moment(found.stop_date.as_ref()),
            reason: found.cause.or(found.error),
        }))
    }

    async fn stop(&self, execution: &ExecutionId, reason: &str) -> Result<(), StoreError> {
        // Stopping what has ended would be an error, or overwrite its reason.
        let Some(found) = self.find(execution).await? else {
            return Err(StoreError::not_found(format!(
                "the execution {}",
                execution.0
            )));
        };
        if found.status != Status::Running && found.status != Status::PendingRedrive {
            return Ok(());
        }
        self.client
            .stop_execution()
            .execution_arn(&execution.0)
            .cause(reason)
            .send()
            .await
            .map(drop)
            .map_err(|error| fault::from_sdk(&error, self.doing("stopping an execution")))
    }
}

fn moment(at: Option<&DateTime>) -> Option<Timestamp> {
    let millis = at?.to_millis().ok()?;
    Some(Timestamp::from_unix_millis(millis))
}
