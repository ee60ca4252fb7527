use super::super::{TaskEnding, TaskPlan};
use super::*;

const HELD: Epoch = Epoch(2);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(seconds)
}

fn claim(now: i64) -> TaskRunEvent {
    TaskRunEvent::Claim {
        owner: LeaseOwner(format!("runner at {now}")),
        now: at(now),
        ttl: Duration::from_secs(60),
    }
}

fn begin(phase: TaskPhase) -> TaskRunEvent {
    TaskRunEvent::Begin { epoch: HELD, phase }
}

fn end(phase: TaskPhase, outcome: PhaseOutcome) -> TaskRunEvent {
    TaskRunEvent::End {
        epoch: HELD,
        phase,
        outcome,
    }
}

/// A run with an approval, where everything before `phase` went well.
fn state(status: TaskRunStatus, before: TaskPhase) -> TaskRunState {
    let plan = TaskPlan {
        approval: true,
        push: true,
        ..TaskPlan::default()
    };
    let mut state = TaskRunState::new(plan);
    let done = TaskPhase::ALL.into_iter().filter(|phase| *phase < before);
    state.outcomes = done.map(|phase| (phase, PhaseOutcome::Done)).collect();
    state.status = status;
    state.epoch = HELD;
    state.git = GitStatus::BranchCreated;
    state
}

fn running(in_hand: Option<TaskPhase>, before: TaskPhase) -> TaskRunState {
    let lease = Lease {
        owner: LeaseOwner("r".to_owned()),
        epoch: HELD,
        expires_at: at(60),
    };
    let mut state = state(TaskRunStatus::Running(lease), before);
    state.in_hand = in_hand.map(|phase| (phase, 1));
    state
}

fn events() -> Vec<TaskRunEvent> {
    use TaskRunEvent as E;
    let (epoch, now, ttl) = (HELD, at(70), Duration::from_secs(60));
    vec![
        claim(0),
        claim(60),
        E::Renew { epoch, now, ttl },
        E::HandBack { epoch },
        E::Revoke { epoch },
        begin(TaskPhase::Execute),
        end(TaskPhase::Execute, PhaseOutcome::Done),
        E::Git {
            epoch,
            status: GitStatus::Committed,
        },
        E::Git {
            epoch,
            status: GitStatus::Pending,
        },
        E::AwaitApproval {
            epoch,
            until: at(99),
        },
        E::Approve,
        E::Deny {
            reason: "no".to_owned(),
        },
        E::Expire { now: at(98) },
        E::Expire { now: at(99) },
        E::Interrupt,
    ]
}

/// Every status x every event, with what follows or why nothing does.
#[test]
fn every_pair_of_status_and_event_is_decided() {
    use TaskPhase as P;
    use TaskRunStatus as S;
    let states = [
        state(S::Pending, P::Execute),
        running(None, P::Execute),
        running(Some(P::Execute), P::Execute),
        running(Some(P::Approval), P::Approval),
        state(S::AwaitingApproval(at(99)), P::Approval),
        state(S::Finished(TaskEnding::Done), P::CleanUp),
    ];
    let show = |state: &TaskRunState, event: &TaskRunEvent| match transition_task(state, event) {
        Ok(next) => {
            let in_hand = next.in_hand.map_or("", |(phase, _)| phase.name());
            format!("{} {in_hand}", next.status.name())
                .trim()
                .to_owned()
        }
        Err(IllegalTaskTransition::WrongStatus { .. }) => "-".to_owned(),
        Err(IllegalTaskTransition::Held { .. }) => "held".to_owned(),
        Err(IllegalTaskTransition::WrongPhase { expected, .. }) => format!("at {expected}"),
        Err(IllegalTaskTransition::Backwards { .. }) => "backwards".to_owned(),
        Err(IllegalTaskTransition::TooEarly) => "early".to_owned(),
        Err(error) => error.to_string(),
    };
    let expected: [[&str; 6]; 15] = [
        // pending, running, executing, at approval, awaiting it, finished
        ["running", "held", "held", "held", "-", "-"],
        [
            "running",
            "running",
            "running execute",
            "running approval",
            "-",
            "-",
        ],
        [
            "-",
            "running",
            "running execute",
            "running approval",
            "-",
            "-",
        ],
        [
            "-",
            "pending",
            "pending execute",
            "pending approval",
            "-",
            "-",
        ],
        [
            "-",
            "pending",
            "pending execute",
            "pending approval",
            "-",
            "-",
        ],
        [
            "-",
            "running execute",
            "running execute",
            "at approval",
            "-",
            "-",
        ],
        ["-", "at no phase", "running", "at approval", "-", "-"],
        [
            "-",
            "running",
            "running execute",
            "running approval",
            "-",
            "-",
        ],
        ["-", "backwards", "backwards", "backwards", "-", "-"],
        [
            "-",
            "at no phase",
            "at execute",
            "awaiting_approval",
            "-",
            "-",
        ],
        ["-", "-", "-", "-", "pending", "-"],
        ["-", "-", "-", "-", "pending", "-"],
        ["-", "-", "-", "-", "early", "-"],
        ["-", "-", "-", "-", "pending", "-"],
        [
            "pending",
            "running",
            "running execute",
            "running approval",
            "pending",
            "-",
        ],
    ];
    for (event, expected) in events().iter().zip(expected) {
        let found = states.each_ref().map(|state| show(state, event));
        assert_eq!(found, expected, "{event:?}");
    }
}

#[test]
fn a_runner_that_was_overtaken_does_nothing_more() {
    let state = running(Some(TaskPhase::Execute), TaskPhase::Execute);
    let state = transition_task(&state, &claim(60)).unwrap();
    let stale = IllegalTaskTransition::StaleEpoch {
        held: 2,
        current: 3,
    };
    for event in events().into_iter().filter(|event| event.epoch().is_some()) {
        assert_eq!(transition_task(&state, &event), Err(stale.clone()));
    }
}

#[test]
fn a_phase_that_loses_its_runners_is_given_up_and_the_run_goes_on() {
    let mut state = state(TaskRunStatus::Pending, TaskPhase::Execute);
    for round in 1..=3 {
        state = transition_task(&state, &claim(round * 60)).unwrap();
        assert_eq!(next_phase(&state), Some(TaskPhase::Execute));
        let epoch = state.epoch;
        let phase = TaskPhase::Execute;
        state = transition_task(&state, &TaskRunEvent::Begin { epoch, phase }).unwrap();
        assert_eq!(
            state.in_hand.map(|(_, tries)| i64::from(tries)),
            Some(round)
        );
    }
    state = transition_task(&state, &claim(240)).unwrap();
    let outcome = state.outcome(TaskPhase::Execute).unwrap();
    assert!(matches!(outcome, PhaseOutcome::Broken(why) if why.contains("3 times")));
    assert_eq!(next_phase(&state), Some(TaskPhase::Commit));
    state.in_hand = Some((TaskPhase::CleanUp, 3));
    state = transition_task(&state, &claim(300)).unwrap();
    assert_eq!(state.status, TaskRunStatus::Finished(TaskEnding::Failed));
}

#[test]
fn handing_back_costs_no_try() {
    let mut state = running(Some(TaskPhase::Execute), TaskPhase::Execute);
    let back = TaskRunEvent::HandBack { epoch: HELD };
    state = transition_task(&state, &back).unwrap();
    assert_eq!(state.in_hand, Some((TaskPhase::Execute, 0)));
}

#[test]
fn a_lost_runner_of_a_stopped_run_leaves_its_work_to_be_committed() {
    let mut state = running(Some(TaskPhase::Execute), TaskPhase::Execute);
    state = transition_task(&state, &TaskRunEvent::Interrupt).unwrap();
    assert_eq!(state.interrupted_in, Some(TaskPhase::Execute));
    state = transition_task(&state, &claim(60)).unwrap();
    let outcome = state.outcome(TaskPhase::Execute);
    assert_eq!(outcome, Some(&PhaseOutcome::Interrupted));
    assert_eq!(next_phase(&state), Some(TaskPhase::Commit));
}

#[test]
fn what_failed_in_git_may_succeed_later() {
    let mut state = running(None, TaskPhase::Push);
    for status in [GitStatus::Failed, GitStatus::Committed, GitStatus::Pushed] {
        let event = TaskRunEvent::Git {
            epoch: HELD,
            status,
        };
        state = transition_task(&state, &event).unwrap();
        assert_eq!(state.git, status);
        assert_eq!(GitStatus::from_name(status.name()), Some(status));
    }
}

#[test]
fn an_answer_to_an_approval_decides_what_comes_next() {
    let waiting = state(TaskRunStatus::AwaitingApproval(at(99)), TaskPhase::Approval);
    let check = |event: TaskRunEvent, expected| {
        let state = transition_task(&waiting, &event).unwrap();
        assert_eq!(next_phase(&state), Some(expected), "{event:?}");
    };
    check(TaskRunEvent::Approve, TaskPhase::Execute);
    let reason = "no".to_owned();
    check(TaskRunEvent::Deny { reason }, TaskPhase::Report);
    check(TaskRunEvent::Expire { now: at(99) }, TaskPhase::Report);
    check(TaskRunEvent::Interrupt, TaskPhase::Report);
}
