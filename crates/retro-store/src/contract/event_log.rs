//! Checks of event logs.

use std::sync::Arc;
use std::time::Duration;

use retro_domain::{Event, EventKind, OutcomeCounts, Phase, RunId};

use super::samples::{at, commit, verdicts};
use super::{at_once, exactly_one, is_backend, is_conflict, refused};
use crate::EventLog;

type Store = Arc<dyn EventLog>;

fn run(number: u32) -> RunId {
    RunId::new(at(0), number)
}

fn warning(run_number: u32, seq: u64) -> Event {
    Event {
        run: run(run_number),
        seq,
        at: at(1),
        kind: EventKind::Warning {
            message: format!("the {seq}th \"thing\"\n"),
        },
    }
}

fn warnings(run_number: u32, seqs: impl IntoIterator<Item = u64>) -> Vec<Event> {
    let warning = |seq| warning(run_number, seq);
    seqs.into_iter().map(warning).collect()
}

/// An event of every kind, with every phase and verdict.
pub fn every_kind() -> Vec<Event> {
    let commit = commit(1);
    let mut kinds = vec![
        EventKind::RunStarted {
            commits: 4,
            trees: 3,
            cached: 2,
            to_run: u64::MAX,
        },
        EventKind::JobStarted { commit, worker: 0 },
        EventKind::JobFailed {
            commit,
            worker: 1,
            reason: "no space left".to_owned(),
        },
        EventKind::JobHandedBack {
            commit,
            worker: u32::MAX,
        },
        EventKind::Warning {
            message: String::new(),
        },
        EventKind::RunFinished {
            completed: 1,
            failed: 2,
            remaining: 3,
            interrupted: true,
        },
    ];
    kinds.extend(Phase::ALL.map(|phase| EventKind::JobPhase {
        commit,
        worker: 2,
        phase,
    }));
    kinds.extend(
        verdicts()
            .into_iter()
            .map(|verdict| EventKind::JobFinished {
                commit,
                worker: 3,
                verdict,
                counts: OutcomeCounts {
                    passed: 1,
                    failed: 2,
                    errored: 3,
                    skipped: 4,
                    flaky: 5,
                },
                took: Duration::from_micros(1_500_001),
            }),
    );
    let event = |(seq, kind)| Event {
        run: run(1),
        seq,
        at: at(i64::try_from(seq).expect("small")),
        kind,
    };
    (1..).zip(kinds).map(event).collect()
}

/// With everything it says.
pub async fn every_event_is_read_back_in_order(store: Store) {
    let events = every_kind();
    let (first, rest) = events.split_at(3);
    store.append(first).await.unwrap();
    store.append(rest).await.unwrap();
    assert_eq!(store.read(&run(1), 0, usize::MAX).await.unwrap(), events);
}

/// After a number, up to a count.
pub async fn reading_goes_on_where_it_stopped(store: Store) {
    store.append(&warnings(1, 1..=10)).await.unwrap();
    let check = async |after, limit, expected: std::ops::Range<u64>| {
        let read = store.read(&run(1), after, limit).await.unwrap();
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
    assert_eq!(store.read(&run(1), 0, 10).await.unwrap(), []);
}

/// For every run.
pub async fn numbers_start_at_one(store: Store) {
    for seq in [0, 2, u64::MAX] {
        refused(store.append(&[warning(1, seq)]).await, is_conflict);
    }
    assert_eq!(store.read(&run(1), 0, 10).await.unwrap(), []);
}

/// Within a batch and between batches.
pub async fn a_gap_or_a_repeat_is_refused(store: Store) {
    store.append(&warnings(1, [1, 2])).await.unwrap();
    for seqs in [
        vec![2],
        vec![4],
        vec![1, 2, 3],
        vec![3, 5],
        vec![3, 3],
        vec![4, 3],
    ] {
        refused(store.append(&warnings(1, seqs)).await, is_conflict);
    }
    store.append(&warnings(1, [3])).await.unwrap();
    assert_eq!(
        store.read(&run(1), 0, 10).await.unwrap(),
        warnings(1, 1..=3)
    );
}

/// A fault at its end leaves nothing of it.
pub async fn a_batch_is_appended_whole_or_not_at_all(store: Store) {
    refused(store.append(&warnings(1, [1, 2, 4])).await, is_conflict);
    assert_eq!(store.read(&run(1), 0, 10).await.unwrap(), []);
}

/// Two runs in one call are a mistake of the caller.
pub async fn a_batch_is_of_one_run(store: Store) {
    refused(
        store.append(&[warning(1, 1), warning(2, 2)]).await,
        is_backend,
    );
    assert_eq!(store.read(&run(1), 0, 10).await.unwrap(), []);
}

/// With numbers of their own.
pub async fn runs_have_logs_of_their_own(store: Store) {
    store.append(&warnings(1, 1..=2)).await.unwrap();
    store.append(&warnings(2, 1..=3)).await.unwrap();
    store.append(&warnings(1, 3..=3)).await.unwrap();
    for number in [1, 2] {
        let read = store.read(&run(number), 0, 10).await.unwrap();
        assert_eq!(read, warnings(number, 1..=3));
    }
}

/// Two writers of one run find each other out.
pub async fn of_many_appends_at_once_exactly_one_succeeds(store: Store) {
    for seq in 1..4 {
        let answers = at_once(6, |_| {
            let store = Arc::clone(&store);
            async move { store.append(&[warning(1, seq)]).await }
        })
        .await;
        exactly_one(&answers, is_conflict);
    }
    assert_eq!(
        store.read(&run(1), 0, 10).await.unwrap(),
        warnings(1, 1..=3)
    );
}

/// And changes nothing.
pub async fn appending_nothing_is_fine(store: Store) {
    store.append(&[]).await.unwrap();
}
