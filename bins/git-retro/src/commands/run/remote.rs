//! `git retro run --backend aws`: plan here, run there, show here.

use std::sync::Arc;

use retro_bootstrap::aws::{check_names, check_slots, log_cap};
use retro_bootstrap::batch::{self, Batches};
use retro_bootstrap::config::Verbosity;
use retro_bootstrap::look_back::{query, read_overlay};
use retro_bootstrap::terminal::{self, Format, json, look_back_failure, one_line, print, say};
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
    let settings = &context.config.settings;
    let place = match args.dry_run {
        true => check_names(&settings.aws).map(|()| None)?,
        false => Some(batch::place_and_machine(&settings.aws)?),
    };
    check_slots(&settings.slots)?;
    let mut chosen = suites::choose(context, args)?;
    if chosen.len() > 1 {
        let names = chosen.iter().map(|suite| one_line(&suite.rules.base.name));
        let names: Vec<String> = names.collect();
        return Err(Failure::usage("a batch on AWS runs one suite")
            .with_hint(format!("name it with --suite: {}", names.join(", "))));
    }
    let Some(suite) = chosen.pop() else {
        return Err(Failure::usage("there is no suite to run"));
    };
    let url = address(context, args)?;
    batch::check_address(&url)?;
    let repo = RepoId::from_location(&url)
        .map_err(|error| Failure::from_error(ExitCode::Usage, &error))?;
    let aws = &settings.aws;
    let toolchain = batch::toolchain(settings);
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
    if args.remote.from.is_none() {
        warn_of_unpushed(context, &planned)?;
    }
    // There, the repository has the name that its address gives it.
    let there = Plan {
        repo,
        ..planned.clone()
    };
    let rerun = !context.config.settings.cache;
    let outlook = batch::outlook(aws, &there, rerun, args.dry_run, &clock);
    let outlook = runtime.block_on(outlook)?;
    let estimate = batch::estimate(aws, &outlook.plan);
    if context.config.settings.verbosity != Verbosity::Quiet || args.dry_run {
        let text = terminal::plan(&outlook.plan, &suite.because, None, context.paint_errors());
        say(text.trim_end());
        say(batch::estimate_line(&estimate, outlook.left_out));
    }
    batch::check_cost(aws, estimate.usd, "--max-cost-usd")?;
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
        log_cap: Some(log_cap(settings)),
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

/// Says which commits runners will most likely not find at `origin`.
fn warn_of_unpushed(context: &Context, plan: &Plan) -> Result<(), Failure> {
    let repository = context.repository()?;
    let commits: Vec<_> = plan.commits.iter().map(|commit| commit.commit).collect();
    // A mirror has no remote-tracking branches. What cannot be told is no reason to stop.
    let left = match repository.is_bare() {
        true => Vec::new(),
        false => repository
            .not_on_remote("origin", &commits)
            .unwrap_or_default(),
    };
    if let Some(newest) = left.last() {
        let which = match left.len() {
            1 => format!("commit {} is", newest.short()),
            more => format!("{more} commits, the newest {}, are", newest.short()),
        };
        context.warn(&format!(
            "{which} on no branch of origin, as far as is known here, and runners fetch from there: \
             push first, or their jobs fail"
        ));
    }
    Ok(())
}

/// Where runners fetch the repository from.
fn address(context: &Context, args: &RunArgs) -> Result<String, Failure> {
    let origin = || context.repository().ok()?.remote_url("origin");
    args.remote.from.clone().or_else(origin).ok_or_else(|| {
        Failure::usage("runners on AWS would not know where to fetch the repository from")
            .with_hint("it has no remote named origin: give its address with --from URL")
    })
}
