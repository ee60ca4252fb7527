//! Checks of runs.

use std::sync::Arc;

use retro_domain::{Epoch, JobEvent, JobFacts, RunId, Verdict};

use super::samples::{at, claim, job, repo, run, suite};
use super::{at_once, exactly_one, is_conflict, is_not_found, refused};
use crate::{JobStore, RunRecord, RunStatus, RunStore};

/// Removing runs removes jobs.
type Stores = (Arc<dyn JobStore>, Arc<dyn RunStore>);

/// With all its commits, in order.
pub async fn a_run_is_read_back_as_it_was_stored((_, store): Stores) {
    let runs = [run("tool", 1, 0..7), run("tool", 2, [])];
    for run in &runs {
        store.create_run(run).await.unwrap();
        assert_eq!(store.run(&run.id).await.unwrap().as_ref(), Some(run));
    }
    assert_eq!(store.run(&RunId::new(at(9), 9)).await.unwrap(), None);
}

/// However many commits it has: more than a database may like in one place.
pub async fn a_long_run_is_read_back_as_it_was_stored((_, store): Stores) {
    let long = run("tool", 1, 0..10_000);
    store.create_run(&long).await.unwrap();
    assert_eq!(store.run(&long.id).await.unwrap().as_ref(), Some(&long));
    assert_eq!(store.runs(Some(&long.repo), 1).await.unwrap(), [long]);
}

/// The first one stays.
pub async fn a_second_run_of_an_id_is_a_conflict((_, store): Stores) {
    let first = run("tool", 1, 0..2);
    let second = RunRecord {
        request: "another".to_owned(),
        ..first.clone()
    };
    store.create_run(&first).await.unwrap();
    refused(store.create_run(&second).await, is_conflict);
    assert_eq!(store.run(&first.id).await.unwrap(), Some(first));
}

/// The end of a run comes and goes with its status.
pub async fn a_run_changes_status_only_from_the_expected_one((_, store): Stores) {
    use RunStatus::{Failed, Finished, Interrupted, Running};
    let given = run("tool", 1, 0..1);
    let id = &given.id;
    let change = |from, to, seconds| store.set_run_status(id, from, to, at(seconds));
    refused(change(Running, Finished, 5).await, is_not_found);
    store.create_run(&given).await.unwrap();
    refused(change(Finished, Failed, 5).await, is_conflict);
    let steps = [
        (Running, Interrupted, Some(at(6))),
        (Interrupted, Running, None),
        (Running, Failed, Some(at(8))),
        (Failed, Finished, Some(at(9))),
    ];
    for ((from, to, end), seconds) in steps.into_iter().zip(6..) {
        change(from, to, seconds).await.unwrap();
        let read = store.run(id).await.unwrap().expect("it exists");
        assert_eq!((read.status, read.finished_at), (to, end));
        let rest = RunRecord {
            status: given.status,
            finished_at: given.finished_at,
            ..read
        };
        assert_eq!(rest, given);
    }
}

/// Two processes that resume the same run must not both succeed.
pub async fn of_many_changes_of_a_run_at_once_exactly_one_succeeds((_, store): Stores) {
    let given = run("tool", 1, 0..1);
    store.create_run(&given).await.unwrap();
    let answers = at_once(6, |_| {
        let (store, id) = (Arc::clone(&store), given.id.clone());
        async move {
            store
                .set_run_status(&id, RunStatus::Running, RunStatus::Interrupted, at(2))
                .await
        }
    })
    .await;
    exactly_one(&answers, is_conflict);
}

/// Of one repository or of all; by id when they started together.
pub async fn runs_are_listed_newest_first((_, store): Stores) {
    let mut twin = run("tool", 3, 0..1);
    twin.id = RunId::new(at(3), 0xff_ffff);
    let runs = [
        run("tool", 1, 0..2),
        run("tool", 3, 0..1),
        twin,
        run("other", 2, 0..1),
    ];
    for run in [&runs[1], &runs[0], &runs[3], &runs[2]] {
        store.create_run(run).await.unwrap();
    }
    let list = async |name: Option<&str>, limit| {
        let repo = name.map(repo);
        let found = store.runs(repo.as_ref(), limit).await.unwrap();
        found
            .iter()
            .map(|found| {
                runs.iter()
                    .position(|run| run == found)
                    .expect("a stored run")
            })
            .collect::<Vec<usize>>()
    };
    assert_eq!(list(None, 10).await, [2, 1, 3, 0]);
    assert_eq!(list(None, 2).await, [2, 1]);
    assert_eq!(list(None, usize::MAX).await.len(), 4);
    assert_eq!(list(Some("tool"), 10).await, [2, 1, 0]);
    assert_eq!(list(Some("tool"), 0).await, [0; 0]);
    assert_eq!(list(Some("absent"), 10).await, [0; 0]);
}

/// However old they are.
pub async fn pruning_keeps_the_newest_runs_of_each_repository((_, store): Stores) {
    for (name, seconds) in [("a", 1), ("a", 2), ("a", 3), ("a", 4), ("b", 1), ("b", 2)] {
        store.create_run(&run(name, seconds, 0..1)).await.unwrap();
    }
    let left = async || {
        let runs = store.runs(None, 10).await.unwrap();
        let mut left: Vec<_> = runs
            .iter()
            .map(|run| (run.repo.name().to_owned(), run.started_at))
            .collect();
        left.sort();
        left
    };
    assert_eq!(store.prune_runs(at(1), 0).await.unwrap(), 0);
    assert_eq!(store.prune_runs(at(4), 2).await.unwrap(), 2);
    let of = |name: &str, seconds| (name.to_owned(), at(seconds));
    assert_eq!(
        left().await,
        [of("a", 3), of("a", 4), of("b", 1), of("b", 2)]
    );
    assert_eq!(store.prune_runs(at(4), 0).await.unwrap(), 3);
    assert_eq!(left().await, [of("a", 4)]);
}

/// Waiting and running ones stay, and so do those of a run that stays.
pub async fn pruning_takes_ended_jobs_that_no_run_has((store, runs): Stores) {
    let (mut old, mut new) = (run("tool", 1, 0..4), run("tool", 9, 3..5));
    for commit in old.commits.iter_mut().chain(&mut new.commits) {
        commit.suite = suite(1);
    }
    runs.create_run(&old).await.unwrap();
    runs.create_run(&new).await.unwrap();
    let jobs: Vec<_> = (0..5).map(|number| job("tool", number)).collect();
    let elsewhere = job("other", 3);
    store.enqueue(&jobs).await.unwrap();
    store
        .enqueue(std::slice::from_ref(&elsewhere))
        .await
        .unwrap();
    for job in jobs[1..].iter().chain([&elsewhere]) {
        store.apply(job, &claim("a", 0)).await.unwrap();
    }
    let epoch = Epoch(1);
    let complete = JobEvent::Complete {
        epoch,
        verdict: Verdict::Passed,
        facts: JobFacts::default(),
    };
    let fail = JobEvent::Fail {
        epoch,
        reason: "disk".to_owned(),
    };
    for (job, event) in [
        (&jobs[2], &fail),
        (&jobs[3], &complete),
        (&jobs[4], &complete),
        (&elsewhere, &complete),
    ] {
        store.apply(job, event).await.unwrap();
    }
    assert_eq!(runs.prune_runs(at(5), 0).await.unwrap(), 1);
    for (job, stays) in [
        (&jobs[0], true),
        (&jobs[1], true),
        (&jobs[2], false),
        (&jobs[3], true),
        (&jobs[4], true),
        (&elsewhere, false),
    ] {
        assert_eq!(store.job(job).await.unwrap().is_some(), stays, "{job:?}");
    }
}
