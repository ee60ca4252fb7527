//! What DynamoDB alone makes of jobs.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use retro_aws::{BatchJob, StatusCounts};
use retro_domain::{
    CommitNote, Epoch, JobEvent, JobFacts, JobStatus, OutcomeCounts, Timestamp, Verdict,
};
use retro_store::contract::block_on;
use retro_store::contract::samples::{claim, job, run, suite};
use retro_store::{JobStore, StoreError};

use crate::support::{Dynamo, Place, raw_dynamodb};

async fn item(place: &Place, job: &retro_domain::CommitJob) -> Vec<(String, String)> {
    let answer = raw_dynamodb(&place.dynamodb_endpoint)
        .get_item()
        .table_name(&place.table)
        .key("repo_id", AttributeValue::S(job.repo.to_string()))
        .key(
            "commit_suite",
            AttributeValue::S(format!("{}#{}", job.commit, job.suite.0)),
        )
        .send()
        .await
        .unwrap();
    let plain = |value: AttributeValue| match value {
        AttributeValue::S(text) | AttributeValue::N(text) => text,
        other => panic!("{other:?}"),
    };
    let mut item: Vec<_> = answer
        .item
        .unwrap()
        .into_iter()
        .filter(|(name, _)| name != "write_token")
        .map(|(name, value)| (name, plain(value)))
        .collect();
    item.sort();
    item
}

/// Names that other programs read: they are part of what is promised.
#[test]
fn the_attributes_of_a_job_are_those_of_the_design() {
    block_on(async {
        let place = Place::new(Dynamo::Dynalite).await;
        let store = place.jobs();
        let mut job = job("tool", 2);
        job.suite = suite(1);
        let run = run("tool", 1, 0..4);
        store
            .enqueue_for(&run, std::slice::from_ref(&job))
            .await
            .unwrap();
        let (commit, fingerprint) = (job.commit.to_string(), job.suite.0.to_string());
        let sort = format!("{commit}#{fingerprint}");
        let base = |rest: &[(&str, &str)]| {
            // What is told later wins.
            let all: BTreeMap<String, String> = [
                ("batch_id", run.id.as_str()),
                ("commit_date", "2023-11-14T21:56:39.123Z"),
                ("commit_hash", &commit),
                ("commit_suite", &sort),
                ("commit_summary", "fix \"2\"\t\u{1f41b}"),
                ("last_updated", "2023-11-14T22:13:20Z"),
                ("repo_id", "some/group/tool"),
                ("suite_fingerprint", &fingerprint),
            ]
            .iter()
            .chain(rest)
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
            all.into_iter().collect::<Vec<_>>()
        };
        let waits = [
            ("attempts", "0"),
            ("lease_epoch", "0"),
            ("status", "PENDING"),
        ];
        assert_eq!(item(&place, &job).await, base(&waits));
        store.apply(&job, &claim("worker", 0)).await.unwrap();
        let runs = [
            ("attempts", "1"),
            ("lease_epoch", "1"),
            ("lease_expires_at", "1700000060123"),
            ("lease_owner", "worker"),
            ("status", "RUNNING"),
        ];
        assert_eq!(item(&place, &job).await, base(&runs));
        let counts = OutcomeCounts {
            passed: 3,
            failed: 2,
            errored: 1,
            skipped: 4,
            flaky: 1,
        };
        let done = JobEvent::Complete {
            epoch: Epoch(1),
            verdict: Verdict::TestsFailed,
            facts: JobFacts {
                counts,
                took: Duration::from_millis(1_234),
                commit: Some(CommitNote {
                    committed_at: Timestamp::from_unix_millis(1_700_000_000_123),
                    summary: "what a runner by itself knows".to_owned(),
                }),
            },
        };
        store.apply(&job, &done).await.unwrap();
        let output = format!(
            "s3://{}/pre/fix/some/group/tool/{commit}/{}/1/",
            place.bucket,
            &fingerprint[..12]
        );
        let complete = [
            ("commit_date", "2023-11-14T22:13:20.123Z"),
            ("commit_summary", "what a runner by itself knows"),
            ("attempts", "1"),
            ("failed_tests", "3"),
            ("lease_epoch", "1"),
            ("processing_duration_ms", "1234"),
            ("s3_output_path", output.as_str()),
            ("status", "COMPLETE"),
            ("total_tests", "10"),
            ("verdict", "\"tests-failed\""),
        ];
        assert_eq!(item(&place, &job).await, base(&complete));
    });
}

/// As the state machine does for a task that never started.
#[test]
fn what_others_write_is_respected() {
    block_on(async {
        let place = Place::new(Dynamo::Dynalite).await;
        let store = place.jobs();
        let job = job("tool", 1);
        store.enqueue(std::slice::from_ref(&job)).await.unwrap();
        store.apply(&job, &claim("worker", 0)).await.unwrap();
        raw_dynamodb(&place.dynamodb_endpoint)
            .update_item()
            .table_name(&place.table)
            .key("repo_id", AttributeValue::S(job.repo.to_string()))
            .key(
                "commit_suite",
                AttributeValue::S(format!("{}#{}", job.commit, job.suite.0)),
            )
            .update_expression("SET #s = :s, error_message = :e")
            .expression_attribute_names("#s", "status")
            .expression_attribute_values(":s", AttributeValue::S("FAILED".to_owned()))
            .expression_attribute_values(":e", AttributeValue::S("it never started".to_owned()))
            .send()
            .await
            .unwrap();
        let state = store.job(&job).await.unwrap().unwrap();
        assert_eq!(
            state.status,
            JobStatus::Failed("it never started".to_owned())
        );
        let late = store
            .apply(&job, &JobEvent::HandBack { epoch: Epoch(1) })
            .await;
        assert!(matches!(late, Err(StoreError::Transition(_))), "{late:?}");
    });
}

/// A reason may be as long as a log.
#[test]
fn what_is_too_large_for_an_item_is_read_back() {
    block_on(async {
        let place = Place::new(Dynamo::Dynalite).await;
        let store = place.jobs();
        let job = job("tool", 1);
        store.enqueue(std::slice::from_ref(&job)).await.unwrap();
        store.apply(&job, &claim("worker", 0)).await.unwrap();
        let reason = "é".repeat(300_000);
        let epoch = Epoch(1);
        let failed = store
            .apply(&job, &JobEvent::Fail { epoch, reason })
            .await
            .unwrap();
        assert_eq!(
            store.states(std::slice::from_ref(&job)).await.unwrap(),
            [Some(failed)]
        );
        let shown = item(&place, &job).await;
        let shown = shown.iter().find(|(name, _)| name == "error_message");
        assert_eq!(shown.unwrap().1.chars().count(), 2001);
    });
}

#[test]
fn a_batch_is_listed_and_counted_by_status() {
    block_on(async {
        let place = Place::new(Dynamo::Dynalite).await;
        let store = place.jobs();
        let jobs: Vec<_> = (0..40).map(|number| job("tool", number)).collect();
        let (batch, other) = (run("tool", 1, 0..40), run("tool", 2, 0..50));
        store.enqueue_for(&batch, &jobs).await.unwrap();
        store.enqueue_for(&other, &[job("tool", 45)]).await.unwrap();
        for job in &jobs[..7] {
            store.apply(job, &claim("worker", 0)).await.unwrap();
        }
        let epoch = Epoch(1);
        let done = JobEvent::Complete {
            epoch,
            verdict: Verdict::Passed,
            facts: JobFacts::default(),
        };
        store.apply(&jobs[0], &done).await.unwrap();
        let reason = "no disk".to_owned();
        store
            .apply(&jobs[1], &JobEvent::Fail { epoch, reason })
            .await
            .unwrap();
        let counts = StatusCounts {
            pending: 33,
            running: 5,
            complete: 1,
            failed: 1,
        };
        let batch = batch.id.as_str();
        assert_eq!(store.count_by_status(batch).await.unwrap(), counts);
        let list = async |status: Option<&str>| {
            let mut pages = store.jobs_of_batch(batch, status);
            let mut all: Vec<BatchJob> = Vec::new();
            while let Some(page) = pages.next_page().await.unwrap() {
                all.extend(page);
            }
            all
        };
        assert_eq!(list(None).await.len(), 40);
        let failed = list(Some("FAILED")).await;
        assert_eq!(failed[0].job, jobs[1]);
        assert_eq!(failed[0].error_message.as_deref(), Some("no disk"));
        let complete = list(Some("COMPLETE")).await;
        assert_eq!((complete[0].total_tests, complete.len()), (Some(0), 1));
        assert!(complete[0].s3_output_path.is_some());
    });
}

/// More than one page of an index, more than one batch of reads.
#[test]
fn thousands_of_jobs_are_added_listed_and_read() {
    block_on(async {
        let place = Place::new(Dynamo::Dynalite).await;
        let store = place.jobs();
        let jobs: Vec<_> = (0..3_000).map(|number| job("tool", number)).collect();
        let batch = run("tool", 1, 0..3_000);
        assert_eq!(store.enqueue_for(&batch, &jobs).await.unwrap(), 3_000);
        assert_eq!(store.enqueue_for(&batch, &jobs[..50]).await.unwrap(), 0);
        let counts = store.count_by_status(batch.id.as_str()).await.unwrap();
        assert_eq!((counts.pending, counts.total()), (3_000, 3_000));
        let states = store.states(&jobs).await.unwrap();
        assert!(states.iter().all(Option::is_some));
    });
}
