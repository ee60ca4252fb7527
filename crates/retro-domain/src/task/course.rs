//! What comes next in a task run.

use super::outcome::PhaseOutcome;
use super::phase::TaskPhase;
use super::state::{TaskRunState, TaskRunStatus};

/// What becomes of a phase when it is its turn.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Course {
    /// It is done.
    Run,
    /// It is done with what there is, and its result is marked partial.
    RunPartial,
    /// It is not done.
    Skip(SkipReason),
}

/// Why a phase is not done.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum SkipReason {
    /// The run's plan does not have it.
    NotPlanned,
    /// Somebody stopped the run.
    Interrupted,
    /// The task cannot be run.
    NotValid,
    /// There is no work tree.
    NoWorkTree,
    /// Nobody agreed.
    NotApproved,
    /// The executor was not started.
    NotExecuted,
    /// The executor failed.
    ExecutorFailed,
    /// There is nothing that changed.
    NothingChanged,
    /// The build failed.
    BuildFailed,
    /// The branch was not pushed.
    NotPushed,
}

impl SkipReason {
    /// Every reason.
    pub const ALL: [Self; 10] = [
        Self::NotPlanned,
        Self::Interrupted,
        Self::NotValid,
        Self::NoWorkTree,
        Self::NotApproved,
        Self::NotExecuted,
        Self::ExecutorFailed,
        Self::NothingChanged,
        Self::BuildFailed,
        Self::NotPushed,
    ];

    /// The stable lower-case name, such as `build_failed`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotPlanned => "not_planned",
            Self::Interrupted => "interrupted",
            Self::NotValid => "not_valid",
            Self::NoWorkTree => "no_work_tree",
            Self::NotApproved => "not_approved",
            Self::NotExecuted => "not_executed",
            Self::ExecutorFailed => "executor_failed",
            Self::NothingChanged => "nothing_changed",
            Self::BuildFailed => "build_failed",
            Self::NotPushed => "not_pushed",
        }
    }

    /// The reason with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.name() == name)
    }
}

/// The phase to begin: the one in hand, which a runner before this one may have begun, or else the
/// first without an outcome that is not skipped. None when the run is over.
pub fn next_phase(state: &TaskRunState) -> Option<TaskPhase> {
    if matches!(state.status, TaskRunStatus::Finished(_)) {
        return None;
    }
    let begun = state.in_hand.map(|(phase, _)| phase);
    begun.or_else(|| {
        TaskPhase::ALL.into_iter().find(|phase| {
            let is_open = state.outcome(*phase).is_none();
            is_open && !matches!(course(state, *phase), Course::Skip(_))
        })
    })
}

/// What becomes of a phase, from how those before it ended: the rules of failure and interruption.
///
/// - Once an executor has run, whatever became of it, what it made is committed and pushed.
/// - A failed executor, and a run that was stopped, go no further with it: no build, no pull request.
/// - A failed build keeps only the deploy from being done; failed tests keep nothing.
/// - A build that was stopped in the middle is deployed, marked partial.
/// - The report and the clean-up are always done.
pub fn course(state: &TaskRunState, phase: TaskPhase) -> Course {
    match reason_to_skip(state, phase) {
        Some(reason) => Course::Skip(reason),
        None if phase == TaskPhase::Deploy && state.interrupted_in.is_some() => Course::RunPartial,
        None => Course::Run,
    }
}

fn reason_to_skip(state: &TaskRunState, phase: TaskPhase) -> Option<SkipReason> {
    use SkipReason as Why;
    use TaskPhase as P;
    let is_stopped = state.interrupted_in.is_some();
    let was_executed = state.outcome(P::Execute).is_some();
    let is_unchanged = state.outcome(P::Commit) == Some(&PhaseOutcome::NothingToDo);
    let lacks = |phase| state.plan.has(phase) && !state.went_well(phase);
    let first = |reasons: &[(bool, Why)]| {
        let found = reasons.iter().find(|(applies, _)| *applies);
        found.map(|(_, why)| *why)
    };
    if !state.plan.has(phase) {
        return Some(Why::NotPlanned);
    }
    match phase {
        P::Validate => first(&[(is_stopped, Why::Interrupted)]),
        P::Prepare => first(&[
            (is_stopped, Why::Interrupted),
            (lacks(P::Validate), Why::NotValid),
        ]),
        P::Approval | P::Execute => first(&[
            (is_stopped, Why::Interrupted),
            (lacks(P::Validate), Why::NotValid),
            (lacks(P::Prepare), Why::NoWorkTree),
            (phase == P::Execute && lacks(P::Approval), Why::NotApproved),
        ]),
        P::Commit => first(&[(!was_executed, Why::NotExecuted)]),
        P::Push => first(&[
            (!was_executed, Why::NotExecuted),
            (is_unchanged, Why::NothingChanged),
        ]),
        P::Deploy if state.outcome(P::Build) == Some(&PhaseOutcome::Interrupted) => None,
        P::Build | P::Test | P::Deploy | P::PullRequest => first(&[
            (is_stopped, Why::Interrupted),
            (!was_executed, Why::NotExecuted),
            (lacks(P::Execute), Why::ExecutorFailed),
            (is_unchanged, Why::NothingChanged),
            (phase == P::Deploy && lacks(P::Build), Why::BuildFailed),
            (phase == P::PullRequest && lacks(P::Push), Why::NotPushed),
        ]),
        P::Report | P::CleanUp => None,
    }
}

/// Whether the clean-up leaves the work tree and the branch in it where they are, since what was made
/// is nowhere else.
pub fn keeps_work_tree(state: &TaskRunState) -> bool {
    let was_executed = state.outcome(TaskPhase::Execute).is_some();
    let is_unchanged = state.outcome(TaskPhase::Commit) == Some(&PhaseOutcome::NothingToDo);
    let is_committed = state.went_well(TaskPhase::Commit);
    was_executed && !is_unchanged && !(is_committed && state.went_well(TaskPhase::Push))
}

#[cfg(test)]
#[path = "course_tests.rs"]
mod tests;
