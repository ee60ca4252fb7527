//! Answers that get lost, services that say no.

use std::sync::atomic::{AtomicUsize, Ordering};

use retro_aws::AwsClients;
use retro_domain::{Epoch, Event, EventKind, JobEvent, JobFacts, Verdict};
use retro_store::contract::block_on;
use retro_store::contract::samples::{at, claim, job, run, scope};
use retro_store::{
    ArtifactContent, ArtifactStore, EventLog, JobStore, Manifest, RunStatus, RunStore, StoreError,
};
use retro_testing::{Fault, FaultProxy, Request};

use crate::support::{Bucket, Dynamo, Place, clients, settings};

/// A proxy that treats the first `count` requests of an operation in one way.
fn proxy(endpoint: &str, operation: &'static str, count: usize, fault: Fault) -> FaultProxy {
    let seen = AtomicUsize::new(0);
    let address = endpoint.trim_start_matches("http://").to_owned();
    FaultProxy::start(&address, move |request: &Request| {
        let is_it = request.target.ends_with(operation)
            || request.method == operation
            || operation.split_once(' ').is_some_and(|(method, part)| {
                request.method == method && request.path.contains(part)
            });
        if is_it && seen.fetch_add(1, Ordering::SeqCst) < count {
            fault.clone()
        } else {
            Fault::None
        }
    })
}

/// Every way in which the SDK tries again, and the one in which it gives up.
const LOST: [(Fault, usize); 5] = [
    (Fault::DropAfter, 1),
    (Fault::DropBefore, 1),
    (Fault::CutAnswer, 1),
    (Fault::DropAfter, 3),
    (Fault::DropAfter, 4),
];

#[test]
fn a_change_whose_answer_was_lost_is_made_once_and_reported() {
    block_on(async {
        let place = Place::new(Dynamo::Dynalite).await;
        let direct = place.jobs();
        for (number, (fault, count)) in (0..).zip(LOST) {
            let what = format!("{fault:?} {count}");
            let proxy = proxy(&place.dynamodb_endpoint, "UpdateItem", count, fault);
            let store = place.jobs_through(&clients(&proxy.endpoint()).await);
            let job = job("tool", number);
            direct.enqueue(std::slice::from_ref(&job)).await.unwrap();
            let state = store.apply(&job, &claim("a", 0)).await;
            let state = state.unwrap_or_else(|error| panic!("{what}: {error}"));
            assert_eq!((state.epoch, state.attempts), (Epoch(1), 1), "{what}");
            assert_eq!(direct.job(&job).await.unwrap(), Some(state), "{what}");
        }
    });
}

/// Two workers with the same words: what tells them apart is the token of the write.
#[test]
fn an_equal_change_of_somebody_else_is_not_taken_for_ones_own() {
    block_on(async {
        let place = Place::new(Dynamo::Dynalite).await;
        let direct = place.jobs();
        let job = job("tool", 1);
        direct.enqueue(std::slice::from_ref(&job)).await.unwrap();
        let (other, same) = (direct.clone(), job.clone());
        let address = place
            .dynamodb_endpoint
            .trim_start_matches("http://")
            .to_owned();
        let done = AtomicUsize::new(0);
        let proxy = FaultProxy::start(&address, move |request: &Request| {
            if request.target.ends_with("UpdateItem") && done.fetch_add(1, Ordering::SeqCst) == 0 {
                block_on(other.apply(&same, &claim("a", 0))).unwrap();
                return Fault::DropBefore;
            }
            Fault::None
        });
        let store = place.jobs_through(&clients(&proxy.endpoint()).await);
        let answer = store.apply(&job, &claim("a", 0)).await;
        assert!(
            matches!(answer, Err(StoreError::Transition(_))),
            "{answer:?}"
        );
    });
}

/// What the state machine wrote after the lost answer wins.
#[test]
fn a_change_that_was_overwritten_is_judged_by_what_is_there() {
    block_on(async {
        let place = Place::new(Dynamo::Dynalite).await;
        let direct = place.jobs();
        let job = job("tool", 1);
        direct.enqueue(std::slice::from_ref(&job)).await.unwrap();
        let address = place
            .dynamodb_endpoint
            .trim_start_matches("http://")
            .to_owned();
        let (other, same) = (direct.clone(), job.clone());
        let seen = AtomicUsize::new(0);
        let proxy = FaultProxy::start(&address, move |request: &Request| {
            if !request.target.ends_with("UpdateItem") {
                return Fault::None;
            }
            match seen.fetch_add(1, Ordering::SeqCst) {
                0 => Fault::DropAfter,
                1 => {
                    let revoke = JobEvent::Revoke { epoch: Epoch(1) };
                    block_on(other.apply(&same, &revoke)).unwrap();
                    Fault::None
                }
                _ => Fault::None,
            }
        });
        let store = place.jobs_through(&clients(&proxy.endpoint()).await);
        // The first claim is gone, so a second one is made.
        let state = store.apply(&job, &claim("a", 0)).await.unwrap();
        assert_eq!(state.epoch, Epoch(2));
        assert_eq!(direct.job(&job).await.unwrap(), Some(state));
    });
}

#[test]
fn jobs_whose_answers_were_lost_are_added_and_counted_once() {
    block_on(async {
        for dynamo in [Dynamo::Dynalite, Dynamo::Moto] {
            let place = Place::new(dynamo).await;
            for (round, (fault, count)) in (0..).zip(LOST) {
                let proxy = proxy(&place.dynamodb_endpoint, "PutItem", count, fault);
                let store = place.jobs_through(&clients(&proxy.endpoint()).await);
                let jobs: Vec<_> = (0..10).map(|it| job("tool", round * 10 + it)).collect();
                assert_eq!(store.enqueue(&jobs).await.unwrap(), 10);
                assert!(
                    store
                        .states(&jobs)
                        .await
                        .unwrap()
                        .iter()
                        .all(Option::is_some)
                );
            }
        }
    });
}

#[test]
fn runs_whose_answers_were_lost_are_stored_and_changed_once() {
    block_on(async {
        let place = Place::new(Dynamo::Dynalite).await;
        for (started, (fault, count)) in (0..).zip(LOST) {
            let given = run("tool", started, 0..3);
            let puts = proxy(&place.dynamodb_endpoint, "PutItem", count, fault.clone());
            let store = place.jobs_through(&clients(&puts.endpoint()).await);
            store.create_run(&given).await.unwrap();
            let again = store.create_run(&given).await;
            assert!(
                matches!(again, Err(StoreError::Conflict { .. })),
                "{again:?}"
            );
            let updates = proxy(&place.dynamodb_endpoint, "UpdateItem", count, fault);
            let store = place.jobs_through(&clients(&updates.endpoint()).await);
            let (from, to) = (RunStatus::Running, RunStatus::Finished);
            store
                .set_run_status(&given.id, from, to, at(9))
                .await
                .unwrap();
            let again = store.set_run_status(&given.id, from, to, at(9)).await;
            assert!(
                matches!(again, Err(StoreError::Conflict { .. })),
                "{again:?}"
            );
        }
        assert_eq!(place.jobs().runs(None, 10).await.unwrap().len(), LOST.len());
    });
}

#[test]
fn events_whose_answers_were_lost_are_stored_once() {
    block_on(async {
        let place = Place::new(Dynamo::Dynalite).await;
        let run = run("tool", 1, 0..1).id;
        let event = |seq| Event {
            run: run.clone(),
            seq,
            at: at(1),
            kind: EventKind::Warning {
                message: "x".repeat(400_000),
            },
        };
        let mut seq = 1;
        for (fault, count) in LOST {
            let proxy = proxy(&place.dynamodb_endpoint, "PutItem", count, fault);
            let log = place.events_through(&clients(&proxy.endpoint()).await);
            log.append(&[event(seq), event(seq + 1)]).await.unwrap();
            seq += 2;
        }
        let read = place.events().read(&run, 0, usize::MAX).await.unwrap();
        assert_eq!(read, (1..seq).map(event).collect::<Vec<_>>());
    });
}

#[test]
fn a_manifest_whose_answer_was_lost_is_written_once_and_known_as_ones_own() {
    block_on(async {
        let bucket = Bucket::on_moto().await;
        for (number, (fault, count)) in (0..).zip(LOST) {
            let what = format!("{fault:?} {count}");
            let proxy = proxy(&bucket.endpoint, "PUT manifest.json", count, fault);
            let store = bucket.artifacts_through(&clients(&proxy.endpoint()).await);
            let scope = scope(number, 1);
            let finished = store.finish(&scope, &Manifest::default()).await;
            finished.unwrap_or_else(|error| panic!("{what}: {error}"));
            let second = bucket
                .artifacts()
                .finish(&scope, &Manifest::default())
                .await;
            assert!(
                matches!(second, Err(StoreError::Conflict { .. })),
                "{what}: {second:?}"
            );
        }
    });
}

/// Each request of an upload in parts gets lost once: its creation, a part, its end.
#[test]
fn an_upload_in_parts_survives_lost_answers() {
    block_on(async {
        let bucket = Bucket::on_moto().await;
        let content = vec![9; (5 << 20) + 1];
        let check = async |number: u64, operation: &'static str, fault: Fault| {
            let what = format!("{operation}: {fault:?}");
            let proxy = proxy(&bucket.endpoint, operation, 1, fault);
            let store = bucket.artifacts_through(&clients(&proxy.endpoint()).await);
            let scope = scope(number, 1);
            let given = ArtifactContent::Bytes(content.clone());
            let entry = store.put(&scope, "big", given).await;
            let entry = entry.unwrap_or_else(|error| panic!("{what}: {error}"));
            let entries = vec![entry];
            store.finish(&scope, &Manifest { entries }).await.unwrap();
            let read = store.read(&scope, "big").await.unwrap();
            assert!(read.as_ref() == Some(&content), "{what}");
        };
        check(1, "POST uploads", Fault::DropAfter).await;
        check(2, "POST uploads", Fault::internal()).await;
        check(3, "PUT partNumber=2", Fault::DropAfter).await;
        check(4, "PUT partNumber=2", Fault::DropBefore).await;
        check(5, "PUT partNumber=2", Fault::s3_slow_down()).await;
        check(6, "POST uploadId", Fault::DropAfter).await;
        check(7, "POST uploadId", Fault::internal()).await;
    });
}

#[test]
fn an_answer_that_breaks_off_is_read_again() {
    block_on(async {
        let bucket = Bucket::on_moto().await;
        let scope = scope(1, 1);
        let direct = bucket.artifacts();
        let content = vec![7; 100_000];
        let given = ArtifactContent::Bytes(content.clone());
        let entry = direct.put(&scope, "log", given).await.unwrap();
        let entries = vec![entry];
        direct.finish(&scope, &Manifest { entries }).await.unwrap();
        let proxy = proxy(&bucket.endpoint, "GET log", 2, Fault::CutAnswer);
        let store = bucket.artifacts_through(&clients(&proxy.endpoint()).await);
        assert_eq!(store.read(&scope, "log").await.unwrap(), Some(content));
    });
}

/// An upload that cannot be finished leaves nothing that anybody pays for.
#[test]
fn an_upload_that_fails_is_given_up() {
    block_on(async {
        let bucket = Bucket::on_moto().await;
        let proxy = proxy(&bucket.endpoint, "PUT partNumber=2", 99, Fault::internal());
        let store = bucket.artifacts_through(&clients(&proxy.endpoint()).await);
        let given = ArtifactContent::Bytes(vec![0; 11 << 20]);
        let error = store.put(&scope(1, 1), "big", given).await.unwrap_err();
        assert!(error.is_retryable(), "{error:?}");
        let left = crate::support::raw_s3(&bucket.endpoint)
            .list_multipart_uploads()
            .bucket(&bucket.name)
            .send()
            .await
            .unwrap();
        assert_eq!(left.uploads().len(), 0);
    });
}

#[test]
fn throttling_is_waited_out_and_then_said() {
    block_on(async {
        let place = Place::new(Dynamo::Dynalite).await;
        let job = job("tool", 1);
        let throttled = Fault::dynamodb_throttled();
        let some = proxy(&place.dynamodb_endpoint, "PutItem", 2, throttled.clone());
        let store = place.jobs_through(&clients(&some.endpoint()).await);
        assert_eq!(store.enqueue(std::slice::from_ref(&job)).await.unwrap(), 1);
        let all = proxy(&place.dynamodb_endpoint, "GetItem", 99, throttled);
        let store = place.jobs_through(&clients(&all.endpoint()).await);
        let error = store.job(&job).await.unwrap_err();
        assert!(error.is_retryable(), "{error:?}");
    });
}

/// Everything that trying again does not change names what to do.
#[test]
fn refusals_name_the_place_and_the_next_step() {
    block_on(async {
        let place = Place::new(Dynamo::Dynalite).await;
        let check = |error: StoreError, words: &[&str]| {
            assert!(!error.is_retryable(), "{error:?}");
            let text = error.to_string();
            for word in words {
                assert!(text.contains(word), "{word:?} is not in {text:?}");
            }
        };
        let denied = Fault::Answer(
            400,
            "application/x-amz-json-1.0".to_owned(),
            r#"{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"no"}"#
                .to_owned(),
        );
        let proxy = proxy(&place.dynamodb_endpoint, "GetItem", 9, denied);
        let store = place.jobs_through(&clients(&proxy.endpoint()).await);
        let error = store.job(&job("tool", 1)).await.unwrap_err();
        check(error, &["reading a job", &place.table, "permission"]);

        let mut elsewhere = Place::new(Dynamo::Dynalite).await;
        elsewhere.table = "no-such-table".to_owned();
        let error = elsewhere.jobs().job(&job("tool", 1)).await.unwrap_err();
        check(error, &["no-such-table", "create the stack"]);

        let mut bucket = Bucket::on_moto().await;
        bucket.name = "no-such-bucket".to_owned();
        let content = ArtifactContent::Bytes(Vec::new());
        let error = bucket
            .artifacts()
            .put(&scope(1, 1), "log", content)
            .await
            .unwrap_err();
        check(error, &["no-such-bucket", "create the stack"]);
    });
}

#[test]
fn what_is_out_of_reach_is_unavailable() {
    block_on(async {
        let place = Place::new(Dynamo::Dynalite).await;
        // Bound and never accepted from once it is dropped.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", port.local_addr().unwrap());
        drop(port);
        let store = place.jobs_through(&clients(&endpoint).await);
        let error = store.job(&job("tool", 1)).await.unwrap_err();
        assert!(error.is_retryable(), "{error:?}");
    });
}

#[test]
fn certificates_that_are_none_are_said_before_anything_is_done() {
    block_on(async {
        let mut settings = settings("http://127.0.0.1:1");
        settings.trusted_certificates = Some(b"none".to_vec());
        settings.endpoint = Some("https://127.0.0.1:1".to_owned());
        let error = AwsClients::load(&settings).await.unwrap_err();
        assert!(error.to_string().contains("certificate"), "{error}");
    });
}

/// What a completed job says of itself is written with its verdict or not at all.
#[test]
fn a_completion_whose_answer_was_lost_has_its_facts() {
    block_on(async {
        let place = Place::new(Dynamo::Moto).await;
        let direct = place.jobs();
        let job = job("tool", 1);
        direct.enqueue(std::slice::from_ref(&job)).await.unwrap();
        direct.apply(&job, &claim("a", 0)).await.unwrap();
        let proxy = proxy(&place.dynamodb_endpoint, "UpdateItem", 1, Fault::DropAfter);
        let store = place.jobs_through(&clients(&proxy.endpoint()).await);
        let done = JobEvent::Complete {
            epoch: Epoch(1),
            verdict: Verdict::Passed,
            facts: JobFacts::default(),
        };
        store.apply(&job, &done).await.unwrap();
        let again = store.apply(&job, &done).await;
        assert!(matches!(again, Err(StoreError::Transition(_))), "{again:?}");
    });
}
