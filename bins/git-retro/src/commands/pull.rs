//! `git retro pull`: the results of a batch, brought home.

use std::sync::Arc;

use retro_bootstrap::aws::{AwsPlace, AwsStores};
use retro_bootstrap::batch::{batch_id, pull_failure, pulling};
use retro_bootstrap::terminal::{count, one_line, print, store_failure};
use retro_bootstrap::{ExitCode, Failure, SystemClock};
use retro_domain::{Clock, RunId};
use retro_workflow::batch::{Pulled, pull};

use crate::cli::PullArgs;
use crate::context::{Context, runtime};

pub(crate) fn run(context: &Context, args: &PullArgs) -> Result<ExitCode, Failure> {
    let batch = batch_id(&args.batch)?;
    let place = AwsPlace::new(&context.config.settings.aws)?;
    let here = context.stores()?;
    runtime()?.block_on(async {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let there = AwsStores::open(&place, Arc::clone(&clock)).await;
        let there = there.map_err(store_failure)?;
        let stores = pulling(&here, &there, clock);
        let pulled = pull(&batch, &context.repo()?, &stores, |_| true, |_, _| {}).await;
        let pulled = pulled.map_err(|error| pull_failure(&batch, error))?;
        print(&text(&batch, &pulled))?;
        Ok(
            match pulled.is_over() && pulled.not_done().next().is_none() {
                true => ExitCode::Fine,
                false => ExitCode::Incomplete,
            },
        )
    })
}

/// So many commits that were not done are listed.
const LISTED: usize = 10;

fn text(batch: &RunId, pulled: &Pulled) -> String {
    let mut text = format!(
        "{} of batch {batch} brought home, {} ended",
        count(pulled.fetched, "result"),
        pulled.ended.len(),
    );
    if !pulled.is_over() {
        text += &format!("; {} waiting, {} running", pulled.pending, pulled.running);
        if pulled.execution.is_none() && pulled.pending > 0 {
            text += &format!(
                "\nno execution was started for it: the call that began it goes on with --batch {batch}"
            );
        }
    }
    let not_done: Vec<_> = pulled.not_done().collect();
    if !not_done.is_empty() {
        text += &format!("\n{} not done:", count(not_done.len(), "commit"));
    }
    for (commit, reason) in not_done.iter().take(LISTED) {
        text += &format!("\n  {} {}", commit.short(), one_line(reason));
    }
    if not_done.len() > LISTED {
        text += "\n  and more";
    }
    text + &format!("\nshow: git retro show {batch}\n")
}
