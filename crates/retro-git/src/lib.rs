//! All git work of git-retro: history, slots, and checkouts that never touch the repository they
//! read.

mod error;
mod history;
#[cfg(feature = "git2")]
mod pool;
#[cfg(feature = "remote")]
mod remote;
#[cfg(feature = "git2")]
mod repository;
#[cfg(feature = "git2")]
mod rules;
mod slot;
#[cfg(feature = "remote")]
mod task;
mod task_workspace;
#[cfg(feature = "git2")]
mod walk;
#[cfg(feature = "git2")]
mod worktree;

pub use error::GitError;
pub use history::{CommitInfo, CommitList, CommitQuery, History, MergePolicy, Selection};
#[cfg(feature = "git2")]
pub use pool::{GitSlotPool, check_overlay};
#[cfg(feature = "remote")]
pub use remote::{
    Credential, CredentialScope, Credentials, FetchNote, FetchOptions, FetchWay, FetchedCommit,
    FetchedHistory, HistoryRequest, Pace, Remote, RemoteUrl, SshChannel, SshCommand, SshTarget,
    fetch_commit, fetch_history,
};
#[cfg(feature = "git2")]
pub use repository::GitRepository;
pub use slot::{
    Checkout, LfsPolicy, OverlayError, OverlayFault, Slot, SlotOptions, SlotPool, SubmodulePolicy,
};
#[cfg(feature = "remote")]
pub use task::GitTaskWorkspace;
pub use task_workspace::{
    BranchRemoval, BranchStart, CommitOutcome, CommitRequest, NetworkLimits, Patch, PushOutcome,
    PushRequest, RebaseOutcome, Signer, Staged, TaskWorkspace, Upstream,
};
