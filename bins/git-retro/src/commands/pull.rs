//! `git retro pull`: the results of a batch, brought home.

use std::sync::Arc;

use retro_bootstrap::aws::{AwsPlace, AwsStores};
use retro_bootstrap::{ExitCode, Failure, LocalStores, ProcessIdentity, SystemClock};
use retro_domain::{Clock, LeaseOwner, RunId};
use retro_store::StoreError;
use retro_workflow::batch::{Pulled, Pulling, pull};

use crate::cli::PullArgs;
use crate::context::{Context, runtime, store_failure};
use crate::output::print;
use crate::render::count;

pub(crate) fn run(context: &Context, args: &PullArgs) -> Result<ExitCode, Failure> {
    let batch = batch_id(&args.batch)?;
    let place = AwsPlace::new(&context.config.settings.aws)?;
    let here = context.stores()?;
    runtime()?.block_on(async {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let there = AwsStores::open(&place, Arc::clone(&clock)).await;
        let there = there.map_err(store_failure)?;
        let stores = pulling(&here, &there, clock);
        let pulled = pull(&batch, &context.repo()?, &stores, |_, _| {}).await;
        let pulled = pulled.map_err(|error| pull_failure(&batch, error))?;
        print(&text(&batch, &pulled))?;
        Ok(match pulled.is_over() {
            true => ExitCode::Fine,
            false => ExitCode::Incomplete,
        })
    })
}

/// The id of a batch.
pub(super) fn batch_id(text: &str) -> Result<RunId, Failure> {
    text.parse().map_err(|error| {
        Failure::from_error(ExitCode::Usage, &error)
            .with_hint("`git retro run --backend aws` and `retro-initiator start` print it")
    })
}

/// Both sides.
pub(super) fn pulling(here: &LocalStores, there: &AwsStores, clock: Arc<dyn Clock>) -> Pulling {
    Pulling {
        remote_jobs: Arc::clone(&there.jobs) as _,
        remote_runs: Arc::clone(&there.jobs) as _,
        remote_artifacts: Arc::clone(&there.artifacts) as _,
        jobs: Arc::clone(&here.jobs) as _,
        runs: Arc::clone(&here.runs) as _,
        results: Arc::clone(&here.results) as _,
        artifacts: Arc::clone(&here.artifacts) as _,
        clock,
        owner: LeaseOwner(ProcessIdentity::current().to_string()),
    }
}

/// A batch that cannot be brought home.
pub(super) fn pull_failure(batch: &RunId, error: StoreError) -> Failure {
    match error {
        StoreError::NotFound { .. } => Failure::usage(format!("the table has no batch {batch}"))
            .with_hint("check the id, and the table and region that are set"),
        other => store_failure(other),
    }
}

fn text(batch: &RunId, pulled: &Pulled) -> String {
    let mut text = format!(
        "{} of batch {batch} brought home, {} ended",
        count(pulled.fetched, "result"),
        pulled.ended.len(),
    );
    if !pulled.is_over() {
        text += &format!("; {} waiting, {} running", pulled.pending, pulled.running);
    }
    text + &format!("\nshow: git retro show {batch}\n")
}
