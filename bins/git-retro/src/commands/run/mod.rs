//! `git retro run`: plan, run, report.

mod flags;
mod remote;
mod suites;

use std::sync::Arc;

use retro_bootstrap::config::{HomeMode, Order, Verbosity};
use retro_bootstrap::look_back::{ChosenSuite, query, read_overlay};
use retro_bootstrap::terminal::{self, Format, json, listen, look_back_failure, print, say};
use retro_bootstrap::{ExitCode, Failure, LocalStores, ProcessIdentity, SystemClock, signals};
use retro_domain::{Clock, Digester, Timestamp, ToolchainFingerprint};
use retro_exec::{ChildProcesses, EnvironmentPolicy, Executor, Home, clean_environment};
use retro_git::{GitSlotPool, LfsPolicy, SlotOptions, SubmodulePolicy};
use retro_store::{InMemoryResultStore, ResultStore};
use retro_workflow::document::PlanDocument;
use retro_workflow::{
    Interrupt, LookBackOptions, LookBackRequest, Plan, Reuse, Services, StopCause, look_back, plan,
    toolchain_fingerprint,
};

use crate::cli::{Backend, RunArgs};
use crate::context::{Context, runtime};

pub(crate) fn run(context: &Context, args: &RunArgs) -> Result<ExitCode, Failure> {
    args.check_backend()?;
    for warning in &context.config.warnings {
        context.warn(warning);
    }
    if args.remote.backend == Backend::Aws {
        return remote::run(context, args);
    }
    let executor: Arc<dyn Executor> = Arc::new(ChildProcesses::new());
    // A dry run writes nothing: where no result was ever stored, none is known.
    let nothing = InMemoryResultStore::default();
    let stores = match args.dry_run && !LocalStores::is_in(&context.data_dir()) {
        true => None,
        false => Some(context.stores()?),
    };
    let known: &dyn ResultStore = match &stores {
        Some(stores) => &*stores.results,
        None => &nothing,
    };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let chosen = suites::choose(context, args)?;
    let query = query(&args.commits, &args.revisions, clock.now())?;
    let overlay = read_overlay(&context.config.settings.overlay, &args.suite)?;
    let home = prepare_home(context, args.dry_run)?;
    let interrupt = Interrupt::new();
    let runtime = runtime()?;
    let started_at = clock.now();
    // All of them before the first one runs: a mistake in the last one is told before any work.
    let mut plans = Vec::new();
    for suite in &chosen {
        let toolchain = fingerprint_tools(context, &*executor, suite, &home)?;
        let request = LookBackRequest {
            suites: suite.rules.clone(),
            commits: query.clone(),
            overlay: overlay.clone(),
            toolchain,
            reuse: reuse(context, args),
            described: args.described(suite.rules.base.run.to_string()),
        };
        let planned = runtime.block_on(plan(&request, context.repository()?, known));
        plans.push((planned.map_err(look_back_failure)?, &suite.because));
    }
    let several = plans.len() > 1;
    let mut exit = ExitCode::Fine;
    for (number, (planned, because)) in plans.into_iter().enumerate() {
        if interrupt.is_raised() {
            // What stopped the last suite may have come too late to show in how it ended.
            let signalled = signals::signal_came();
            let why = [ExitCode::Incomplete, ExitCode::Interrupted][usize::from(signalled)];
            return Ok(exit.or_worse(why));
        }
        let workers = workers(context, planned.jobs.len());
        if context.config.settings.verbosity != Verbosity::Quiet || args.dry_run {
            let plan = terminal::plan(&planned, because, Some(workers), context.paint_errors());
            say(plan.trim_end());
        }
        let Some(stores) = stores.as_ref().filter(|_| !args.dry_run) else {
            print(&match args.format {
                Format::Human => {
                    for warning in &planned.warnings {
                        context.warn(warning);
                    }
                    terminal::planned_commits(&planned)
                }
                format => json(&PlanDocument::new(&planned, workers), format)?,
            })?;
            continue;
        };
        if number == 0 {
            // Before there is anything to hand back, a signal just ends the process.
            listen(&interrupt);
        }
        let session = Session {
            context,
            args,
            stores,
            executor: &executor,
            clock: &clock,
            started_at,
            several,
        };
        let (ended, go_on) =
            runtime.block_on(session.run_one(planned, workers, &home, &interrupt))?;
        exit = exit.or_worse(ended);
        if !go_on {
            let rest = chosen[number + 1..].iter();
            for suite in rest.map(|suite| &suite.rules.base.name) {
                context.warn(&format!("suite {suite} was not started (--fail-fast)"));
            }
            break;
        }
    }
    Ok(exit)
}

/// Which known results stand in for runs.
fn reuse(context: &Context, args: &RunArgs) -> Reuse {
    match (
        context.config.settings.cache,
        args.execution.retry_untestable,
    ) {
        (false, _) => Reuse::Nothing,
        (true, true) => Reuse::Judged,
        (true, false) => Reuse::All,
    }
}

/// What the runs of one call share.
struct Session<'a> {
    context: &'a Context,
    args: &'a RunArgs,
    stores: &'a LocalStores,
    executor: &'a Arc<dyn Executor>,
    clock: &'a Arc<dyn Clock>,
    started_at: Timestamp,
    /// Whether the call runs several suites: `latest` is then the last one.
    several: bool,
}

impl Session<'_> {
    /// Runs one suite. `false` when no further one is to be run.
    async fn run_one(
        &self,
        plan: Plan,
        workers: usize,
        home: &Home,
        interrupt: &Interrupt,
    ) -> Result<(ExitCode, bool), Failure> {
        let settings = &self.context.config.settings;
        let passed = self.clock.now().since(self.started_at);
        let plan = Arc::new(plan);
        let identity = ProcessIdentity::current();
        let options = LookBackOptions {
            workers,
            order: match settings.order {
                Order::Newest => retro_workflow::Order::Newest,
                Order::Oldest => retro_workflow::Order::Oldest,
                Order::Spread => retro_workflow::Order::Spread,
            },
            fail_fast: settings.fail_fast,
            time_limit: settings
                .time_limit
                .map(|limit| limit.saturating_sub(passed)),
            environment: self.context.environment.clone(),
            home: home.clone(),
            log_cap: settings.log_cap.unwrap_or(u64::MAX),
            is_gone: Arc::new(|owner| ProcessIdentity::is_gone(&owner.0)),
            randomness: identity.randomness(),
            ..LookBackOptions::new(identity.to_string(), std::path::PathBuf::new())
        };
        let sink = self.context.progress(&plan, workers);
        let services = self.services()?;
        let events: Arc<dyn retro_workflow::EventSink> = Arc::clone(&sink) as _;
        let report = look_back(plan, services, options, events, interrupt.clone()).await;
        sink.finish();
        let report = report.map_err(look_back_failure)?;
        let go_on = !matches!(report.stopped, Some(StopCause::FailFast));
        let shown = self
            .context
            .show_report(self.stores, report, self.args.format, self.several);
        Ok((shown.await?, go_on))
    }

    fn services(&self) -> Result<Services, Failure> {
        let settings = &self.context.config.settings;
        let slots = SlotOptions {
            clean: settings.slots.clean,
            submodules: match settings.slots.submodules {
                retro_bootstrap::config::Extra::Skip => SubmodulePolicy::Skip,
                retro_bootstrap::config::Extra::Checkout => SubmodulePolicy::Checkout,
            },
            lfs: match settings.slots.lfs {
                retro_bootstrap::config::Extra::Skip => LfsPolicy::Skip,
                retro_bootstrap::config::Extra::Checkout => LfsPolicy::Checkout,
            },
            keep: settings.slots.keep.clone(),
        };
        let folder = self.context.cache_dir().join("slots");
        let pool = GitSlotPool::open(self.context.repository()?, &folder, slots)
            .map_err(|error| look_back_failure(error.into()))?;
        Ok(Services {
            slots: Arc::new(pool),
            executor: Arc::clone(self.executor),
            jobs: self.stores.jobs.clone(),
            runs: self.stores.runs.clone(),
            results: self.stores.results.clone(),
            artifacts: self.stores.artifacts.clone(),
            events: self.stores.events.clone(),
            clock: Arc::clone(self.clock),
        })
    }
}

fn fingerprint_tools(
    context: &Context,
    executor: &dyn Executor,
    suite: &ChosenSuite,
    home: &Home,
) -> Result<ToolchainFingerprint, Failure> {
    let scratch = tempfile::tempdir().map_err(|error| {
        Failure::from_error(ExitCode::Incomplete, &error)
            .context("no temporary folder can be made")
            .with_hint("name a place for them in TMPDIR")
    })?;
    let base = &suite.rules.base;
    // A variable that only a rule lets through changes results, too.
    let mut asked = base.clone();
    for rule in &suite.rules.rules {
        let changed = (rule.change)(base);
        asked.env_allow.extend_from_slice(&changed.env_allow);
    }
    let policy = EnvironmentPolicy {
        allow: asked.env_allow.clone(),
        fixed: base.env.clone(),
        home: home.clone(),
        tmp_dir: None,
    };
    let environment = clean_environment(&context.environment, &policy, &|path| path.exists());
    let (tools, scratch) = (&suite.toolchain, scratch.path());
    let print = toolchain_fingerprint(executor, tools, &asked, &environment, scratch);
    // What else a command sees differently, and its suite does not say.
    let settings = &context.config.settings;
    let surroundings = Digester::new("retro-surroundings-v1")
        .field("tools", print.0.as_bytes())
        .field("submodules", settings.slots.submodules.name())
        .field("lfs", settings.slots.lfs.name())
        .field("home", settings.home.name())
        .field("clean", settings.slots.clean.to_string())
        // What was cut off was not read.
        .field("log-cap", format!("{:?}", settings.log_cap));
    let keep = settings.slots.keep.iter();
    let surroundings = keep.fold(surroundings, |digester, glob| digester.field("keep", glob));
    Ok(ToolchainFingerprint(surroundings.finish()))
}

fn prepare_home(context: &Context, dry_run: bool) -> Result<Home, Failure> {
    match context.config.settings.home {
        HomeMode::User => Ok(Home::User),
        HomeMode::Own => {
            let folder = context.cache_dir().join("home");
            if !dry_run {
                std::fs::create_dir_all(&folder).map_err(|error| cannot_write(&folder, &error))?;
            }
            Ok(Home::Own(folder))
        }
    }
}

fn cannot_write(folder: &std::path::Path, error: &std::io::Error) -> Failure {
    Failure::from_error(ExitCode::Incomplete, error)
        .context(format!("{} cannot be made", folder.display()))
        .with_hint("name another place with --cache-dir")
}

/// One worker for each two processors, since test runners use several themselves.
fn workers(context: &Context, jobs: usize) -> usize {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let asked = context
        .config
        .settings
        .jobs
        .and_then(|jobs| usize::try_from(jobs.get()).ok());
    asked
        .unwrap_or_else(|| processors.div_ceil(2))
        .clamp(1, jobs.max(1))
}
