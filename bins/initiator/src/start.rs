//! `retro-initiator start`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use retro_bootstrap::aws::{AwsPlace, AwsStores, check_names, log_cap};
use retro_bootstrap::batch::{self, Batches};
use retro_bootstrap::config::Verbosity;
use retro_bootstrap::git_access::GitCredentials;
use retro_bootstrap::terminal::{
    self, Format, Paint, ReportOptions, json, print, say, show_report, store_failure,
};
use retro_bootstrap::{
    ExitCode, Failure, FlagLayer, LoadedConfig, LocalStores, SystemClock, directories, use_color,
};
use retro_domain::{Clock, RepoId, RunId};
use retro_workflow::batch::{BatchOptions, Submitted};
use retro_workflow::document::PlanDocument;

use crate::Environment;
use crate::answer::{Answer, StartedBatch};
use crate::cli::StartArgs;
use crate::look::{Planned, Request, fetch, plans};
use crate::suites::{SettingsFrom, SuiteSource};

/// Does what was typed.
pub(crate) fn run(args: &StartArgs, environment: &Environment) -> Result<ExitCode, Failure> {
    let home = variable(environment, "HOME").map(PathBuf::from);
    let user_file = directories(environment, home.as_deref())?.user_file();
    let flags = FlagLayer {
        aws: args.aws.clone(),
        fail_on: args.fail_on,
        color: args.color,
        verbosity: args.quiet.then_some(Verbosity::Quiet),
        ..FlagLayer::default()
    };
    let from = SettingsFrom {
        environment,
        user_file: Some(&user_file),
        config_file: args.config.as_deref(),
        flags: &flags,
    };
    let folder = temporary_folder()?;
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|error| Failure::from_error(ExitCode::Incomplete, &error))?;
    runtime.block_on(start(args, from, folder.path()))
}

/// A folder for the history, which goes when everything is over.
pub(crate) fn temporary_folder() -> Result<tempfile::TempDir, Failure> {
    tempfile::Builder::new()
        .prefix("retro-")
        .tempdir()
        .map_err(|error| {
            Failure::from_error(ExitCode::Incomplete, &error)
                .context("no temporary folder can be made")
                .with_hint("name a place for them in TMPDIR")
        })
}

/// A variable of the environment; an empty one counts as absent.
pub(crate) fn variable(environment: &Environment, name: &str) -> Option<String> {
    let value = environment.get(std::ffi::OsStr::new(name))?;
    let value = value.to_str()?.to_owned();
    (!value.is_empty()).then_some(value)
}

/// The credentials for git that the environment names.
pub(crate) fn git_credentials(environment: &Environment) -> Result<GitCredentials, Failure> {
    match GitCredentials::from_variables(|name| variable(environment, name)) {
        (credentials, None) => Ok(credentials),
        (_, Some(fault)) => Err(Failure::usage(format!("RETRO_GIT_TOKEN {fault}"))),
    }
}

async fn start(
    args: &StartArgs,
    from: SettingsFrom<'_>,
    folder: &Path,
) -> Result<ExitCode, Failure> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let request = request(args)?;
    let is_quiet = args.quiet;
    let note = move |text: String| {
        if !is_quiet {
            say(format_args!("note: {text}"));
        }
    };
    // What the commits say may change these; what is wrong here is told before anything is fetched.
    check_names(&from.load(None)?.settings.aws)?;
    let credentials = git_credentials(from.environment)?;
    let clients = async || {
        let settings = from.load(None)?.settings;
        let place = AwsPlace::new(&settings.aws)?;
        let stores = AwsStores::open(&place, Arc::new(SystemClock)).await;
        Ok(stores.map_err(store_failure)?.clients)
    };
    let into = folder.join("history");
    let repository = fetch(&request, &credentials, clients, into, note).await?;
    let (planned, config) = plans(&request, &repository, from, folder, clock.now()).await?;
    if args.batch.is_some() && planned.len() > 1 {
        return Err(
            Failure::usage("--batch names one batch, and there are several suites")
                .with_hint("name one with --suite"),
        );
    }
    let aws = &config.settings.aws;
    let paint = Paint(use_color(
        config.settings.color,
        from.environment,
        std::io::IsTerminal::is_terminal(&std::io::stderr()),
    ));
    let place = match args.dry_run {
        true => None,
        false => Some(batch::place_and_machine(aws)?),
    };
    let mut usd = 0.0;
    let mut outlooks = Vec::new();
    for Planned { plan, because } in &planned {
        let outlook = batch::outlook(aws, plan, args.rerun, args.dry_run, &clock).await?;
        let estimate = batch::estimate(aws, &outlook.plan);
        usd += estimate.usd;
        if !args.quiet || args.dry_run {
            let text = terminal::plan(&outlook.plan, because, None, paint);
            say(text.trim_end());
            say(batch::estimate_line(&estimate, outlook.left_out));
            for warning in &plan.warnings {
                say(format_args!("warning: {}", terminal::one_line(warning)));
            }
        }
        outlooks.push(outlook.plan);
    }
    batch::check_cost(aws, usd, "--max-cost-usd")?;
    let Some((place, machine)) = place else {
        for plan in &outlooks {
            print(&match args.format {
                Format::Human => terminal::planned_commits(plan),
                format => json(&PlanDocument::new(plan, plan.jobs.len()), format)?,
            })?;
        }
        return Ok(ExitCode::Fine);
    };
    let batches = Batches::open(&place, &machine, Arc::clone(&clock)).await?;
    let mut all = Vec::new();
    for Planned { plan, .. } in &planned {
        let id = match &args.batch {
            Some(id) => batch::batch_id(id)?,
            None => batch::new_batch_id(&*clock),
        };
        let options = options(id, &request, &config, args.rerun);
        let submitted = batches.start(plan, &options).await?;
        batch::tell_started(&submitted);
        all.push(submitted);
    }
    if args.wait {
        return wait(args, &config, &batches, &all, folder, paint).await;
    }
    let started = planned.iter().zip(&all);
    let started = started.map(|(planned, it)| StartedBatch::new(&planned.plan.suite_name, it));
    let answer = Answer::started(started.collect());
    print(&match args.format {
        Format::Human => {
            let lines = all.iter().map(|started| format!("{}\n", started.batch));
            lines.collect::<String>()
        }
        format => json(&answer, format)?,
    })?;
    Ok(ExitCode::Fine)
}

/// How a batch is started.
pub(crate) fn options(
    id: RunId,
    request: &Request,
    config: &LoadedConfig,
    rerun: bool,
) -> BatchOptions {
    BatchOptions {
        id,
        url: request.url.clone(),
        prefix: config.settings.aws.prefix.clone(),
        toolchain: batch::toolchain(&config.settings),
        rerun,
        log_cap: Some(log_cap(&config.settings)),
    }
}

/// Waits for every batch, and shows what they found.
async fn wait(
    args: &StartArgs,
    config: &LoadedConfig,
    batches: &Batches,
    submitted: &[Submitted],
    folder: &Path,
    paint: Paint,
) -> Result<ExitCode, Failure> {
    let here = LocalStores::open(&folder.join("results")).map_err(store_failure)?;
    let settings = &config.settings;
    let mut exit = ExitCode::Fine;
    for submitted in submitted {
        let plan = &submitted.plan;
        let progress = terminal::progress(plan, 0, settings.verbosity, paint);
        let wait = batches.wait(&plan.repo, submitted, &here, &progress);
        let report = wait.await?;
        let options = ReportOptions {
            format: args.format,
            paint,
            fail_on: settings.fail_on,
            name_run: true,
        };
        let ended = show_report(&here, report, options).await?;
        exit = exit.or_worse(ended);
        if exit == ExitCode::Interrupted {
            break;
        }
        say(format_args!(
            "in a clone: git retro pull {0} and git retro show {0}",
            submitted.batch
        ));
    }
    Ok(exit)
}

fn request(args: &StartArgs) -> Result<Request, Failure> {
    let source = match args.command.is_empty() {
        true => SuiteSource::Files,
        false => SuiteSource::Command(args.command.clone()),
    };
    let mut words = vec!["retro-initiator start".to_owned()];
    words.extend(args.commits.words(&args.revisions));
    words.extend(
        args.suite
            .suite
            .iter()
            .map(|name| format!("--suite {name}")),
    );
    if !args.command.is_empty() {
        words.push("--".to_owned());
        let typed = args.command.iter();
        words.extend(typed.map(|word| word.to_string_lossy().into_owned()));
    }
    let repo = RepoId::from_location(&args.repo)
        .map_err(|error| Failure::from_error(ExitCode::Usage, &error))?;
    Ok(Request {
        url: args.repo.clone(),
        repo,
        commits: args.commits.clone(),
        revisions: args.revisions.clone(),
        source,
        suite: args.suite.clone(),
        described: words.join(" "),
    })
}
