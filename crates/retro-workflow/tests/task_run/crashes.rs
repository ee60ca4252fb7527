//! Runners that die at every moment at which something is written, before and after it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use retro_domain::{
    EffectId, EffectRecord, Epoch, GitFacts, PullRequestSettings, RunId, Switch, TaskEnding,
    TaskEvent, TaskRun, TaskRunEvent, TaskRunState, TaskRunStatus, Timestamp,
};
use retro_store::{
    InMemoryTaskStore, NewTaskRun, StoreError, TaskEventLog, TaskJournal, TaskRunFilter,
    TaskRunStore,
};

use crate::BRANCH;
use crate::site::{Site, task};

/// Stores over which a runner dies: at a write of this number, before it or after.
#[derive(Clone)]
struct Mortal {
    inner: InMemoryTaskStore,
    left: Arc<AtomicUsize>,
    is_after: bool,
}

fn dead() -> StoreError {
    StoreError::Backend {
        what: "writing".to_owned(),
        why: "the runner is dead".to_owned(),
    }
}

impl Mortal {
    async fn write<T>(
        &self,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let left = self.left.load(Ordering::SeqCst);
        if left == 0 {
            return Err(dead());
        }
        self.left.store(left - 1, Ordering::SeqCst);
        if left > 1 {
            return work.await;
        }
        if self.is_after {
            work.await?;
        }
        Err(dead())
    }
}

#[async_trait]
impl TaskRunStore for Mortal {
    async fn create_task_run(&self, run: &NewTaskRun) -> Result<TaskRun, StoreError> {
        self.inner.create_task_run(run).await
    }

    async fn task_run(&self, run: &RunId) -> Result<Option<TaskRun>, StoreError> {
        self.inner.task_run(run).await
    }

    async fn task_runs(
        &self,
        filter: &TaskRunFilter,
        limit: usize,
    ) -> Result<Vec<TaskRun>, StoreError> {
        self.inner.task_runs(filter, limit).await
    }

    async fn unfinished(
        &self,
        due: Option<Timestamp>,
        limit: usize,
    ) -> Result<Vec<TaskRun>, StoreError> {
        self.inner.unfinished(due, limit).await
    }

    async fn apply(&self, run: &RunId, event: &TaskRunEvent) -> Result<TaskRunState, StoreError> {
        self.write(self.inner.apply(run, event)).await
    }

    async fn set_git(&self, run: &RunId, epoch: Epoch, git: &GitFacts) -> Result<(), StoreError> {
        self.write(self.inner.set_git(run, epoch, git)).await
    }

    async fn prune_task_runs(
        &self,
        before: Timestamp,
        keep_newest: usize,
    ) -> Result<u64, StoreError> {
        self.inner.prune_task_runs(before, keep_newest).await
    }
}

#[async_trait]
impl TaskJournal for Mortal {
    async fn intend(
        &self,
        effect: &EffectRecord,
        epoch: Epoch,
    ) -> Result<EffectRecord, StoreError> {
        self.write(self.inner.intend(effect, epoch)).await
    }

    async fn receipt(
        &self,
        effect: &EffectId,
        epoch: Epoch,
        receipt: &str,
    ) -> Result<EffectRecord, StoreError> {
        self.write(self.inner.receipt(effect, epoch, receipt)).await
    }

    async fn effects(&self, run: &RunId) -> Result<Vec<EffectRecord>, StoreError> {
        self.inner.effects(run).await
    }
}

#[async_trait]
impl TaskEventLog for Mortal {
    async fn append(&self, events: &[TaskEvent]) -> Result<(), StoreError> {
        self.write(self.inner.append(events)).await
    }

    async fn read(
        &self,
        run: &RunId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<TaskEvent>, StoreError> {
        self.inner.read(run, after, limit).await
    }
}

/// How many writes a run is allowed before its runner dies; `None` when it got to its end.
async fn dies_at(number: usize, is_after: bool) -> Option<()> {
    let site = Site::new();
    let mut context = task();
    context.settings.pull_request = Switch::On(PullRequestSettings::default());
    site.ask(1, context).await;
    let mortal = Mortal {
        inner: site.store.clone(),
        left: Arc::new(AtomicUsize::new(number)),
        is_after,
    };
    let mut services = site.services();
    services.runs = Arc::new(mortal.clone());
    services.journal = Arc::new(mortal.clone());
    services.events = Arc::new(mortal);
    let died = site.run_with(1, services).await;
    let moment = format!(
        "{} write {number}",
        ["before", "after"][usize::from(is_after)]
    );
    // Another runner takes it over once the lease is over.
    site.clock.0.fetch_add(61, Ordering::SeqCst);
    if died.is_err() {
        let again = site.run_with(1, site.services()).await;
        let run = match again {
            Ok(report) => report.run,
            // It died after its last word.
            Err(StoreError::TaskTransition(_)) => {
                site.store.task_run(&crate::id(1)).await.unwrap().unwrap()
            }
            Err(error) => panic!("{moment}: {error}"),
        };
        let done = TaskRunStatus::Finished(TaskEnding::Done);
        assert_eq!(run.state.status, done, "{moment}: {:?}", run.state);
        assert_eq!(run.git.commit_sha, site.at_remote(BRANCH), "{moment}");
        let open = site.forge.all_open();
        assert_eq!(
            run.git.pr_url.as_ref(),
            open.first().map(|it| &it.url),
            "{moment}"
        );
    }
    let subjects = ["Analyze Sales Data [Task T-1]", "first"];
    assert_eq!(site.log(BRANCH), subjects, "{moment}");
    assert_eq!(site.branches(), ["main", BRANCH], "{moment}");
    assert_eq!(site.forge.all_open().len(), 1, "{moment}");
    died.is_err().then_some(())
}

/// A runner dies at every write in turn, until it is allowed as many as a run has.
async fn dies_everywhere(is_after: bool) {
    let mut number = 1;
    while dies_at(number, is_after).await.is_some() {
        number += 1;
    }
    assert!(number > 30, "a run has more writes than {number}");
}

#[tokio::test]
async fn a_runner_that_dies_before_any_write_leaves_a_run_that_is_completed_once() {
    dies_everywhere(false).await;
}

#[tokio::test]
async fn a_runner_that_dies_after_any_write_leaves_a_run_that_is_completed_once() {
    dies_everywhere(true).await;
}
