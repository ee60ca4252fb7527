//! One commit job: claim, fetch, check out, run, store.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use retro_bootstrap::aws::{AwsStores, random};
use retro_bootstrap::git_access::{MachinePace, trusted_certificates};
use retro_bootstrap::{ExitCode, Failure, SystemClock};
use retro_domain::{
    CacheKey, Clock, CommitJob, JobEvent, LeaseOwner, LeasePolicy, Overlay, Suite,
    SuiteFingerprint, ToolchainFingerprint,
};
use retro_exec::{ChildProcesses, Home};
use retro_git::{
    CommitQuery, FetchOptions, GitRepository, GitSlotPool, Remote, Selection, SlotOptions,
    fetch_commit,
};
use retro_store::record::StoredBatchPlan;
use retro_store::{
    InMemoryEventLog, InMemoryJobStore, InMemoryResultStore, JobStore, ObjectStore, StoreError,
};
use retro_workflow::batch::note_result;
use retro_workflow::{
    ClaimedJob, Claims, Interrupt, LeftBecause, LookBackOptions, LookBackRequest, Plan, Reuse,
    Services, StopCause, look_back, plan,
};
use serde_json::json;

use crate::config::{self, Config, Environment, KnownJob, SuiteChoice};
use crate::log::Log;
use crate::own_suite::own_suite;
use crate::signals::{self, GRACE};

/// What goes wrong with a job, and who is to blame.
pub(crate) struct Trouble {
    pub(crate) exit: ExitCode,
    pub(crate) message: String,
}

impl Trouble {
    /// git-retro could not do it.
    pub(crate) fn ours(message: impl Into<String>) -> Self {
        Self {
            exit: ExitCode::Incomplete,
            message: message.into(),
        }
    }

    /// What it was told is wrong.
    pub(crate) fn told(message: impl Into<String>) -> Self {
        Self {
            exit: ExitCode::Usage,
            message: message.into(),
        }
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::ours(error.to_string())
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self {
            exit: failure.exit,
            message: failure.sentence(),
        }
    }
}

/// A suite to run, and what goes with it.
struct Work {
    suite: Suite,
    overlay: Overlay,
    toolchain: ToolchainFingerprint,
    /// How many bytes of each output stream are kept.
    log_cap: u64,
}

/// How much of each output stream is kept where nothing says it.
const USUAL_LOG_CAP: u64 = 16 << 20;

impl Work {
    fn of(suite: Suite, log_cap: Option<u64>) -> Self {
        Self {
            suite,
            log_cap: log_cap.unwrap_or(USUAL_LOG_CAP),
            overlay: Overlay::default(),
            toolchain: ToolchainFingerprint::unknown(),
        }
    }

    /// The fingerprint under which its job is known.
    fn job_suite(&self) -> SuiteFingerprint {
        let overlay = self.overlay.hash();
        self.suite.fingerprint().with(self.toolchain, overlay)
    }
}

/// What every step has at hand.
struct Session<'a> {
    config: &'a Config,
    environment: &'a Environment,
    stores: AwsStores,
    clock: Arc<dyn Clock>,
    log: Log,
    interrupt: Interrupt,
    fetch_stop: Arc<AtomicBool>,
    owner: LeaseOwner,
}

/// Does the job that the environment describes.
pub(crate) fn run(environment: &Environment) -> ExitCode {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let log = Log::new(Arc::clone(&clock));
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            log.error(&format!("no threads can be started: {error}"));
            return ExitCode::Incomplete;
        }
    };
    let config = match config::read(environment) {
        Ok(config) => config,
        Err((faults, known)) => {
            let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
            for fault in &faults {
                log.error(fault);
            }
            if let Some(known) = known {
                let reason = format!("the runner's environment is wrong: {}", faults.join("; "));
                runtime.block_on(mark_failed(&known, &clock, &log, &reason));
            }
            return ExitCode::Usage;
        }
    };
    let log = log
        .with("repo", config.repo.to_string())
        .with("commit", config.commit.to_string());
    let log = match &config.attempt {
        Some(attempt) => log.with("attempt", attempt.as_str()),
        None => log,
    };
    let (interrupt, fetch_stop) = (Interrupt::new(), Arc::new(AtomicBool::new(false)));
    signals::listen(&interrupt, &fetch_stop, &log);
    let exit = runtime.block_on(async {
        let stores = match AwsStores::open(&config.place, Arc::clone(&clock)).await {
            Ok(stores) => stores,
            Err(error) => {
                log.error(&error.to_string());
                return ExitCode::Incomplete;
            }
        };
        let owner = format!(
            "{}/{:016x}",
            config.attempt.as_deref().unwrap_or("runner"),
            random()
        );
        let session = Session {
            config: &config,
            environment,
            stores,
            clock,
            log: log.clone(),
            interrupt,
            fetch_stop,
            owner: LeaseOwner(owner),
        };
        match session.run().await {
            Ok(exit) => exit,
            Err(trouble) => {
                log.error(&trouble.message);
                trouble.exit
            }
        }
    });
    log.line("ended", json!({ "exit": exit.code() }));
    // A request that hangs must not hold up the end.
    runtime.shutdown_background();
    exit
}

/// Marks a job as failed whose configuration is wrong, as far as that can be done.
async fn mark_failed(known: &KnownJob, clock: &Arc<dyn Clock>, log: &Log, reason: &str) {
    let job = CommitJob {
        repo: known.repo.clone(),
        commit: known.commit,
        suite: known.suite,
    };
    let mark = async {
        let stores = AwsStores::open(&known.place, Arc::clone(clock)).await?;
        let jobs = &*stores.jobs;
        jobs.enqueue(std::slice::from_ref(&job)).await?;
        let policy = LeasePolicy::default();
        let owner = LeaseOwner("runner".to_owned());
        if let Ok(claimed) = ClaimedJob::claim(jobs, &job, &owner, &**clock, policy).await? {
            fail(jobs, &claimed, reason).await?;
        }
        Ok::<_, StoreError>(())
    };
    if let Err(error) = mark.await {
        log.error(&format!("the job could not be marked as failed: {error}"));
    }
}

async fn fail(jobs: &dyn JobStore, claimed: &ClaimedJob, reason: &str) -> Result<(), StoreError> {
    let event = JobEvent::Fail {
        epoch: claimed.epoch,
        reason: reason.to_owned(),
    };
    match jobs.apply(&claimed.job, &event).await {
        // Somebody else has the job now.
        Ok(_) | Err(StoreError::Transition(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

impl Session<'_> {
    async fn run(&self) -> Result<ExitCode, Trouble> {
        let planned = match &self.config.suite {
            SuiteChoice::Plan { plan, suite: None } => Some(self.planned(plan, None).await?),
            _ => None,
        };
        let of_plan = planned.as_ref().map(Work::job_suite);
        match of_plan.or_else(|| self.config.suite.fingerprint()) {
            Some(suite) => self.run_suite(suite, planned).await,
            None => self.run_own_suite().await,
        }
    }

    /// Does the job of a suite that is known: whatever goes wrong from the claim on is told in it.
    async fn run_suite(
        &self,
        fingerprint: SuiteFingerprint,
        planned: Option<Work>,
    ) -> Result<ExitCode, Trouble> {
        let claimed = match self.claim(fingerprint).await? {
            Ok(claimed) => claimed,
            Err(exit) => return Ok(exit),
        };
        let begin = async {
            let work = match (planned, &self.config.suite) {
                (Some(work), _) => work,
                (None, SuiteChoice::Plan { plan, .. }) => {
                    self.planned(plan, Some(fingerprint)).await?
                }
                (None, SuiteChoice::Command(suite)) => {
                    Work::of((**suite).clone(), self.config.log_cap)
                }
                (None, SuiteChoice::Repository(_)) => {
                    unreachable!("its suite is known once the commit is there")
                }
            };
            let folder = self.folder()?;
            let repository = self.fetch(folder.path()).await?;
            Ok::<_, Trouble>((work, folder, repository))
        };
        match self.keep(&claimed, begin).await? {
            Ok((work, folder, repository)) => {
                self.do_job(work, claimed, repository, folder.path()).await
            }
            Err(trouble) => self.give_up(&claimed, trouble).await,
        }
    }

    /// Does the job of the suite that the commit describes itself: it has to be there first.
    async fn run_own_suite(&self) -> Result<ExitCode, Trouble> {
        let SuiteChoice::Repository(name) = &self.config.suite else {
            unreachable!("the other choices are known before");
        };
        let folder = self.folder()?;
        let repository = match self.fetch(folder.path()).await {
            Err(_) if self.interrupt.is_raised() => return Ok(ExitCode::Interrupted),
            fetched => fetched?,
        };
        let commit = &self.config.commit;
        let (suite, log_cap) = own_suite(&repository, commit, name.as_deref(), folder.path())?;
        let work = Work::of(suite, self.config.log_cap.or(Some(log_cap)));
        match self.claim(work.job_suite()).await? {
            Ok(claimed) => self.do_job(work, claimed, repository, folder.path()).await,
            Err(exit) => Ok(exit),
        }
    }

    /// A folder for everything on disk, which goes when the job is over.
    fn folder(&self) -> Result<tempfile::TempDir, Trouble> {
        let made = match &self.config.work_dir {
            Some(folder) => std::fs::create_dir_all(folder)
                .and_then(|()| tempfile::Builder::new().prefix("retro-").tempdir_in(folder)),
            None => tempfile::Builder::new().prefix("retro-").tempdir(),
        };
        made.map_err(|error| {
            Trouble::ours(format!(
                "no folder for work trees can be made: {error}; name another place in RETRO_WORK_DIR"
            ))
        })
    }

    /// The suite of a plan.
    async fn planned(
        &self,
        place: &retro_store::ObjectLocation,
        suite: Option<SuiteFingerprint>,
    ) -> Result<Work, Trouble> {
        let objects = self.stores.objects_of(&place.bucket);
        let content = ObjectStore::get(&objects, &place.key).await?;
        let content =
            content.ok_or_else(|| Trouble::told(format!("there is no plan at {}", place.uri())))?;
        let text = String::from_utf8(content)
            .map_err(|_| Trouble::told(format!("the plan at {} is no text", place.uri())))?;
        let mut common = StoredBatchPlan::decode(&text).map_err(|error| {
            Trouble::told(format!("there is no plan at {}: {error}", place.uri()))
        })?;
        let found = match suite {
            Some(fingerprint) => common.suite(fingerprint).cloned(),
            None if common.suites.len() == 1 => common.suites.pop(),
            None => {
                return Err(Trouble::told(format!(
                    "the plan at {} has {} suites: RETRO_SUITE must say which",
                    place.uri(),
                    common.suites.len()
                )));
            }
        };
        let suite = found.ok_or_else(|| {
            Trouble::told(format!(
                "the plan at {} has no suite with the fingerprint in RETRO_SUITE",
                place.uri()
            ))
        })?;
        Ok(Work {
            suite,
            overlay: common.overlay,
            toolchain: common.toolchain,
            log_cap: common
                .log_cap
                .or(self.config.log_cap)
                .unwrap_or(USUAL_LOG_CAP),
        })
    }

    /// Claims the job, or waits for the runner that has it: whoever started this one takes its end
    /// for the end of the job. The inner error is how to exit without a claim.
    async fn claim(
        &self,
        suite: SuiteFingerprint,
    ) -> Result<Result<ClaimedJob, ExitCode>, Trouble> {
        let job = CommitJob {
            repo: self.config.repo.clone(),
            commit: self.config.commit,
            suite,
        };
        let jobs = &*self.stores.jobs;
        jobs.enqueue(std::slice::from_ref(&job)).await?;
        let mut waits = false;
        loop {
            if self.interrupt.is_raised() {
                return Ok(Err(ExitCode::Interrupted));
            }
            let policy = LeasePolicy::default();
            let clock = &*self.clock;
            match ClaimedJob::claim(jobs, &job, &self.owner, clock, policy).await? {
                Ok(claimed) => {
                    self.log
                        .line("claimed", json!({ "epoch": claimed.epoch.0 }));
                    return Ok(Ok(claimed));
                }
                Err(LeftBecause::Held) => {
                    if !waits {
                        self.log
                            .line("waiting", json!({ "why": "another runner has the job" }));
                        waits = true;
                    }
                    tokio::time::sleep(POLL).await;
                }
                Err(LeftBecause::Ended(status)) => {
                    self.log
                        .line("left", json!({ "why": format!("the job is {status}") }));
                    return Ok(Err(match status {
                        "COMPLETE" => ExitCode::Fine,
                        _ => ExitCode::Incomplete,
                    }));
                }
                Err(LeftBecause::AttemptsSpent) => {
                    return Err(Trouble::ours(
                        "the job was lost by its runners as often as is allowed",
                    ));
                }
            }
        }
    }

    /// Fetches the commit.
    async fn fetch(&self, folder: &Path) -> Result<GitRepository, Trouble> {
        let mut remote =
            Remote::new(&self.config.url).map_err(|error| Trouble::told(error.to_string()))?;
        // Who is trusted for AWS is trusted for git.
        remote = remote.with_certificates(trusted_certificates()?);
        let clients = async || Ok(self.stores.clients.clone());
        let token = self.config.git.token(clients).await?;
        if let Some(token) = token {
            remote = remote.with_credentials(Arc::new(token));
        }
        self.log
            .line("fetching", json!({ "from": remote.url().to_string() }));
        let (into, commit) = (folder.join("fetch"), self.config.commit);
        let (log, stop) = (self.log.clone(), Arc::clone(&self.fetch_stop));
        let fetched = tokio::task::spawn_blocking(move || {
            let mut options = FetchOptions::new(&MachinePace);
            options.cancelled = Some(stop);
            let mut note = |note: retro_git::FetchNote| {
                log.line("fetch-note", json!({ "message": note.to_string() }));
            };
            let fetched = fetch_commit(&remote, &into, &commit, &options, &mut note)?;
            let fields = json!({ "way": fetched.way.to_string(), "bytes": fetched.received_bytes });
            log.line("fetched", fields);
            GitRepository::open(&fetched.git_dir)
        });
        match fetched.await {
            Ok(Ok(repository)) => Ok(repository),
            Ok(Err(error)) => Err(Trouble::ours(error.to_string())),
            Err(panicked) => Err(Trouble::ours(format!("fetching broke off: {panicked}"))),
        }
    }

    /// Does something under a claim.
    async fn keep<T>(
        &self,
        claimed: &ClaimedJob,
        work: impl Future<Output = T>,
    ) -> Result<T, Trouble> {
        let (jobs, policy) = (&*self.stores.jobs, LeasePolicy::default());
        let done = claimed.keep_during(jobs, &*self.clock, policy, work).await;
        done.ok_or_else(|| Trouble::ours("the job's lease was lost while the commit was fetched"))
    }

    /// Ends a claimed job that cannot be begun.
    async fn give_up(&self, claimed: &ClaimedJob, trouble: Trouble) -> Result<ExitCode, Trouble> {
        if self.interrupt.is_raised() {
            let epoch = claimed.epoch;
            let event = JobEvent::HandBack { epoch };
            match self.stores.jobs.apply(&claimed.job, &event).await {
                Ok(_) | Err(StoreError::Transition(_)) => {}
                Err(error) => return Err(error.into()),
            }
            return Ok(ExitCode::Interrupted);
        }
        fail(&*self.stores.jobs, claimed, &trouble.message).await?;
        Err(trouble)
    }

    /// Runs the suite on the commit that is there.
    async fn do_job(
        &self,
        work: Work,
        claimed: ClaimedJob,
        repository: GitRepository,
        folder: &Path,
    ) -> Result<ExitCode, Trouble> {
        let prepared = self.prepare(&work, &repository, folder).await;
        let (plan, services) = match prepared {
            Ok(prepared) => prepared,
            Err(trouble) => return self.give_up(&claimed, trouble).await,
        };
        let options = LookBackOptions {
            environment: self.environment.clone(),
            home: Home::Own(folder.join("home")),
            log_cap: work.log_cap,
            claims: Claims::OnlyWaiting,
            claimed: Some(claimed.clone()),
            grace: GRACE,
            self_contained: true,
            ..LookBackOptions::new(self.owner.0.clone(), folder.join("home"))
        };
        let key = plan.jobs.first().map(|job| job.key);
        let (sink, interrupt) = (Arc::new(self.log.clone()), self.interrupt.clone());
        let report = look_back(plan, services, options, sink, interrupt).await;
        let report = report.map_err(|error| Trouble::ours(error.to_string()))?;
        match &report.stopped {
            _ if report.completed > 0 => {
                self.note(key, &claimed.job).await;
                Ok(ExitCode::Fine)
            }
            Some(StopCause::Interrupted) => Ok(ExitCode::Interrupted),
            // Handed back, for on one machine others might do it: here nobody else would fare
            // better.
            Some(StopCause::Fatal(error)) => {
                let trouble = Trouble::ours(error.to_string());
                let policy = LeasePolicy::default();
                let (jobs, clock) = (&*self.stores.jobs, &*self.clock);
                let job = &claimed.job;
                let again = ClaimedJob::claim(jobs, job, &self.owner, clock, policy).await?;
                if let Ok(again) = again {
                    fail(jobs, &again, &trouble.message).await?;
                }
                Err(trouble)
            }
            _ => Ok(ExitCode::Incomplete),
        }
    }

    /// Notes that the tree was run, so that it need not be for another commit. The job is complete
    /// all the same.
    async fn note(&self, key: Option<CacheKey>, job: &CommitJob) {
        let Some(key) = key else { return };
        let jobs = &*self.stores.jobs;
        if let Err(error) = note_result(key, job, jobs, jobs).await {
            self.log.error(&error.to_string());
        }
    }

    async fn prepare(
        &self,
        work: &Work,
        repository: &GitRepository,
        folder: &Path,
    ) -> Result<(Arc<Plan>, Services), Trouble> {
        let ours = |error: &dyn std::error::Error| Trouble::ours(error.to_string());
        std::fs::create_dir_all(folder.join("home")).map_err(|error| ours(&error))?;
        let results = InMemoryResultStore::default();
        let commit = Selection::Listed(vec![self.config.commit.to_string()]);
        let request = LookBackRequest {
            overlay: work.overlay.clone(),
            toolchain: work.toolchain,
            reuse: Reuse::Nothing,
            ..LookBackRequest::new(work.suite.clone(), CommitQuery::new(commit))
        };
        let made = plan(&request, repository, &results).await;
        let mut plan = made.map_err(|error| ours(&error))?;
        // The folder it was fetched into says nothing.
        plan.repo = self.config.repo.clone();
        // They are of the history, and nothing but this commit was asked for.
        plan.warnings.clear();
        let slots = GitSlotPool::open(repository, &folder.join("slots"), SlotOptions::default())
            .map_err(|error| ours(&error))?;
        let services = Services {
            slots: Arc::new(slots),
            executor: Arc::new(ChildProcesses::new()),
            jobs: Arc::clone(&self.stores.jobs) as _,
            runs: Arc::new(InMemoryJobStore::default()),
            results: Arc::new(results),
            artifacts: Arc::clone(&self.stores.artifacts) as _,
            events: Arc::new(InMemoryEventLog::default()),
            clock: Arc::clone(&self.clock),
        };
        Ok((Arc::new(plan), services))
    }
}

/// How often a runner looks whether the job that another one has is over.
const POLL: std::time::Duration = std::time::Duration::from_secs(2);
