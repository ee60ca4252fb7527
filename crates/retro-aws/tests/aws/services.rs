//! The engine, the queue and the secrets, on moto.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use retro_aws::{SecretsManager, SqsTaskQueue, StepFunctionsEngine};
use retro_domain::Timestamp;
use retro_store::contract::block_on;
use retro_store::contract::secrets::SECRETS;
use retro_store::{Engine, Execution, ExecutionStatus, Receipt, Secrets, TaskMessage, TaskQueue};
use retro_testing::{Fault, FaultProxy, Request, SharedServer};

use crate::support::{clients, raw};

mod engine {
    use super::*;

    /// A machine whose executions go on: moto runs no definition unless it is told to.
    async fn machine() -> (String, String, SharedServer) {
        let moto = SharedServer::moto();
        let endpoint = moto.endpoint();
        let machine = aws_sdk_sfn::Client::new(&raw(&endpoint))
            .create_state_machine()
            .name(SharedServer::unique("machine"))
            .role_arn("arn:aws:iam::123456789012:role/any")
            .definition(
                r#"{"StartAt":"Wait","States":{"Wait":{"Type":"Wait","Seconds":600,"End":true}}}"#,
            )
            .send()
            .await
            .unwrap();
        (endpoint, machine.state_machine_arn, moto)
    }

    async fn make() -> (Arc<dyn Engine>, SharedServer) {
        let (endpoint, arn, moto) = machine().await;
        let engine = StepFunctionsEngine::new(&clients(&endpoint).await, &arn);
        (Arc::new(engine), moto)
    }

    retro_store::engine_contract!(make);

    async fn through(proxy: &FaultProxy, arn: &str) -> StepFunctionsEngine {
        StepFunctionsEngine::new(&clients(&proxy.endpoint()).await, arn)
    }

    #[test]
    fn a_start_whose_answer_was_lost_starts_one_execution() {
        block_on(async {
            let (endpoint, arn, _moto) = machine().await;
            let starts = AtomicUsize::new(0);
            let address = endpoint.trim_start_matches("http://").to_owned();
            let proxy = FaultProxy::start(&address, move |request: &Request| {
                let start = request.target.ends_with("StartExecution");
                if start && starts.fetch_add(1, Ordering::SeqCst) == 0 {
                    return Fault::DropAfter;
                }
                Fault::None
            });
            let engine = through(&proxy, &arn).await;
            let id = engine.start("batch-1", "{}").await.unwrap();
            assert_eq!(id, engine.execution("batch-1"));
            assert!(engine.describe(&id).await.unwrap().is_some());
        });
    }

    /// moto forgets it.
    #[test]
    fn the_reason_of_an_end_is_told() {
        block_on(async {
            let arn = "arn:aws:states:us-east-1:1:stateMachine:m";
            let body = r#"{"executionArn":"arn:aws:states:us-east-1:1:execution:m:batch-1",
                "stateMachineArn":"arn:aws:states:us-east-1:1:stateMachine:m","name":"batch-1",
                "status":"ABORTED","startDate":1.5,"stopDate":2.25,"cause":"enough"}"#;
            let kind = "application/x-amz-json-1.0".to_owned();
            let answer = Fault::Answer(200, kind, body.to_owned());
            let proxy = FaultProxy::start("127.0.0.1:1", move |_: &Request| answer.clone());
            let engine = through(&proxy, arn).await;
            let id = engine.execution("batch-1");
            let found = engine.describe(&id).await.unwrap().unwrap();
            let expected = Execution {
                name: "batch-1".to_owned(),
                status: ExecutionStatus::Stopped,
                started_at: Some(Timestamp::from_unix_millis(1500)),
                ended_at: Some(Timestamp::from_unix_millis(2250)),
                reason: Some("enough".to_owned()),
            };
            assert_eq!(found, expected);
        });
    }
}

mod queue {
    use super::*;

    /// The queue's dead letters, and the server.
    struct DeadLetters {
        client: aws_sdk_sqs::Client,
        url: String,
        _moto: SharedServer,
    }

    async fn make() -> (Arc<dyn TaskQueue>, DeadLetters) {
        let moto = SharedServer::moto();
        let endpoint = moto.endpoint();
        let client = aws_sdk_sqs::Client::new(&raw(&endpoint));
        let name = SharedServer::unique("queue");
        let create = client.create_queue().queue_name(format!("{name}-dead"));
        let dead = create.send().await.unwrap().queue_url.unwrap();
        let policy = format!(
            r#"{{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:123456789012:{name}-dead","maxReceiveCount":"3"}}"#
        );
        let queue = client
            .create_queue()
            .queue_name(&name)
            .attributes("RedrivePolicy".into(), policy)
            .send()
            .await
            .unwrap();
        let url = queue.queue_url.unwrap();
        let queue = SqsTaskQueue::new(&clients(&endpoint).await, &url, Some(&dead));
        let dead_letters = DeadLetters {
            client,
            url: dead,
            _moto: moto,
        };
        (Arc::new(queue), dead_letters)
    }

    async fn look(dead: &DeadLetters) -> Vec<(String, String)> {
        let receive = dead.client.receive_message().queue_url(&dead.url);
        let receive = receive
            .message_attribute_names("All")
            .max_number_of_messages(10);
        let received = receive.send().await.unwrap();
        let letter = |message: &aws_sdk_sqs::types::Message| {
            let attributes = message.message_attributes();
            let reason = attributes.and_then(|all| all.get("retro-reason")?.string_value());
            let body = message.body().unwrap_or_default().to_owned();
            (body, reason.unwrap_or_default().to_owned())
        };
        received.messages().iter().map(letter).collect()
    }

    retro_store::task_queue_contract!(make, look);

    #[test]
    fn a_queue_that_does_not_know_its_dead_letters_says_so() {
        block_on(async {
            let moto = SharedServer::moto();
            let clients = clients(&moto.endpoint()).await;
            let queue = SqsTaskQueue::new(&clients, "http://localhost/queue", None);
            let message = TaskMessage {
                body: "{".to_owned(),
                receipt: Receipt("1".to_owned()),
                receipts: 1,
            };
            let error = queue.put_aside(&message, "why").await.unwrap_err();
            assert!(error.to_string().contains("dead-letter queue"), "{error}");
        });
    }
}

mod secrets {
    use super::*;

    /// All tests want the same secrets: they are there or made.
    async fn make() -> (Arc<dyn Secrets>, SharedServer) {
        let moto = SharedServer::moto();
        let endpoint = moto.endpoint();
        let client = aws_sdk_secretsmanager::Client::new(&raw(&endpoint));
        for (name, value) in SECRETS {
            let create = client.create_secret().name(name).secret_string(value);
            if let Err(error) = create.send().await {
                let exists = error.into_service_error().is_resource_exists_exception();
                assert!(exists, "the secret {name} cannot be made");
            }
        }
        (
            Arc::new(SecretsManager::new(&clients(&endpoint).await)),
            moto,
        )
    }

    retro_store::secrets_contract!(make);
}
