//! Several processes on one data directory, and processes that are killed while they write.
//!
//! A child is this test binary again, told by environment variables to be one.

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Stdio};

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

const ROLE: &str = "RETRO_TEST_ROLE";
const FOLDER: &str = "RETRO_TEST_FOLDER";
const FIRST: &str = "RETRO_TEST_FIRST";

/// A child that writes, and the numbers it says it has written.
struct Writer {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Writer {
    #[expect(
        clippy::disallowed_methods,
        reason = "the child is this test itself, and is killed by its handle"
    )]
    fn start(role: &str, folder: &Path, first: u64) -> Self {
        let program = std::env::current_exe().expect("a test has a file");
        let mut child = std::process::Command::new(program)
            .args([
                "--exact",
                "a_child_does_what_it_was_started_for",
                "--nocapture",
            ])
            .env(ROLE, role)
            .env(FOLDER, folder)
            .env(FIRST, first.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a test can be started again");
        let stdout = child.stdout.take().expect("it is piped");
        Self {
            child,
            lines: BufReader::new(stdout).lines(),
        }
    }

    /// The next number it says; `None` at its end.
    fn next(&mut self) -> Option<u64> {
        self.lines.by_ref().find_map(|line| {
            let line = line.expect("a child writes text");
            line.strip_prefix("wrote ")?.parse().ok()
        })
    }

    /// Kills it at once; the numbers it said that were not read yet.
    fn kill(mut self) -> Vec<u64> {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it was started here");
        std::iter::from_fn(|| self.next()).collect()
    }
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "how the parent tells its child what to do"
)]
fn a_child_does_what_it_was_started_for() {
    let Ok(role) = std::env::var(ROLE) else {
        return;
    };
    let folder = std::env::var(FOLDER).expect("the parent sets it");
    let first = std::env::var(FIRST).expect("the parent sets it");
    let first = first.parse().expect("a number");
    let stores = LocalStores::open(Path::new(&folder)).expect("it opens");
    block_on(async {
        match role.as_str() {
            "write" => {
                for number in first.. {
                    write_one(&stores, number).await.expect("it can be written");
                    say(number);
                }
            }
            "claim" => {
                for number in 0..JOBS {
                    let event = claim(&format!("worker {first}"), 0);
                    match stores.jobs.apply(&job("tool", number), &event).await {
                        Ok(_) => say(number),
                        Err(StoreError::Transition(_)) => {}
                        Err(error) => panic!("{error}"),
                    }
                }
            }
            other => panic!("no such role: {other}"),
        }
    });
}

fn say(number: u64) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "wrote {number}")
        .and_then(|()| out.flush())
        .expect("the parent listens");
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

fn check_integrity(folder: &Path) {
    let database = rusqlite::Connection::open(folder.join("retro.db")).unwrap();
    let verdict: String = database
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(verdict, "ok");
    let faults = database
        .prepare("PRAGMA foreign_key_check")
        .and_then(|mut check| {
            check
                .query_map([], |_| Ok(()))?
                .collect::<Result<Vec<_>, _>>()
        })
        .unwrap();
    assert_eq!(faults.len(), 0);
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
        check_integrity(folder.path());
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
        assert!(writer.child.wait().unwrap().success());
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
