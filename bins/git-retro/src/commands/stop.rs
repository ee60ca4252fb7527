//! `git retro stop`: the end of a batch before its time.

use std::sync::Arc;
use std::time::Duration;

use retro_bootstrap::batch::{Batches, batch_id, place_and_machine, pull_failure};
use retro_bootstrap::terminal::{count, listen, print, say};
use retro_bootstrap::{ExitCode, Failure, SystemClock};
use retro_domain::RunId;
use retro_workflow::Interrupt;
use retro_workflow::batch::{FollowOptions, Stopped, stop};

use crate::cli::StopArgs;
use crate::context::{Context, runtime};

/// How often the engine is asked whether it is done.
const LOOK: Duration = Duration::from_secs(2);

pub(crate) fn run(context: &Context, args: &StopArgs) -> Result<ExitCode, Failure> {
    let batch = batch_id(&args.batch)?;
    let (place, machine) = place_and_machine(&context.config.settings.aws)?;
    let interrupt = Interrupt::new();
    listen(&interrupt);
    let options = FollowOptions {
        every: LOOK,
        interrupt,
    };
    let stopped = runtime()?.block_on(async {
        let batches = Batches::open(&place, &machine, Arc::new(SystemClock)).await?;
        say("stopping; runners have up to two minutes to hand their jobs back");
        let stopped = stop(
            &batch,
            &batches.services(),
            "stopped by git retro stop",
            &options,
        )
        .await;
        stopped.map_err(|error| pull_failure(&batch, error))
    })?;
    print(&text(&batch, &stopped))?;
    if stopped.interrupted {
        say("the batch's execution is stopped; the state machine goes on ending its jobs");
        return Ok(ExitCode::Interrupted);
    }
    match stopped.trouble {
        Some(why) => Err(Failure::new(
            ExitCode::Incomplete,
            format!("not every job of batch {batch} was ended: {why}"),
        )
        .with_hint("the same command tries it again")),
        None => Ok(ExitCode::Fine),
    }
}

fn text(batch: &RunId, stopped: &Stopped) -> String {
    let (complete, failed) = (stopped.complete, stopped.failed - stopped.ended);
    let mut text = match stopped.was_over {
        true => format!("batch {batch} is over already"),
        false => format!(
            "batch {batch} stopped: {} ended without a result",
            count(stopped.ended, "job")
        ),
    };
    text += &format!("; {complete} complete, {failed} failed before");
    if stopped.open > 0 {
        text += &match stopped.interrupted || stopped.trouble.is_some() {
            true => format!(", {} open", stopped.open),
            false => format!(", {} with another batch by now", stopped.open),
        };
    }
    text + &format!("\nresults: git retro pull {batch}\n")
}
