//! What a task run works with.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use retro_domain::{Clock, LeaseOwner, LeasePolicy, TaskRun};
use retro_exec::{Executor, Home};
use retro_forge::PullRequests;
use retro_git::{GitError, TaskWorkspace};
use retro_store::{TaskEventLog, TaskJournal, TaskRunStore};

/// Gives task runs their work trees.
pub trait TaskWorkspaces: Send + Sync {
    /// The work tree of a run: the same one each time it is asked for, on one machine.
    ///
    /// # Errors
    ///
    /// When there is none to be had, [`GitError::Locked`] while another process works in it.
    fn open(&self, run: &TaskRun) -> Result<Box<dyn TaskWorkspace>, GitError>;

    /// Removes what was made for a run that needs its work tree no longer, where it is there. A slot that
    /// somebody gave stays.
    ///
    /// # Errors
    ///
    /// When files cannot be removed.
    fn remove(&self, run: &TaskRun) -> Result<(), GitError>;
}

/// What a task run works with.
#[derive(Clone)]
pub struct TaskServices {
    /// Runs and their leases.
    pub runs: Arc<dyn TaskRunStore>,
    /// What they do to the world outside.
    pub journal: Arc<dyn TaskJournal>,
    /// What happens in them.
    pub events: Arc<dyn TaskEventLog>,
    /// Their work trees.
    pub workspaces: Arc<dyn TaskWorkspaces>,
    /// Opens pull requests; without it, a run that wants one says that nobody could.
    pub pull_requests: Option<Arc<dyn PullRequests>>,
    /// Takes secrets out of what leaves the machine.
    pub redact: Arc<dyn Fn(&str) -> String + Send + Sync>,
    /// Runs commands.
    pub executor: Arc<dyn Executor>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// How a task run is done.
#[derive(Clone, Debug)]
pub struct TaskOptions {
    /// Who does it, for leases. Unique for each runner.
    pub owner: LeaseOwner,
    /// How long leases last.
    pub lease: LeasePolicy,
    /// The environment that commands get what they are allowed from.
    pub environment: BTreeMap<OsString, OsString>,
    /// The home folder of commands.
    pub home: Home,
    /// A folder for the run's own files: prompt, logs, what the executor declares. Kept until the run is
    /// over, since another runner may go on with it.
    pub folder: PathBuf,
    /// The most bytes that are kept of what a command prints.
    pub log_cap: u64,
    /// The time between asking a command to end and ending it.
    pub grace: Duration,
    /// Who commits: name and e-mail address.
    pub signer: (String, String),
    /// Whether to wait for an approval. Otherwise the run is left, and a later call goes on with it.
    pub waits_for_approval: bool,
}
