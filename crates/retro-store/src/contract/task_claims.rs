//! Checks of the life of a task run.

use std::sync::Arc;

use retro_domain::{
    ApprovalSettings, Epoch, GitStatus, IllegalTaskTransition, PhaseOutcome, RunId, Switch,
    TaskPhase, TaskRun, TaskRunEvent, TaskRunState, TaskRunStatus, transition_task,
};

use super::samples::at;
use super::task_samples::{
    TASK_TTL, claim_task, finish_task_run, new_task_run, outcomes, task_run_events, task_run_id,
};
use super::{at_once, exactly_one, is_not_found, refused};
use crate::{StoreError, TaskEventLog, TaskJournal, TaskRunStore};

type Store = Arc<dyn TaskRunStore>;
type Stores = (Store, Arc<dyn TaskJournal>, Arc<dyn TaskEventLog>);

fn is_illegal(error: &StoreError) -> bool {
    matches!(error, StoreError::TaskTransition(_))
}

/// A new run with an approval.
async fn waiting(store: &Store, number: u32) -> TaskRun {
    let mut run = new_task_run("tool", "T-1", number);
    run.context.settings.approval = Switch::On(ApprovalSettings { deadline: TASK_TTL });
    store.create_task_run(&run).await.unwrap()
}

/// What a runner does until it waits for somebody.
fn until_approval(epoch: Epoch) -> Vec<TaskRunEvent> {
    use TaskPhase::{Approval, Prepare, Validate};
    let mut events = Vec::new();
    for phase in [Validate, Prepare] {
        events.push(TaskRunEvent::Begin { epoch, phase });
        let outcome = PhaseOutcome::Done;
        events.push(TaskRunEvent::End {
            epoch,
            phase,
            outcome,
        });
    }
    let phase = Approval;
    events.push(TaskRunEvent::Begin { epoch, phase });
    let until = at(100);
    events.push(TaskRunEvent::AwaitApproval { epoch, until });
    events
}

/// Whatever the event.
pub async fn an_event_for_an_unknown_run_is_not_found((store, ..): Stores) {
    waiting(&store, 1).await;
    for event in task_run_events(&waiting(&store, 2).await.state, Epoch(1), at(0)) {
        refused(store.apply(&task_run_id(3), &event).await, is_not_found);
    }
}

/// With everything it holds.
pub async fn every_state_is_read_back_as_it_was_written((store, ..): Stores) {
    let check = async |run: &RunId, events: &[TaskRunEvent]| {
        for event in events {
            let returned = store.apply(run, event).await.unwrap();
            let stored = store.task_run(run).await.unwrap().expect("it exists");
            assert_eq!(stored.state, returned, "after {event:?}");
        }
    };
    let epoch = Epoch(1);
    let git = |status| TaskRunEvent::Git { epoch, status };
    for (number, outcome) in (1..).zip(outcomes()) {
        let run = waiting(&store, number).await.id;
        check(&run, &[claim_task("é/\"1\"", 0), git(GitStatus::Failed)]).await;
        check(&run, &until_approval(epoch)).await;
        let deny = TaskRunEvent::Deny {
            reason: "not \"now\"\n".to_owned(),
        };
        let answers = [
            TaskRunEvent::Approve,
            deny,
            TaskRunEvent::Expire { now: at(100) },
            TaskRunEvent::Interrupt,
        ];
        let answer = &answers[number as usize % answers.len()];
        check(&run, std::slice::from_ref(answer)).await;
        let claimed = store.apply(&run, &claim_task("b", 200)).await.unwrap();
        let (epoch, phase) = (Epoch(2), retro_domain::next_phase(&claimed));
        let phase = phase.expect("it goes on");
        let begin = TaskRunEvent::Begin { epoch, phase };
        let end = TaskRunEvent::End {
            epoch,
            phase,
            outcome,
        };
        let hand_back = TaskRunEvent::HandBack { epoch };
        check(&run, &[begin, end, hand_back]).await;
        finish_task_run(&*store, &run).await;
    }
}

/// In long random lives: the store adds nothing and forgets nothing.
pub async fn events_do_what_the_transition_function_says((store, ..): Stores) {
    let mut seed: u64 = 7;
    let mut random = |below: usize| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).expect("31 bits") % below
    };
    for number in 1..5 {
        let TaskRun { id, mut state, .. } = waiting(&store, number).await;
        for step in 0..80 {
            let held = state.epoch.0.saturating_sub(u64::from(random(5) == 0));
            let mut events = task_run_events(&state, Epoch(held), at(step * 20));
            let event = events.swap_remove(random(events.len()));
            match (
                transition_task(&state, &event),
                store.apply(&id, &event).await,
            ) {
                (Ok(next), Ok(found)) => {
                    assert_eq!(found, next);
                    state = next;
                }
                (Err(expected), Err(StoreError::TaskTransition(found))) => {
                    assert_eq!(found, expected);
                }
                (expected, found) => panic!("{event:?}: {found:?} instead of {expected:?}"),
            }
            let stored = store.task_run(&id).await.unwrap().expect("it exists");
            assert_eq!(stored.state, state, "after {event:?}");
        }
    }
}

/// Whatever the holder of a lost lease wants.
pub async fn an_older_epoch_is_refused((store, ..): Stores) {
    let run = waiting(&store, 1).await.id;
    store.apply(&run, &claim_task("slow", 0)).await.unwrap();
    let held = store.apply(&run, &claim_task("quick", 60)).await.unwrap();
    let (epoch, now, ttl) = (Epoch(1), at(61), TASK_TTL);
    let phase = TaskPhase::Validate;
    for event in [
        TaskRunEvent::Renew { epoch, now, ttl },
        TaskRunEvent::HandBack { epoch },
        TaskRunEvent::Revoke { epoch },
        TaskRunEvent::Begin { epoch, phase },
        TaskRunEvent::Git {
            epoch,
            status: GitStatus::Pushed,
        },
    ] {
        let stale = |error: &StoreError| {
            let expected = IllegalTaskTransition::StaleEpoch {
                held: 1,
                current: 2,
            };
            matches!(error, StoreError::TaskTransition(found) if *found == expected)
        };
        refused(store.apply(&run, &event).await, stale);
        let stored = store.task_run(&run).await.unwrap().expect("it exists");
        assert_eq!(stored.state, held);
    }
}

/// To the millisecond.
pub async fn a_held_run_cannot_be_claimed_before_its_lease_ends((store, ..): Stores) {
    let run = waiting(&store, 1).await.id;
    store.apply(&run, &claim_task("first", 0)).await.unwrap();
    refused(
        store.apply(&run, &claim_task("second", 59)).await,
        is_illegal,
    );
    let second = store.apply(&run, &claim_task("second", 60)).await.unwrap();
    assert_eq!(second.epoch, Epoch(2));
}

async fn all_claim(store: &Store, run: &RunId, seconds: i64) -> TaskRunState {
    let answers = at_once(8, |index| {
        let (store, run) = (Arc::clone(store), run.clone());
        async move {
            let event = claim_task(&format!("runner {index}"), seconds);
            store.apply(&run, &event).await
        }
    })
    .await;
    exactly_one(&answers, is_illegal);
    let won = answers.into_iter().find_map(Result::ok);
    let stored = store.task_run(run).await.unwrap().expect("it exists");
    assert_eq!(Some(&stored.state), won.as_ref());
    stored.state
}

/// The others are told who holds it.
pub async fn of_many_claims_at_once_exactly_one_succeeds((store, ..): Stores) {
    for number in 1..5 {
        let run = waiting(&store, number).await.id;
        all_claim(&store, &run, 0).await;
    }
}

/// As for a run that waits.
pub async fn of_many_claims_of_an_expired_lease_exactly_one_succeeds((store, ..): Stores) {
    let run = waiting(&store, 1).await.id;
    all_claim(&store, &run, 0).await;
    assert_eq!(all_claim(&store, &run, 60).await.epoch, Epoch(2));
}

/// An approval, a denial and the end of the time for both.
pub async fn of_many_answers_at_once_exactly_one_counts((store, ..): Stores) {
    let run = waiting(&store, 1).await.id;
    store.apply(&run, &claim_task("a", 0)).await.unwrap();
    for event in until_approval(Epoch(1)) {
        store.apply(&run, &event).await.unwrap();
    }
    let events = [
        TaskRunEvent::Approve,
        TaskRunEvent::Deny {
            reason: "no".to_owned(),
        },
        TaskRunEvent::Expire { now: at(100) },
    ];
    let answers = at_once(9, |index| {
        let (store, run, event) = (Arc::clone(&store), run.clone(), events[index % 3].clone());
        async move { store.apply(&run, &event).await }
    })
    .await;
    exactly_one(&answers, is_illegal);
    let won = answers.into_iter().find_map(Result::ok);
    let stored = store.task_run(&run).await.unwrap();
    assert_eq!(stored.map(|run| run.state), won);
}

/// What one writes is never taken back by the other.
pub async fn an_interruption_and_the_holder_do_not_lose_each_other((store, ..): Stores) {
    for number in 1..5 {
        let run = waiting(&store, number).await.id;
        store.apply(&run, &claim_task("a", 0)).await.unwrap();
        let (epoch, phase) = (Epoch(1), TaskPhase::Validate);
        store
            .apply(&run, &TaskRunEvent::Begin { epoch, phase })
            .await
            .unwrap();
        let events = [
            TaskRunEvent::Interrupt,
            TaskRunEvent::Git {
                epoch,
                status: GitStatus::BranchCreated,
            },
            TaskRunEvent::Renew {
                epoch,
                now: at(30),
                ttl: TASK_TTL,
            },
            TaskRunEvent::End {
                epoch,
                phase,
                outcome: PhaseOutcome::Done,
            },
        ];
        let answers = at_once(events.len(), |index| {
            let (store, run, event) = (Arc::clone(&store), run.clone(), events[index].clone());
            async move { store.apply(&run, &event).await }
        })
        .await;
        assert!(answers.iter().all(Result::is_ok), "{answers:?}");
        let state = store
            .task_run(&run)
            .await
            .unwrap()
            .expect("it exists")
            .state;
        assert!(state.interrupted_in.is_some(), "{state:?}");
        assert_eq!(state.git, GitStatus::BranchCreated);
        assert_eq!(state.outcome(phase), Some(&PhaseOutcome::Done));
        let expires_at = match state.status {
            TaskRunStatus::Running(lease) => lease.expires_at,
            other => panic!("{other:?}"),
        };
        assert_eq!(expires_at, at(90));
    }
}

/// All of them, or those that need somebody at a moment.
pub async fn runs_that_are_not_over_are_listed_oldest_first((store, ..): Stores) {
    let list = async |due: Option<i64>, limit: usize| {
        let runs = store.unfinished(due.map(at), limit).await.unwrap();
        let numbers = runs.iter().map(|run| run.run_number);
        numbers.collect::<Vec<u32>>()
    };
    assert_eq!(list(None, 10).await, [0; 0]);
    for number in 1..=5 {
        waiting(&store, number).await;
    }
    finish_task_run(&*store, &task_run_id(1)).await;
    // Two waits for a runner, three has one until 60, five until 100.
    store
        .apply(&task_run_id(3), &claim_task("a", 0))
        .await
        .unwrap();
    store
        .apply(&task_run_id(5), &claim_task("a", 40))
        .await
        .unwrap();
    // Four waits for somebody until 100.
    store
        .apply(&task_run_id(4), &claim_task("a", 0))
        .await
        .unwrap();
    for event in until_approval(Epoch(1)) {
        store.apply(&task_run_id(4), &event).await.unwrap();
    }
    assert_eq!(list(None, 10).await, [2, 3, 4, 5]);
    assert_eq!(list(None, 2).await, [2, 3]);
    assert_eq!(list(None, usize::MAX).await.len(), 4);
    assert_eq!(list(Some(59), 10).await, [2]);
    assert_eq!(list(Some(60), 10).await, [2, 3]);
    assert_eq!(list(Some(100), 10).await, [2, 3, 4, 5]);
    assert_eq!(list(Some(100), 1).await, [2]);
    let renew = TaskRunEvent::Renew {
        epoch: Epoch(1),
        now: at(100),
        ttl: TASK_TTL,
    };
    store.apply(&task_run_id(3), &renew).await.unwrap();
    assert_eq!(list(Some(100), 10).await, [2, 4, 5]);
}
