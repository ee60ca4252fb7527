//! The look back over doubles: what becomes of leases, full disks, foreign processes.

mod doubles;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use doubles::{Bench, Script, commit_id};
use retro_domain::{
    Clock, CommitJob, Epoch, EventKind, JobEvent, JobStatus, LeaseOwner, LeasePolicy, Timestamp,
    Verdict,
};
use retro_exec::Ending;
use retro_store::record::StoredResult;
use retro_store::{
    ArtifactContent, ArtifactEntry, ArtifactScope, ArtifactStore, JobStore, Manifest, ResultStore,
    RunStatus, RunStore, StoreError,
};
use retro_workflow::{
    Claims, Interrupt, LeftBecause, RESULT_NAME, StopCause, results_of_commit, view_run,
};

/// Artifacts on a disk that is full from the start.
struct FullDisk;

#[async_trait]
impl ArtifactStore for FullDisk {
    async fn put(
        &self,
        _scope: &ArtifactScope,
        name: &str,
        _content: ArtifactContent,
    ) -> Result<ArtifactEntry, StoreError> {
        Err(StoreError::Full {
            what: format!("storing {name}"),
        })
    }

    async fn finish(&self, scope: &ArtifactScope, _manifest: &Manifest) -> Result<(), StoreError> {
        Err(StoreError::Full {
            what: format!("finishing {scope}"),
        })
    }

    async fn manifest(&self, _scope: &ArtifactScope) -> Result<Option<Manifest>, StoreError> {
        Ok(None)
    }

    async fn read(
        &self,
        _scope: &ArtifactScope,
        _name: &str,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(None)
    }

    async fn remove(&self, _scope: &ArtifactScope) -> Result<(), StoreError> {
        Ok(())
    }
}

fn passes() -> Script {
    Box::new(|_, _| Ending::Exited(0))
}

#[tokio::test]
async fn a_run_stores_results_events_and_its_own_end() {
    let bench = Bench::new();
    let plan = bench.plan(4).await;
    let report = bench
        .run(&plan, Box::new(|n, _| Ending::Exited(i32::from(n >= 2))))
        .await;
    assert_eq!(
        (report.completed, report.failed.len(), report.remaining),
        (4, 0, 0)
    );
    let run = bench.jobs.run(&report.run).await.unwrap().unwrap();
    assert_eq!(run.status, RunStatus::Finished);
    let view = view_run(run, &bench.results).await.unwrap();
    assert_eq!(view.findings.broke.len(), 1);
    assert_eq!(view.findings.broke[0].commit, 2);
    use retro_store::EventLog;
    let stored = bench.events.read(&report.run, 0, 1_000).await.unwrap();
    assert_eq!(
        stored,
        *bench.sink.0.lock().unwrap(),
        "what was shown is what is stored"
    );
    assert!(matches!(
        stored.last().unwrap().kind,
        EventKind::RunFinished { completed: 4, .. }
    ));
}

#[tokio::test]
async fn a_second_run_of_the_same_plan_has_nothing_to_do() {
    let bench = Bench::new();
    let first = bench.plan(3).await;
    bench.run(&first, passes()).await;
    let second = bench.plan(3).await;
    assert_eq!((second.jobs.len(), second.cached.len()), (0, 3));
    let report = bench
        .run(&second, Box::new(|_, _| panic!("nothing is to be run")))
        .await;
    assert_eq!(report.completed, 0);
}

#[tokio::test]
async fn a_full_disk_ends_the_run_and_stores_no_result() {
    let mut bench = Bench::new();
    bench.artifacts = Arc::new(FullDisk);
    let plan = bench.plan(3).await;
    let report = bench.run(&plan, passes()).await;
    let Some(StopCause::Fatal(error)) = &report.stopped else {
        panic!("{report:?}")
    };
    assert!(error.to_string().contains("no space left"), "{error}");
    assert_eq!((report.completed, report.remaining), (0, 3));
    assert_eq!(
        bench.results.summaries(&plan.keys()).await.unwrap(),
        vec![None, None, None]
    );
    assert_eq!(
        bench.status(&plan, 2).await,
        JobStatus::Pending,
        "handed back"
    );
}

#[tokio::test]
async fn a_lost_lease_stores_nothing_and_the_job_is_waited_for() {
    let mut bench = Bench::new();
    bench.options.lease = LeasePolicy {
        ttl: Duration::from_secs(60),
        renew_every: Duration::from_secs(20),
    };
    let plan = bench.plan(1).await;
    let (jobs, clock) = (bench.jobs.clone(), Arc::clone(&bench.clock));
    let (results, keys) = (bench.results.clone(), plan.keys());
    let job = bench.job(&plan, 0);
    let handle = tokio::runtime::Handle::current();
    let executions = AtomicUsize::new(0);
    let script: Script = Box::new(move |_, cancel| {
        if executions.fetch_add(1, Ordering::SeqCst) > 0 {
            let known = handle.block_on(results.summaries(&keys)).unwrap();
            assert_eq!(known, vec![None], "the lost lease stored something");
            return Ending::Exited(0);
        }
        // The process was suspended for longer than its lease, and another one took over.
        clock.0.store(100, Ordering::SeqCst);
        let thief = JobEvent::Claim {
            owner: LeaseOwner("thief".into()),
            now: clock.now(),
            ttl: Duration::from_secs(60),
        };
        let epoch = handle.block_on(jobs.apply(&job, &thief)).unwrap().epoch;
        while !cancel.is_killed() {
            std::thread::sleep(Duration::from_millis(5));
        }
        // The thief is interrupted, which leaves the job to whoever still wants it.
        handle
            .block_on(jobs.apply(&job, &JobEvent::HandBack { epoch }))
            .unwrap();
        Ending::Cancelled
    });
    let report = bench.run(&plan, script).await;
    assert_eq!((report.completed, report.remaining), (1, 0), "{report:?}");
    let job = bench.jobs.job(&bench.job(&plan, 0)).await.unwrap().unwrap();
    assert_eq!(job.status, JobStatus::Complete(Verdict::Passed));
    assert_eq!(job.epoch.0, 3);
}

#[tokio::test]
async fn a_time_limit_that_no_clock_can_hold_is_none() {
    let mut bench = Bench::new();
    bench.options.time_limit = Some(Duration::MAX);
    let plan = bench.plan(1).await;
    let report = bench.run(&plan, passes()).await;
    assert_eq!((report.completed, report.remaining), (1, 0));
}

#[tokio::test]
async fn the_scratch_folder_need_not_be_named_in_unicode() {
    use std::os::unix::ffi::OsStrExt;
    let mut bench = Bench::new();
    let odd = bench
        .folder
        .path()
        .join(std::ffi::OsStr::from_bytes(b"c\xffe"));
    std::fs::create_dir(&odd).unwrap();
    bench.slots = Some(odd);
    let plan = bench.plan(1).await;
    // The scripted executor checks that the folder is there.
    let report = bench.run(&plan, passes()).await;
    assert_eq!(report.completed, 1, "{report:?}");
}

#[tokio::test]
async fn the_lease_of_a_dead_process_is_taken_over_at_once() {
    let mut bench = Bench::new();
    let plan = bench.plan(2).await;
    let job = bench.job(&plan, 0);
    bench
        .jobs
        .enqueue(std::slice::from_ref(&job))
        .await
        .unwrap();
    let claim = JobEvent::Claim {
        owner: LeaseOwner("dead/0".into()),
        now: bench.clock.now(),
        ttl: Duration::from_secs(60),
    };
    bench.jobs.apply(&job, &claim).await.unwrap();
    bench.options.is_gone = Arc::new(|owner| owner.0.starts_with("dead/"));
    let report = bench.run(&plan, passes()).await;
    assert_eq!(report.completed, 2);
    assert_eq!(
        bench.status(&plan, 0).await,
        JobStatus::Complete(Verdict::Passed)
    );
}

#[tokio::test]
async fn the_time_limit_ends_a_hanging_run() {
    let mut bench = Bench::new();
    bench.options.time_limit = Some(Duration::from_millis(1));
    let plan = bench.plan(2).await;
    let hang: Script = Box::new(|_, cancel| {
        while !cancel.is_cancelled() {
            std::thread::sleep(Duration::from_millis(5));
        }
        Ending::Cancelled
    });
    let report = bench.run(&plan, hang).await;
    assert!(
        matches!(report.stopped, Some(StopCause::TimeLimit)),
        "{report:?}"
    );
    assert_eq!(report.remaining, 2);
    let run = bench.jobs.run(&report.run).await.unwrap().unwrap();
    assert_eq!(run.status, RunStatus::Interrupted);
}

#[tokio::test]
async fn an_interrupted_run_hands_its_jobs_back_and_the_next_one_does_them() {
    let mut bench = Bench::new();
    bench.options.workers = 2;
    let plan = bench.plan(6).await;
    let interrupt = bench.interrupt.clone();
    let stop_at_three: Script = Box::new(move |number, cancel| {
        if number == 3 {
            interrupt.stop();
            assert!(cancel.is_cancelled(), "running commands are told");
            return Ending::Cancelled;
        }
        Ending::Exited(0)
    });
    let report = bench.run(&plan, stop_at_three).await;
    assert!(
        matches!(report.stopped, Some(StopCause::Interrupted)),
        "{report:?}"
    );
    assert_eq!(bench.status(&plan, 3).await, JobStatus::Pending);
    bench.interrupt = Interrupt::new();
    let rest = bench.plan(6).await;
    assert_eq!(rest.jobs.len(), report.remaining);
    let report = bench.run(&rest, passes()).await;
    assert_eq!((report.completed, report.remaining), (rest.jobs.len(), 0));
}

#[tokio::test]
async fn a_commit_is_found_however_many_runs_came_after_it() {
    let bench = Bench::new();
    let plan = bench.plan(1).await;
    let first = bench.run(&plan, passes()).await;
    let mut later = bench.jobs.run(&first.run).await.unwrap().unwrap();
    later.commits[0].commit = commit_id(9);
    for number in 1..=300 {
        later.started_at = Timestamp::from_unix_seconds(1_000 + number);
        later.id = retro_domain::RunId::new(later.started_at, 0);
        bench.jobs.create_run(&later).await.unwrap();
    }
    let commit = plan.commits[0].commit;
    let found = results_of_commit(&bench.jobs, &bench.results, &plan.repo, &commit).await;
    assert_eq!(found.unwrap().len(), 1);
}

/// What one process of many does, each of which has one job: the others are none of its business.
#[tokio::test]
async fn a_run_that_claims_what_waits_leaves_everything_else() {
    let mut bench = Bench::new();
    bench.options.claims = Claims::OnlyWaiting;
    let plan = bench.plan(4).await;
    let jobs: Vec<CommitJob> = (0..4).map(|number| bench.job(&plan, number)).collect();
    bench.jobs.enqueue(&jobs).await.unwrap();
    let claim = |ttl| JobEvent::Claim {
        owner: LeaseOwner("other".into()),
        now: bench.clock.now(),
        ttl: Duration::from_secs(ttl),
    };
    let apply = async |number: usize, event: &JobEvent| {
        bench.jobs.apply(&jobs[number], event).await.unwrap();
    };
    apply(0, &claim(60)).await;
    let reason = "disk".to_owned();
    apply(
        0,
        &JobEvent::Fail {
            epoch: Epoch(1),
            reason,
        },
    )
    .await;
    apply(1, &claim(60)).await;
    for epoch in 1..=3 {
        apply(2, &claim(60)).await;
        apply(
            2,
            &JobEvent::Revoke {
                epoch: Epoch(epoch),
            },
        )
        .await;
    }
    let report = bench.run(&plan, passes()).await;
    assert_eq!((report.completed, report.remaining), (1, 0), "{report:?}");
    let mut left = report.left;
    left.sort_by_key(|(commit, _)| *commit);
    let expected = [
        (commit_id(0), LeftBecause::Ended("FAILED")),
        (commit_id(1), LeftBecause::Held),
        (commit_id(2), LeftBecause::AttemptsSpent),
    ];
    assert_eq!(left, expected);
    let failed = JobStatus::Failed("disk".into());
    assert_eq!(bench.status(&plan, 0).await, failed);
    // Once it has ended, nothing is done twice.
    let again = bench.run(&plan, passes()).await;
    assert_eq!((again.completed, again.left.len()), (0, 4));
}

#[tokio::test]
async fn self_contained_artifacts_have_the_result() {
    let mut bench = Bench::new();
    bench.options.self_contained = true;
    let plan = bench.plan(1).await;
    let report = bench.run(&plan, Box::new(|_, _| Ending::Exited(1))).await;
    assert_eq!(report.completed, 1);
    let key = plan.commits[0].key;
    let stored = bench.results.summaries(&[key]).await.unwrap();
    let scope = stored[0].as_ref().unwrap().artifacts.clone().unwrap();
    let text = bench.artifacts.read(&scope, RESULT_NAME).await.unwrap();
    let text = String::from_utf8(text.unwrap()).unwrap();
    let result = StoredResult::decode(&text).unwrap();
    assert_eq!(result.verdict, Verdict::TestsFailed);
    assert_eq!((result.key, result.artifacts), (key, Some(scope)));
    let cases = bench.results.cases(&key).await.unwrap().unwrap();
    assert_eq!(result.cases, cases);
}
