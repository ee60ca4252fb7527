//! Where a task run stands.

use std::collections::BTreeMap;

use super::git_status::GitStatus;
use super::outcome::{PhaseOutcome, TaskEnding};
use super::phase::TaskPhase;
use super::plan::TaskPlan;
use crate::{Epoch, Lease, Timestamp};

/// How often a phase is begun before it is given up. A phase that is handed back in order does not
/// count.
pub const MAX_PHASE_TRIES: u32 = 3;

/// Where a run stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TaskRunStatus {
    /// Waiting for a runner.
    Pending,
    /// A runner has it.
    Running(Lease),
    /// Waiting for somebody to agree, until then. No runner has it.
    AwaitingApproval(Timestamp),
    /// Over.
    Finished(TaskEnding),
}

impl TaskRunStatus {
    /// The stable lower-case name: `pending`, `running`, `awaiting_approval`, or that of the ending.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running(_) => "running",
            Self::AwaitingApproval(_) => "awaiting_approval",
            Self::Finished(ending) => ending.name(),
        }
    }
}

/// A run's status with everything that decides what comes next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TaskRunState {
    /// Where it stands.
    pub status: TaskRunStatus,
    /// The epoch of the latest claim.
    pub epoch: Epoch,
    /// Its phases.
    pub plan: TaskPlan,
    /// The phase that was begun and not ended, with how often it was begun.
    pub in_hand: Option<(TaskPhase, u32)>,
    /// How the phases ended that did. One that was skipped has no outcome.
    pub outcomes: BTreeMap<TaskPhase, PhaseOutcome>,
    /// How far the change has come.
    pub git: GitStatus,
    /// The phase in which somebody stopped it.
    pub interrupted_in: Option<TaskPhase>,
}

impl TaskRunState {
    /// A run that nobody has claimed.
    pub const fn new(plan: TaskPlan) -> Self {
        Self {
            status: TaskRunStatus::Pending,
            epoch: Epoch(0),
            plan,
            in_hand: None,
            outcomes: BTreeMap::new(),
            git: GitStatus::Pending,
            interrupted_in: None,
        }
    }

    /// How a phase ended.
    pub fn outcome(&self, phase: TaskPhase) -> Option<&PhaseOutcome> {
        self.outcomes.get(&phase)
    }

    /// Whether a phase ended well.
    pub fn went_well(&self, phase: TaskPhase) -> bool {
        self.outcome(phase).is_some_and(PhaseOutcome::is_good)
    }

    /// The phases that did not end well, in order.
    pub fn troubles(&self) -> impl Iterator<Item = (TaskPhase, &PhaseOutcome)> {
        let all = self
            .outcomes
            .iter()
            .map(|(phase, outcome)| (*phase, outcome));
        all.filter(|(_, outcome)| !outcome.is_good())
    }

    /// How the run ends, as far as it is known: what a report says before the run is over.
    ///
    /// A build, test, deploy or pull request that failed does not fail a run; a change that was to be
    /// pushed and was not does.
    pub fn ending(&self) -> TaskEnding {
        use TaskPhase as P;
        let has_failed = |phase| {
            self.outcome(phase)
                .is_some_and(|outcome| !outcome.is_good())
        };
        if self.interrupted_in.is_some() {
            TaskEnding::Interrupted
        } else if has_failed(P::Approval) {
            TaskEnding::Refused
        } else if [P::Validate, P::Prepare, P::Execute, P::Commit, P::Push]
            .into_iter()
            .any(has_failed)
        {
            TaskEnding::Failed
        } else {
            TaskEnding::Done
        }
    }

    /// The state after a phase ended like this.
    pub(super) fn after(&self, phase: TaskPhase, outcome: PhaseOutcome) -> Self {
        let mut next = self.clone();
        if outcome == PhaseOutcome::Interrupted {
            next.interrupted_in.get_or_insert(phase);
        }
        next.outcomes.insert(phase, outcome);
        next.in_hand = None;
        if phase == TaskPhase::CleanUp {
            next.status = TaskRunStatus::Finished(next.ending());
        }
        next
    }

    /// The state in which a runner goes on with what another one left: a phase that was begun as often
    /// as is allowed is given up, and so is one that somebody wanted ended.
    pub(super) fn taken_over(&self) -> Self {
        match self.in_hand {
            Some((phase, _)) if self.interrupted_in.is_some() && phase.is_interruptible() => {
                self.after(phase, PhaseOutcome::Interrupted)
            }
            Some((phase, tries)) if tries >= MAX_PHASE_TRIES => {
                let why = format!("its runner was lost in it {tries} times");
                self.after(phase, PhaseOutcome::Broken(why))
            }
            _ => self.clone(),
        }
    }

    pub(super) fn with_status(&self, status: TaskRunStatus) -> Self {
        let state = self.clone();
        Self { status, ..state }
    }

    /// Handed on to whoever claims next.
    pub(super) fn pending(self) -> Self {
        self.with_status(TaskRunStatus::Pending)
    }
}
