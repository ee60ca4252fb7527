//! Doubles of the two sides of a batch.

use std::sync::Arc;

use retro_domain::{LeaseOwner, RepoId, RunId, Timestamp, ToolchainFingerprint};
use retro_exec::Ending;
use retro_store::{
    Engine, Execution, ExecutionId, InMemoryArtifactStore, InMemoryEngine, InMemoryJobStore,
    InMemoryObjectStore, InMemoryResultStore, ObjectStore, RunCommit, StoreError,
};
use retro_workflow::batch::{
    BatchJob, BatchOptions, BatchServices, Pulled, Pulling, Submitted, items_object, note_result,
    pull, submit,
};
use retro_workflow::{Claims, Plan, PlannedJob};

use crate::doubles::{Bench, Script};

/// Fails from commit 3 on, and cannot be built at commit 1.
pub(crate) fn script() -> Script {
    Box::new(|number, _| match number {
        1 => Ending::Exited(125),
        _ => Ending::Exited(i32::from(number >= 3)),
    })
}

pub(crate) fn id(number: u32) -> RunId {
    RunId::new(Timestamp::from_unix_seconds(1_000), number)
}

/// The side that is far away: its stores, and a runner for each job.
pub(crate) struct Far {
    pub(crate) bench: Bench,
    pub(crate) engine: InMemoryEngine,
    pub(crate) objects: InMemoryObjectStore,
    /// What its runners stored.
    pub(crate) stored: InMemoryArtifactStore,
    /// The tools that runners are taken to have.
    pub(crate) toolchain: ToolchainFingerprint,
    /// Whether the engine starts nothing.
    pub(crate) refuses: bool,
}

/// An engine that cannot be reached.
struct Refusing;

#[async_trait::async_trait]
impl Engine for Refusing {
    async fn start(&self, _name: &str, _input: &str) -> Result<ExecutionId, StoreError> {
        Err(unavailable())
    }

    async fn describe(&self, _execution: &ExecutionId) -> Result<Option<Execution>, StoreError> {
        Err(unavailable())
    }

    async fn stop(&self, _execution: &ExecutionId, _reason: &str) -> Result<(), StoreError> {
        Err(unavailable())
    }
}

fn unavailable() -> StoreError {
    StoreError::Unavailable {
        why: "it cannot be reached".to_owned(),
    }
}

impl Far {
    pub(crate) fn new() -> Self {
        let mut bench = Bench::new();
        let stored = InMemoryArtifactStore::default();
        bench.artifacts = Arc::new(stored.clone());
        bench.options.claims = Claims::OnlyWaiting;
        bench.options.self_contained = true;
        Self {
            bench,
            engine: InMemoryEngine::default(),
            objects: InMemoryObjectStore::default(),
            stored,
            toolchain: ToolchainFingerprint::unknown(),
            refuses: false,
        }
    }

    pub(crate) async fn submit(&self, plan: &Plan, id: RunId) -> Result<Submitted, StoreError> {
        let rerun = false;
        self.submit_with(plan, id, rerun).await
    }

    pub(crate) async fn submit_with(
        &self,
        plan: &Plan,
        id: RunId,
        rerun: bool,
    ) -> Result<Submitted, StoreError> {
        let services = BatchServices {
            jobs: Arc::new(self.bench.jobs.clone()),
            index: Arc::new(self.bench.jobs.clone()),
            runs: Arc::new(self.bench.jobs.clone()),
            objects: Arc::new(self.objects.clone()),
            engine: match self.refuses {
                true => Arc::new(Refusing),
                false => Arc::new(self.engine.clone()),
            },
            clock: Arc::clone(&self.bench.clock) as _,
        };
        let options = BatchOptions {
            id,
            url: "https://example.com/test/line".to_owned(),
            prefix: "team/results".to_owned(),
            toolchain: self.toolchain,
            rerun,
            log_cap: None,
        };
        submit(plan, &services, &options).await
    }

    pub(crate) async fn items(&self, id: &RunId) -> Vec<BatchJob> {
        let items = self.objects.get(&items_object(id)).await.unwrap();
        serde_json::from_slice(&items.unwrap()).unwrap()
    }

    /// What runners do, one for each job of a batch: a plan of one commit.
    pub(crate) async fn run_jobs(&self, plan: &Plan, id: &RunId) {
        self.run_jobs_with(plan, id, script).await;
    }

    pub(crate) async fn run_jobs_with(&self, plan: &Plan, id: &RunId, script: fn() -> Script) {
        for item in self.items(id).await {
            let is_its = |commit: &RunCommit| commit.commit.to_string() == item.commit;
            let commit = plan.commits.iter().find(|it| is_its(it)).unwrap();
            let planned = PlannedJob {
                commit: 0,
                suite: commit.suite,
                key: commit.key,
                replaces: None,
            };
            let job = self.bench.job_of(plan, commit);
            let plan = Plan {
                commits: vec![commit.clone()],
                jobs: vec![planned],
                ..plan.clone()
            };
            // It knows of no results but its own.
            let results = InMemoryResultStore::default();
            let plan = Arc::new(plan);
            self.bench.run_into(&plan, script(), &results).await;
            let key = plan.commits[0].key;
            let jobs = &self.bench.jobs;
            note_result(key, &job, jobs, jobs).await.unwrap();
        }
    }
}

/// This machine.
pub(crate) struct Home {
    pub(crate) jobs: InMemoryJobStore,
    pub(crate) results: InMemoryResultStore,
    pub(crate) artifacts: InMemoryArtifactStore,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self {
            jobs: InMemoryJobStore::default(),
            results: InMemoryResultStore::default(),
            artifacts: InMemoryArtifactStore::default(),
        }
    }

    pub(crate) fn pulling(&self, far: &Far) -> Pulling {
        Pulling {
            remote_jobs: Arc::new(far.bench.jobs.clone()),
            remote_index: Arc::new(far.bench.jobs.clone()),
            remote_objects: Arc::new(far.objects.clone()),
            remote_runs: Arc::new(far.bench.jobs.clone()),
            remote_artifacts: Arc::clone(&far.bench.artifacts),
            jobs: Arc::new(self.jobs.clone()),
            runs: Arc::new(self.jobs.clone()),
            results: Arc::new(self.results.clone()),
            artifacts: Arc::new(self.artifacts.clone()),
            clock: Arc::clone(&far.bench.clock) as _,
            owner: LeaseOwner("home".into()),
        }
    }

    pub(crate) async fn pull(&self, far: &Far, id: &RunId) -> Pulled {
        let stores = self.pulling(far);
        let repo = RepoId::new("local", "line-12345678").unwrap();
        let mut told = 0;
        let pulled = pull(id, &repo, &stores, |_| true, |_, _| told += 1)
            .await
            .unwrap();
        assert_eq!(told, pulled.ended.len());
        pulled
    }
}
