//! A batch on AWS as a person sees it: what it is expected to cost, its start, its progress, its end.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use retro_aws::StepFunctionsEngine;
use retro_domain::{
    Clock, CommitJob, Digester, Event, EventKind, LeaseOwner, RepoId, RunId, ToolchainFingerprint,
};
use retro_store::{Engine, StoreError};
use retro_workflow::batch::{
    BatchOptions, BatchServices, Estimate, FollowOptions, Followed, JobEnding, JobThere,
    PriceTable, Pulled, Pulling, Submitted, TaskSize, follow, submit, survey,
};
use retro_workflow::{EventSink as _, Interrupt, LookBackReport, Plan, StopCause};

use crate::aws::{AwsPlace, AwsStores, https_in_place_of_ssh, log_cap, needed, random};
use crate::config::{AwsConfig, Settings};
use crate::terminal::{Progress, count, duration, listen, one_line, say, store_failure};
use crate::{ExitCode, Failure, LocalStores, ProcessIdentity};

/// How often the jobs are looked at.
const LOOK: Duration = Duration::from_secs(3);

/// How much of each output stream is kept unless something else is configured.
const USUAL_LOG_CAP: u64 = 64 << 20;

/// What sets runners apart: the tools that they are taken to have, since nobody here can ask them, and a
/// limit on output that is not the usual one, since what was cut off was not read.
pub fn toolchain(settings: &Settings) -> ToolchainFingerprint {
    let (name, cap) = (&settings.aws.toolchain, log_cap(settings));
    if name.is_empty() && cap == USUAL_LOG_CAP {
        return ToolchainFingerprint::unknown();
    }
    let print = Digester::new("retro-remote-toolchain-v1").field("name", name);
    let print = match cap {
        USUAL_LOG_CAP => print,
        cap => print.field("log-cap", cap.to_string()),
    };
    ToolchainFingerprint(print.finish())
}

/// What the jobs of a plan are expected to cost.
pub fn estimate(config: &AwsConfig, plan: &Plan) -> Estimate {
    let task = TaskSize {
        vcpu: config.task.vcpu,
        memory_gb: config.task.memory_gb,
        disk_gb: config.task.disk_gb,
    };
    let prices = PriceTable {
        vcpu_hour: config.task.usd_vcpu_hour,
        memory_gb_hour: config.task.usd_memory_gb_hour,
        disk_gb_hour: config.task.usd_disk_gb_hour,
        thousand_transitions: config.task.usd_thousand_transitions,
    };
    let each = plan.usual_job.unwrap_or(config.job_time);
    Estimate::new(plan.jobs.len(), each, task, prices)
}

/// The estimate of a batch that leaves out so many jobs, in one line.
pub fn estimate_line(estimate: &Estimate, left_out: usize) -> String {
    let left_out = match left_out {
        0 => String::new(),
        some => format!("; {some} more complete or running already"),
    };
    format!(
        "batch: {} of {}, about {} (docs/aws.md says what is counted){left_out}",
        count(estimate.jobs, "task"),
        duration(estimate.each),
        dollars(estimate.usd)
    )
}

/// Tells on standard error what was started.
pub fn tell_started(submitted: &Submitted) {
    let (batch, plan) = (&submitted.batch, &submitted.plan);
    if submitted.taken_up {
        let newest = plan.commits.last();
        let newest = newest.map_or_else(String::new, |it| it.commit.short().to_string());
        say(format_args!(
            "note: batch {batch} goes on as it was begun: {} up to {newest}",
            count(plan.commits.len(), "commit"),
        ));
    }
    let when = match submitted.was_started {
        true => "started before",
        false => "started",
    };
    say(format_args!(
        "batch {batch} of suite {}: {} {when}, {} complete or running already",
        one_line(&plan.suite_name),
        count(submitted.queued, "task"),
        submitted.skipped
    ));
}

/// What of a plan is left to be run, before it is started.
#[derive(Clone, Debug)]
pub struct Outlook {
    /// The plan with the jobs that are to be run.
    pub plan: Plan,
    /// How many are complete or running already.
    pub left_out: usize,
}

impl Outlook {
    fn unknown(plan: &Plan) -> Self {
        Self {
            plan: plan.clone(),
            left_out: 0,
        }
    }
}

/// An amount of US dollars for people: with four digits when it is below ten cents.
pub fn dollars(usd: f64) -> String {
    match usd < 0.1 {
        true => format!("${usd:.4}"),
        false => format!("${usd:.2}"),
    }
}

/// Two amounts that differ, each with as many digits as it takes to see that.
fn differing_dollars(one: f64, other: f64) -> (String, String) {
    let short = (dollars(one), dollars(other));
    if short.0 != short.1 {
        return short;
    }
    let with = |digits: usize| (format!("${one:.digits$}"), format!("${other:.digits$}"));
    let texts = (3..=12).map(with);
    let told = texts.into_iter().find(|(one, other)| one != other);
    told.unwrap_or((format!("${one}"), format!("${other}")))
}

/// Refuses what is expected to cost more US dollars than the settings allow. `limit_name` is what whoever
/// asks calls that limit.
///
/// # Errors
///
/// When it is.
pub fn check_cost(config: &AwsConfig, usd: f64, limit_name: &str) -> Result<(), Failure> {
    let Some(limit) = config.max_cost_usd.filter(|limit| usd > *limit) else {
        return Ok(());
    };
    let (usd, limit) = differing_dollars(usd, limit);
    Err(Failure::usage(format!(
        "the batch is expected to cost {usd}, and {limit_name} allows {limit}"
    ))
    .with_hint("take fewer commits, or raise the limit"))
}

/// Refuses an address that holds credentials, since it is stored with the batch and handed to tasks in the
/// open, and one of ssh, since nothing connects by ssh there.
///
/// # Errors
///
/// When an http or https address names a user, or the address is one of ssh.
pub fn check_address(url: &str) -> Result<(), Failure> {
    if let Some(https) = https_in_place_of_ssh(url) {
        return Err(Failure::usage(
            "the repository's address is one of ssh, and nothing on AWS connects by ssh",
        )
        .with_hint(format!(
            "give its https address, most likely {https}, by --from, --repo or repo_url; the runner \
             takes a token from RETRO_GIT_TOKEN_SECRET, see docs/aws.md"
        )));
    }
    let is_http = |scheme: &str| matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https");
    let user = url
        .split_once("://")
        .filter(|(scheme, _)| is_http(scheme))
        .and_then(|(_, rest)| rest.split(['/', '?', '#']).next()?.rsplit_once('@'));
    match user {
        Some((_, host)) => Err(Failure::usage(format!(
            "the address of the repository at {host} holds credentials, and would be stored with the batch"
        ))
        .with_hint(
            "give it without them; the runner takes a token from RETRO_GIT_TOKEN_SECRET, see docs/aws.md",
        )),
        None => Ok(()),
    }
}

/// The id of a batch that someone typed.
///
/// # Errors
///
/// When it is no id.
pub fn batch_id(text: &str) -> Result<RunId, Failure> {
    text.parse().map_err(|error| {
        Failure::from_error(ExitCode::Usage, &error)
            .with_hint("`git retro run --backend aws` and `retro-initiator start` print it")
    })
}

/// The id of a new batch.
pub fn new_batch_id(clock: &dyn Clock) -> RunId {
    RunId::new(
        clock.now(),
        u32::try_from(random() & 0xff_ffff).unwrap_or(0),
    )
}

/// The place of a batch and the state machine that runs it.
///
/// # Errors
///
/// When the settings do not name table, bucket or state machine: all that are missing are named.
pub fn place_and_machine(config: &AwsConfig) -> Result<(AwsPlace, String), Failure> {
    let [.., machine] = needed(
        config,
        [
            (&config.table, "aws.table", "--table"),
            (&config.bucket, "aws.bucket", "--bucket"),
            (
                &config.state_machine,
                "aws.state-machine",
                "--state-machine",
            ),
        ],
    )?;
    Ok((AwsPlace::new(config)?, machine))
}

/// What a batch is started and followed with.
#[derive(Clone)]
pub struct Batches {
    /// The stores there.
    pub stores: AwsStores,
    /// What runs the jobs.
    pub engine: Arc<dyn Engine>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl Batches {
    /// Stores at a place, and the state machine of this ARN.
    ///
    /// # Errors
    ///
    /// When nothing says which region.
    pub async fn open(
        place: &AwsPlace,
        machine: &str,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Failure> {
        let stores = AwsStores::open(place, Arc::clone(&clock)).await;
        let stores = stores.map_err(store_failure)?;
        let engine = Arc::new(StepFunctionsEngine::new(&stores.clients, machine));
        Ok(Self {
            stores,
            engine,
            clock,
        })
    }

    /// The same for who starts, stops or looks at batches.
    pub fn services(&self) -> BatchServices {
        BatchServices {
            jobs: Arc::clone(&self.stores.jobs) as _,
            index: Arc::clone(&self.stores.jobs) as _,
            runs: Arc::clone(&self.stores.jobs) as _,
            objects: Arc::clone(&self.stores.objects) as _,
            engine: Arc::clone(&self.engine),
            clock: Arc::clone(&self.clock),
        }
    }

    /// Starts a batch, or goes on with the one of this id.
    ///
    /// # Errors
    ///
    /// As [`submit`].
    pub async fn start(&self, plan: &Plan, options: &BatchOptions) -> Result<Submitted, Failure> {
        submit(plan, &self.services(), options)
            .await
            .map_err(|error| start_failure(&options.id, error))
    }

    /// Waits for the end of a batch of the repository that is called `repo` here, shows its progress, and
    /// brings its results home. A signal ends the waiting, and not the batch. What a person has to know
    /// then is told on standard error.
    ///
    /// # Errors
    ///
    /// When one of the stores cannot be read or written.
    pub async fn wait(
        &self,
        repo: &RepoId,
        submitted: &Submitted,
        here: &LocalStores,
        progress: &Progress,
    ) -> Result<LookBackReport, Failure> {
        let id = &submitted.batch;
        let interrupt = Interrupt::new();
        listen(&interrupt);
        let pulling = pulling(here, &self.stores, Arc::clone(&self.clock));
        let options = FollowOptions {
            every: LOOK,
            interrupt,
        };
        let plan = &submitted.plan;
        let queued: HashSet<CommitJob> = plan.jobs.iter().map(|job| plan.commit_job(job)).collect();
        let mut seq = 0;
        let seen = |job: &CommitJob, ending: &JobEnding| {
            // Those that were complete before are no news.
            if queued.contains(job) {
                seq += 1;
                progress.event(&self.event(id, seq, job, ending));
            }
        };
        let execution = submitted.execution.as_ref();
        let engine = &*self.engine;
        let followed = follow(id, repo, &pulling, engine, execution, &options, seen).await;
        progress.finish();
        let (pulled, how) = followed.map_err(|error| pull_failure(id, error))?;
        match &how {
            Followed::Over => {}
            Followed::Interrupted => say(format_args!(
                "the batch goes on; bring its results home with `git retro pull {id}`"
            )),
            Followed::Abandoned(why) => say(format_args!(
                "warning: the batch's execution has ended ({why}), and {} were left",
                count(pulled.pending, "job")
            )),
        }
        Ok(report(&pulled, &how))
    }

    fn event(&self, run: &RunId, seq: u64, job: &CommitJob, ending: &JobEnding) -> Event {
        let (commit, worker) = (job.commit, 0);
        Event {
            run: run.clone(),
            seq,
            at: self.clock.now(),
            kind: match ending {
                JobEnding::Complete(verdict, counts, took) => EventKind::JobFinished {
                    commit,
                    worker,
                    verdict: verdict.clone(),
                    counts: *counts,
                    took: *took,
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

/// The outlook of a plan. When it is only looked at (`is_dry`), settings without a table and a bucket
/// are fine, and so is a table that cannot be read, which is told.
///
/// # Errors
///
/// When the settings name no table or bucket, or the table cannot be read.
pub async fn outlook(
    config: &AwsConfig,
    plan: &Plan,
    rerun: bool,
    is_dry: bool,
    clock: &Arc<dyn Clock>,
) -> Result<Outlook, Failure> {
    let place = match AwsPlace::new(config) {
        Err(_) if is_dry => return Ok(Outlook::unknown(plan)),
        place => place?,
    };
    match ask(&place, plan, rerun, clock).await {
        Err(error) if is_dry => {
            say(format_args!(
                "warning: every job is counted, for what is complete already cannot be seen: {error}"
            ));
            Ok(Outlook::unknown(plan))
        }
        found => found.map_err(store_failure),
    }
}

async fn ask(
    place: &AwsPlace,
    plan: &Plan,
    rerun: bool,
    clock: &Arc<dyn Clock>,
) -> Result<Outlook, StoreError> {
    let stores = AwsStores::open(place, Arc::clone(clock)).await?;
    let jobs = &*stores.jobs;
    let found = survey(plan, jobs, jobs, rerun, clock.now()).await?;
    let mut left = plan.clone();
    let is_to_run = found.iter().map(JobThere::is_to_run);
    let jobs = plan.jobs.iter().zip(is_to_run);
    left.jobs = jobs
        .filter(|(_, it)| *it)
        .map(|(job, _)| job.clone())
        .collect();
    Ok(Outlook {
        left_out: found.len() - left.jobs.len(),
        plan: left,
    })
}

/// A batch that cannot be started, as people see it.
fn start_failure(batch: &RunId, error: StoreError) -> Failure {
    match error {
        StoreError::Conflict {
            what,
            expected,
            found,
        } if what == format!("batch {batch}") => Failure::usage(format!(
            "batch {batch} was begun for something else: {found}, and this is {expected}"
        ))
        .with_hint("a new batch needs no id: leave --batch (or batch_id) out"),
        other => store_failure(other)
            .context(format!("batch {batch} could not be started"))
            .with_hint(format!(
                "the same call with this id (--batch {batch}, or batch_id) goes on with it"
            )),
    }
}

/// Both sides of bringing a batch's results home.
pub fn pulling(here: &LocalStores, there: &AwsStores, clock: Arc<dyn Clock>) -> Pulling {
    Pulling {
        remote_jobs: Arc::clone(&there.jobs) as _,
        remote_index: Arc::clone(&there.jobs) as _,
        remote_objects: Arc::clone(&there.objects) as _,
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

/// A batch that cannot be brought home, as people see it.
pub fn pull_failure(batch: &RunId, error: StoreError) -> Failure {
    match error {
        StoreError::NotFound { .. } => Failure::usage(format!("the table has no batch {batch}"))
            .with_hint("check the id, and the table and region that are set"),
        other => store_failure(other),
    }
}

fn report(pulled: &Pulled, how: &Followed) -> LookBackReport {
    let failed = pulled
        .not_done()
        .map(|(commit, why)| (commit, why.to_owned()));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ConfigInputs, FlagLayer, load};

    fn settings(flags: FlagLayer) -> Settings {
        let inputs = ConfigInputs {
            user_file: None,
            repo_root: None,
            config_file: None,
            env: &std::collections::BTreeMap::new(),
            flags,
        };
        load(&inputs).unwrap().settings
    }

    #[test]
    fn only_an_unusual_limit_on_output_is_part_of_what_results_depend_on() {
        let usual = settings(FlagLayer::default());
        assert_eq!(log_cap(&usual), USUAL_LOG_CAP);
        assert_eq!(toolchain(&usual), ToolchainFingerprint::unknown());
        let with = |cap: &str| FlagLayer {
            log_cap: Some(cap.to_owned()),
            ..FlagLayer::default()
        };
        let none = settings(with("none"));
        assert_eq!(log_cap(&none), u64::MAX);
        assert_ne!(toolchain(&none), toolchain(&usual));
        assert_ne!(toolchain(&none), toolchain(&settings(with("1KiB"))));
    }

    #[test]
    fn amounts_that_differ_are_shown_so() {
        for (usd, limit, expected) in [
            (0.0166, 0.0100, ("$0.0166", "$0.0100")),
            (3.9, 0.05, ("$3.90", "$0.0500")),
            (0.164_9, 0.160_1, ("$0.165", "$0.160")),
            (5.000_04, 5.0, ("$5.00004", "$5.00000")),
        ] {
            let shown = differing_dollars(usd, limit);
            assert_eq!((&*shown.0, &*shown.1), expected);
        }
        let mut aws = settings(FlagLayer::default()).aws;
        aws.max_cost_usd = Some(0.01);
        assert_eq!(check_cost(&aws, 0.01, "max_cost_usd"), Ok(()));
        let refused = check_cost(&aws, 0.0166, "max_cost_usd").unwrap_err();
        let said = "cost $0.0166, and max_cost_usd allows $0.0100";
        assert!(refused.message.ends_with(said), "{}", refused.message);
    }

    #[test]
    fn an_address_with_credentials_is_refused_and_they_are_not_shown() {
        for url in [
            "https://user:hunter2@example.com/o/r",
            "HTTP://hunter2@example.com:8080/o/r.git",
            "https://a@b:hunter2@example.com",
        ] {
            let refused = check_address(url).expect_err(url);
            assert_eq!(refused.exit, ExitCode::Usage);
            assert!(!refused.render(false).contains("hunter2"), "{url}");
        }
        for url in [
            "https://example.com/o/r",
            "https://example.com/@o/r",
            "file:///srv/a@b/r",
            "/srv/r",
        ] {
            assert_eq!(check_address(url), Ok(()), "{url}");
        }
    }

    #[test]
    fn an_address_of_ssh_is_refused_with_the_one_to_give() {
        for url in [
            "git@example.com:o/r.git",
            "ssh://git@example.com:22/o/r.git",
        ] {
            let refused = check_address(url).expect_err(url);
            assert_eq!(refused.exit, ExitCode::Usage);
            let said = refused.render(false);
            assert!(said.contains("https://example.com/o/r.git"), "{said}");
        }
    }
}
