//! Several processes on one data directory, and processes that are killed while they write.
//!
//! A child is this test binary again, told by environment variables to be one.

mod child;
mod integrity;

use std::collections::HashSet;

use retro_domain::{
    CommitJob, Epoch, Event, EventKind, JobEvent, JobFacts, JobStatus, LeaseOwner, Outcome, RunId,
    TestCase, Timestamp, Verdict,
};
use retro_store::contract::block_on;
use retro_store::contract::samples::{at, case, claim, commit, full_case, job, key, result, scope};
use retro_store::{
    ArtifactContent, ArtifactStore as _, EventLog as _, JobStore as _, Manifest, PutCondition,
    ResultRecord, ResultStore as _, StoreError,
};
use retro_store_local::LocalStores;

use child::Writer;

#[test]
fn a_child_does_what_it_was_started_for() {
    let Some(task) = child::task() else {
        return;
    };
    let stores = LocalStores::open(&task.folder).expect("it opens");
    block_on(async {
        match task.role.as_str() {
            "write" => {
                for number in task.first.. {
                    write_one(&stores, number).await.expect("it can be written");
                    child::say(number);
                }
            }
            "claim" => {
                for number in 0..JOBS {
                    let event = claim(&format!("worker {}", task.first), 0);
                    match stores.jobs.apply(&job("tool", number), &event).await {
                        Ok(_) => child::say(number),
                        Err(StoreError::Transition(_)) => {}
                        Err(error) => panic!("{error}"),
                    }
                }
            }
            other => panic!("no such role: {other}"),
        }
    });
}

const JOBS: u64 = 300;

/// Everything a job writes, in the order in which a worker writes it.
async fn write_one(stores: &LocalStores, number: u64) -> Result<(), StoreError> {
    let job = job("tool", number);
    stores.jobs.enqueue(std::slice::from_ref(&job)).await?;
    stores.jobs.apply(&job, &claim("a", 0)).await?;
    let scope = scope(number, 1);
    let content = ArtifactContent::Bytes(log_of(number));
    let entry = stores.artifacts.put(&scope, "deep/log", content).await?;
    let entries = vec![entry];
    stores
        .artifacts
        .finish(&scope, &Manifest { entries })
        .await?;
    stores
        .results
        .put(&record(number), PutCondition::Absent)
        .await?;
    let complete = JobEvent::Complete {
        epoch: Epoch(1),
        verdict: Verdict::Passed,
        facts: JobFacts::default(),
    };
    stores.jobs.apply(&job, &complete).await?;
    stores.events.append(&events(number)).await
}

fn log_of(number: u64) -> Vec<u8> {
    format!("{number}\n").repeat(20_000).into_bytes()
}

fn record(number: u64) -> ResultRecord {
    let plain = |index: u64| {
        let place = usize::try_from((index + number) % 4).expect("small");
        TestCase {
            message: index
                .is_multiple_of(7)
                .then(|| format!("{index} at {number}")),
            ..case(&format!("test {}", index + number), Outcome::ALL[place])
        }
    };
    let cases = (0..300).map(plain).chain([full_case("full")]);
    result("tool", number, cases.collect())
}

fn run_of(number: u64) -> RunId {
    RunId::new(at(0), u32::try_from(number).expect("small"))
}

fn events(number: u64) -> Vec<Event> {
    let event = |seq| Event {
        run: run_of(number),
        seq,
        at: at(1),
        kind: EventKind::JobStarted {
            commit: commit(number),
            worker: 0,
        },
    };
    (1..4).map(event).collect()
}

/// What must hold whenever a process was killed: what it reported is there, the rest is whole or
/// absent, and nothing claims to be complete that is not.
async fn check_whole(stores: &LocalStores, number: u64, reported: bool) {
    let record = record(number);
    let cases = stores.results.cases(&record.key).await.unwrap();
    if let Some(cases) = &cases {
        assert_eq!(*cases, record.in_stored_precision().cases);
        let summary = stores.results.summaries(&[record.key]).await.unwrap();
        assert_eq!(
            summary[0].as_ref().map(|it| it.counts),
            Some(record.counts())
        );
    }
    let state = stores.jobs.job(&job("tool", number)).await.unwrap();
    let complete = state.is_some_and(|state| matches!(state.status, JobStatus::Complete(_)));
    let log = stores
        .artifacts
        .read(&scope(number, 1), "deep/log")
        .await
        .unwrap();
    if let Some(log) = &log {
        assert!(*log == log_of(number), "half a log of {number}");
    }
    let read = stores.events.read(&run_of(number), 0, 9).await.unwrap();
    assert!(
        read.is_empty() || read == events(number),
        "half a batch of {number}"
    );
    if reported {
        assert!(
            !read.is_empty(),
            "reported and lost: the events of {number}"
        );
    }
    if reported || complete {
        assert!(cases.is_some(), "complete and no result: {number}");
        assert!(log.is_some(), "complete and no artifacts: {number}");
    }
}

#[test]
fn a_killed_process_leaves_whole_records_only() {
    let folder = tempfile::tempdir().unwrap();
    let mut reported: HashSet<u64> = HashSet::new();
    // Two writers at a time, killed after each of these counts of records.
    for (round, count) in (0..).zip([1, 2, 3, 5, 8, 13]) {
        let start = |worker: u64| Writer::start("write", folder.path(), round * 10_000 + worker);
        let (mut quick, slow) = (start(0), start(5_000));
        for _ in 0..count {
            reported.extend(quick.next());
        }
        reported.extend(quick.kill());
        reported.extend(slow.kill());
        integrity::check_integrity(folder.path());
        let stores = LocalStores::open(folder.path()).expect("it opens after a kill");
        block_on(async {
            for first in (0..=round).flat_map(|round| [round * 10_000, round * 10_000 + 5_000]) {
                // A few more than were reported: one was in the middle of being written.
                let last = reported
                    .iter()
                    .filter(|it| (first..first + 5_000).contains(*it))
                    .max();
                for number in first..last.map_or(first, |last| *last) + 3 {
                    check_whole(&stores, number, reported.contains(&number)).await;
                }
            }
            let usable = 900_000 + round;
            write_one(&stores, usable)
                .await
                .expect("it can be written after a kill");
            reported.insert(usable);
            check_whole(&stores, usable, true).await;
        });
        stores
            .remove_unreferenced()
            .expect("garbage can be collected after a kill");
    }
    assert!(reported.len() > 30, "the writers wrote {}", reported.len());
}

#[test]
fn two_processes_share_the_jobs_between_them() {
    let folder = tempfile::tempdir().unwrap();
    let stores = LocalStores::open(folder.path()).unwrap();
    let jobs: Vec<CommitJob> = (0..JOBS).map(|number| job("tool", number)).collect();
    block_on(stores.jobs.enqueue(&jobs)).unwrap();
    let mut workers = [1, 2, 3].map(|worker| Writer::start("claim", folder.path(), worker));
    let mut claimed = Vec::new();
    for (worker, writer) in (1..).zip(&mut workers) {
        while let Some(number) = writer.next() {
            claimed.push((number, worker));
        }
        writer.finish();
    }
    let numbers: HashSet<u64> = claimed.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers.len(), jobs.len(), "a job was not claimed");
    assert_eq!(claimed.len(), jobs.len(), "a job was claimed twice");
    block_on(async {
        for (number, worker) in claimed {
            let state = stores
                .jobs
                .job(&job("tool", number))
                .await
                .unwrap()
                .unwrap();
            let JobStatus::Running(lease) = state.status else {
                panic!("{number} is {state:?}");
            };
            assert_eq!(lease.owner, LeaseOwner(format!("worker {worker}")));
            assert!(lease.expires_at > Timestamp::default());
        }
        assert_eq!(stores.results.summaries(&[key(1)]).await.unwrap(), [None]);
    });
}
