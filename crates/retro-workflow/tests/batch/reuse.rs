//! What a batch takes over from earlier ones, and what it does not.

use std::sync::atomic::Ordering;

use crate::far::{Far, Home, id, script};
use retro_domain::{
    Clock, Digest256, JobStatus, LeaseOwner, Overlay, OverlayFile, Timestamp, ToolchainFingerprint,
    TreeId, Verdict,
};
use retro_exec::Ending;
use retro_store::{
    ArtifactScope, JobStore, ObjectStore, ResultIndex, ResultStore, RunRecord, RunStatus, RunStore,
    StoreError,
};
use retro_workflow::Plan;
use retro_workflow::batch::{Standing, items_object, note_result, receipt_object, survey};

fn overlay(content: &str) -> Overlay {
    Overlay {
        files: vec![OverlayFile {
            path: "settings".to_owned(),
            content: content.as_bytes().to_vec(),
            executable: false,
        }],
        ..Overlay::default()
    }
}

#[tokio::test]
async fn another_overlay_or_other_tools_make_other_jobs() {
    let mut far = Far::new();
    let unknown = ToolchainFingerprint::unknown();
    let plain = far.bench.plan(2).await;
    far.submit(&plain, id(1)).await.unwrap();
    far.run_jobs_with(&plain, &id(1), || Box::new(|_, _| Ending::Exited(0)))
        .await;
    let laid = far.bench.plan_with(2, unknown, overlay("a")).await;
    let submitted = far.submit(&laid, id(2)).await.unwrap();
    assert_eq!((submitted.queued, submitted.skipped), (2, 0));
    let home = Home::new();
    assert_eq!(home.pull(&far, &id(2)).await.pending, 2);
    far.run_jobs_with(&laid, &id(2), || Box::new(|_, _| Ending::Exited(1)))
        .await;
    let tools = ToolchainFingerprint(Digest256::of(b"image 2"));
    far.toolchain = tools;
    let moved = far.bench.plan_with(2, tools, Overlay::default()).await;
    assert_eq!(far.submit(&moved, id(3)).await.unwrap().queued, 2);
    // Each batch has its own results, also the first one after the others.
    for (batch, plan, verdict) in [
        (id(2), &laid, Verdict::TestsFailed),
        (id(1), &plain, Verdict::Passed),
    ] {
        let pulled = home.pull(&far, &batch).await;
        assert_eq!((pulled.fetched, pulled.is_over()), (2, true));
        let key = plan.commits[0].key;
        let known = home.results.summaries(&[key]).await.unwrap();
        assert_eq!(known[0].as_ref().unwrap().verdict, verdict);
    }
    far.toolchain = unknown;
    let again = far.submit(&laid, id(4)).await.unwrap();
    assert_eq!((again.queued, again.skipped), (0, 2));
}

/// The same line as another branch has it: other commits, the same trees.
fn rebased(plan: &Plan) -> Plan {
    let mut plan = plan.clone();
    for (number, commit) in plan.commits.iter_mut().enumerate() {
        let byte = 100 + u8::try_from(number).unwrap();
        commit.commit = crate::doubles::commit_id(byte);
    }
    plan
}

#[tokio::test]
async fn a_tree_that_was_run_for_another_commit_is_not_run_again() {
    let far = Far::new();
    let plan = far.bench.plan(4).await;
    far.submit(&plan, id(1)).await.unwrap();
    far.run_jobs(&plan, &id(1)).await;
    let mut other = rebased(&plan);
    other.commits[3].tree = TreeId::from_bytes(&[77; 20]).unwrap();
    other.commits[3].key = far.bench.plan(9).await.commits[8].key;
    other.jobs[3].key = other.commits[3].key;
    let submitted = far.submit(&other, id(2)).await.unwrap();
    assert_eq!((submitted.queued, submitted.skipped), (1, 3));
    far.run_jobs(&other, &id(2)).await;
    let home = Home::new();
    let pulled = home.pull(&far, &id(2)).await;
    assert_eq!((pulled.fetched, pulled.is_over()), (4, true));
    let keys = other.keys();
    let known = home.results.summaries(&keys).await.unwrap();
    assert!(known.iter().all(Option::is_some));
    // A note of a job that is being run again says nothing.
    let jobs = &far.bench.jobs;
    let event = retro_domain::JobEvent::Requeue {
        now: far.bench.clock.now(),
    };
    jobs.apply(&far.bench.job(&plan, 0), &event).await.unwrap();
    let now = far.bench.clock.now();
    let found = survey(&other, jobs, jobs, false, now).await.unwrap();
    let to_run: Vec<bool> = found.iter().map(|it| it.is_to_run()).collect();
    assert_eq!(to_run, [true, false, false, false]);
    let first = far.bench.job(&plan, 1);
    assert_eq!(found[1].standing, Standing::CompleteAs(first));
    assert_eq!(found[3].standing, Standing::Complete);
    // The next one to be complete takes its place.
    let (key, second) = (keys[0], far.bench.job(&plan, 1));
    note_result(key, &second, jobs, jobs).await.unwrap();
    assert_eq!(
        jobs.noted(&plan.repo, &[key]).await.unwrap(),
        [Some(second)]
    );
}

#[tokio::test]
async fn a_batch_goes_on_as_it_was_begun_when_the_branch_has_moved() {
    let mut far = Far::new();
    let plan = far.bench.plan(3).await;
    far.refuses = true;
    let failed = far.submit(&plan, id(1)).await;
    assert!(
        matches!(failed, Err(StoreError::Unavailable { .. })),
        "{failed:?}"
    );
    assert!(
        far.objects
            .get(&items_object(&id(1)))
            .await
            .unwrap()
            .is_some()
    );
    far.refuses = false;
    let early = Home::new().pull(&far, &id(1)).await;
    assert_eq!((early.pending, early.execution), (3, None));
    let longer = far.bench.plan(5).await;
    let submitted = far.submit(&longer, id(1)).await.unwrap();
    assert_eq!((submitted.queued, submitted.taken_up), (3, true));
    assert_eq!(submitted.plan.commits, plan.commits);
    assert!(submitted.execution.is_some());
    far.run_jobs(&plan, &id(1)).await;
    let pulled = Home::new().pull(&far, &id(1)).await;
    assert_eq!((pulled.fetched, pulled.is_over()), (3, true));
    assert_eq!(pulled.execution, submitted.execution);
    // And once more, after its end.
    let again = far.submit(&longer, id(1)).await.unwrap();
    assert_eq!(again.execution, submitted.execution);
}

#[tokio::test]
async fn a_batch_that_got_no_further_than_its_record_needs_its_suites() {
    let far = Far::new();
    let (plan, longer) = (far.bench.plan(2).await, far.bench.plan(3).await);
    let record = RunRecord {
        id: id(1),
        repo: plan.repo.clone(),
        suite_name: plan.suite_name.clone(),
        request: plan.described.clone(),
        owner: LeaseOwner(id(1).to_string()),
        started_at: far.bench.clock.now(),
        finished_at: None,
        status: RunStatus::Running,
        commits: plan.commits.clone(),
    };
    far.bench.jobs.create_run(&record).await.unwrap();
    let changed = Plan {
        suites: std::collections::HashMap::new(),
        ..Plan::clone(&longer)
    };
    let refused = far.submit(&changed, id(1)).await.unwrap_err();
    assert!(refused.to_string().contains("suites"), "{refused}");
    assert!(
        far.objects
            .get(&receipt_object(&id(1)))
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(far.submit(&longer, id(1)).await.unwrap().queued, 2);
}

#[tokio::test]
async fn the_id_of_a_batch_with_another_suite_overlay_or_tools_is_refused() {
    let mut far = Far::new();
    let unknown = ToolchainFingerprint::unknown();
    let plan = far.bench.plan(2).await;
    far.submit(&plan, id(1)).await.unwrap();
    let mut renamed = Plan::clone(&plan);
    let suite = renamed.suites.values_mut().next().unwrap();
    suite.retries += 1;
    let laid = far.bench.plan_with(2, unknown, overlay("a")).await;
    for (other, what) in [(&renamed, "other suites"), (&laid, "another overlay")] {
        let refused = far.submit(other, id(1)).await.unwrap_err();
        assert!(refused.to_string().contains(what), "{refused}");
    }
    far.toolchain = ToolchainFingerprint(Digest256::of(b"image 2"));
    let moved = far
        .bench
        .plan_with(2, far.toolchain, Overlay::default())
        .await;
    far.submit(&moved, id(1)).await.unwrap_err();
    far.toolchain = unknown;
    let again = far.submit(&plan, id(1)).await.unwrap();
    assert!(again.was_started && !again.taken_up);
}

#[tokio::test]
async fn a_result_that_is_gone_or_damaged_there_is_told_and_stops_no_other() {
    let far = Far::new();
    let plan = far.bench.plan(3).await;
    far.submit(&plan, id(1)).await.unwrap();
    far.run_jobs(&plan, &id(1)).await;
    let damaged = far.bench.job(&plan, 1);
    let epoch = far.bench.jobs.job(&damaged).await.unwrap().unwrap().epoch;
    let scope = ArtifactScope {
        repo: damaged.repo,
        commit: damaged.commit,
        suite: damaged.suite,
        epoch,
    };
    far.stored.damage(&scope, retro_workflow::RESULT_NAME);
    let job = far.bench.job(&plan, 0);
    let epoch = far.bench.jobs.job(&job).await.unwrap().unwrap().epoch;
    let scope = ArtifactScope {
        repo: job.repo,
        commit: job.commit,
        suite: job.suite,
        epoch,
    };
    far.bench.artifacts.remove(&scope).await.unwrap();
    let home = Home::new();
    let pulled = home.pull(&far, &id(1)).await;
    assert_eq!((pulled.fetched, pulled.is_over()), (1, true));
    let reasons: Vec<&str> = pulled.not_done().map(|(_, why)| why).collect();
    assert!(reasons[0].contains("run it again"), "{reasons:?}");
    assert!(reasons[1].contains("cannot be used"), "{reasons:?}");
    assert!(reasons[1].contains("--no-cache"), "{reasons:?}");
    // So it stands here, too, for whoever looks later.
    let run = home.jobs.run(&id(1)).await.unwrap().unwrap();
    let mut view = retro_workflow::view_run(run, &home.results).await.unwrap();
    assert_eq!(view.without_result(), 2);
    view.explain(&home.jobs).await.unwrap();
    assert_eq!(view.without_result(), 0);
    let told: Vec<&str> = view.not_done.values().map(String::as_str).collect();
    assert_eq!(told, reasons);
    assert_eq!(home.pull(&far, &id(1)).await.fetched, 0);
}

#[tokio::test]
async fn a_younger_result_takes_the_place_of_the_one_that_is_here() {
    let far = Far::new();
    let plan = far.bench.plan(1).await;
    let (key, home) = (plan.commits[0].key, Home::new());
    let verdict = async || {
        let known = home.results.summaries(&[key]).await.unwrap();
        known[0].as_ref().unwrap().verdict.clone()
    };
    far.submit(&plan, id(1)).await.unwrap();
    far.run_jobs_with(&plan, &id(1), || Box::new(|_, _| Ending::Exited(1)))
        .await;
    home.pull(&far, &id(1)).await;
    assert_eq!(verdict().await, Verdict::TestsFailed);
    far.bench.clock.0.fetch_add(100, Ordering::SeqCst);
    far.submit_with(&plan, id(2), true).await.unwrap();
    far.run_jobs(&plan, &id(2)).await;
    assert_eq!(home.pull(&far, &id(2)).await.fetched, 1);
    assert_eq!(verdict().await, Verdict::Passed);
    assert_eq!(home.pull(&far, &id(2)).await.fetched, 0);
    // An old batch brings nothing old back.
    assert_eq!(home.pull(&far, &id(1)).await.fetched, 0);
    assert_eq!(verdict().await, Verdict::Passed);
}

#[tokio::test]
async fn a_batch_ends_when_its_last_job_does() {
    let far = Far::new();
    let plan = far.bench.plan(2).await;
    far.submit(&plan, id(1)).await.unwrap();
    far.run_jobs_with(&plan, &id(1), script).await;
    let last = far.bench.clock.now();
    far.bench.clock.0.fetch_add(5_000, Ordering::SeqCst);
    let pulled = Home::new().pull(&far, &id(1)).await;
    assert_eq!(pulled.run.finished_at, Some(last));
    let there = far.bench.jobs.run(&id(1)).await.unwrap().unwrap();
    assert_eq!(
        (there.status, there.finished_at),
        (RunStatus::Finished, Some(last))
    );
    assert!(last > Timestamp::from_unix_seconds(0));
    let status = far.bench.status(&plan, 0).await;
    assert!(matches!(status, JobStatus::Complete(_)));
}

#[tokio::test]
async fn what_is_known_here_and_not_asked_for_there_is_no_open_job() {
    let far = Far::new();
    let home = Home::new();
    let plan = far.bench.plan(3).await;
    far.submit(&plan, id(1)).await.unwrap();
    far.run_jobs(&plan, &id(1)).await;
    home.pull(&far, &id(1)).await;
    // Another place, that knows nothing, is asked for the rest only.
    let elsewhere = Far::new();
    let rest = Plan {
        jobs: plan.jobs[2..].to_vec(),
        ..Plan::clone(&plan)
    };
    elsewhere.submit(&rest, id(2)).await.unwrap();
    assert_eq!(home.pull(&elsewhere, &id(2)).await.pending, 1);
    elsewhere.run_jobs(&plan, &id(2)).await;
    assert!(home.pull(&elsewhere, &id(2)).await.is_over());
}
