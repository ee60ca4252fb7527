//! What the phases of one run share.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use retro_domain::{
    CommitId, DeclaredResult, Epoch, GitFacts, GitStatus, PhaseOutcome, TaskEventKind, TaskPhase,
    TaskRun, TaskRunEvent,
};
use retro_exec::CancelToken;
use retro_git::{GitError, NetworkLimits, Signer, TaskWorkspace};
use retro_store::StoreError;
use tokio::runtime::Handle;

use super::recorder::Recorder;
use super::services::{TaskOptions, TaskServices};

/// Why a phase cannot be ended: the run has to be left as it is.
#[derive(Debug)]
pub(super) enum Halt {
    /// A store does not answer, or the lease is somebody else's.
    Store(StoreError),
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

pub(super) type Phase = Result<PhaseOutcome, Halt>;

/// A run in somebody's hands.
pub(super) struct Session {
    pub(super) run: TaskRun,
    pub(super) epoch: Epoch,
    pub(super) services: TaskServices,
    pub(super) options: TaskOptions,
    pub(super) recorder: Recorder,
    pub(super) handle: Handle,
    pub(super) workspace: Option<Box<dyn TaskWorkspace>>,
    /// Ends commands.
    pub(super) cancel: CancelToken,
    /// Ends work with a remote.
    pub(super) cancelled: Arc<AtomicBool>,
    /// When the whole run has to be over.
    pub(super) deadline: Option<Instant>,
}

impl Session {
    /// Waits for a store from the run's thread.
    pub(super) fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.handle.block_on(work)
    }

    pub(super) fn record(&mut self, kind: TaskEventKind) -> Result<(), StoreError> {
        let handle = self.handle.clone();
        handle.block_on(self.recorder.record(kind))
    }

    pub(super) fn warn(&mut self, message: impl Into<String>) -> Result<(), StoreError> {
        let message = message.into();
        self.record(TaskEventKind::Warning { message })
    }

    pub(super) fn apply(&mut self, event: &TaskRunEvent) -> Result<(), StoreError> {
        let applied = self.services.runs.apply(&self.run.id, event);
        self.run.state = self.wait(applied)?;
        Ok(())
    }

    /// Says how far the change has come. What has been reached stays.
    pub(super) fn reached(&mut self, status: GitStatus) -> Result<(), StoreError> {
        let now = self.run.state.git;
        if status == now || (now != GitStatus::Failed && status < now) {
            return Ok(());
        }
        let epoch = self.epoch;
        self.apply(&TaskRunEvent::Git { epoch, status })
    }

    /// Something in git did not succeed: it is written down, and the run goes on.
    pub(super) fn git_failed(&mut self, operation: &str, error: &GitError) -> Phase {
        let reason = chain(error);
        self.record(TaskEventKind::GitOperationFailed {
            operation: operation.to_owned(),
            reason: reason.clone(),
        })?;
        self.reached(GitStatus::Failed)?;
        Ok(match error {
            GitError::Cancelled { .. } => PhaseOutcome::Interrupted,
            GitError::TimeUp { .. } => PhaseOutcome::TimedOut,
            _ => PhaseOutcome::Broken(format!("{operation}: {reason}")),
        })
    }

    pub(super) fn set_git(&mut self, git: GitFacts) -> Result<(), StoreError> {
        let said = self.services.runs.set_git(&self.run.id, self.epoch, &git);
        self.wait(said)?;
        self.run.git = git;
        Ok(())
    }

    pub(super) fn set_commit(&mut self, commit: CommitId) -> Result<(), StoreError> {
        let git = GitFacts {
            commit_sha: Some(commit),
            ..self.run.git.clone()
        };
        self.set_git(git)
    }

    /// The run's work tree, which is opened when it is needed.
    pub(super) fn workspace(&mut self) -> Result<&mut Box<dyn TaskWorkspace>, GitError> {
        if self.workspace.is_none() {
            self.workspace = Some(self.services.workspaces.open(&self.run)?);
        }
        match &mut self.workspace {
            Some(workspace) => Ok(workspace),
            None => unreachable!("it was opened above"),
        }
    }

    /// When a phase has to be over: its own deadline, or that of the run.
    pub(super) fn time_for(&self, phase: TaskPhase, wanted: Option<Duration>) -> Duration {
        let own = wanted.unwrap_or_else(|| phase.usual_deadline());
        let saves_work = !phase.is_interruptible();
        match self.deadline {
            // What keeps the work has its time also when the run's is over.
            Some(deadline) if !saves_work => {
                own.min(deadline.saturating_duration_since(Instant::now()))
            }
            _ => own,
        }
    }

    pub(super) fn network(&self, phase: TaskPhase) -> NetworkLimits {
        let stops = phase.is_interruptible();
        NetworkLimits {
            cancelled: stops.then(|| Arc::clone(&self.cancelled)),
            deadline: Some(Instant::now() + self.time_for(phase, None)),
        }
    }

    pub(super) fn signer(&self) -> Signer {
        let (name, email) = self.options.signer.clone();
        Signer {
            name,
            email,
            at: self.services.clock.now(),
        }
    }

    /// What the executor said of its work, where it said something that can be read.
    pub(super) fn declared(&self) -> DeclaredResult {
        let content = std::fs::read(self.file(RESULT)).unwrap_or_default();
        DeclaredResult::parse(&content).unwrap_or_default()
    }

    /// A file of the run's own.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.options.folder.join(name)
    }
}

/// The file in which an executor declares what it did.
pub(super) const RESULT: &str = "result.txt";

/// An error with what is behind it.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        source = inner.source();
    }
    text
}
