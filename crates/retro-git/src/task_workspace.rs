//! The work tree of a task: what is done with git from the branch to the push.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use retro_domain::{BranchName, CommitId, Timestamp};

use crate::GitError;

/// When work with a remote ends, whatever it has come to.
#[derive(Clone, Debug, Default)]
pub struct NetworkLimits {
    /// When set, the work ends soon with [`GitError::Cancelled`].
    pub cancelled: Option<Arc<AtomicBool>>,
    /// When it is over, the work ends soon with [`GitError::TimeUp`].
    pub deadline: Option<Instant>,
}

/// What a remote has of a task.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Upstream {
    /// The branch that the work is based on, without `refs/heads/`; none in an empty repository.
    pub base_name: Option<String>,
    /// Its tip.
    pub base: Option<CommitId>,
    /// The tip of the task's own branch, where the remote has it.
    pub branch: Option<CommitId>,
}

/// What became of the wish for a branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BranchStart {
    /// It was made and is checked out.
    Created {
        /// Where it begins; none in an empty repository.
        base: Option<CommitId>,
    },
    /// It was there from an earlier attempt of the same run, and is checked out.
    Adopted {
        /// Its tip.
        tip: CommitId,
    },
    /// Somebody else has a branch of this name. Nothing was changed.
    Taken {
        /// Its tip.
        tip: CommitId,
        /// Whether the remote has it, or the work tree's own repository.
        is_remote: bool,
    },
}

/// Who makes a commit, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    /// The name.
    pub name: String,
    /// The e-mail address.
    pub email: String,
    /// The moment.
    pub at: Timestamp,
}

/// Which changes a commit takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Staged {
    /// All of them.
    All,
    /// Those of these files and folders, relative to the work tree's root.
    Paths(Vec<String>),
}

/// A commit that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitRequest {
    /// The branch that it goes to.
    pub branch: BranchName,
    /// Its message.
    pub message: String,
    /// Its author, who commits it, too.
    pub author: Signer,
    /// What it takes.
    pub staged: Staged,
}

/// What became of a wish for a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommitOutcome {
    /// It was made.
    Created {
        /// The commit.
        commit: CommitId,
        /// How many files it changes.
        files: usize,
        /// What was left out of it, or is not in it as it should be, for people.
        warnings: Vec<String>,
    },
    /// There is nothing to commit: all is as the last commit has it.
    NothingToCommit {
        /// The branch's tip, none where it has no commit. Commits of the executor's own are there.
        head: Option<CommitId>,
        /// What was left out, for people.
        warnings: Vec<String>,
    },
}

/// What was changed, line by line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patch {
    /// The patch. Its files may be in any encoding.
    pub bytes: Vec<u8>,
    /// Whether it was cut at a line, since it is longer than was wanted.
    pub is_cut: bool,
}

/// What became of a wish for a rebase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RebaseOutcome {
    /// The branch has all of it already.
    UpToDate {
        /// The branch's tip.
        tip: CommitId,
    },
    /// The branch's commits are on top of it now.
    Rebased {
        /// The branch's new tip.
        tip: CommitId,
        /// How many commits were made again; one whose change is there already is left out.
        commits: usize,
    },
    /// It is not possible. The branch and the work tree are as they were.
    Conflict {
        /// The commit that does not fit; none where changes that are not committed are in the way.
        commit: Option<CommitId>,
        /// The files that do not fit, as far as they are known.
        paths: Vec<String>,
    },
}

/// A push that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushRequest {
    /// The branch, here and there.
    pub branch: BranchName,
    /// Where the task's own commits begin: what is behind it is never made again by a rebase.
    pub base: Option<CommitId>,
    /// Every commit that this run has pushed to the branch, or was about to. The remote's branch is
    /// replaced when it names one of these or something that the local branch has, and never else.
    pub known: Vec<CommitId>,
    /// Who commits what a rebase makes again; authors stay.
    pub committer: Signer,
    /// How often the commits are rebased onto a branch that somebody else goes on with.
    pub max_rebases: u32,
}

/// What became of a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PushOutcome {
    /// The remote's branch names the commit.
    Pushed {
        /// The commit; another one than before where it was rebased.
        commit: CommitId,
        /// The full name of the reference.
        reference: String,
        /// Whether it was there before: an earlier push came through.
        was_there: bool,
        /// How often the commits were rebased for it.
        rebases: u32,
    },
    /// Somebody else's commits are on the branch and ours do not fit onto them. Theirs were left alone,
    /// and ours are under a reference of their own.
    Rescued {
        /// Our commit.
        commit: CommitId,
        /// The full name of the reference, `refs/heads/retro/rescue/BRANCH-COMMIT`.
        reference: String,
        /// Why, for people.
        why: String,
        /// Their commits, newest first.
        foreign: Vec<CommitId>,
    },
}

/// What became of a wish to remove a branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BranchRemoval {
    /// It is gone.
    Removed,
    /// There was none.
    NotThere,
    /// It names something else by now and was left alone.
    Moved {
        /// What it names.
        tip: CommitId,
    },
}

/// A work tree in which a task is done, with its remote.
///
/// One process has it at a time, and no other git works in it while one of these methods runs. No hook
/// of the repository runs, no filter program, and nothing is fetched or pushed but with the remote that
/// it was opened with, whatever the repository's configuration says.
///
/// A branch of a run is known as its own by the commits that the run has written down (`known`), never
/// by names or addresses of authors, which anybody can write.
pub trait TaskWorkspace: Send {
    /// The root of the work tree, absolute.
    fn work_tree(&self) -> &Path;

    /// The commit that is checked out; none in a repository without one.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    fn head(&self) -> Result<Option<CommitId>, GitError>;

    /// Fetches the branch that work is based on (the remote's default one, where none is named) and the
    /// task's own, each with its history. The work tree is left alone.
    ///
    /// A crash leaves what the next call goes on with.
    ///
    /// # Errors
    ///
    /// [`GitError::BadRevision`] when the remote has no such branch, [`GitError::Refused`] when it will
    /// not give anything, [`GitError::Unreachable`] after the last try, [`GitError::Cancelled`] and
    /// [`GitError::TimeUp`] as the limits ask for.
    fn fetch(
        &mut self,
        base: Option<&str>,
        branch: &BranchName,
        limits: &NetworkLimits,
        notes: &mut dyn FnMut(String),
    ) -> Result<Upstream, GitError>;

    /// Makes the branch at the upstream's base and checks it out, or adopts the one that an earlier
    /// attempt of the run made. A branch that is checked out already is adopted with the changes that
    /// are in the work tree.
    ///
    /// A local branch is the run's own when it has a commit of `known`; the remote's is when its tip is
    /// one, or is contained in the local one. With nothing known, every branch of the name is somebody
    /// else's. A run writes down where its branch is to begin before it begins it, and gives what was
    /// written down before this attempt.
    ///
    /// # Errors
    ///
    /// When there are changes that are not committed in a slot that somebody else made: they may be a
    /// person's. After another error, and after a crash, the branch may be there and the work tree half
    /// way; whoever opens it next completes it.
    fn start_branch(
        &mut self,
        branch: &BranchName,
        upstream: &Upstream,
        known: &[CommitId],
    ) -> Result<BranchStart, GitError>;

    /// Puts branch and work tree back to a commit: changes and untracked files go, ignored ones stay.
    ///
    /// # Errors
    ///
    /// When the commit is not there or files cannot be written. The next call goes on.
    fn reset(&mut self, branch: &BranchName, to: &CommitId) -> Result<(), GitError>;

    /// Commits changes. Ignored files stay out, and so do repositories within the work tree. Commits
    /// that somebody made on top of the branch, under whatever name, become part of it.
    ///
    /// A crash leaves the branch with the commit or without; doing it again with the same work tree
    /// then says that there is nothing to commit.
    ///
    /// # Errors
    ///
    /// When a path leads out of the work tree, when `HEAD` is on something that has nothing to do with
    /// the branch, or when git fails. The work tree is left alone.
    fn commit(&mut self, request: &CommitRequest) -> Result<CommitOutcome, GitError>;

    /// The commits that the work tree has and `base` has not, newest first; all there are without one.
    ///
    /// # Errors
    ///
    /// When one of them cannot be read.
    fn commits_since(&self, base: Option<&CommitId>) -> Result<Vec<CommitId>, GitError>;

    /// The files that differ between `base` (nothing, without one) and what is checked out, sorted.
    /// Changes that are not committed do not count.
    ///
    /// # Errors
    ///
    /// When a tree cannot be read.
    fn files_changed_since(&self, base: Option<&CommitId>) -> Result<Vec<String>, GitError>;

    /// The same as a patch in git's format, for people and as an artifact; files that are no text are
    /// only named in it.
    ///
    /// # Errors
    ///
    /// When a tree or a file cannot be read.
    fn patch_since(&self, base: Option<&CommitId>, max_bytes: usize) -> Result<Patch, GitError>;

    /// Puts the branch's commits since `base` on top of another commit that was fetched.
    ///
    /// A crash leaves the branch as it was, or rebased; whoever opens the work tree next brings it to
    /// that.
    ///
    /// # Errors
    ///
    /// When a commit cannot be read or written. What does not fit is no error.
    fn rebase(
        &mut self,
        branch: &BranchName,
        base: Option<&CommitId>,
        onto: &CommitId,
        committer: &Signer,
    ) -> Result<RebaseOutcome, GitError>;

    /// Pushes the branch under a lease: what the remote names is looked at and replaced in one, and only
    /// where [`PushRequest::known`] allows it. Onto somebody else's commits the branch is rebased; where
    /// that does not do, it goes to a reference of its own.
    ///
    /// Doing it again after a crash or an error finds what came through. A push is held in memory while
    /// it is sent.
    ///
    /// # Errors
    ///
    /// [`GitError::PushRejected`] with the server's words when it does not take the reference,
    /// [`GitError::PushRefused`] when it takes nothing, [`GitError::PushUnreachable`] after the last
    /// try, [`GitError::Cancelled`] and [`GitError::TimeUp`] as the limits ask for. The commits stay
    /// where they are.
    fn push(
        &mut self,
        request: &PushRequest,
        limits: &NetworkLimits,
        notes: &mut dyn FnMut(String),
    ) -> Result<PushOutcome, GitError>;

    /// The commits on the remote's branch, as it was when it was last fetched or pushed to, that are
    /// neither in the local branch nor behind `known` or `base`: somebody else's. Newest first.
    ///
    /// # Errors
    ///
    /// When one of them cannot be read.
    fn foreign_commits(
        &self,
        branch: &BranchName,
        base: Option<&CommitId>,
        known: &[CommitId],
    ) -> Result<Vec<CommitId>, GitError>;

    /// Removes the local branch while it names `tip`; the work tree stays, on no branch.
    ///
    /// # Errors
    ///
    /// When git fails.
    fn remove_branch(
        &mut self,
        branch: &BranchName,
        tip: &CommitId,
    ) -> Result<BranchRemoval, GitError>;

    /// Removes the remote's branch while it names `tip`.
    ///
    /// # Errors
    ///
    /// As [`push`](Self::push).
    fn remove_remote_branch(
        &mut self,
        branch: &BranchName,
        tip: &CommitId,
        limits: &NetworkLimits,
        notes: &mut dyn FnMut(String),
    ) -> Result<BranchRemoval, GitError>;
}
