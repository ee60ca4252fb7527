//! A batch on AWS as a person sees it: what it is expected to cost, its start, its progress, its end.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use retro_aws::StepFunctionsEngine;
use retro_domain::{
    Clock, CommitJob, Digester, Event, EventKind, LeaseOwner, RunId, ToolchainFingerprint,
};
use retro_store::{Engine, StoreError};
use retro_workflow::batch::{
    BatchOptions, BatchServices, Estimate, FollowOptions, Followed, JobEnding, PriceTable, Pulled,
    Pulling, Submitted, TaskSize, follow, submit,
};
use retro_workflow::{EventSink as _, Interrupt, LookBackReport, Plan, StopCause};

use crate::aws::{AwsPlace, AwsStores, random};
use crate::config::AwsConfig;
use crate::terminal::{Progress, count, duration, listen, say, store_failure};
use crate::{ExitCode, Failure, LocalStores, ProcessIdentity};

/// How often the jobs are looked at.
const LOOK: Duration = Duration::from_secs(3);

/// The tools that runners are taken to have: nobody here can ask them.
pub fn toolchain(config: &AwsConfig) -> ToolchainFingerprint {
    ToolchainFingerprint(
        Digester::new("retro-remote-toolchain-v1")
            .field("name", &config.toolchain)
            .finish(),
    )
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

/// The estimate in one line.
pub fn estimate_line(estimate: &Estimate) -> String {
    format!(
        "batch: {} of {}, about ${:.2} (docs/aws.md says what is counted)",
        count(estimate.jobs, "task"),
        duration(estimate.each),
        estimate.usd
    )
}

/// Refuses what is expected to cost more US dollars than the settings allow.
///
/// # Errors
///
/// When it is.
pub fn check_cost(config: &AwsConfig, usd: f64) -> Result<(), Failure> {
    match config.max_cost_usd {
        Some(limit) if usd > limit => Err(Failure::usage(format!(
            "the batch is expected to cost ${usd:.2}, and --max-cost-usd allows ${limit:.2}"
        ))
        .with_hint("take fewer commits, or raise the limit")),
        _ => Ok(()),
    }
}

/// Refuses an address that holds credentials: it is stored with the batch, and handed to tasks in the open.
///
/// # Errors
///
/// When an http or https address names a user.
pub fn check_address(url: &str) -> Result<(), Failure> {
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

    /// Starts a batch, or goes on with the one of this id.
    ///
    /// # Errors
    ///
    /// As [`submit`].
    pub async fn start(&self, plan: &Plan, options: &BatchOptions) -> Result<Submitted, Failure> {
        let services = BatchServices {
            jobs: Arc::clone(&self.stores.jobs) as _,
            runs: Arc::clone(&self.stores.jobs) as _,
            objects: Arc::clone(&self.stores.objects) as _,
            engine: Arc::clone(&self.engine),
            clock: Arc::clone(&self.clock),
        };
        submit(plan, &services, options)
            .await
            .map_err(store_failure)
    }

    /// Waits for the end of a batch, shows its progress, and brings its results home. A signal ends the
    /// waiting, and not the batch. What a person has to know then is told on standard error.
    ///
    /// # Errors
    ///
    /// When one of the stores cannot be read or written.
    pub async fn wait(
        &self,
        plan: &Plan,
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
        let planned: HashSet<_> = plan
            .jobs
            .iter()
            .map(|job| plan.commits[job.commit].commit)
            .collect();
        let mut seq = 0;
        let seen = |job: &CommitJob, ending: &JobEnding| {
            // Known ones are no news.
            if planned.contains(&job.commit) {
                seq += 1;
                progress.event(&self.event(id, seq, job, ending));
            }
        };
        let (repo, execution) = (&plan.repo, submitted.execution.as_ref());
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

/// Both sides of bringing a batch's results home.
pub fn pulling(here: &LocalStores, there: &AwsStores, clock: Arc<dyn Clock>) -> Pulling {
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

/// A batch that cannot be brought home, as people see it.
pub fn pull_failure(batch: &RunId, error: StoreError) -> Failure {
    match error {
        StoreError::NotFound { .. } => Failure::usage(format!("the table has no batch {batch}"))
            .with_hint("check the id, and the table and region that are set"),
        other => store_failure(other),
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

#[cfg(test)]
mod tests {
    use super::*;

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
            "git@example.com:o/r.git",
            "ssh://git@example.com/o/r",
            "file:///srv/a@b/r",
            "/srv/r",
        ] {
            assert_eq!(check_address(url), Ok(()), "{url}");
        }
    }
}
