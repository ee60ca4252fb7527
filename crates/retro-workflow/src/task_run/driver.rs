//! A run from its claim to its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use retro_domain::{
    Course, Epoch, PhaseOutcome, RunId, TaskEventKind, TaskPhase, TaskRun, TaskRunEvent,
    TaskRunStatus, course, next_phase,
};
use retro_exec::CancelToken;
use retro_store::StoreError;
use tokio::runtime::Handle;

use super::recorder::{Recorder, TaskEventSink};
use super::services::{TaskOptions, TaskServices};
use super::session::{Halt, Phase, Session};
use super::watch::Watch;
use crate::Interrupt;

/// What became of a run.
#[derive(Clone, Debug)]
pub struct TaskReport {
    /// The run as it stands now: over, or waiting for somebody to agree.
    pub run: TaskRun,
}

/// How often a run that waits for an approval is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// Does a run until it is over, or waits for an approval that is not waited for here.
///
/// Killed at any moment, it leaves a run that another call goes on with once the lease is over: what was
/// done is found, and not done again. An interrupt ends the command in hand; what there is is committed
/// and pushed.
///
/// # Errors
///
/// When a store does not answer, the run is somebody else's, or there is none.
///
/// # Panics
///
/// When called outside a tokio runtime.
pub async fn run_task(
    id: &RunId,
    services: TaskServices,
    options: TaskOptions,
    sink: Arc<dyn TaskEventSink>,
    interrupt: Interrupt,
) -> Result<TaskReport, StoreError> {
    loop {
        let (log, clock) = (Arc::clone(&services.events), Arc::clone(&services.clock));
        let mut recorder = Recorder::open(id.clone(), Arc::clone(&sink), log, clock).await?;
        let now = services.clock.now();
        let claim = TaskRunEvent::Claim {
            owner: options.owner.clone(),
            now,
            ttl: options.lease.ttl,
        };
        let state = services.runs.apply(id, &claim).await?;
        let run = stored(&services, id).await?;
        if matches!(state.status, TaskRunStatus::Finished(_)) {
            return Ok(TaskReport { run });
        }
        recorder
            .record(TaskEventKind::RunClaimed {
                runner: options.owner.0.clone(),
                run_number: run.run_number,
            })
            .await?;
        let run = in_hand(run, recorder, &services, &options, &interrupt).await?;
        match run.state.status {
            TaskRunStatus::AwaitingApproval(until) if options.waits_for_approval => {
                approval(id, &services, until, &interrupt).await?;
            }
            _ => return Ok(TaskReport { run }),
        }
    }
}

async fn stored(services: &TaskServices, id: &RunId) -> Result<TaskRun, StoreError> {
    let run = services.runs.task_run(id).await?;
    run.ok_or_else(|| StoreError::not_found(format!("task run {id}")))
}

/// Waits until somebody decided, or the time is over.
async fn approval(
    id: &RunId,
    services: &TaskServices,
    until: retro_domain::Timestamp,
    interrupt: &Interrupt,
) -> Result<(), StoreError> {
    loop {
        let run = stored(services, id).await?;
        if !matches!(run.state.status, TaskRunStatus::AwaitingApproval(_)) {
            return Ok(());
        }
        let now = services.clock.now();
        let event = match (interrupt.is_raised(), now >= until) {
            (true, _) => Some(TaskRunEvent::Interrupt),
            (_, true) => Some(TaskRunEvent::Expire { now }),
            _ => None,
        };
        match event {
            None => tokio::time::sleep(LOOK).await,
            Some(event) => match services.runs.apply(id, &event).await {
                // Somebody decided in the same moment.
                Ok(_) | Err(StoreError::TaskTransition(_)) => return Ok(()),
                Err(error) => return Err(error),
            },
        }
    }
}

/// Does the phases of a run that was claimed.
async fn in_hand(
    run: TaskRun,
    recorder: Recorder,
    services: &TaskServices,
    options: &TaskOptions,
    interrupt: &Interrupt,
) -> Result<TaskRun, StoreError> {
    let (cancel, cancelled) = (CancelToken::new(), Arc::new(AtomicBool::new(false)));
    let lost = Arc::new(AtomicBool::new(false));
    let watch = Watch {
        run: run.id.clone(),
        epoch: run.state.epoch,
        runs: Arc::clone(&services.runs),
        clock: Arc::clone(&services.clock),
        policy: options.lease,
        interrupt: interrupt.clone(),
        cancel: cancel.clone(),
        cancelled: Arc::clone(&cancelled),
        lost: Arc::clone(&lost),
    };
    let watching = tokio::spawn(watch.look());
    let timeout = run.context.settings.timeout;
    let mut session = Session {
        epoch: run.state.epoch,
        services: services.clone(),
        options: options.clone(),
        recorder,
        handle: Handle::current(),
        workspace: None,
        cancel,
        cancelled,
        deadline: timeout.and_then(|limit| Instant::now().checked_add(limit)),
        run,
    };
    let done = tokio::task::spawn_blocking(move || {
        let ended = session.phases(&lost);
        (session.run, ended)
    });
    let done = done.await;
    watching.abort();
    match done {
        Ok((run, Ok(()))) => Ok(run),
        Ok((_, Err(Halt::Store(error)))) => Err(error),
        Err(panicked) => Err(StoreError::backend(
            "doing a task run",
            panicked.to_string(),
        )),
    }
}

impl Session {
    /// One phase after the other.
    fn phases(&mut self, lost: &AtomicBool) -> Result<(), Halt> {
        let mut skipped = Vec::new();
        while let Some(phase) = next_phase(&self.run.state) {
            if lost.load(Ordering::Acquire) {
                return Err(self.lease_lost());
            }
            self.tell_skipped(phase, &mut skipped)?;
            if self.phase(phase)? == After::Left {
                return Ok(());
            }
        }
        let ending = self.run.state.ending();
        self.record(TaskEventKind::RunFinished { ending })?;
        Ok(())
    }

    fn lease_lost(&self) -> Halt {
        Halt::Store(StoreError::Unavailable {
            why: format!("the lease of task run {} was lost", self.run.id),
        })
    }

    /// Tells of the phases before this one that are passed over, each once.
    fn tell_skipped(&mut self, next: TaskPhase, told: &mut Vec<TaskPhase>) -> Result<(), Halt> {
        for phase in TaskPhase::ALL
            .into_iter()
            .take_while(|phase| *phase != next)
        {
            let is_open = self.run.state.outcome(phase).is_none() && !told.contains(&phase);
            if let (true, Course::Skip(reason)) = (is_open, course(&self.run.state, phase)) {
                told.push(phase);
                self.record(TaskEventKind::PhaseSkipped { phase, reason })?;
            }
        }
        Ok(())
    }

    fn phase(&mut self, phase: TaskPhase) -> Result<After, Halt> {
        let epoch: Epoch = self.epoch;
        self.apply(&TaskRunEvent::Begin { epoch, phase })?;
        let tries = self.run.state.in_hand.map_or(1, |(_, tries)| tries);
        self.record(TaskEventKind::PhaseStarted { phase, tries })?;
        let outcome = match phase {
            TaskPhase::Validate => self.check_task(),
            TaskPhase::Prepare => self.prepare(),
            TaskPhase::Approval => return self.leave_for_approval(),
            TaskPhase::Execute => self.execute(tries),
            TaskPhase::Commit => self.commit(),
            TaskPhase::Build => self.build(),
            TaskPhase::Test => self.test(),
            TaskPhase::Deploy => not_here("deploys"),
            TaskPhase::Push => self.push(),
            TaskPhase::PullRequest => self.pull_request(),
            TaskPhase::Report => self.report(),
            TaskPhase::CleanUp => self.clean_up(),
        }?;
        self.apply(&TaskRunEvent::End {
            epoch,
            phase,
            outcome: outcome.clone(),
        })?;
        self.record(TaskEventKind::PhaseEnded { phase, outcome })?;
        Ok(After::Next)
    }

    fn leave_for_approval(&mut self) -> Result<After, Halt> {
        let wanted = self
            .run
            .context
            .settings
            .approval
            .on()
            .map(|it| it.deadline);
        let deadline = wanted.unwrap_or_else(|| TaskPhase::Approval.usual_deadline());
        let until = self.services.clock.now().plus(deadline);
        let epoch = self.epoch;
        self.apply(&TaskRunEvent::AwaitApproval { epoch, until })?;
        self.record(TaskEventKind::AwaitingApproval { until })?;
        Ok(After::Left)
    }
}

/// Whether a runner goes on with the run after a phase.
#[derive(PartialEq, Eq)]
enum After {
    Next,
    Left,
}

fn not_here(what: &str) -> Phase {
    Ok(PhaseOutcome::Broken(format!(
        "this runner has no place for {what}"
    )))
}
