//! A look back that runs elsewhere says what one that runs here says.

#[path = "../doubles/mod.rs"]
mod doubles;
mod far;
mod reuse;

use std::time::Duration;

use doubles::{Bench, commit_id};
use far::{Far, Home, id, script};
use retro_domain::{Clock, CommitJob, Epoch, JobEvent, JobStatus, LeaseOwner, RepoId, Verdict};
use retro_store::record::StoredBatchPlan;
use retro_store::{
    ExecutionStatus, JobStore, ObjectStore, ResultStore, RunStatus, RunStore, StoreError,
};
use retro_workflow::batch::{
    FollowOptions, Followed, JobEnding, Submitted, follow, items_object, plan_object,
};
use retro_workflow::{Plan, view_run};

#[tokio::test]
async fn a_batch_says_what_a_run_says() {
    let far = Far::new();
    let plan = far.bench.plan(6).await;
    let submitted = far.submit(&plan, id(1)).await.unwrap();
    assert_eq!((submitted.queued, submitted.skipped), (6, 0));
    let execution = submitted.execution.unwrap();
    let input: serde_json::Value =
        serde_json::from_str(&far.engine.input(&execution).unwrap()).unwrap();
    assert_eq!(
        (&input["batch"], &input["mode"]),
        (&id(1).as_str().into(), &"inline".into())
    );
    assert_eq!(input["jobs"].as_array().unwrap().len(), 6);
    assert_eq!(input["jobs"][0]["prefix"], "team/results");

    let home = Home::new();
    let early = home.pull(&far, &id(1)).await;
    assert_eq!(
        (early.pending, early.fetched, early.is_over()),
        (6, 0, false)
    );
    assert_eq!(early.run.status, RunStatus::Running);

    far.run_jobs(&plan, &id(1)).await;
    let pulled = home.pull(&far, &id(1)).await;
    assert_eq!((pulled.fetched, pulled.is_over()), (6, true));
    let run = home.jobs.run(&id(1)).await.unwrap().unwrap();
    assert_eq!(
        (run.status, run.finished_at.is_some()),
        (RunStatus::Finished, true)
    );
    let batch = view_run(run, &home.results).await.unwrap();

    let bench = Bench::new();
    let plan = bench.plan(6).await;
    let report = bench.run(&plan, script()).await;
    let run = bench.jobs.run(&report.run).await.unwrap().unwrap();
    let local = view_run(run, &bench.results).await.unwrap();
    assert_eq!(
        format!("{:?}", batch.findings),
        format!("{:?}", local.findings)
    );
    for (ours, theirs) in local.summaries.iter().zip(&batch.summaries) {
        let (ours, theirs) = (ours.as_ref().unwrap(), theirs.as_ref().unwrap());
        assert_eq!(
            (&ours.verdict, ours.counts),
            (&theirs.verdict, theirs.counts)
        );
        let cases = home.results.cases(&theirs.key).await.unwrap();
        assert_eq!(bench.results.cases(&ours.key).await.unwrap(), cases);
    }
    // Once is enough.
    assert_eq!(home.pull(&far, &id(1)).await.fetched, 0);
}

#[tokio::test]
async fn what_is_complete_or_worked_on_is_left_alone() {
    let far = Far::new();
    let plan = far.bench.plan(4).await;
    far.submit(&plan, id(1)).await.unwrap();
    far.run_jobs(&plan, &id(1)).await;
    let plan = far.bench.plan(7).await;
    let plan = Plan {
        // What the far side knows is not known here.
        jobs: (0..7)
            .map(|commit| retro_workflow::PlannedJob {
                commit,
                suite: plan.commits[commit].suite,
                key: plan.commits[commit].key,
                replaces: None,
            })
            .collect(),
        ..Plan::clone(&plan)
    };
    let (held, failed) = (far.bench.job(&plan, 4), far.bench.job(&plan, 5));
    let jobs = [held.clone(), failed.clone()];
    far.bench.jobs.enqueue(&jobs).await.unwrap();
    for job in &jobs {
        let now = far.bench.clock.now();
        let ttl = Duration::from_secs(60);
        let claim = JobEvent::Claim {
            owner: LeaseOwner("x".into()),
            now,
            ttl,
        };
        far.bench.jobs.apply(job, &claim).await.unwrap();
    }
    let fail = JobEvent::Fail {
        epoch: Epoch(1),
        reason: "disk".into(),
    };
    far.bench.jobs.apply(&failed, &fail).await.unwrap();
    let submitted = far.submit(&plan, id(2)).await.unwrap();
    assert_eq!((submitted.queued, submitted.skipped), (2, 5));
    let commits: Vec<String> = far
        .items(&id(2))
        .await
        .into_iter()
        .map(|it| it.commit)
        .collect();
    assert_eq!(
        commits,
        [commit_id(5).to_string(), commit_id(6).to_string()]
    );
    assert_eq!(far.bench.status(&plan, 5).await, JobStatus::Pending);
    assert!(matches!(
        far.bench.status(&plan, 4).await,
        JobStatus::Running(_)
    ));
    // All of the batch's results come home, whoever made them.
    far.run_jobs(&plan, &id(2)).await;
    let pulled = Home::new().pull(&far, &id(2)).await;
    assert_eq!((pulled.fetched, pulled.running), (6, 1));
    // Asked for again, complete ones are run again.
    let again = far.submit_with(&plan, id(3), true).await.unwrap();
    assert_eq!((again.queued, again.skipped), (6, 1));
    assert_eq!(far.bench.status(&plan, 0).await, JobStatus::Pending);
}

#[tokio::test]
async fn a_call_that_is_repeated_changes_nothing() {
    let far = Far::new();
    let plan = far.bench.plan(3).await;
    let first = far.submit(&plan, id(1)).await.unwrap();
    far.run_jobs(&plan, &id(1)).await;
    let again = far.submit(&plan, id(1)).await.unwrap();
    assert_eq!(again.execution, first.execution);
    assert_eq!((again.queued, again.skipped), (first.queued, first.skipped));
    let verdict = JobStatus::Complete(Verdict::Passed);
    assert_eq!(far.bench.status(&plan, 0).await, verdict);
    // The id of a batch of another request is refused.
    let other = Plan {
        described: "another line".to_owned(),
        ..Plan::clone(&plan)
    };
    let refused = far.submit(&other, id(1)).await;
    assert!(
        matches!(refused, Err(StoreError::Conflict { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn many_jobs_are_passed_on_by_an_object() {
    let far = Far::new();
    let plan = far.bench.plan(41).await;
    let submitted = far.submit(&plan, id(1)).await.unwrap();
    let input = far.engine.input(&submitted.execution.unwrap()).unwrap();
    let input: serde_json::Value = serde_json::from_str(&input).unwrap();
    assert_eq!(input["mode"], "distributed");
    assert_eq!(input["items"]["key"], items_object(&id(1)).as_str());
    assert!(input.get("jobs").is_none());
    let items = far.items(&id(1)).await;
    assert_eq!(
        (items.len(), items[40].attempt.as_str()),
        (41, format!("{}/40", id(1)).as_str())
    );
    let stored = far
        .objects
        .get(&plan_object(&id(1)))
        .await
        .unwrap()
        .unwrap();
    let common = StoredBatchPlan::decode(&String::from_utf8(stored).unwrap()).unwrap();
    let suite = common.suite(plan.commits[0].suite).unwrap();
    assert_eq!(suite.name, "unit");
}

#[tokio::test]
async fn a_failed_job_is_told_and_has_no_result() {
    let far = Far::new();
    let plan = far.bench.plan(1).await;
    far.submit(&plan, id(1)).await.unwrap();
    let job: CommitJob = far.bench.job(&plan, 0);
    let (now, ttl) = (far.bench.clock.now(), Duration::from_secs(60));
    let claim = JobEvent::Claim {
        owner: LeaseOwner("x".into()),
        now,
        ttl,
    };
    far.bench.jobs.apply(&job, &claim).await.unwrap();
    let reason = "the disk is full".to_owned();
    let fail = JobEvent::Fail {
        epoch: Epoch(1),
        reason: reason.clone(),
    };
    far.bench.jobs.apply(&job, &fail).await.unwrap();
    let home = Home::new();
    let pulled = home.pull(&far, &id(1)).await;
    assert!(pulled.is_over());
    assert_eq!(
        pulled.ended[&plan.commits[0].key],
        JobEnding::Failed(reason)
    );
    let known = home
        .results
        .summaries(&[plan.commits[0].key])
        .await
        .unwrap();
    assert!(known[0].is_none());
}

/// Waits for the batch and runs its jobs meanwhile.
async fn followed(
    far: &Far,
    home: &Home,
    submitted: &Submitted,
    work: impl Future<Output = ()>,
) -> (usize, Followed) {
    let repo = RepoId::new("local", "line-12345678").unwrap();
    let (stores, mut told) = (home.pulling(far), 0);
    let options = FollowOptions {
        every: Duration::from_millis(5),
        interrupt: far.bench.interrupt.clone(),
    };
    let execution = submitted.execution.as_ref();
    let wait = follow(
        &submitted.batch,
        &repo,
        &stores,
        &far.engine,
        execution,
        &options,
        |_, _| told += 1,
    );
    let (waited, ()) = tokio::join!(wait, work);
    let (_, how) = waited.unwrap();
    (told, how)
}

#[tokio::test]
async fn a_batch_is_waited_for_until_every_job_has_ended() {
    let (far, home) = (Far::new(), Home::new());
    let plan = far.bench.plan(5).await;
    let submitted = far.submit(&plan, id(1)).await.unwrap();
    let work = far.run_jobs(&plan, &submitted.batch);
    let (told, how) = followed(&far, &home, &submitted, work).await;
    assert_eq!((told, how), (5, Followed::Over));
}

#[tokio::test]
async fn jobs_that_nobody_works_on_any_more_are_not_waited_for() {
    let (far, home) = (Far::new(), Home::new());
    let plan = far.bench.plan(2).await;
    let submitted = far.submit(&plan, id(1)).await.unwrap();
    let execution = submitted.execution.clone().unwrap();
    far.engine
        .end(&execution, ExecutionStatus::Failed, Some("no capacity"));
    let (told, how) = followed(&far, &home, &submitted, async {}).await;
    assert_eq!(told, 0);
    assert_eq!(how, Followed::Abandoned("it failed: no capacity".into()));
}

#[tokio::test]
async fn the_wait_can_be_given_up() {
    let (far, home) = (Far::new(), Home::new());
    let plan = far.bench.plan(2).await;
    let submitted = far.submit(&plan, id(1)).await.unwrap();
    let stop = async { far.bench.interrupt.stop() };
    let (_, how) = followed(&far, &home, &submitted, stop).await;
    assert_eq!(how, Followed::Interrupted);
    let pending = JobStatus::Pending;
    assert_eq!(far.bench.status(&plan, 0).await, pending);
}
