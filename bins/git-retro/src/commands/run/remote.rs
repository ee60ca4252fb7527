//! `git retro run --backend aws`: plan here, run there, show here.

use std::sync::Arc;

use retro_bootstrap::batch::{self, Batches};
use retro_bootstrap::config::Verbosity;
use retro_bootstrap::look_back::{query, read_overlay};
use retro_bootstrap::terminal::{self, Format, json, look_back_failure, print, say};
use retro_bootstrap::{ExitCode, Failure, LocalStores, SystemClock};
use retro_domain::{Clock, RepoId};
use retro_store::{InMemoryResultStore, ResultStore};
use retro_workflow::batch::BatchOptions;
use retro_workflow::document::PlanDocument;
use retro_workflow::{LookBackRequest, Plan, plan};

use crate::cli::RunArgs;
use crate::context::{Context, runtime};

use super::{reuse, suites};

pub(super) fn run(context: &Context, args: &RunArgs) -> Result<ExitCode, Failure> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let mut chosen = suites::choose(context, args)?;
    if chosen.len() > 1 {
        return Err(
            Failure::usage("a batch on AWS runs one suite").with_hint("name it with --suite")
        );
    }
    let Some(suite) = chosen.pop() else {
        return Err(Failure::usage("there is no suite to run"));
    };
    let url = address(context, args)?;
    batch::check_address(&url)?;
    let repo = RepoId::from_location(&url)
        .map_err(|error| Failure::from_error(ExitCode::Usage, &error))?;
    let aws = &context.config.settings.aws;
    let toolchain = batch::toolchain(aws);
    let request = LookBackRequest {
        suites: suite.rules.clone(),
        commits: query(&args.commits, &args.revisions, clock.now())?,
        overlay: read_overlay(&context.config.settings.overlay, &args.suite)?,
        toolchain,
        reuse: reuse(context, args),
        described: args.described(suite.rules.base.run.to_string()),
    };
    let nothing = InMemoryResultStore::default();
    let here = match args.dry_run && !LocalStores::is_in(&context.data_dir()) {
        true => None,
        false => Some(context.stores()?),
    };
    let known: &dyn ResultStore = match &here {
        Some(here) => &*here.results,
        None => &nothing,
    };
    let runtime = runtime()?;
    let planned = runtime.block_on(plan(&request, context.repository()?, known));
    let planned = planned.map_err(look_back_failure)?;
    // There, the repository has the name that its address gives it.
    let there = Plan {
        repo,
        ..planned.clone()
    };
    let rerun = !context.config.settings.cache;
    let place = match args.dry_run {
        true => None,
        false => Some(batch::place_and_machine(aws)?),
    };
    let outlook = batch::outlook(aws, &there, rerun, args.dry_run, &clock);
    let outlook = runtime.block_on(outlook)?;
    let estimate = batch::estimate(aws, &outlook.plan);
    if context.config.settings.verbosity != Verbosity::Quiet || args.dry_run {
        let text = terminal::plan(&outlook.plan, &suite.because, None, context.paint_errors());
        say(text.trim_end());
        say(batch::estimate_line(&estimate, outlook.left_out));
    }
    batch::check_cost(aws, estimate.usd)?;
    let (Some(here), Some((place, machine))) = (here, place) else {
        print(&match args.format {
            Format::Human => terminal::planned_commits(&outlook.plan),
            format => {
                let plan = &outlook.plan;
                json(&PlanDocument::new(plan, plan.jobs.len()), format)?
            }
        })?;
        return Ok(ExitCode::Fine);
    };
    let id = match &args.remote.batch {
        Some(id) => batch::batch_id(id)?,
        None => batch::new_batch_id(&*clock),
    };
    let options = BatchOptions {
        id,
        url,
        prefix: aws.prefix.clone(),
        toolchain,
        rerun,
    };
    runtime.block_on(async {
        let batches = Batches::open(&place, &machine, clock).await?;
        let submitted = batches.start(&there, &options).await?;
        batch::tell_started(&submitted);
        if args.remote.no_wait {
            say(format_args!("results: git retro pull {}", submitted.batch));
            return Ok(ExitCode::Fine);
        }
        let progress = context.progress(&submitted.plan, 0);
        let wait = batches.wait(&planned.repo, &submitted, &here, &progress);
        let report = wait.await?;
        context.show_report(&here, report, args.format, false).await
    })
}

/// Where runners fetch the repository from.
fn address(context: &Context, args: &RunArgs) -> Result<String, Failure> {
    let origin = || context.repository().ok()?.remote_url("origin");
    args.remote.from.clone().or_else(origin).ok_or_else(|| {
        Failure::usage("runners on AWS would not know where to fetch the repository from")
            .with_hint("it has no remote named origin: give its address with --from URL")
    })
}
