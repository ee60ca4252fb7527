//! Checks of the life of a job.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use retro_domain::{
    Epoch, IllegalTransition, JobEvent, JobFacts, JobState, LeaseOwner, Verdict, transition,
};

use super::samples::{at, claim, job, verdicts};
use super::{at_once, exactly_one, is_not_found, refused};
use crate::{JobStore, StoreError};

type Store = Arc<dyn JobStore>;

const TTL: Duration = Duration::from_secs(60);

/// Also for a repository that nobody knows.
pub async fn an_event_for_an_unknown_job_is_not_found(store: Store) {
    store.enqueue(&[job("tool", 1)]).await.unwrap();
    refused(
        store.apply(&job("tool", 2), &claim("a", 0)).await,
        is_not_found,
    );
    refused(
        store.apply(&job("none", 1), &claim("a", 0)).await,
        is_not_found,
    );
}

/// With everything a status holds.
pub async fn every_status_is_read_back_as_it_was_written(store: Store) {
    let check = async |number: u64, events: &[JobEvent]| {
        let job = job("tool", number);
        store.enqueue(std::slice::from_ref(&job)).await.unwrap();
        for event in events {
            let returned = store.apply(&job, event).await.unwrap();
            assert_eq!(store.job(&job).await.unwrap(), Some(returned));
        }
    };
    let epoch = Epoch(1);
    let first = claim("worker é/\"1\"", 0);
    let renew = JobEvent::Renew {
        epoch,
        now: at(20),
        ttl: TTL,
    };
    check(0, &[first.clone(), renew, JobEvent::HandBack { epoch }]).await;
    check(1, &[first.clone(), JobEvent::Revoke { epoch }]).await;
    let fail = JobEvent::Fail {
        epoch,
        reason: "no \"space\"\nleft".to_owned(),
    };
    check(2, &[first.clone(), fail, JobEvent::Requeue { now: at(9) }]).await;
    for (number, verdict) in (10..).zip(verdicts()) {
        check(
            number,
            &[
                first.clone(),
                JobEvent::Complete {
                    epoch,
                    verdict,
                    facts: JobFacts::default(),
                },
            ],
        )
        .await;
    }
}

/// For many sequences of events, legal and illegal.
pub async fn events_do_what_the_transition_function_says(store: Store) {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |below: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % below
    };
    for number in 0..20 {
        let job = job("tool", number);
        store.enqueue(std::slice::from_ref(&job)).await.unwrap();
        let mut expected = JobState::new();
        for step in 0..25 {
            let now = at(step * 10);
            let epoch = Epoch(expected.epoch.0.saturating_sub(random(4) / 3));
            let event = match random(8) {
                0..3 => JobEvent::Claim {
                    owner: LeaseOwner(format!("worker {}", random(3))),
                    now,
                    ttl: Duration::from_secs(random(30)),
                },
                3 => JobEvent::Renew {
                    epoch,
                    now,
                    ttl: TTL,
                },
                4 => JobEvent::Complete {
                    epoch,
                    verdict: verdicts().swap_remove(usize::try_from(random(8)).unwrap()),
                    facts: JobFacts::default(),
                },
                5 => JobEvent::HandBack { epoch },
                6 => JobEvent::Revoke { epoch },
                _ => JobEvent::Requeue { now },
            };
            match (
                transition(&expected, &event),
                store.apply(&job, &event).await,
            ) {
                (Ok(next), Ok(found)) => {
                    assert_eq!(found, next);
                    expected = next;
                }
                (Err(expected), Err(StoreError::Transition(found))) => assert_eq!(found, expected),
                (expected, found) => panic!("{event:?}: {found:?} instead of {expected:?}"),
            }
            let stored = store.job(&job).await.unwrap();
            assert_eq!(stored.as_ref(), Some(&expected), "after {event:?}");
        }
    }
}

/// Whatever the holder of a lost lease wants.
pub async fn an_older_epoch_is_refused(store: Store) {
    let job = job("tool", 1);
    store.enqueue(std::slice::from_ref(&job)).await.unwrap();
    store.apply(&job, &claim("slow", 0)).await.unwrap();
    let held = store.apply(&job, &claim("quick", 60)).await.unwrap();
    let epoch = Epoch(1);
    for event in [
        JobEvent::Renew {
            epoch,
            now: at(61),
            ttl: TTL,
        },
        JobEvent::Complete {
            epoch,
            verdict: Verdict::Passed,
            facts: JobFacts::default(),
        },
        JobEvent::Fail {
            epoch,
            reason: String::new(),
        },
        JobEvent::HandBack { epoch },
        JobEvent::Revoke { epoch },
    ] {
        let stale = |error: &StoreError| {
            let expected = IllegalTransition::StaleEpoch {
                held: 1,
                current: 2,
            };
            matches!(error, StoreError::Transition(found) if *found == expected)
        };
        refused(store.apply(&job, &event).await, stale);
        assert_eq!(store.job(&job).await.unwrap().as_ref(), Some(&held));
    }
}

/// To the millisecond.
pub async fn a_held_job_cannot_be_claimed_before_its_lease_ends(store: Store) {
    let job = job("tool", 1);
    store.enqueue(std::slice::from_ref(&job)).await.unwrap();
    store.apply(&job, &claim("first", 0)).await.unwrap();
    refused(store.apply(&job, &claim("second", 59)).await, is_illegal);
    let second = store.apply(&job, &claim("second", 60)).await.unwrap();
    assert_eq!((second.epoch, second.attempts), (Epoch(2), 2));
}

fn is_illegal(error: &StoreError) -> bool {
    matches!(error, StoreError::Transition(_))
}

async fn all_claim(store: &Store, job: &retro_domain::CommitJob, seconds: i64) {
    let answers = at_once(8, |index| {
        let (store, job) = (Arc::clone(store), job.clone());
        async move {
            let event = claim(&format!("worker {index}"), seconds);
            store.apply(&job, &event).await
        }
    })
    .await;
    exactly_one(&answers, is_illegal);
    let won = answers.into_iter().find_map(Result::ok);
    assert_eq!(store.job(job).await.unwrap(), won);
}

/// The others are told who holds it.
pub async fn of_many_claims_at_once_exactly_one_succeeds(store: Store) {
    for number in 0..5 {
        let job = job("tool", number);
        store.enqueue(std::slice::from_ref(&job)).await.unwrap();
        all_claim(&store, &job, 0).await;
    }
}

/// As for a job that waits.
pub async fn of_many_claims_of_an_expired_lease_exactly_one_succeeds(store: Store) {
    let job = job("tool", 1);
    store.enqueue(std::slice::from_ref(&job)).await.unwrap();
    all_claim(&store, &job, 0).await;
    all_claim(&store, &job, 60).await;
    let state = store.job(&job).await.unwrap().expect("it exists");
    assert_eq!((state.epoch, state.attempts), (Epoch(2), 2));
}

/// A completion, a failure and a revocation of one claim.
pub async fn of_many_endings_at_once_exactly_one_succeeds(store: Store) {
    let job = job("tool", 1);
    store.enqueue(std::slice::from_ref(&job)).await.unwrap();
    store.apply(&job, &claim("a", 0)).await.unwrap();
    let epoch = Epoch(1);
    let events = [
        JobEvent::Complete {
            epoch,
            verdict: Verdict::Passed,
            facts: JobFacts::default(),
        },
        JobEvent::Fail {
            epoch,
            reason: "x".to_owned(),
        },
        JobEvent::Revoke { epoch },
    ];
    let answers = at_once(9, |index| {
        let (store, job, event) = (Arc::clone(&store), job.clone(), events[index % 3].clone());
        async move { store.apply(&job, &event).await }
    })
    .await;
    exactly_one(&answers, is_illegal);
    let won = answers.into_iter().find_map(Result::ok);
    assert_eq!(store.job(&job).await.unwrap(), won);
}

/// Workers that all go through the same list share it among them.
pub async fn many_workers_claim_every_job_once(store: Store) {
    let jobs: Vec<_> = (0..40).map(|number| job("tool", number)).collect();
    store.enqueue(&jobs).await.unwrap();
    let claimed = at_once(4, |worker| {
        let (store, jobs) = (Arc::clone(&store), jobs.clone());
        async move {
            let mut mine = Vec::new();
            for job in jobs {
                match store.apply(&job, &claim(&format!("{worker}"), 0)).await {
                    Ok(_) => mine.push(job),
                    Err(StoreError::Transition(_)) => {}
                    Err(error) => panic!("{error:?}"),
                }
            }
            mine
        }
    })
    .await;
    let all: Vec<_> = claimed.into_iter().flatten().collect();
    assert_eq!(all.len(), 40);
    assert_eq!(all.into_iter().collect::<HashSet<_>>().len(), 40);
}
