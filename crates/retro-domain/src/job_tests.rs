use super::*;
use crate::Digest256;
use proptest::prelude::*;

const TTL: Duration = Duration::from_secs(60);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(seconds)
}

fn claim(now: i64) -> JobEvent {
    JobEvent::Claim {
        owner: LeaseOwner(format!("worker at {now}")),
        now: at(now),
        ttl: TTL,
    }
}

fn events(epoch: Epoch) -> Vec<JobEvent> {
    vec![
        claim(0),
        JobEvent::Renew {
            epoch,
            now: at(1),
            ttl: TTL,
        },
        JobEvent::Complete {
            epoch,
            verdict: Verdict::Passed,
            facts: JobFacts::default(),
        },
        JobEvent::Fail {
            epoch,
            reason: "disk full".to_owned(),
        },
        JobEvent::HandBack { epoch },
        JobEvent::Revoke { epoch },
        JobEvent::Requeue { now: at(0) },
    ]
}

/// Every status x every event, with the name of the status that follows or why there is none.
#[test]
fn every_pair_of_status_and_event_is_decided() {
    let lease = Lease {
        owner: LeaseOwner("w".into()),
        epoch: Epoch(2),
        expires_at: at(60),
    };
    let statuses = [
        JobStatus::Pending,
        JobStatus::Running(lease),
        JobStatus::Complete(Verdict::Passed),
        JobStatus::Failed("x".into()),
    ];
    let mut table = Vec::new();
    for status in statuses {
        let state = JobState {
            status,
            epoch: Epoch(2),
            attempts: 1,
        };
        for event in events(Epoch(2)) {
            let result = match transition(&state, &event) {
                Ok(next) => next.status.name().to_owned(),
                Err(IllegalTransition::Held { .. }) => "held".to_owned(),
                Err(IllegalTransition::WrongStatus { .. }) => "-".to_owned(),
                Err(other) => other.to_string(),
            };
            table.push(result);
        }
    }
    let expected = [
        // claim, renew, complete, fail, hand back, revoke, requeue
        ["RUNNING", "-", "-", "-", "-", "-", "PENDING"],
        [
            "held", "RUNNING", "COMPLETE", "FAILED", "PENDING", "PENDING", "held",
        ],
        ["-", "-", "-", "-", "-", "-", "PENDING"],
        ["-", "-", "-", "-", "-", "-", "PENDING"],
    ];
    assert_eq!(table, expected.concat());
}

#[test]
fn an_expired_lease_is_taken_over_and_its_holder_is_fenced_off() {
    let first = transition(&JobState::new(), &claim(0)).unwrap();
    assert!(transition(&first, &claim(59)).is_err());
    let second = transition(&first, &claim(60)).unwrap();
    let late = JobEvent::Complete {
        epoch: Epoch(1),
        verdict: Verdict::Passed,
        facts: JobFacts::default(),
    };
    assert_eq!(
        transition(&second, &late),
        Err(IllegalTransition::StaleEpoch {
            held: 1,
            current: 2
        })
    );
}

#[test]
fn a_job_lost_three_times_is_not_claimed_a_fourth_time() {
    let mut state = JobState::new();
    for round in 0..3 {
        state = transition(&state, &claim(round * 60)).unwrap();
    }
    assert_eq!(
        transition(&state, &claim(180)),
        Err(IllegalTransition::AttemptsSpent { attempts: 3 })
    );
}

#[test]
fn a_job_left_behind_three_times_runs_again_when_someone_asks() {
    let mut state = JobState::new();
    for _ in 0..3 {
        state = transition(&state, &claim(0)).unwrap();
        state = transition(&state, &JobEvent::Revoke { epoch: state.epoch }).unwrap();
    }
    assert!(transition(&state, &claim(0)).is_err());
    state = transition(&state, &JobEvent::Requeue { now: at(0) }).unwrap();
    assert!(transition(&state, &claim(0)).is_ok());
}

#[test]
fn handing_back_costs_no_attempt() {
    let mut state = JobState::new();
    for round in 0..10 {
        state = transition(&state, &claim(round)).unwrap();
        state = transition(&state, &JobEvent::HandBack { epoch: state.epoch }).unwrap();
    }
    assert_eq!((state.attempts, state.epoch), (0, Epoch(10)));
}

proptest! {
    /// Whatever happens in whatever order, the epoch never falls and two holders never both finish.
    #[test]
    fn epochs_never_fall_and_only_the_latest_holder_acts(
        steps in prop::collection::vec((0_usize..7, 0_u64..4, 0_i64..400), 0..60),
    ) {
        let mut state = JobState::new();
        for (kind, epoch, now) in steps {
            let event = match kind {
                0 => claim(now),
                kind => events(Epoch(epoch)).remove(kind),
            };
            if let Ok(next) = transition(&state, &event) {
                prop_assert!(next.epoch >= state.epoch);
                prop_assert!(next.attempts <= MAX_ATTEMPTS);
                if matches!(event, JobEvent::Complete { .. } | JobEvent::Fail { .. }) {
                    prop_assert_eq!(Epoch(epoch), state.epoch);
                    prop_assert!(matches!(state.status, JobStatus::Running(_)));
                }
                state = next;
            }
        }
    }
}

#[test]
fn a_commit_job_is_ordered_by_repository_then_commit() {
    let job = |commit: &str| CommitJob {
        repo: RepoId::new("o", "n").unwrap(),
        commit: commit.repeat(20).parse().unwrap(),
        suite: SuiteFingerprint(Digest256::of(b"s")),
    };
    assert!(job("0a") < job("0b"));
}
