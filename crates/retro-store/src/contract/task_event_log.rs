//! Checks of the event logs of task runs.

use std::sync::Arc;

use retro_domain::{TaskEvent, TaskEventKind};

use super::samples::at;
use super::task_samples::{every_task_event, task_run_id};
use super::{at_once, exactly_one, is_backend, is_conflict, refused};
use crate::TaskEventLog;

type Store = Arc<dyn TaskEventLog>;

fn warning(run: u32, seq: u64) -> TaskEvent {
    TaskEvent {
        run: task_run_id(run),
        seq,
        at: at(1),
        kind: TaskEventKind::Warning {
            message: format!("the {seq}th \"thing\"\n"),
        },
    }
}

fn warnings(run: u32, seqs: impl IntoIterator<Item = u64>) -> Vec<TaskEvent> {
    seqs.into_iter().map(|seq| warning(run, seq)).collect()
}

async fn all(store: &Store, run: u32) -> Vec<TaskEvent> {
    let all = store.read(&task_run_id(run), 0, usize::MAX).await;
    all.unwrap()
}

/// With everything it says.
pub async fn every_event_is_read_back_in_order(store: Store) {
    let events = every_task_event();
    let (first, rest) = events.split_at(3);
    store.append(first).await.unwrap();
    store.append(rest).await.unwrap();
    assert_eq!(all(&store, 1).await, events);
}

/// After a number, up to a count.
pub async fn reading_goes_on_where_it_stopped(store: Store) {
    store.append(&warnings(1, 1..=10)).await.unwrap();
    let check = async |after, limit, expected: std::ops::Range<u64>| {
        let read = store.read(&task_run_id(1), after, limit).await.unwrap();
        assert_eq!(read, warnings(1, expected));
    };
    check(0, 3, 1..4).await;
    check(3, 3, 4..7).await;
    check(9, 3, 10..11).await;
    check(10, 3, 0..0).await;
    check(u64::MAX, 3, 0..0).await;
    check(0, 0, 0..0).await;
}

/// Not an error.
pub async fn an_unknown_run_has_no_events(store: Store) {
    assert_eq!(all(&store, 1).await, []);
}

/// For every run.
pub async fn numbers_start_at_one(store: Store) {
    for seq in [0, 2, u64::MAX] {
        refused(store.append(&[warning(1, seq)]).await, is_conflict);
    }
    assert_eq!(all(&store, 1).await, []);
}

/// Within a batch and between batches.
pub async fn a_gap_or_a_repeat_is_refused(store: Store) {
    store.append(&warnings(1, [1, 2])).await.unwrap();
    let wrong: [&[u64]; 6] = [&[2], &[4], &[1, 2, 3], &[3, 5], &[3, 3], &[4, 3]];
    for seqs in wrong {
        let events = warnings(1, seqs.iter().copied());
        refused(store.append(&events).await, is_conflict);
    }
    store.append(&warnings(1, [3])).await.unwrap();
    assert_eq!(all(&store, 1).await, warnings(1, 1..=3));
}

/// A fault at its end leaves nothing of it.
pub async fn a_batch_is_appended_whole_or_not_at_all(store: Store) {
    refused(store.append(&warnings(1, [1, 2, 4])).await, is_conflict);
    assert_eq!(all(&store, 1).await, []);
}

/// Two runs in one call are a mistake of the caller.
pub async fn a_batch_is_of_one_run(store: Store) {
    let events = [warning(1, 1), warning(2, 2)];
    refused(store.append(&events).await, is_backend);
    assert_eq!(all(&store, 1).await, []);
}

/// With numbers of their own.
pub async fn runs_have_logs_of_their_own(store: Store) {
    store.append(&warnings(1, 1..=2)).await.unwrap();
    store.append(&warnings(2, 1..=3)).await.unwrap();
    store.append(&warnings(1, 3..=3)).await.unwrap();
    for run in [1, 2] {
        assert_eq!(all(&store, run).await, warnings(run, 1..=3));
    }
}

/// A runner and somebody who cancels find each other out.
pub async fn of_many_appends_at_once_exactly_one_succeeds(store: Store) {
    for seq in 1..4 {
        let answers = at_once(6, |_| {
            let store = Arc::clone(&store);
            async move { store.append(&[warning(1, seq)]).await }
        })
        .await;
        exactly_one(&answers, is_conflict);
    }
    assert_eq!(all(&store, 1).await, warnings(1, 1..=3));
}

/// None is lost, and each writer's are in its order.
pub async fn writers_that_read_on_append_all_of_theirs(store: Store) {
    const EACH: usize = 10;
    at_once(4, |writer| {
        let store = Arc::clone(&store);
        async move {
            let mut seq = 0;
            for tries in 0..EACH {
                loop {
                    let event = TaskEvent {
                        kind: TaskEventKind::Warning {
                            message: format!("{writer} {tries}"),
                        },
                        ..warning(1, seq + 1)
                    };
                    match store.append(&[event]).await {
                        Ok(()) => break seq += 1,
                        Err(error) => assert!(is_conflict(&error), "{error:?}"),
                    }
                    let more = store.read(&task_run_id(1), seq, usize::MAX).await.unwrap();
                    seq += more.len() as u64;
                }
            }
        }
    })
    .await;
    let all = all(&store, 1).await;
    let numbers: Vec<u64> = all.iter().map(|event| event.seq).collect();
    assert_eq!(numbers, (1..=4 * EACH as u64).collect::<Vec<_>>());
    for writer in 0..4 {
        let of_writer = all.iter().filter_map(|event| match &event.kind {
            TaskEventKind::Warning { message } => message.strip_prefix(&format!("{writer} ")),
            _ => None,
        });
        let expected: Vec<String> = (0..EACH).map(|tries| tries.to_string()).collect();
        assert_eq!(of_writer.collect::<Vec<_>>(), expected);
    }
}

/// And changes nothing.
pub async fn appending_nothing_is_fine(store: Store) {
    store.append(&[]).await.unwrap();
}
