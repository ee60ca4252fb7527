//! The Lambda function: one event, one or more batches.

use std::sync::Arc;

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use retro_bootstrap::aws::AwsStores;
use retro_bootstrap::batch::{self, Batches};
use retro_bootstrap::config::AwsFlags;
use retro_bootstrap::terminal::{say, store_failure};
use retro_bootstrap::{ExitCode, Failure, FlagLayer, SystemClock};
use retro_domain::{Clock, RunId};
use retro_store::{ObjectStore, StoreError};
use serde_json::Value;

use crate::Environment;
use crate::answer::{Answer, StartedBatch};
use crate::event::Event;
use crate::look::{Planned, fetch, plans};
use crate::start::{git_credentials, options, temporary_folder, variable};
use crate::suites::SettingsFrom;

/// Serves events until the sandbox ends.
pub(crate) fn serve(environment: Environment) -> ExitCode {
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            say(format_args!("no threads can be started: {error}"));
            return ExitCode::Incomplete;
        }
    };
    let environment = Arc::new(environment);
    let service = service_fn(move |event: LambdaEvent<Value>| {
        let environment = Arc::clone(&environment);
        async move {
            let work = tokio::task::spawn_blocking(move || {
                let handle = tokio::runtime::Handle::current();
                handle.block_on(answer(
                    event.payload,
                    &event.context.request_id,
                    &environment,
                ))
            });
            work.await
                .unwrap_or_else(|error| Err(trouble(format!("the work broke off: {error}"))))
        }
    });
    match runtime.block_on(lambda_runtime::run(service)) {
        Ok(()) => ExitCode::Fine,
        Err(error) => {
            say(format_args!("the function cannot be served: {error}"));
            ExitCode::Incomplete
        }
    }
}

/// What is answered to an event. Trouble of ours is an error, for whoever called to try again: a later
/// call of the same request goes on with its batches.
async fn answer(
    payload: Value,
    request: &str,
    environment: &Environment,
) -> Result<Answer, Diagnostic> {
    match start(payload, request, environment).await {
        Ok(answer) => Ok(answer),
        Err(failure) => {
            say(failure.render(false).trim_end());
            match failure.exit {
                ExitCode::Usage | ExitCode::NothingRan => Ok(Answer::new(400, failure.sentence())),
                _ => Err(trouble(failure.sentence())),
            }
        }
    }
}

/// What AWS is told of trouble: the type never changes, so that callers may match it.
fn trouble(message: String) -> Diagnostic {
    Diagnostic {
        error_type: "RetroInitiatorError".to_owned(),
        error_message: message,
    }
}

async fn start(
    payload: Value,
    invocation: &str,
    environment: &Environment,
) -> Result<Answer, Failure> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let event = Event::read(payload)?;
    let request = event.request()?;
    let flags = FlagLayer {
        aws: AwsFlags {
            table: variable(environment, "DYNAMODB_TABLE_NAME"),
            bucket: variable(environment, "S3_BUCKET_NAME"),
            state_machine: variable(environment, "STATE_MACHINE_ARN"),
            endpoint: variable(environment, "AWS_ENDPOINT_URL"),
            prefix: variable(environment, "S3_PREFIX"),
            max_cost_usd: event.max_cost_usd,
            ..AwsFlags::default()
        },
        ..FlagLayer::default()
    };
    let from = SettingsFrom {
        environment,
        user_file: None,
        config_file: None,
        flags: &flags,
    };
    // What the function is given is wrong for every event, and no fault of this one.
    let ours = |failure: Failure| Failure {
        exit: ExitCode::Incomplete,
        ..failure
    };
    let aws = from.load(None).map_err(ours)?.settings.aws;
    let (place, machine) = batch::place_and_machine(&aws).map_err(ours)?;
    let batches = Batches::open(&place, &machine, Arc::clone(&clock)).await?;
    let folder = temporary_folder()?;
    let credentials = git_credentials(environment).map_err(ours)?;
    let clients = async || Ok(batches.stores.clients.clone());
    let (into, note) = (folder.path().join("history"), |text: String| say(text));
    let repository = fetch(&request, &credentials, clients, into, note).await?;
    let (planned, config) = plans(&request, &repository, from, folder.path(), clock.now()).await?;
    if event.batch_id.is_some() && planned.len() > 1 {
        return Err(Failure::usage(
            "batch_id names one batch, and there are several suites",
        ));
    }
    let aws = &config.settings.aws;
    let (mut usd, mut jobs) = (0.0, 0);
    for Planned { plan, .. } in &planned {
        let outlook = batch::outlook(aws, plan, false, event.dry_run, &clock).await?;
        jobs += outlook.plan.jobs.len();
        usd += batch::estimate(aws, &outlook.plan).usd;
    }
    batch::check_cost(aws, usd, "max_cost_usd")?;
    if event.dry_run {
        let message = format!(
            "{jobs} jobs would be started, for about {}",
            batch::dollars(usd)
        );
        return Ok(Answer {
            estimated_usd: Some(usd),
            ..Answer::new(200, message)
        });
    }
    let mut started = Vec::new();
    for (index, Planned { plan, .. }) in planned.iter().enumerate() {
        let id = match &event.batch_id {
            Some(id) => batch::batch_id(id)?,
            None => id_of(&batches.stores, invocation, index, &*clock).await?,
        };
        let options = options(id, &request, &config, false);
        let submitted = batches.start(plan, &options).await?;
        started.push(StartedBatch::new(&plan.suite_name, &submitted));
    }
    Ok(Answer {
        estimated_usd: Some(usd),
        ..Answer::started(started)
    })
}

/// The batch of an invocation: a second call for the same one gets the same.
async fn id_of(
    stores: &AwsStores,
    invocation: &str,
    index: usize,
    clock: &dyn Clock,
) -> Result<RunId, Failure> {
    let id = batch::new_batch_id(clock);
    let name = format!("batches/requests/{invocation}/{index}");
    let content = id.to_string().into_bytes();
    let objects: &dyn ObjectStore = &*stores.objects;
    match objects.put_new(&name, content).await {
        Ok(()) => return Ok(id),
        Err(StoreError::Conflict { .. }) => {}
        Err(error) => return Err(store_failure(error)),
    }
    let known = objects.get(&name).await.map_err(store_failure)?;
    let known = String::from_utf8(known.unwrap_or_default()).unwrap_or_default();
    batch::batch_id(&known).map_err(|failure| Failure {
        exit: ExitCode::Incomplete,
        ..failure.context(format!("the object {name} is damaged"))
    })
}
