//! Stopping a batch.

use retro_domain::{CommitJob, JobStatus, RunId};
use retro_store::{ExecutionId, ExecutionStatus, RunStatus, StoreError};

use super::follow::{FollowOptions, wait};
use super::input::{BatchJob, reconcile_input};
use super::submit::{BatchServices, CHUNK, decoded};
use super::{execution_of, items_object};

/// What came of stopping a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stopped {
    /// Nothing was to be stopped: the batch's jobs and its execution had ended.
    pub was_over: bool,
    /// How many of its jobs are complete.
    pub complete: usize,
    /// How many have failed, those that were ended by this call included.
    pub failed: usize,
    /// How many of those were open before.
    pub ended: usize,
    /// How many are open still: because nobody wanted to wait, because of `trouble`, or because
    /// another batch has them by now.
    pub open: usize,
    /// Why the engine could not end every job.
    pub trouble: Option<String>,
    /// Nobody wanted to wait for the end; what was begun goes on.
    pub interrupted: bool,
}

/// Stops the execution of a batch, and has the engine leave none of its jobs open: one that waits, or
/// whose runner does not come back, has failed then. Runners that live hand their jobs back first, so
/// this waits for some lease's time.
///
/// A crash leaves a batch that another call stops.
///
/// # Errors
///
/// [`StoreError::NotFound`] for an unknown batch, [`StoreError::Corrupt`] when what is stored of it
/// cannot be read, and what the stores and the engine say.
pub async fn stop(
    batch: &RunId,
    services: &BatchServices,
    reason: &str,
    options: &FollowOptions,
) -> Result<Stopped, StoreError> {
    if services.runs.run(batch).await?.is_none() {
        return Err(StoreError::not_found(format!("batch {batch}")));
    }
    let jobs = jobs(batch, services).await?;
    let before = look(batch, &jobs, services).await?;
    let execution = execution_of(batch, &*services.objects).await?;
    let running = match &execution {
        Some(id) => state(id, services).await?.is_none(),
        None => false,
    };
    if before.open == 0 && !running {
        return Ok(Stopped {
            was_over: true,
            ..before
        });
    }
    if let Some(id) = execution.filter(|_| running) {
        services.engine.stop(&id, reason).await?;
    }
    // Under a name of its own each time: an earlier one may have ended before the last job did.
    let now = services.clock.now().unix_millis();
    let name = format!("{batch}-reconcile-{now}");
    let input = reconcile_input(batch)?;
    let reconcile = services.engine.start(&name, &input).await?;
    let ended = loop {
        match state(&reconcile, services).await {
            Ok(Some(how)) => break Some(how),
            Ok(None) if options.interrupt.is_raised() => break None,
            Err(error) if !error.is_retryable() || options.interrupt.is_raised() => {
                return Err(error);
            }
            Ok(None) | Err(_) => wait(options).await,
        }
    };
    let after = look(batch, &jobs, services).await?;
    let stopped = Stopped {
        ended: before
            .open
            .saturating_sub(after.open)
            .min(after.failed.saturating_sub(before.failed)),
        interrupted: ended.is_none(),
        trouble: ended.and_then(Result::err),
        ..after
    };
    if !stopped.interrupted && stopped.trouble.is_none() {
        let at = services.clock.now();
        let (from, to) = (RunStatus::Running, RunStatus::Interrupted);
        match services.runs.set_run_status(batch, from, to, at).await {
            Ok(()) | Err(StoreError::Conflict { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(stopped)
}

/// The jobs that the batch runs; none when it was not decided yet.
async fn jobs(batch: &RunId, services: &BatchServices) -> Result<Vec<CommitJob>, StoreError> {
    let name = items_object(batch);
    let Some(content) = services.objects.get(&name).await? else {
        return Ok(Vec::new());
    };
    let read = |item: &BatchJob| {
        let job = item.commit_job();
        job.ok_or_else(|| {
            let why = format!("{} of {} is no job", item.commit_suite, item.repo_id);
            StoreError::corrupt(format!("the object {name}"), why)
        })
    };
    decoded(&content, &name)?.iter().map(read).collect()
}

/// How an execution ended, and with a failure why; `None` while it runs. One that is forgotten has
/// ended.
async fn state(
    id: &ExecutionId,
    services: &BatchServices,
) -> Result<Option<Result<(), String>>, StoreError> {
    let Some(found) = services.engine.describe(id).await? else {
        return Ok(Some(Err("there is no such execution any more".to_owned())));
    };
    let why = |what: &str| Err(found.reason.clone().unwrap_or_else(|| what.to_owned()));
    Ok(match found.status {
        ExecutionStatus::Running => None,
        ExecutionStatus::Succeeded => Some(Ok(())),
        ExecutionStatus::Failed => Some(why("it failed")),
        ExecutionStatus::TimedOut => Some(why("its time was up")),
        ExecutionStatus::Stopped => Some(why("someone stopped it")),
    })
}

/// How the jobs of the batch stand. One that a runner of another batch has is not looked at.
async fn look(
    batch: &RunId,
    jobs: &[CommitJob],
    services: &BatchServices,
) -> Result<Stopped, StoreError> {
    let ours = format!("{batch}/");
    let mut found = Stopped::default();
    for chunk in jobs.chunks(CHUNK) {
        for state in services.jobs.states(chunk).await? {
            match state.map(|state| state.status) {
                Some(JobStatus::Complete(_)) => found.complete += 1,
                Some(JobStatus::Failed(_)) => found.failed += 1,
                Some(JobStatus::Running(lease)) if !lease.owner.0.starts_with(&ours) => {}
                Some(JobStatus::Pending | JobStatus::Running(_)) => found.open += 1,
                // It was not stored yet: a batch whose start broke off.
                None => {}
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use retro_domain::{
        Clock, CommitId, Digest256, Epoch, JobEvent, LeaseOwner, RepoId, SuiteFingerprint,
        Timestamp, ToolchainFingerprint, Verdict,
    };
    use retro_store::{
        Engine as _, InMemoryEngine, InMemoryJobStore, InMemoryObjectStore, JobStore as _,
        ObjectLocation, ObjectStore as _, RunRecord, RunStore as _,
    };

    use super::super::receipt_object;
    use super::super::submit::BatchOptions;
    use super::*;
    use crate::Interrupt;

    struct At(i64);

    impl Clock for At {
        fn now(&self) -> Timestamp {
            Timestamp::from_unix_millis(self.0)
        }
    }

    struct Scene {
        batch: RunId,
        jobs: Vec<CommitJob>,
        store: InMemoryJobStore,
        objects: InMemoryObjectStore,
        engine: InMemoryEngine,
        services: BatchServices,
    }

    const NOW: i64 = 1_000_000;

    impl Scene {
        /// A batch of four jobs that was started: none is done.
        async fn new() -> Self {
            let now = Timestamp::from_unix_millis(NOW);
            let batch = RunId::new(now, 1);
            let repo = RepoId::new("test", "line").unwrap();
            let job = |number: u8| CommitJob {
                repo: repo.clone(),
                commit: CommitId::from_bytes(&[number; 20]).unwrap(),
                suite: SuiteFingerprint("5".repeat(64).parse::<Digest256>().unwrap()),
            };
            let jobs: Vec<CommitJob> = (0..4).map(job).collect();
            let (store, objects) = (InMemoryJobStore::default(), InMemoryObjectStore::default());
            let engine = InMemoryEngine::default();
            let record = RunRecord {
                id: batch.clone(),
                repo,
                suite_name: "unit".to_owned(),
                request: String::new(),
                owner: LeaseOwner(batch.to_string()),
                started_at: now,
                finished_at: None,
                status: RunStatus::Running,
                commits: Vec::new(),
            };
            store.create_run(&record).await.unwrap();
            store.enqueue(&jobs).await.unwrap();
            let options = BatchOptions {
                id: batch.clone(),
                url: String::new(),
                prefix: "results".to_owned(),
                toolchain: ToolchainFingerprint::unknown(),
                rerun: false,
                log_cap: None,
            };
            let plan = ObjectLocation {
                bucket: "b".to_owned(),
                key: "k".to_owned(),
            };
            let items: Vec<BatchJob> = jobs
                .iter()
                .enumerate()
                .map(|(index, job)| BatchJob::new(job, Epoch(0), &plan, &options, index))
                .collect();
            let content = serde_json::to_vec(&items).unwrap();
            objects
                .put_new(&items_object(&batch), content)
                .await
                .unwrap();
            let id = engine.start(batch.as_str(), "{}").await.unwrap();
            let receipt = receipt_object(&batch);
            objects.put_new(&receipt, id.0.into_bytes()).await.unwrap();
            let services = BatchServices {
                jobs: Arc::new(store.clone()),
                index: Arc::new(store.clone()),
                runs: Arc::new(store.clone()),
                objects: Arc::new(objects.clone()),
                engine: Arc::new(engine.clone()),
                clock: Arc::new(At(NOW)),
            };
            Self {
                batch,
                jobs,
                store,
                objects,
                engine,
                services,
            }
        }

        async fn claim(&self, index: usize, owner: &str) {
            let claim = JobEvent::Claim {
                owner: LeaseOwner(owner.to_owned()),
                now: Timestamp::from_unix_millis(NOW),
                ttl: Duration::from_secs(60),
            };
            self.store.apply(&self.jobs[index], &claim).await.unwrap();
        }

        async fn fail(&self, index: usize) {
            let (epoch, reason) = (Epoch(1), "it is over".to_owned());
            let fail = JobEvent::Fail { epoch, reason };
            self.store.apply(&self.jobs[index], &fail).await.unwrap();
        }

        async fn complete(&self, index: usize) {
            let complete = JobEvent::Complete {
                epoch: Epoch(1),
                verdict: Verdict::Passed,
                facts: retro_domain::JobFacts::default(),
            };
            self.store
                .apply(&self.jobs[index], &complete)
                .await
                .unwrap();
        }

        async fn stop(&self) -> Result<Stopped, StoreError> {
            let options = FollowOptions {
                every: Duration::from_millis(1),
                interrupt: Interrupt::new(),
            };
            stop(&self.batch, &self.services, "a test", &options).await
        }

        fn reconcile(&self) -> ExecutionId {
            ExecutionId(format!("{}-reconcile-{NOW}", self.batch))
        }

        /// What the engine does once it is asked: the rest of the jobs fail.
        async fn engine_works(&self, status: ExecutionStatus) {
            while self.engine.input(&self.reconcile()).is_none() {
                tokio::task::yield_now().await;
            }
            if status == ExecutionStatus::Succeeded {
                self.claim(2, &format!("{}/2", self.batch)).await;
                self.fail(2).await;
                self.fail(1).await;
            }
            self.engine.end(&self.reconcile(), status, None);
        }

        /// Job 0 is complete, a runner has job 1, job 2 waits, another batch's runner has job 3.
        async fn half_done() -> Self {
            let scene = Self::new().await;
            for index in 0..2 {
                scene
                    .claim(index, &format!("{}/{index}", scene.batch))
                    .await;
            }
            scene.complete(0).await;
            scene.claim(3, "other/3").await;
            scene
        }
    }

    #[tokio::test]
    async fn the_execution_is_stopped_and_its_jobs_are_ended_by_the_engine() {
        let scene = Scene::half_done().await;
        let works = scene.engine_works(ExecutionStatus::Succeeded);
        let (stopped, ()) = tokio::join!(scene.stop(), works);
        let expected = Stopped {
            complete: 1,
            failed: 2,
            ended: 2,
            ..Stopped::default()
        };
        assert_eq!(stopped.unwrap(), expected);
        let input = scene.engine.input(&scene.reconcile()).unwrap();
        let expected = format!(r#"{{"batch":"{}","mode":"reconcile"}}"#, scene.batch);
        assert_eq!(input, expected);
        let id = ExecutionId(scene.batch.to_string());
        let execution = scene.engine.describe(&id).await.unwrap().unwrap();
        assert_eq!(execution.status, ExecutionStatus::Stopped);
        assert_eq!(execution.reason.as_deref(), Some("a test"));
        let run = scene.store.run(&scene.batch).await.unwrap().unwrap();
        assert_eq!(run.status, RunStatus::Interrupted);
        // Another runner's job goes on.
        let other = scene.store.job(&scene.jobs[3]).await.unwrap().unwrap();
        assert!(matches!(other.status, JobStatus::Running(_)));
        // Once is enough.
        let again = scene.stop().await.unwrap();
        assert!(again.was_over);
        assert_eq!((again.complete, again.failed), (1, 2));
    }

    #[tokio::test]
    async fn an_engine_that_fails_is_told_and_leaves_the_batch_to_be_stopped_again() {
        let scene = Scene::half_done().await;
        let works = scene.engine_works(ExecutionStatus::TimedOut);
        let (stopped, ()) = tokio::join!(scene.stop(), works);
        let stopped = stopped.unwrap();
        assert_eq!(stopped.trouble.as_deref(), Some("its time was up"));
        assert_eq!((stopped.open, stopped.ended), (2, 0));
        let run = scene.store.run(&scene.batch).await.unwrap().unwrap();
        assert_eq!(run.status, RunStatus::Running);
    }

    #[tokio::test]
    async fn a_batch_whose_start_broke_off_is_reconciled_alone() {
        let mut scene = Scene::half_done().await;
        let (whole, partial) = (scene.objects.clone(), InMemoryObjectStore::default());
        let name = items_object(&scene.batch);
        let items = whole.get(&name).await.unwrap().unwrap();
        partial.put_new(&name, items).await.unwrap();
        scene.services.objects = Arc::new(partial);
        let works = scene.engine_works(ExecutionStatus::Succeeded);
        let (stopped, ()) = tokio::join!(scene.stop(), works);
        assert_eq!(stopped.unwrap().ended, 2);
    }

    #[tokio::test]
    async fn an_unknown_batch_is_not_found() {
        let mut scene = Scene::new().await;
        scene.batch = RunId::new(Timestamp::from_unix_millis(5), 5);
        let refused = scene.stop().await;
        assert!(
            matches!(refused, Err(StoreError::NotFound { .. })),
            "{refused:?}"
        );
    }
}
