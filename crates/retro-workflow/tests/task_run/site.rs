//! What tests of task runs share: a remote, an executor that is a closure, and stores.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use retro_domain::{
    Clock, CommandLine, CommitId, ExecutorSettings, LeaseOwner, LeasePolicy, PromptDelivery,
    RepoId, RunId, TaskContext, TaskEvent, TaskPlace, TaskRun, TaskSettings, Timestamp,
};
use retro_exec::{CancelToken, Ending, ExecError, Executor, Finished, Home, Invocation};
use retro_forge::{InMemoryPullRequests, RepositoryFixture};
use retro_git::{GitError, GitTaskWorkspace, Pace, Remote, TaskWorkspace};
use retro_store::{InMemoryTaskStore, NewTaskRun, StoreError, TaskRunStore as _};
use retro_testing::ScratchRepo;
use retro_workflow::Interrupt;
use retro_workflow::task_run::{TaskOptions, TaskReport, TaskServices, TaskWorkspaces, run_task};

/// A clock that tests move.
pub(crate) struct Moved(pub(crate) AtomicI64);

impl Clock for Moved {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_seconds(self.0.load(Ordering::SeqCst))
    }
}

struct NoWait;

impl Pace for NoWait {
    fn sleep(&self, _time: Duration) {}

    fn up_to(&self, limit: u64) -> u64 {
        limit
    }
}

/// What a command does: the name of its log, its work tree, and whether somebody wants an end.
pub(crate) type Script = Arc<dyn Fn(&str, &Invocation, &CancelToken) -> Ending + Send + Sync>;

struct Scripted(Script);

impl Executor for Scripted {
    fn run(&self, invocation: &Invocation, cancel: &CancelToken) -> Result<Finished, ExecError> {
        for capture in [&invocation.stdout, &invocation.stderr] {
            std::fs::write(&capture.path, "").unwrap();
        }
        let name = invocation.stdout.path.file_stem().unwrap();
        let ending = match cancel.is_cancelled() {
            true => Ending::Cancelled,
            false => (self.0)(name.to_str().unwrap(), invocation, cancel),
        };
        Ok(Finished::of(ending))
    }
}

struct Trees {
    folder: PathBuf,
    remote: String,
}

impl Trees {
    fn of(&self, run: &TaskRun) -> PathBuf {
        self.folder.join(run.id.as_str())
    }
}

impl TaskWorkspaces for Trees {
    fn open(&self, run: &TaskRun) -> Result<Box<dyn TaskWorkspace>, GitError> {
        let remote = Remote::new(&self.remote)?;
        let tree = GitTaskWorkspace::open(&self.of(run), remote, Arc::new(NoWait))?;
        Ok(Box::new(tree))
    }

    fn remove(&self, run: &TaskRun) -> Result<(), GitError> {
        match std::fs::remove_dir_all(self.of(run)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => panic!("{error}"),
            _ => Ok(()),
        }
    }
}

pub(crate) struct Site {
    /// Somebody else's work tree.
    pub(crate) repo: ScratchRepo,
    pub(crate) bare: PathBuf,
    pub(crate) store: InMemoryTaskStore,
    pub(crate) clock: Arc<Moved>,
    pub(crate) interrupt: Interrupt,
    pub(crate) events: Arc<Mutex<Vec<TaskEvent>>>,
    pub(crate) script: Script,
    pub(crate) forge: InMemoryPullRequests,
}

pub(crate) fn id(number: u32) -> RunId {
    RunId::new(Timestamp::from_unix_seconds(1_000), number)
}

/// A forge that has the first run's branch, as if it were pushed.
fn forge() -> InMemoryPullRequests {
    let commits = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let branches = [
        ("main", commits(&["a"])),
        (crate::BRANCH, commits(&["a", "b"])),
    ];
    InMemoryPullRequests::new(RepositoryFixture {
        branches: branches.map(|(name, it)| (name.to_owned(), it)).into(),
        default_branch: "main".to_owned(),
        labels: vec!["retro".to_owned()],
        author: "bot".to_owned(),
        has_drafts: true,
        ..RepositoryFixture::default()
    })
}

/// A task whose executor is the script.
pub(crate) fn task() -> TaskContext {
    TaskContext {
        task_id: "T-1".to_owned(),
        title: "Analyze Sales Data".to_owned(),
        description: "Look at it.".to_owned(),
        acceptance_criteria: vec!["It was looked at".to_owned()],
        place: Some(TaskPlace::Repository("https://example.com/o/r".to_owned())),
        settings: TaskSettings {
            executor: Some(ExecutorSettings {
                command: CommandLine::Argv(vec!["agent".into(), "{prompt_file}".into()]),
                prompt: PromptDelivery::File,
                env_allow: Vec::new(),
                env: Default::default(),
                timeout: None,
            }),
            playbook_path: Some("playbook.toml".to_owned()),
            ..TaskSettings::default()
        },
        ..TaskContext::default()
    }
}

/// Writes a file in the work tree.
pub(crate) fn change(invocation: &Invocation, name: &str) {
    std::fs::write(invocation.cwd.join(name), "made\n").unwrap();
}

impl Site {
    pub(crate) fn new() -> Self {
        Self::with(|name, invocation, _| {
            if name == "execute" {
                change(invocation, "made.txt");
            }
            Ending::Exited(0)
        })
    }

    pub(crate) fn with(
        script: impl Fn(&str, &Invocation, &CancelToken) -> Ending + Send + Sync + 'static,
    ) -> Self {
        let repo = ScratchRepo::new();
        let bare = repo.outside().join("bare");
        repo.git(["init", "-q", "--bare", "-b", "main", "../bare"]);
        repo.git(["remote", "add", "origin", "../bare"]);
        repo.commit_files(&[("kept", "1\n")], "first");
        repo.git(["push", "-q", "origin", "main"]);
        Self {
            repo,
            bare,
            store: InMemoryTaskStore::default(),
            clock: Arc::new(Moved(AtomicI64::new(1_000))),
            interrupt: Interrupt::new(),
            events: Arc::default(),
            script: Arc::new(script),
            forge: forge(),
        }
    }

    pub(crate) fn services(&self) -> TaskServices {
        TaskServices {
            runs: Arc::new(self.store.clone()),
            journal: Arc::new(self.store.clone()),
            events: Arc::new(self.store.clone()),
            workspaces: Arc::new(Trees {
                folder: self.repo.outside().join("trees"),
                remote: self.bare.display().to_string(),
            }),
            pull_requests: Some(Arc::new(self.forge.clone())),
            redact: Arc::new(|text: &str| text.replace("hunter2", "***")),
            executor: Arc::new(Scripted(Arc::clone(&self.script))),
            clock: Arc::clone(&self.clock) as _,
        }
    }

    pub(crate) fn options(&self, owner: &str) -> TaskOptions {
        let outside = self.repo.outside();
        TaskOptions {
            owner: LeaseOwner(owner.to_owned()),
            lease: LeasePolicy::default(),
            environment: Default::default(),
            home: Home::Own(outside.join("home")),
            folder: outside.join("files"),
            log_cap: 1 << 20,
            grace: Duration::from_secs(1),
            signer: ("git-retro".to_owned(), "retro@example.com".to_owned()),
            waits_for_approval: false,
        }
    }

    /// Asks for a run of a task.
    pub(crate) async fn ask(&self, number: u32, context: TaskContext) -> TaskRun {
        let run = NewTaskRun {
            id: id(number),
            repo: RepoId::new("o", "r").unwrap(),
            created_at: self.clock.now(),
            context,
        };
        self.store.create_task_run(&run).await.unwrap()
    }

    pub(crate) async fn run_with(
        &self,
        number: u32,
        services: TaskServices,
    ) -> Result<TaskReport, StoreError> {
        let events = Arc::clone(&self.events);
        let sink = move |event: &TaskEvent| events.lock().unwrap().push(event.clone());
        let options = self.options(&format!("runner-{number}"));
        run_task(
            &id(number),
            services,
            options,
            Arc::new(sink),
            self.interrupt.clone(),
        )
        .await
    }

    /// Asks for a run and does it.
    pub(crate) async fn done(&self, context: TaskContext) -> TaskRun {
        self.ask(1, context).await;
        self.run_with(1, self.services()).await.unwrap().run
    }

    pub(crate) fn names(&self) -> Vec<&'static str> {
        let events = self.events.lock().unwrap();
        events.iter().map(|event| event.kind.name()).collect()
    }

    /// What the remote's branch names.
    pub(crate) fn at_remote(&self, branch: &str) -> Option<CommitId> {
        let words = [
            "for-each-ref",
            "--format=%(objectname)",
            &format!("refs/heads/{branch}"),
        ];
        self.repo.git_in(&self.bare, words).parse().ok()
    }

    /// The subjects of a remote's branch, newest first.
    pub(crate) fn log(&self, branch: &str) -> Vec<String> {
        let said = self.repo.git_in(&self.bare, ["log", "--format=%s", branch]);
        said.lines().map(str::to_owned).collect()
    }

    pub(crate) fn branches(&self) -> Vec<String> {
        let said = self.repo.git_in(
            &self.bare,
            ["for-each-ref", "--format=%(refname:short)", "refs/heads"],
        );
        said.lines().map(str::to_owned).collect()
    }

    pub(crate) fn trees(&self) -> Vec<PathBuf> {
        let folder: &Path = &self.repo.outside().join("trees");
        let entries = std::fs::read_dir(folder).into_iter().flatten();
        entries.map(|entry| entry.unwrap().path()).collect()
    }
}
