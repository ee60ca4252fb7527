//! Several processes on the runs of tasks of one data directory, and processes that are killed.

mod child;
mod integrity;

use std::collections::{BTreeSet, HashSet};

use retro_domain::{
    EffectId, EffectKind, EffectRecord, Epoch, GitStatus, LeaseOwner, PhaseOutcome, RunId,
    TaskEvent, TaskEventKind, TaskPhase, TaskRunEvent, TaskRunStatus,
};
use retro_store::contract::block_on;
use retro_store::contract::samples::at;
use retro_store::contract::task_samples::{claim_task, full_task, git_facts, new_task_run};
use retro_store::{
    NewTaskRun, StoreError, TaskEventLog as _, TaskJournal as _, TaskRunFilter, TaskRunStore as _,
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
            "share" => {
                for number in 0..RUNS {
                    share_one(&stores, task.first, number).await;
                }
            }
            other => panic!("no such role: {other}"),
        }
    });
}

fn asked(task_id: &str, number: u64) -> NewTaskRun {
    let number = u32::try_from(number).expect("small");
    NewTaskRun {
        context: full_task(task_id),
        ..new_task_run("tool", task_id, number)
    }
}

fn warning(run: &RunId, seq: u64) -> TaskEvent {
    TaskEvent {
        run: run.clone(),
        seq,
        at: at(1),
        kind: TaskEventKind::Warning {
            message: format!("{seq} of {run}"),
        },
    }
}

fn effect(run: &RunId) -> EffectRecord {
    let id = EffectId {
        run: run.clone(),
        kind: EffectKind::Branch,
        ordinal: 1,
    };
    EffectRecord::intended(id, "a branch")
}

fn events(run: &RunId) -> Vec<TaskEvent> {
    (1..4).map(|seq| warning(run, seq)).collect()
}

/// Much of what a runner writes, in its order.
async fn write_one(stores: &LocalStores, number: u64) -> Result<(), StoreError> {
    let (runs, journal) = (&stores.task_runs, &stores.task_journal);
    let run = runs.create_task_run(&asked("T-1", number)).await?.id;
    runs.apply(&run, &claim_task("a", 0)).await?;
    let (epoch, phase) = (Epoch(1), TaskPhase::Validate);
    runs.apply(&run, &TaskRunEvent::Begin { epoch, phase })
        .await?;
    journal.intend(&effect(&run), epoch).await?;
    journal.receipt(&effect(&run).id, epoch, "made").await?;
    runs.set_git(&run, epoch, &git_facts(number)).await?;
    let status = GitStatus::BranchCreated;
    runs.apply(&run, &TaskRunEvent::Git { epoch, status })
        .await?;
    stores.task_events.append(&events(&run)).await?;
    let outcome = PhaseOutcome::Done;
    let end = TaskRunEvent::End {
        epoch,
        phase,
        outcome,
    };
    runs.apply(&run, &end).await.map(drop)
}

/// What must hold whenever a process was killed: what it reported is there, the rest is whole or
/// absent, and each thing implies the one before it.
async fn check_whole(stores: &LocalStores, number: u64, reported: bool) {
    let asked = asked("T-1", number);
    let run = stores.task_runs.task_run(&asked.id).await.unwrap();
    let effects = stores.task_journal.effects(&asked.id).await.unwrap();
    let log = stores.task_events.read(&asked.id, 0, 9).await.unwrap();
    let Some(run) = run else {
        assert!(!reported, "reported and lost: {number}");
        assert!(effects.is_empty() && log.is_empty(), "of no run: {number}");
        return;
    };
    assert_eq!(run.context, asked.context);
    let is_done = run.state.went_well(TaskPhase::Validate);
    assert!(is_done || !reported, "reported and not done: {number}");
    let is_logged = log == events(&run.id);
    assert!(is_logged || log.is_empty(), "half a batch of {number}");
    assert!(is_logged || !is_done, "done without events: {number}");
    let has_branch = run.state.git == GitStatus::BranchCreated;
    assert!(has_branch || !is_logged, "said and not so: {number}");
    let is_found = run.git == git_facts(number);
    assert!(is_found || run.git == Default::default(), "{:?}", run.git);
    assert!(
        is_found || !has_branch,
        "a branch that is nowhere: {number}"
    );
    let made = effect(&run.id).with_receipt("made").unwrap();
    assert!(effects == [made] || !is_found, "no receipt: {number}");
    let filter = TaskRunFilter {
        branch: git_facts(number).branch_name,
        ..TaskRunFilter::default()
    };
    let found = stores.task_runs.task_runs(&filter, 9).await.unwrap();
    assert_eq!(found.len(), usize::from(is_found), "by branch: {number}");
}

#[test]
fn a_killed_process_leaves_whole_task_runs_only() {
    let folder = tempfile::tempdir().unwrap();
    let mut reported: HashSet<u64> = HashSet::new();
    // Two writers at a time, killed after each of these counts of runs.
    for (round, count) in (0..).zip([1, 2, 3, 5, 8, 13]) {
        let start = |worker: u64| Writer::start("write", folder.path(), round * 10_000 + worker);
        let (mut quick, slow) = (start(1), start(5_000));
        for _ in 0..count {
            reported.extend(quick.next());
        }
        reported.extend(quick.kill());
        reported.extend(slow.kill());
        integrity::check_integrity(folder.path());
        let stores = LocalStores::open(folder.path()).expect("it opens after a kill");
        block_on(async {
            for first in [round * 10_000 + 1, round * 10_000 + 5_000] {
                // A few more than were reported: one was in the middle of being written.
                let own = first..first + 4_000;
                let last = reported.iter().filter(|it| own.contains(*it)).max();
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
    }
    assert!(reported.len() > 30, "the writers wrote {}", reported.len());
    let stores = LocalStores::open(folder.path()).unwrap();
    let all = TaskRunFilter::default();
    let runs = block_on(stores.task_runs.task_runs(&all, usize::MAX)).unwrap();
    assert_eq!(stores.usage().unwrap().task_runs, runs.len() as u64);
    let numbers: BTreeSet<usize> = runs.iter().map(|run| run.run_number as usize).collect();
    assert_eq!(numbers, (1..=runs.len()).collect(), "a number is missing");
}

const RUNS: u64 = 60;
const OWN: u64 = 10_000;

/// Everybody asks for the same runs and for one of their own, claims what can be claimed, and adds to
/// the log of the first run.
async fn share_one(stores: &LocalStores, worker: u64, number: u64) {
    let runs = &stores.task_runs;
    let common = asked("T-1", number);
    let run = runs.create_task_run(&common).await.unwrap();
    let own = asked("T-2", worker * OWN + number);
    runs.create_task_run(&own).await.unwrap();
    match runs
        .apply(&run.id, &claim_task(&format!("runner {worker}"), 0))
        .await
    {
        Ok(_) => child::say(number),
        Err(StoreError::TaskTransition(_)) => {}
        Err(error) => panic!("{error}"),
    }
    let (log, first) = (&stores.task_events, asked("T-1", 0).id);
    loop {
        let seq = log.read(&first, 0, usize::MAX).await.unwrap().len() as u64;
        match log.append(&[warning(&first, seq + 1)]).await {
            Ok(()) => break,
            Err(StoreError::Conflict { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn three_processes_share_the_runs_of_a_task() {
    let folder = tempfile::tempdir().unwrap();
    let stores = LocalStores::open(folder.path()).unwrap();
    let mut workers = [1, 2, 3].map(|worker| Writer::start("share", folder.path(), worker));
    let mut claimed = Vec::new();
    for (worker, writer) in (1..).zip(&mut workers) {
        while let Some(number) = writer.next() {
            claimed.push((number, worker));
        }
        writer.finish();
    }
    let numbers: BTreeSet<u64> = claimed.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, (0..RUNS).collect(), "a run was not claimed");
    assert_eq!(claimed.len() as u64, RUNS, "a run was claimed twice");
    block_on(async {
        for (number, worker) in claimed {
            let id = asked("T-1", number).id;
            let run = stores.task_runs.task_run(&id).await.unwrap().unwrap();
            let TaskRunStatus::Running(lease) = run.state.status else {
                panic!("{number} is {:?}", run.state);
            };
            assert_eq!(lease.owner, LeaseOwner(format!("runner {worker}")));
        }
        for (task_id, count) in [("T-1", RUNS), ("T-2", 3 * RUNS)] {
            let filter = TaskRunFilter {
                task_id: Some(task_id.to_owned()),
                ..TaskRunFilter::default()
            };
            let runs = stores.task_runs.task_runs(&filter, usize::MAX).await;
            let runs = runs.unwrap();
            assert_eq!(runs.len() as u64, count);
            let numbers: BTreeSet<u64> = runs.iter().map(|run| run.run_number.into()).collect();
            assert_eq!(numbers, (1..=count).collect(), "{task_id}");
        }
        let first = asked("T-1", 0).id;
        let log = stores.task_events.read(&first, 0, usize::MAX).await;
        let expected: Vec<TaskEvent> = (1..=3 * RUNS).map(|seq| warning(&first, seq)).collect();
        assert_eq!(log.unwrap(), expected);
    });
}
