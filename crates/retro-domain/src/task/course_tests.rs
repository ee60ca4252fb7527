use proptest::prelude::*;

use super::super::{Resume, TaskEnding, TaskPlan, TaskRunEvent, transition_task};
use super::*;
use crate::{Epoch, LeaseOwner, Timestamp};
use PhaseOutcome::{Done, Interrupted, NothingToDo, TimedOut};
use std::time::Duration;

const EVERYTHING: TaskPlan = TaskPlan {
    approval: true,
    build: true,
    test: true,
    deploy: true,
    push: true,
    pull_request: true,
};

fn step(state: &TaskRunState, event: TaskRunEvent) -> TaskRunState {
    transition_task(state, &event).unwrap()
}

fn claimed(state: &TaskRunState, now: i64) -> TaskRunState {
    let claim = TaskRunEvent::Claim {
        owner: LeaseOwner("runner".to_owned()),
        now: Timestamp::from_unix_seconds(now),
        ttl: Duration::from_secs(60),
    };
    step(state, claim)
}

/// Goes through a run in which these phases end like this and all others well: the phases that were
/// done, and the state at the end.
fn walk(plan: TaskPlan, given: &[(TaskPhase, PhaseOutcome)]) -> (Vec<TaskPhase>, TaskRunState) {
    let mut state = claimed(&TaskRunState::new(plan), 0);
    let mut done = Vec::new();
    while let Some(phase) = next_phase(&state) {
        let epoch = state.epoch;
        state = step(&state, TaskRunEvent::Begin { epoch, phase });
        let outcome = given.iter().find(|(named, _)| *named == phase);
        let outcome = outcome.map_or(Done, |(_, outcome)| outcome.clone());
        let end = TaskRunEvent::End {
            epoch,
            phase,
            outcome,
        };
        state = step(&state, end);
        done.push(phase);
        assert!(done.len() <= TaskPhase::ALL.len(), "{done:?}");
    }
    (done, state)
}

/// The names of the phases that are done when these end like this, and the ending.
fn check(given: &[(TaskPhase, PhaseOutcome)], expected: &str, ending: TaskEnding, keeps: bool) {
    let (done, state) = walk(EVERYTHING, given);
    let names: Vec<&str> = done.iter().map(|phase| phase.name()).collect();
    assert_eq!(names.join(" "), expected, "{given:?}");
    assert_eq!(state.status, TaskRunStatus::Finished(ending), "{given:?}");
    assert_eq!(keeps_work_tree(&state), keeps, "{given:?}");
}

fn failed() -> PhaseOutcome {
    PhaseOutcome::Failed("it rained".to_owned())
}

fn broken() -> PhaseOutcome {
    PhaseOutcome::Broken("the disk is full".to_owned())
}

#[test]
fn failures_keep_what_they_must_and_nothing_else() {
    use TaskEnding as E;
    use TaskPhase as P;
    let whole = "validate prepare approval execute commit build test deploy push pull_request \
                 report clean_up";
    check(&[], whole, E::Done, false);
    check(
        &[(P::Validate, failed())],
        "validate report clean_up",
        E::Failed,
        false,
    );
    let unprepared = "validate prepare report clean_up";
    check(&[(P::Prepare, broken())], unprepared, E::Failed, false);
    let refused = "validate prepare approval report clean_up";
    check(&[(P::Approval, failed())], refused, E::Refused, false);
    check(&[(P::Approval, TimedOut)], refused, E::Refused, false);
    let no_further = "validate prepare approval execute commit push report clean_up";
    check(&[(P::Execute, failed())], no_further, E::Failed, false);
    check(&[(P::Execute, TimedOut)], no_further, E::Failed, false);
    let unchanged = "validate prepare approval execute commit report clean_up";
    check(&[(P::Commit, NothingToDo)], unchanged, E::Done, false);
    check(&[(P::Commit, broken())], whole, E::Failed, true);
    let undeployed = "validate prepare approval execute commit build test push pull_request \
                      report clean_up";
    check(&[(P::Build, failed())], undeployed, E::Done, false);
    check(&[(P::Test, failed())], whole, E::Done, false);
    check(&[(P::Deploy, NothingToDo)], whole, E::Done, false);
    check(&[(P::Deploy, broken())], whole, E::Done, false);
    let unpushed = "validate prepare approval execute commit build test deploy push report \
                    clean_up";
    check(&[(P::Push, broken())], unpushed, E::Failed, true);
    check(&[(P::Push, NothingToDo)], whole, E::Done, false);
    check(&[(P::PullRequest, broken())], whole, E::Done, false);
    check(&[(P::Report, broken())], whole, E::Done, false);
}

#[test]
fn an_interruption_keeps_the_work_and_ends_soon() {
    use TaskPhase as P;
    let check = |phase, expected| {
        check(
            &[(phase, Interrupted)],
            expected,
            TaskEnding::Interrupted,
            false,
        )
    };
    check(P::Validate, "validate report clean_up");
    check(P::Prepare, "validate prepare report clean_up");
    check(P::Approval, "validate prepare approval report clean_up");
    check(
        P::Execute,
        "validate prepare approval execute commit push report clean_up",
    );
    check(
        P::Build,
        "validate prepare approval execute commit build deploy push report clean_up",
    );
    check(
        P::Test,
        "validate prepare approval execute commit build test push report clean_up",
    );
    check(
        P::Deploy,
        "validate prepare approval execute commit build test deploy push report clean_up",
    );
}

#[test]
fn a_build_that_was_stopped_is_deployed_as_a_partial_one() {
    let (_, mut state) = walk(EVERYTHING, &[(TaskPhase::Build, Interrupted)]);
    assert_eq!(course(&state, TaskPhase::Deploy), Course::RunPartial);
    state.interrupted_in = None;
    state.outcomes.insert(TaskPhase::Build, Done);
    assert_eq!(course(&state, TaskPhase::Deploy), Course::Run);
}

#[test]
fn what_is_not_planned_is_not_done() {
    let (done, state) = walk(TaskPlan::default(), &[]);
    let names: Vec<&str> = done.iter().map(|phase| phase.name()).collect();
    assert_eq!(
        names,
        [
            "validate", "prepare", "execute", "commit", "report", "clean_up"
        ]
    );
    assert!(keeps_work_tree(&state), "the commit is nowhere else");
    let planned = Course::Skip(SkipReason::NotPlanned);
    assert_eq!(course(&state, TaskPhase::Push), planned);
}

#[test]
fn phases_are_known_by_their_names_and_know_how_to_go_on() {
    for phase in TaskPhase::ALL {
        assert_eq!(TaskPhase::from_name(phase.name()), Some(phase));
        assert!(phase.usual_deadline() > Duration::ZERO);
        // What touches the world outside is never simply done twice.
        let is_effect = !phase.is_interruptible() && phase != TaskPhase::CleanUp;
        assert!(!is_effect || phase.resume() == Resume::Adopt, "{phase:?}");
    }
    assert_eq!(TaskPhase::from_name("checkout"), None);
}

proptest! {
    /// Whatever fails, is stopped or loses its runner: a run comes to an end, with a report and a
    /// clean-up, and what an executor made is pushed.
    #[test]
    fn every_run_ends(
        bits in any::<[bool; 6]>(),
        choices in prop::collection::vec((0_u8..12, any::<bool>()), 200),
    ) {
        let [approval, build, test, deploy, push, pull_request] = bits;
        let plan = TaskPlan { approval, build, test, deploy, push, pull_request };
        let mut state = TaskRunState::new(plan);
        let mut choices = choices.into_iter();
        let mut now = 0;
        let mut steps = 0;
        while let Some(phase) = next_phase(&state) {
            steps += 1;
            prop_assert!(steps <= 60, "{state:?}");
            let (choice, is_stopped) = choices.next().unwrap_or((0, false));
            if !matches!(state.status, TaskRunStatus::Running(_)) {
                state = claimed(&state, now);
                continue;
            }
            let epoch = state.epoch;
            state = step(&state, TaskRunEvent::Begin { epoch, phase });
            if is_stopped && choice == 0 {
                state = step(&state, TaskRunEvent::Interrupt);
            }
            let outcome = match choice {
                1 => failed(),
                2 => broken(),
                3 => TimedOut,
                4 => NothingToDo,
                5 => Interrupted,
                6 => {
                    // The runner is lost.
                    now += 60;
                    state = claimed(&state, now);
                    continue;
                }
                _ => Done,
            };
            state = step(&state, TaskRunEvent::End { epoch, phase, outcome });
        }
        for phase in [TaskPhase::Report, TaskPhase::CleanUp] {
            prop_assert!(state.outcome(phase).is_some());
        }
        let was_executed = state.outcome(TaskPhase::Execute).is_some();
        let is_unchanged = state.outcome(TaskPhase::Commit) == Some(&NothingToDo);
        if was_executed && plan.push && !is_unchanged {
            prop_assert!(state.outcome(TaskPhase::Push).is_some());
        }
        prop_assert!(state.epoch >= Epoch(1));
    }
}
