//! The look back: workers take jobs from the plan until none is left or someone stops them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use retro_domain::{
    CommitId, CommitJob, Epoch, EventKind, JobEvent, JobFacts, LeaseOwner, RunId, Timestamp,
};
use retro_git::Slot;
use retro_store::{RunRecord, RunStatus, StoreError};

use crate::environments::Environments;
use crate::interrupt::Interrupt;
use crate::job_run::{JobEnd, JobRun};
use crate::leases::{Claim, HeldLeases, claim};
use crate::options::{Claims, LookBackOptions};
use crate::plan::Plan;
use crate::recorder::{EventSink, Recorder};
use crate::report::{LeftBecause, LookBackReport, StopCause};
use crate::schedule::{Order, Scheduler};
use crate::services::Services;
use crate::{LookBackError, PlannedJob};

/// What the workers of one run share.
pub(crate) struct Shared {
    pub(crate) plan: Arc<Plan>,
    pub(crate) services: Services,
    pub(crate) options: LookBackOptions,
    pub(crate) environments: Environments,
    pub(crate) recorder: Recorder,
    pub(crate) leases: HeldLeases,
    interrupt: Interrupt,
    runtime: tokio::runtime::Handle,
    progress: Mutex<Progress>,
}

struct Progress {
    scheduler: Scheduler,
    /// Jobs that another process works on.
    elsewhere: VecDeque<usize>,
    completed: usize,
    failed: Vec<(CommitId, String)>,
    left: Vec<(CommitId, LeftBecause)>,
    /// Jobs that are not started, since a failure before them is known.
    left_out: usize,
    handed_back: usize,
    stopped: Option<StopCause>,
}

/// Carries out a plan and stores what is found.
///
/// Workers are blocking threads of the current tokio runtime, which may be of either flavour. A
/// crash at any point loses at most the jobs in flight: each finished job is stored as it ends, and
/// a later run of the same plan takes up where this one stopped.
///
/// # Errors
///
/// Only what keeps the run from being recorded at all. Trouble with single jobs, and whatever ended
/// the run early, is part of the report.
///
/// # Panics
///
/// When called outside a tokio runtime.
pub async fn look_back(
    plan: Arc<Plan>,
    services: Services,
    options: LookBackOptions,
    sink: Arc<dyn EventSink>,
    interrupt: Interrupt,
) -> Result<LookBackReport, LookBackError> {
    let started_at = services.clock.now();
    let run = RunId::new(started_at, options.randomness);
    let record = RunRecord {
        id: run.clone(),
        repo: plan.repo.clone(),
        suite_name: plan.suite_name.clone(),
        request: plan.described.clone(),
        owner: LeaseOwner(options.owner.clone()),
        started_at,
        finished_at: None,
        status: RunStatus::Running,
        commits: plan.commits.clone(),
    };
    services.runs.create_run(&record).await?;
    let (events, clock) = (Arc::clone(&services.events), Arc::clone(&services.clock));
    let recorder = Recorder::new(run.clone(), sink, events, clock);
    let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    recorder.record(EventKind::RunStarted {
        commits: count(plan.commits.len()),
        trees: count(plan.distinct),
        cached: count(plan.cached.len()),
        to_run: count(plan.jobs.len()),
    });
    for message in plan.warnings.iter().cloned() {
        recorder.record(EventKind::Warning { message });
    }
    let jobs: Vec<CommitJob> = plan.jobs.iter().map(|job| plan.commit_job(job)).collect();
    services.jobs.enqueue_for(&record, &jobs).await?;
    let numbers = to_start(&plan, &options);
    let left_out = plan.jobs.len() - numbers.len();
    let workers = options.workers.clamp(1, numbers.len().max(1));
    let shared = Arc::new(Shared {
        progress: Mutex::new(Progress {
            scheduler: Scheduler::new(options.order, &numbers, workers),
            elsewhere: VecDeque::new(),
            completed: 0,
            failed: Vec::new(),
            left: Vec::new(),
            left_out,
            handed_back: 0,
            stopped: None,
        }),
        environments: Environments::new(&plan, &options),
        plan,
        services,
        options,
        recorder,
        leases: HeldLeases::default(),
        interrupt,
        runtime: tokio::runtime::Handle::current(),
    });
    if !shared.plan.jobs.is_empty() {
        run_workers(&shared, workers).await;
    }
    finish(&shared, run).await
}

/// The jobs to start: all, or with `fail_fast` those that come before the first failure that is
/// known. By levels, a failure that is known ends it all.
fn to_start(plan: &Plan, options: &LookBackOptions) -> Vec<usize> {
    let failed = |key| {
        let known = plan.cached.get(key);
        known.is_some_and(|known| known.verdict == retro_domain::Verdict::TestsFailed)
    };
    let commits = plan.commits.iter().enumerate();
    let mut failures = commits
        .filter(|(_, commit)| options.fail_fast && failed(&commit.key))
        .map(|(place, _)| place);
    let allowed = match options.order {
        Order::Newest => failures.next_back().map_or(0, |newest| newest + 1)..usize::MAX,
        Order::Oldest => 0..failures.next().unwrap_or(usize::MAX),
        Order::Spread => 0..failures.next().map_or(usize::MAX, |_| 0),
    };
    let jobs = plan.jobs.iter().enumerate();
    jobs.filter(|(_, job)| allowed.contains(&job.commit))
        .map(|(number, _)| number)
        .collect()
}

async fn run_workers(shared: &Arc<Shared>, workers: usize) {
    let watch = tokio::spawn(watch(Arc::clone(shared)));
    let mut running = tokio::task::JoinSet::new();
    for worker in 0..workers {
        let shared = Arc::clone(shared);
        running.spawn_blocking(move || shared.work(worker));
    }
    while let Some(ended) = running.join_next().await {
        if let Err(panicked) = ended {
            shared.stop(StopCause::Fatal(LookBackError::Worker(
                panicked.to_string(),
            )));
        }
    }
    watch.abort();
}

/// Renews leases and keeps the time limit while workers are busy.
async fn watch(shared: Arc<Shared>) {
    let mut ticks = tokio::time::interval(Duration::from_millis(500));
    let deadline = shared
        .options
        .time_limit
        .and_then(|limit| tokio::time::Instant::now().checked_add(limit));
    loop {
        ticks.tick().await;
        let (jobs, clock) = (&*shared.services.jobs, &*shared.services.clock);
        shared
            .leases
            .renew_due(jobs, clock, shared.options.lease)
            .await;
        if deadline.is_some_and(|deadline| tokio::time::Instant::now() >= deadline) {
            shared.stop(StopCause::TimeLimit);
        }
    }
}

async fn finish(shared: &Shared, run: RunId) -> Result<LookBackReport, LookBackError> {
    let (completed, failed, left, remaining, stopped) = {
        let mut progress = shared.progress();
        let remaining = progress.scheduler.remaining()
            + progress.left_out
            + progress.handed_back
            + progress.elsewhere.len();
        let stopped = match progress.stopped.take() {
            None if progress.left_out > 0 && !shared.interrupt.is_raised() => {
                Some(StopCause::FailFast)
            }
            None if shared.interrupt.is_raised() && remaining > 0 => Some(StopCause::Interrupted),
            Some(StopCause::TimeLimit) if remaining == 0 => None,
            other => other,
        };
        (
            progress.completed,
            std::mem::take(&mut progress.failed),
            std::mem::take(&mut progress.left),
            remaining,
            stopped,
        )
    };
    let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    shared.recorder.record(EventKind::RunFinished {
        completed: count(completed),
        failed: count(failed.len()),
        remaining: count(remaining),
        interrupted: stopped.is_some(),
    });
    let stopped = match (shared.recorder.flush().await, stopped) {
        (Err(error), None) => Some(StopCause::Fatal(error.into())),
        (_, stopped) => stopped,
    };
    let status = match stopped {
        None => RunStatus::Finished,
        Some(StopCause::Fatal(_)) => RunStatus::Failed,
        Some(_) => RunStatus::Interrupted,
    };
    let now = shared.services.clock.now();
    shared
        .services
        .runs
        .set_run_status(&run, RunStatus::Running, status, now)
        .await?;
    Ok(LookBackReport {
        run,
        completed,
        failed,
        left,
        remaining,
        stopped,
    })
}

/// How one turn of a worker ended, beside what is counted.
enum Turn {
    Done,
    Elsewhere,
    Over,
}

impl Shared {
    /// Waits for a store from a worker's thread.
    pub(crate) fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the run early for `cause`, unless it is ending already.
    fn stop(&self, cause: StopCause) {
        let cancel = !matches!(cause, StopCause::FailFast);
        {
            let mut progress = self.progress();
            if progress.stopped.is_some() {
                return;
            }
            progress.stopped = Some(cause);
        }
        if cancel {
            self.interrupt.stop();
        }
    }

    fn is_stopping(&self) -> bool {
        self.interrupt.is_raised() || self.progress().stopped.is_some()
    }

    fn work(&self, worker: usize) {
        let mut slot = None;
        loop {
            if self.is_stopping() {
                return;
            }
            let next = self.progress().scheduler.next(worker);
            let Some(number) = next else { break };
            match self.turn(worker, number, &mut slot) {
                Turn::Done => {}
                Turn::Elsewhere => self.progress().elsewhere.push_back(number),
                Turn::Over => return,
            }
        }
        self.wait_for_others(worker, &mut slot);
    }

    /// Takes the jobs that another process had: its results when it stored some, else the work.
    fn wait_for_others(&self, worker: usize, slot: &mut Option<Box<dyn Slot>>) {
        while !self.is_stopping() {
            let next = self.progress().elsewhere.pop_front();
            let Some(number) = next else { return };
            let planned = &self.plan.jobs[number];
            let known = self.wait(self.services.results.summaries(&[planned.key]));
            match known.map(|mut known| known.pop().flatten()) {
                Ok(Some(found)) if planned.replaces != Some(found.revision) => {
                    self.progress().completed += 1;
                    continue;
                }
                Err(error) => {
                    self.progress().elsewhere.push_back(number);
                    self.stop(StopCause::Fatal(error.into()));
                    return;
                }
                Ok(_) => {}
            }
            match self.turn(worker, number, slot) {
                Turn::Done => {}
                Turn::Elsewhere => {
                    self.progress().elsewhere.push_back(number);
                    std::thread::sleep(POLL_OTHERS);
                }
                Turn::Over => return,
            }
        }
    }

    /// Claims one job and does it.
    fn turn(&self, worker: usize, number: usize, slot: &mut Option<Box<dyn Slot>>) -> Turn {
        let planned = &self.plan.jobs[number];
        let commit = &self.plan.commits[planned.commit];
        let job = self.plan.commit_job(planned);
        let worker_number = u32::try_from(worker).unwrap_or(u32::MAX);
        let (epoch, started_at) = match self.claim(worker, &job) {
            Ok(claimed) => claimed,
            Err(turn) => return turn,
        };
        match self.finished_elsewhere(planned, &job, epoch) {
            Ok(false) => {}
            Ok(true) => {
                self.progress().completed += 1;
                return Turn::Done;
            }
            Err(error) => {
                self.progress().handed_back += 1;
                self.stop(StopCause::Fatal(error.into()));
                return Turn::Over;
            }
        }
        let commit_id = commit.commit;
        self.recorder.record(EventKind::JobStarted {
            commit: commit_id,
            worker: worker_number,
        });
        let cancel = self.interrupt.token_for(worker);
        self.leases.hold(worker, &job, epoch, started_at, &cancel);
        let end = match self.slot_for(slot, &commit_id) {
            Err(error) => JobEnd::Fatal(error),
            Ok(slot) => JobRun {
                shared: self,
                worker,
                slot,
                planned,
                commit,
                suite: &self.plan.suites[&planned.suite],
                job: &job,
                epoch,
                started_at,
                cancel,
            }
            .perform(),
        };
        self.leases.release(worker);
        let turn = self.settle(end, &job, epoch, worker_number, started_at);
        match self.wait(self.recorder.flush()) {
            Ok(()) => turn,
            Err(error) => {
                self.stop(StopCause::Fatal(error.into()));
                Turn::Over
            }
        }
    }

    /// The epoch of a claim of the job, and when it was made.
    fn claim(&self, worker: usize, job: &CommitJob) -> Result<(Epoch, Timestamp), Turn> {
        if let Some(held) = self.options.claimed.as_ref().filter(|it| it.job == *job) {
            return Ok((held.epoch, held.since));
        }
        let owner = LeaseOwner(format!("{}/{worker}", self.options.owner));
        let now = self.services.clock.now();
        let claimed = self.wait(claim(
            &*self.services.jobs,
            job,
            &owner,
            now,
            self.options.lease,
            self.options.claims,
            &self.options.is_gone,
        ));
        match claimed {
            Ok(Claim::Ours(epoch)) => Ok((epoch, now)),
            Ok(Claim::Busy) if self.options.claims == Claims::StartOver => Err(Turn::Elsewhere),
            Ok(Claim::Busy) => Err(self.leave(job, LeftBecause::Held)),
            Ok(Claim::Left(because)) => Err(self.leave(job, because)),
            Err(error) => {
                self.progress().handed_back += 1;
                self.stop(StopCause::Fatal(error.into()));
                Err(Turn::Over)
            }
        }
    }

    fn leave(&self, job: &CommitJob, because: LeftBecause) -> Turn {
        self.progress().left.push((job.commit, because));
        Turn::Done
    }

    /// Whether another process stored the job's result after this one made its plan; the job, which
    /// was just claimed, is then ended. A job that nobody had claimed before cannot have one.
    fn finished_elsewhere(
        &self,
        planned: &PlannedJob,
        job: &CommitJob,
        epoch: Epoch,
    ) -> Result<bool, StoreError> {
        if epoch == Epoch(1) {
            return Ok(false);
        }
        let known = self.wait(self.services.results.summaries(&[planned.key]))?;
        let Some(found) = known.into_iter().flatten().next() else {
            return Ok(false);
        };
        if planned.replaces == Some(found.revision) {
            return Ok(false);
        }
        let done = JobEvent::Complete {
            epoch,
            verdict: found.verdict,
            facts: JobFacts {
                counts: found.counts,
                took: found.usage.wall,
                commit: None,
            },
        };
        self.wait(self.services.jobs.apply(job, &done))?;
        Ok(true)
    }

    /// Counts how a job ended, and tells the store where it does not know yet.
    fn settle(
        &self,
        end: JobEnd,
        job: &CommitJob,
        epoch: Epoch,
        worker: u32,
        started_at: Timestamp,
    ) -> Turn {
        let commit = job.commit;
        let ended = |event: JobEvent| match self.wait(self.services.jobs.apply(job, &event)) {
            // A lease that was lost is someone else's to end.
            Ok(_) | Err(StoreError::Transition(_)) => {}
            Err(error) => self.recorder.record(EventKind::Warning {
                message: format!("{}: the job's end was not stored: {error}", commit.short()),
            }),
        };
        match end {
            JobEnd::Finished(verdict, counts) => {
                self.progress().completed += 1;
                let failed = verdict == retro_domain::Verdict::TestsFailed;
                let took = self.services.clock.now().since(started_at);
                let kind = EventKind::JobFinished {
                    commit,
                    worker,
                    verdict,
                    counts,
                    took,
                };
                self.recorder.record(kind);
                if failed && self.options.fail_fast {
                    self.stop(StopCause::FailFast);
                }
                Turn::Done
            }
            JobEnd::Stopped => {
                ended(JobEvent::HandBack { epoch });
                self.recorder
                    .record(EventKind::JobHandedBack { commit, worker });
                if !self.is_stopping() {
                    // The lease was lost: whoever has the job now ends it, or leaves it to us.
                    return match self.options.claims {
                        Claims::StartOver => Turn::Elsewhere,
                        Claims::OnlyWaiting => self.leave(job, LeftBecause::Held),
                    };
                }
                self.progress().handed_back += 1;
                Turn::Done
            }
            JobEnd::Failed(reason) => {
                ended(JobEvent::Fail {
                    epoch,
                    reason: reason.clone(),
                });
                self.progress().failed.push((commit, reason.clone()));
                self.recorder.record(EventKind::JobFailed {
                    commit,
                    worker,
                    reason,
                });
                Turn::Done
            }
            JobEnd::Fatal(error) => {
                ended(JobEvent::HandBack { epoch });
                self.progress().handed_back += 1;
                self.recorder
                    .record(EventKind::JobHandedBack { commit, worker });
                self.stop(StopCause::Fatal(error));
                Turn::Over
            }
        }
    }

    fn slot_for<'s>(
        &self,
        slot: &'s mut Option<Box<dyn Slot>>,
        near: &CommitId,
    ) -> Result<&'s mut dyn Slot, LookBackError> {
        if slot.is_none() {
            *slot = Some(self.services.slots.acquire(Some(near))?);
        }
        match slot {
            Some(slot) => Ok(&mut **slot),
            None => unreachable!("a slot was just put here"),
        }
    }
}

/// How often a worker without work looks at the jobs of other processes.
const POLL_OTHERS: Duration = Duration::from_millis(200);
