//! Work trees of git-retro's own.

use std::path::Path;

use retro_domain::{CommitId, Overlay};

use crate::GitError;

/// What to do with submodules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum SubmodulePolicy {
    /// Leave their folders empty.
    #[default]
    Skip,
    /// Check them out from what the user's repository has of them; never from the network.
    Checkout,
}

/// What to do with files kept in Git LFS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum LfsPolicy {
    /// Leave the pointer files.
    #[default]
    Skip,
    /// Put the content in their place from the user's local LFS store; never from the network.
    Checkout,
}

/// How slots are made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SlotOptions {
    /// Start each checkout from an empty work tree.
    pub clean: bool,
    /// What to do with submodules.
    pub submodules: SubmodulePolicy,
    /// What to do with LFS files.
    pub lfs: LfsPolicy,
    /// Globs of untracked paths that stay from one commit to the next beside ignored ones.
    pub keep: Vec<String>,
}

/// What a checkout did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checkout {
    /// Files written because the commits differ.
    pub written: usize,
    /// Files and folders removed because the commits differ.
    pub removed: usize,
    /// Tracked files put back because something had changed them since the last checkout.
    pub restored: usize,
    /// Untracked files and folders removed that are neither ignored nor kept.
    pub cleaned: usize,
    /// Things a person should know, each said once per slot: skipped submodules, for example.
    pub warnings: Vec<String>,
}

/// An overlay was not laid over a commit.
#[derive(Debug, thiserror::Error)]
pub enum OverlayError {
    /// It does not fit this commit; nothing was changed.
    #[error("{0}")]
    DoesNotFit(String),
    /// Something else went wrong.
    #[error(transparent)]
    Git(#[from] GitError),
}

/// An overlay that fits no commit at all.
#[derive(Debug, thiserror::Error)]
pub enum OverlayFault {
    /// A file would be written where none may be.
    #[error("the overlay's path {path:?} is not allowed: {why}")]
    Path {
        /// Where it would go.
        path: String,
        /// Why it may not.
        why: &'static str,
    },
    /// A patch cannot be applied to anything.
    #[error("patch {} of the overlay fits no commit: {why}", index + 1)]
    Patch {
        /// Its place in [`Overlay::patches`].
        index: usize,
        /// What is wrong with it.
        why: String,
    },
}

/// A pool of persistent work trees for one repository.
pub trait SlotPool: Send + Sync {
    /// A slot nobody uses, locked for the caller until it is dropped; made when there is none.
    ///
    /// `near` is a commit that will be checked out: a free slot that has it, or that was last used
    /// for a commit close to it, is preferred. Several processes may share a pool.
    ///
    /// # Errors
    ///
    /// When a slot cannot be made.
    fn acquire(&self, near: Option<&CommitId>) -> Result<Box<dyn Slot>, GitError>;
}

/// One work tree. Dropping it unlocks it; the lock of a process that died is void.
pub trait Slot: Send {
    /// The root of the work tree, absolute.
    fn work_tree(&self) -> &Path;

    /// A folder beside the work tree for logs and scratch files, absolute, which survives
    /// checkouts.
    fn scratch(&self) -> &Path;

    /// The commit that is checked out.
    fn current(&self) -> Option<CommitId>;

    /// Makes the work tree exactly `commit`: tracked files as committed whatever was done to them,
    /// ignored and kept ones as they are, everything else gone, `HEAD` detached at the commit.
    ///
    /// Only files that differ are written, so that builds stay warm. Times of files are those of
    /// the writing, never the commit's.
    ///
    /// # Errors
    ///
    /// On any error the slot knows that its state is uncertain, and its next checkout starts from
    /// an empty work tree; unless the commit itself cannot be read, for then nothing was touched.
    /// [`GitError::Unrepresentable`] for a commit that this file system cannot hold,
    /// [`GitError::MissingObject`] for one that is not all there.
    fn checkout(&mut self, commit: &CommitId) -> Result<Checkout, GitError>;

    /// Lays files and patches over the commit; the next checkout takes them away again.
    ///
    /// # Errors
    ///
    /// [`OverlayError::DoesNotFit`] when a patch does not apply or a path leads elsewhere: nothing was
    /// changed then. After any other error some of it may be there, and the next checkout takes it
    /// away.
    fn apply_overlay(&mut self, overlay: &Overlay) -> Result<(), OverlayError>;
}
