//! `git retro run --backend aws`: plan here, run there, show here.

use std::sync::Arc;
use std::time::Duration;

use retro_aws::StepFunctionsEngine;
use retro_bootstrap::aws::{AwsPlace, AwsStores, needed, random};
use retro_bootstrap::config::Verbosity;
use retro_bootstrap::{ExitCode, Failure, LocalStores, SystemClock};
use retro_domain::{
    Clock, CommitJob, Digester, Event, EventKind, RepoId, RunId, ToolchainFingerprint,
};
use retro_store::{Engine, InMemoryResultStore, ResultStore};
use retro_workflow::batch::{
    BatchOptions, BatchServices, Estimate, FollowOptions, Followed, JobEnding, PriceTable, Pulled,
    Submitted, TaskSize, follow, submit,
};
use retro_workflow::document::PlanDocument;
use retro_workflow::{
    EventSink as _, Interrupt, LookBackReport, LookBackRequest, Plan, StopCause, plan,
};

use crate::cli::{Format, RunArgs};
use crate::commands::pull::{batch_id, pull_failure, pulling};
use crate::context::{Context, runtime, store_failure};
use crate::output::{json, print, say};
use crate::{progress, render};

use super::{commits, listen, look_back_failure, overlay, reuse, suites};

/// How often the jobs are looked at.
const LOOK: Duration = Duration::from_secs(3);

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
    let repo = RepoId::from_location(&url)
        .map_err(|error| Failure::from_error(ExitCode::Usage, &error))?;
    let toolchain = toolchain(context);
    let request = LookBackRequest {
        suites: suite.rules.clone(),
        commits: commits::query(args, clock.now())?,
        overlay: overlay::read(context, args)?,
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
    let estimate = estimate(context, &planned);
    if context.config.settings.verbosity != Verbosity::Quiet || args.dry_run {
        let workers = planned.jobs.len().max(1);
        let text = render::plan(&planned, &suite.because, workers, context.paint_errors());
        say(text.trim_end());
        say(format_args!(
            "batch: {} of {}, about ${:.2} (docs/aws.md says what is counted)",
            render::count(estimate.jobs, "task"),
            render::duration(estimate.each),
            estimate.usd
        ));
    }
    if let Some(limit) = context.config.settings.aws.max_cost_usd
        && estimate.usd > limit
    {
        return Err(Failure::usage(format!(
            "the batch is expected to cost ${:.2}, and --max-cost-usd allows ${limit:.2}",
            estimate.usd
        ))
        .with_hint("thin the range with --every, or raise the limit"));
    }
    let Some(here) = here.filter(|_| !args.dry_run) else {
        print(&match args.format {
            Format::Human => render::planned_commits(&planned),
            format => json(&PlanDocument::new(&planned, planned.jobs.len()), format)?,
        })?;
        return Ok(ExitCode::Fine);
    };
    let place = AwsPlace::new(&context.config.settings.aws)?;
    let machine = &context.config.settings.aws.state_machine;
    let machine = needed(machine, "aws.state-machine", "--state-machine")?;
    let id = match &args.remote.batch {
        Some(id) => batch_id(id)?,
        None => RunId::new(
            clock.now(),
            u32::try_from(random() & 0xff_ffff).unwrap_or(0),
        ),
    };
    let remote = Remote {
        context,
        args,
        here: &here,
        id,
        clock,
    };
    let options = BatchOptions {
        id: remote.id.clone(),
        url,
        toolchain,
        rerun: !context.config.settings.cache,
    };
    // There, the repository has the name that its address gives it.
    let there = Plan {
        repo,
        ..planned.clone()
    };
    runtime.block_on(remote.run(planned, there, &place, &machine, &options))
}

/// What the steps have at hand.
struct Remote<'a> {
    context: &'a Context,
    args: &'a RunArgs,
    here: &'a LocalStores,
    id: RunId,
    clock: Arc<dyn Clock>,
}

impl Remote<'_> {
    async fn run(
        &self,
        plan: Plan,
        there: Plan,
        place: &AwsPlace,
        machine: &str,
        options: &BatchOptions,
    ) -> Result<ExitCode, Failure> {
        let stores = AwsStores::open(place, Arc::clone(&self.clock)).await;
        let stores = stores.map_err(store_failure)?;
        let engine: Arc<dyn Engine> = Arc::new(StepFunctionsEngine::new(&stores.clients, machine));
        let services = BatchServices {
            jobs: Arc::clone(&stores.jobs) as _,
            runs: Arc::clone(&stores.jobs) as _,
            objects: Arc::clone(&stores.objects) as _,
            engine: Arc::clone(&engine),
            clock: Arc::clone(&self.clock),
        };
        let submitted = submit(&there, &services, options).await;
        let submitted = submitted.map_err(store_failure)?;
        say(format_args!(
            "batch {}: {} started, {} complete or running already",
            self.id,
            render::count(submitted.queued, "task"),
            submitted.skipped
        ));
        if self.args.remote.no_wait {
            say(format_args!("results: git retro pull {}", self.id));
            return Ok(ExitCode::Fine);
        }
        self.wait(plan, &stores, &*engine, &submitted).await
    }

    async fn wait(
        &self,
        plan: Plan,
        stores: &AwsStores,
        engine: &dyn Engine,
        submitted: &Submitted,
    ) -> Result<ExitCode, Failure> {
        let interrupt = Interrupt::new();
        listen(&interrupt);
        let sink = progress::for_terminal(&plan, 0, self.context);
        let pulling = pulling(self.here, stores, Arc::clone(&self.clock));
        let options = FollowOptions {
            every: LOOK,
            interrupt,
        };
        let planned: std::collections::HashSet<_> = plan
            .jobs
            .iter()
            .map(|job| plan.commits[job.commit].commit)
            .collect();
        let execution = submitted.execution.as_ref();
        let mut seq = 0;
        let seen = |job: &CommitJob, ending: &JobEnding| {
            // Known ones are no news.
            if planned.contains(&job.commit) {
                seq += 1;
                sink.event(&self.event(seq, job, ending));
            }
        };
        let repo = &plan.repo;
        let followed = follow(&self.id, repo, &pulling, engine, execution, &options, seen).await;
        sink.finish();
        let (pulled, how) = followed.map_err(|error| pull_failure(&self.id, error))?;
        let report = report(&pulled, &how);
        match &how {
            Followed::Over => {}
            Followed::Interrupted => say(format_args!(
                "the batch goes on; bring its results home with `git retro pull {}`",
                self.id
            )),
            Followed::Abandoned(why) => self.context.warn(&format!(
                "the batch's execution has ended ({why}), and {} were left",
                render::count(pulled.pending, "job")
            )),
        }
        super::show_report(self.context, self.args, self.here, report, false).await
    }

    fn event(&self, seq: u64, job: &CommitJob, ending: &JobEnding) -> Event {
        let (commit, worker) = (job.commit, 0);
        Event {
            run: self.id.clone(),
            seq,
            at: self.clock.now(),
            kind: match ending {
                JobEnding::Complete(verdict, counts) => EventKind::JobFinished {
                    commit,
                    worker,
                    verdict: verdict.clone(),
                    counts: *counts,
                    took: Duration::ZERO,
                },
                JobEnding::Failed(reason) => EventKind::JobFailed {
                    commit,
                    worker,
                    reason: reason.clone(),
                },
            },
        }
    }
}

fn report(pulled: &Pulled, how: &Followed) -> LookBackReport {
    let failed =
        pulled
            .run
            .commits
            .iter()
            .filter_map(|commit| match pulled.ended.get(&commit.key)? {
                JobEnding::Failed(reason) => Some((commit.commit, reason.clone())),
                JobEnding::Complete(..) => None,
            });
    let failed: Vec<_> = failed.collect();
    LookBackReport {
        run: pulled.run.id.clone(),
        completed: pulled.ended.len().saturating_sub(failed.len()),
        failed,
        left: Vec::new(),
        remaining: pulled.pending + pulled.running,
        stopped: (*how == Followed::Interrupted).then_some(StopCause::Interrupted),
    }
}

/// Where runners fetch the repository from.
fn address(context: &Context, args: &RunArgs) -> Result<String, Failure> {
    let origin = || context.repository().ok()?.remote_url("origin");
    args.remote.from.clone().or_else(origin).ok_or_else(|| {
        Failure::usage("runners on AWS would not know where to fetch the repository from")
            .with_hint("it has no remote named origin: give its address with --from URL")
    })
}

/// The tools that runners are taken to have.
fn toolchain(context: &Context) -> ToolchainFingerprint {
    let name = &context.config.settings.aws.toolchain;
    ToolchainFingerprint(
        Digester::new("retro-remote-toolchain-v1")
            .field("name", name)
            .finish(),
    )
}

fn estimate(context: &Context, plan: &Plan) -> Estimate {
    let aws = &context.config.settings.aws;
    let task = TaskSize {
        vcpu: aws.task.vcpu,
        memory_gb: aws.task.memory_gb,
        disk_gb: aws.task.disk_gb,
    };
    let prices = PriceTable {
        vcpu_hour: aws.task.usd_vcpu_hour,
        memory_gb_hour: aws.task.usd_memory_gb_hour,
        disk_gb_hour: aws.task.usd_disk_gb_hour,
        thousand_transitions: aws.task.usd_thousand_transitions,
    };
    let each = plan.usual_job.unwrap_or(aws.job_time);
    Estimate::new(plan.jobs.len(), each, task, prices)
}
