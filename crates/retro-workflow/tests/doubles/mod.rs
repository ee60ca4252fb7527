//! Doubles of everything that a look back works with, and a bench to run one on.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use retro_domain::{
    Clock, CommandLine, CommitId, CommitJob, Event, JobStatus, Overlay, RepoId, Suite, Timestamp,
    ToolchainFingerprint, TreeId,
};
use retro_exec::{CancelToken, Ending, ExecError, Executor, Finished, Invocation};
use retro_git::{
    Checkout, CommitInfo, CommitList, CommitQuery, GitError, History, OverlayError, Selection,
    Slot, SlotPool,
};
use retro_store::{
    ArtifactStore, InMemoryArtifactStore, InMemoryEventLog, InMemoryJobStore, InMemoryResultStore,
    JobStore, RunCommit,
};
use retro_workflow::{
    EventSink, Interrupt, LookBackOptions, LookBackReport, LookBackRequest, Plan, Reuse, Services,
    look_back, plan,
};

/// Commits in a line, each with a tree of its own.
pub(crate) struct Line(pub(crate) u8);

pub(crate) fn commit_id(number: u8) -> CommitId {
    CommitId::from_bytes(&[number; 20]).unwrap()
}

impl History for Line {
    fn repo_id(&self) -> RepoId {
        RepoId::new("test", "line").unwrap()
    }

    fn commits(&self, _query: &CommitQuery) -> Result<CommitList, GitError> {
        let info = |number: u8| CommitInfo {
            id: commit_id(number),
            tree: TreeId::from_bytes(&[number; 20]).unwrap(),
            parents: number.checked_sub(1).map(commit_id).into_iter().collect(),
            committed_at: Timestamp::from_unix_seconds(i64::from(number)),
            author: "A".to_owned(),
            summary: format!("commit {number}"),
        };
        Ok(CommitList {
            commits: (0..self.0).map(info).collect(),
            parents: (0..usize::from(self.0))
                .map(|n| n.checked_sub(1).into_iter().collect())
                .collect(),
            warnings: Vec::new(),
        })
    }

    fn resolve(&self, _revision: &str) -> Result<CommitInfo, GitError> {
        Ok(self
            .commits(&CommitQuery::new(Selection::Revisions(vec![])))?
            .commits
            .remove(0))
    }

    fn read_file(&self, _commit: &CommitId, _path: &str) -> Result<Option<Vec<u8>>, GitError> {
        Ok(None)
    }
}

/// Slots that are plain folders; a checkout writes the commit's number into a file.
pub(crate) struct Folders(pub(crate) PathBuf, pub(crate) AtomicUsize);

pub(crate) struct Folder(PathBuf, Option<CommitId>);

impl SlotPool for Folders {
    fn acquire(&self, _near: Option<&CommitId>) -> Result<Box<dyn Slot>, GitError> {
        let number = self.1.fetch_add(1, Ordering::SeqCst);
        let folder = self.0.join(number.to_string());
        std::fs::create_dir_all(folder.join("scratch")).unwrap();
        Ok(Box::new(Folder(folder, None)))
    }
}

impl Slot for Folder {
    fn work_tree(&self) -> &Path {
        &self.0
    }

    fn scratch(&self) -> &Path {
        Path::new(Box::leak(self.0.join("scratch").into_boxed_path()))
    }

    fn current(&self) -> Option<CommitId> {
        self.1
    }

    fn checkout(&mut self, commit: &CommitId) -> Result<Checkout, GitError> {
        std::fs::write(self.0.join("number"), commit.as_bytes()[0].to_string()).unwrap();
        self.1 = Some(*commit);
        Ok(Checkout::default())
    }

    fn apply_overlay(&mut self, _overlay: &Overlay) -> Result<(), OverlayError> {
        Ok(())
    }
}

/// What a scripted command does at a commit.
pub(crate) type Script = Box<dyn Fn(u8, &CancelToken) -> Ending + Send + Sync>;

pub(crate) struct Scripted(pub(crate) Script);

impl Executor for Scripted {
    fn run(&self, invocation: &Invocation, cancel: &CancelToken) -> Result<Finished, ExecError> {
        if cancel.is_cancelled() {
            return Ok(finished(Ending::Cancelled));
        }
        for capture in [&invocation.stdout, &invocation.stderr] {
            std::fs::write(&capture.path, "").unwrap();
        }
        let scratch = invocation
            .env
            .iter()
            .find(|(name, _)| name == "RETRO_SCRATCH");
        assert!(scratch.is_some_and(|(_, path)| Path::new(path).is_dir()));
        let number = std::fs::read_to_string(invocation.cwd.join("number")).unwrap();
        Ok(finished((self.0)(number.parse().unwrap(), cancel)))
    }
}

pub(crate) fn finished(ending: Ending) -> Finished {
    Finished::of(ending)
}

/// A clock that tests move.
#[derive(Default)]
pub(crate) struct Moved(pub(crate) AtomicI64);

impl Clock for Moved {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_seconds(self.0.load(Ordering::SeqCst))
    }
}

#[derive(Default)]
pub(crate) struct Remembered(pub(crate) Mutex<Vec<Event>>);

impl EventSink for Remembered {
    fn event(&self, event: &Event) {
        self.0.lock().unwrap().push(event.clone());
    }
}

pub(crate) struct Bench {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) jobs: InMemoryJobStore,
    pub(crate) results: InMemoryResultStore,
    pub(crate) events: InMemoryEventLog,
    pub(crate) artifacts: Arc<dyn ArtifactStore>,
    pub(crate) clock: Arc<Moved>,
    pub(crate) sink: Arc<Remembered>,
    pub(crate) options: LookBackOptions,
    pub(crate) interrupt: Interrupt,
    /// Where slots are, when not in the folder.
    pub(crate) slots: Option<PathBuf>,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = LookBackOptions::new("me", folder.path().join("home"));
        Self {
            folder,
            jobs: InMemoryJobStore::default(),
            results: InMemoryResultStore::default(),
            events: InMemoryEventLog::default(),
            artifacts: Arc::new(InMemoryArtifactStore::default()),
            clock: Arc::default(),
            sink: Arc::default(),
            options,
            interrupt: Interrupt::new(),
            slots: None,
        }
    }

    pub(crate) async fn plan(&self, commits: u8) -> Arc<Plan> {
        self.plan_with(commits, ToolchainFingerprint::unknown(), Overlay::default())
            .await
    }

    pub(crate) async fn plan_with(
        &self,
        commits: u8,
        toolchain: ToolchainFingerprint,
        overlay: Overlay,
    ) -> Arc<Plan> {
        let request = LookBackRequest {
            suites: Suite::new("unit", CommandLine::Argv(vec!["scripted".into()])).into(),
            commits: CommitQuery::new(Selection::Last {
                count: usize::from(commits),
                tip: None,
            }),
            overlay,
            toolchain,
            reuse: Reuse::All,
            described: "a line".into(),
        };
        Arc::new(plan(&request, &Line(commits), &self.results).await.unwrap())
    }

    pub(crate) async fn run(&self, plan: &Arc<Plan>, script: Script) -> LookBackReport {
        self.run_into(plan, script, &self.results).await
    }

    pub(crate) async fn run_into(
        &self,
        plan: &Arc<Plan>,
        script: Script,
        results: &InMemoryResultStore,
    ) -> LookBackReport {
        let slots = self.slots.as_deref().unwrap_or(self.folder.path());
        let services = Services {
            slots: Arc::new(Folders(slots.to_owned(), AtomicUsize::new(0))),
            executor: Arc::new(Scripted(script)),
            jobs: Arc::new(self.jobs.clone()),
            runs: Arc::new(self.jobs.clone()),
            results: Arc::new(results.clone()),
            artifacts: Arc::clone(&self.artifacts),
            events: Arc::new(self.events.clone()),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
        };
        // Each run starts in a second of its own, and so has an id of its own.
        self.clock.0.fetch_add(1, Ordering::SeqCst);
        let (sink, interrupt) = (Arc::clone(&self.sink), self.interrupt.clone());
        look_back(
            Arc::clone(plan),
            services,
            self.options.clone(),
            sink,
            interrupt,
        )
        .await
        .unwrap()
    }

    pub(crate) fn job(&self, plan: &Plan, number: usize) -> CommitJob {
        self.job_of(plan, &plan.commits[number])
    }

    pub(crate) fn job_of(&self, plan: &Plan, commit: &RunCommit) -> CommitJob {
        CommitJob {
            repo: plan.repo.clone(),
            commit: commit.commit,
            suite: commit.suite,
        }
    }

    pub(crate) async fn status(&self, plan: &Plan, number: usize) -> JobStatus {
        self.jobs
            .job(&self.job(plan, number))
            .await
            .unwrap()
            .unwrap()
            .status
    }
}
