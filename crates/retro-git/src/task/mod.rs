//! The work tree of a task over libgit2.

mod branch;
mod changes;
mod commit;
mod publish;
mod replay;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use git2::{ErrorCode, Oid, Repository, RepositoryInitOptions, Signature, Sort, Time};
use retro_domain::{BranchName, CommitId};

use crate::pool::slot_lock::SlotLock;
use crate::remote::{FetchNote, FetchOptions, fetch_upstream};
use crate::walk::commit_id;
use crate::{
    BranchRemoval, BranchStart, CommitOutcome, CommitRequest, GitError, NetworkLimits, Pace, Patch,
    PushOutcome, PushRequest, RebaseOutcome, Remote, Signer, TaskWorkspace, Upstream,
};

/// Says that a folder is one of these, and is locked while somebody works in it.
const MARKER: &str = "git-retro-task";
/// In the git directory while the work tree is being brought to a branch, whose name is in it.
const UNSETTLED: &str = "git-retro-unsettled";

/// A work tree for tasks: one of git-retro's own, or a slot that somebody made.
pub struct GitTaskWorkspace {
    work_tree: PathBuf,
    repository: Repository,
    remote: Remote,
    pace: Arc<dyn Pace>,
    /// Whether everything in the work tree is there for tasks of git-retro's alone.
    is_own: bool,
    /// Whether the run's branch was begun or adopted here.
    has_begun: bool,
    /// Given up last.
    _lock: SlotLock,
}

impl GitTaskWorkspace {
    /// A work tree in a folder of git-retro's own: `FOLDER/work`, in an empty folder, one that is made,
    /// or one that this was called with before. Everything in it comes from the remote with
    /// [`fetch`](TaskWorkspace::fetch).
    ///
    /// A crash leaves a folder that the next call completes. Locks that a process left behind are
    /// removed.
    ///
    /// # Errors
    ///
    /// When the folder holds something else, [`GitError::Locked`] while another process works in it.
    pub fn open(folder: &Path, remote: Remote, pace: Arc<dyn Pace>) -> Result<Self, GitError> {
        let failed = |error: std::io::Error| GitError::io(folder, error);
        fs::create_dir_all(folder).map_err(failed)?;
        let folder = folder.canonicalize().map_err(failed)?;
        let marker = folder.join(MARKER);
        let is_empty = fs::read_dir(&folder).map_err(failed)?.next().is_none();
        if !is_empty && !marker.exists() {
            return Err(GitError::Git {
                doing: format!("making a work tree in {}", folder.display()),
                why: "it is not empty, and no task was done in it before; name another folder"
                    .to_owned(),
            });
        }
        let lock = take_lock(&marker)?;
        let work_tree = folder.join("work");
        let mut options = RepositoryInitOptions::new();
        // No templates: those of the user may hold hooks.
        options.external_template(false).initial_head("main");
        if !work_tree.join(".git/HEAD").exists() {
            Repository::init_opts(&work_tree, &options).map_err(|error| {
                GitError::git(&format!("making {}", work_tree.display()), &error)
            })?;
        }
        Self::with_lock(work_tree, remote, pace, true, lock)
    }

    /// The work tree of a repository that is there already. What is not committed in it is never
    /// thrown away to begin a task.
    ///
    /// # Errors
    ///
    /// [`GitError::NotARepository`] when it is no work tree, [`GitError::Locked`] while another process
    /// of git-retro's works in it.
    pub fn in_slot(
        work_tree: &Path,
        remote: Remote,
        pace: Arc<dyn Pace>,
    ) -> Result<Self, GitError> {
        let real = work_tree.canonicalize();
        let work_tree = real.map_err(|error| GitError::io(work_tree, error))?;
        let repository = crate::GitRepository::discover(&work_tree)?;
        if repository.is_bare() || repository.root() != work_tree {
            return Err(GitError::NotARepository { path: work_tree });
        }
        let lock = take_lock(&repository.git_dir().join(MARKER))?;
        Self::with_lock(work_tree, remote, pace, false, lock)
    }

    fn with_lock(
        work_tree: PathBuf,
        remote: Remote,
        pace: Arc<dyn Pace>,
        is_own: bool,
        lock: SlotLock,
    ) -> Result<Self, GitError> {
        let doing = format!("opening {}", work_tree.display());
        let failed = |error: git2::Error| GitError::git(&doing, &error);
        let repository = Repository::open(&work_tree).map_err(failed)?;
        let git_dir = work_tree.join(".git");
        let is_ours = |found: &Path| found.canonicalize().is_ok_and(|real| real == git_dir);
        if is_own && !(is_ours(repository.path()) && is_ours(repository.commondir())) {
            // A command of a task before may have done that.
            return Err(GitError::Git {
                doing,
                why: "its .git leads to another repository; remove the folder".to_owned(),
            });
        }
        // Whatever its configuration says.
        repository.set_workdir(&work_tree, false).map_err(failed)?;
        let workspace = Self {
            work_tree,
            repository,
            remote,
            pace,
            is_own,
            has_begun: false,
            _lock: lock,
        };
        workspace.remove_stale_locks()?;
        workspace.complete_checkout()?;
        Ok(workspace)
    }

    /// Runs what brings the work tree to a branch. Whoever opens the work tree after a crash in the
    /// middle goes on with it: files that are not there yet are not taken for removed ones.
    fn unsettled<T>(
        &self,
        branch: &BranchName,
        work: impl FnOnce() -> Result<T, GitError>,
    ) -> Result<T, GitError> {
        let marker = self.repository.path().join(UNSETTLED);
        fs::write(&marker, branch.as_str()).map_err(|error| GitError::io(&marker, error))?;
        let done = work()?;
        remove_file(&marker)?;
        Ok(done)
    }

    fn complete_checkout(&self) -> Result<(), GitError> {
        let marker = self.repository.path().join(UNSETTLED);
        let name = match fs::read_to_string(&marker) {
            Ok(name) => name,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(GitError::io(marker, error)),
        };
        // One that was not written to its end was followed by nothing.
        if let Ok(branch) = name.parse::<BranchName>()
            && let Some(tip) = self.target(&branch.reference())?
        {
            return self.put_back(&branch, tip);
        }
        remove_file(&marker)
    }

    /// Removes the locks of processes that are gone: whoever works here holds ours, and commands of a
    /// task have ended before git-retro does anything. In a slot that somebody made, a lock may be
    /// theirs until the task has begun.
    fn remove_stale_locks(&self) -> Result<(), GitError> {
        if !self.is_own && !self.has_begun {
            return Ok(());
        }
        let git_dir = self.repository.path();
        for name in ["HEAD.lock", "index.lock", "config.lock", "packed-refs.lock"] {
            remove_file(&git_dir.join(name))?;
        }
        remove_locks_below(&git_dir.join("refs"))
    }

    fn options<'a>(pace: &'a dyn Pace, limits: &NetworkLimits) -> FetchOptions<'a> {
        let mut options = FetchOptions::new(pace);
        options.cancelled = limits.cancelled.clone();
        options.deadline = limits.deadline;
        options
    }

    /// What a reference names; none when it is not there.
    fn target(&self, reference: &str) -> Result<Option<Oid>, GitError> {
        match self.repository.refname_to_id(reference) {
            Ok(id) => Ok(Some(id)),
            Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
            Err(error) => Err(GitError::git(&format!("reading {reference}"), &error)),
        }
    }

    fn head_id(&self) -> Result<Option<Oid>, GitError> {
        match self.repository.head() {
            Ok(head) => {
                let commit = head.peel_to_commit();
                let commit = commit.map_err(|error| GitError::git("reading HEAD", &error))?;
                Ok(Some(commit.id()))
            }
            Err(error) if matches!(error.code(), ErrorCode::UnbornBranch | ErrorCode::NotFound) => {
                Ok(None)
            }
            Err(error) => Err(GitError::git("reading HEAD", &error)),
        }
    }

    /// Whether `tip` is the other commit, or has it behind it. One that is not here is not.
    fn contains(&self, tip: Oid, other: Oid) -> bool {
        let below = || self.repository.graph_descendant_of(tip, other);
        tip == other || below().unwrap_or(false)
    }

    /// The commits behind `tip` and behind none of the others, newest first. Others that are not here
    /// hide nothing.
    fn commits_between(&self, tip: Oid, others: &[Oid]) -> Result<Vec<Oid>, GitError> {
        let failed = |error: git2::Error| GitError::git("listing commits", &error);
        let mut walk = self.repository.revwalk().map_err(failed)?;
        walk.set_sorting(Sort::TOPOLOGICAL).map_err(failed)?;
        walk.push(tip).map_err(failed)?;
        for other in others {
            if self.repository.find_commit(*other).is_ok() {
                walk.hide(*other).map_err(failed)?;
            }
        }
        walk.collect::<Result<_, _>>().map_err(failed)
    }

    fn commit<'a>(&'a self, id: Oid) -> Result<git2::Commit<'a>, GitError> {
        self.repository
            .find_commit(id)
            .map_err(|_| GitError::MissingObject {
                what: format!("commit {id}"),
                hint: "it was not fetched, or was removed since".to_owned(),
            })
    }
}

fn take_lock(path: &Path) -> Result<SlotLock, GitError> {
    let taken = SlotLock::try_take(path).map_err(|error| GitError::io(path, error))?;
    taken.ok_or_else(|| GitError::Locked {
        path: path.to_owned(),
        pid: fs::read_to_string(path)
            .ok()
            .and_then(|text| text.trim().parse().ok())
            .unwrap_or(0),
    })
}

fn remove_file(path: &Path) -> Result<(), GitError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(GitError::io(path, error))
        }
        _ => Ok(()),
    }
}

fn remove_locks_below(folder: &Path) -> Result<(), GitError> {
    let failed = |error: std::io::Error| GitError::io(folder, error);
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(failed)?,
    };
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let kind = entry.file_type().map_err(failed)?;
        let path = entry.path();
        if kind.is_dir() {
            remove_locks_below(&path)?;
        } else if path.extension().is_some_and(|ending| ending == "lock") {
            remove_file(&path)?;
        }
    }
    Ok(())
}

fn oid(commit: &CommitId) -> Result<Oid, GitError> {
    Oid::from_bytes(commit.as_bytes()).map_err(|error| GitError::git("reading an id", &error))
}

fn oids(commits: &[CommitId]) -> Result<Vec<Oid>, GitError> {
    commits.iter().map(oid).collect()
}

fn id(oid: Oid) -> Result<CommitId, GitError> {
    commit_id(oid).ok_or_else(|| GitError::Git {
        doing: "reading a commit".to_owned(),
        why: "its object ids are not of a known kind".to_owned(),
    })
}

fn ids(oids: Vec<Oid>) -> Result<Vec<CommitId>, GitError> {
    oids.into_iter().map(id).collect()
}

fn signature(signer: &Signer) -> Result<Signature<'static>, GitError> {
    let at = Time::new(signer.at.unix_seconds(), 0);
    Signature::new(&signer.name, &signer.email, &at).map_err(|error| GitError::Git {
        doing: "signing a commit".to_owned(),
        why: format!("{}; give a name and an e-mail address", error.message()),
    })
}

/// Notes of a fetch as sentences.
fn in_words(notes: &mut dyn FnMut(String)) -> impl FnMut(FetchNote) {
    move |note| notes(note.to_string())
}

impl TaskWorkspace for GitTaskWorkspace {
    fn work_tree(&self) -> &Path {
        &self.work_tree
    }

    fn head(&self) -> Result<Option<CommitId>, GitError> {
        self.head_id()?.map(id).transpose()
    }

    fn fetch(
        &mut self,
        base: Option<&str>,
        branch: &BranchName,
        limits: &NetworkLimits,
        notes: &mut dyn FnMut(String),
    ) -> Result<Upstream, GitError> {
        self.remove_stale_locks()?;
        let found = fetch_upstream(
            &self.remote,
            &self.repository,
            base.unwrap_or("HEAD"),
            &branch.reference(),
            &Self::options(&*self.pace, limits),
            &mut in_words(notes),
        )?;
        if found.branch.is_none() {
            self.forget_tracking(branch)?;
        }
        let (name, tip) = found.base.unzip();
        Ok(Upstream {
            base_name: name.map(|name| match name.strip_prefix("refs/heads/") {
                Some(short) => short.to_owned(),
                None => name,
            }),
            base: tip.map(id).transpose()?,
            branch: found.branch.map(id).transpose()?,
        })
    }

    fn start_branch(
        &mut self,
        branch: &BranchName,
        upstream: &Upstream,
        known: &[CommitId],
    ) -> Result<BranchStart, GitError> {
        let start = self.begin_branch(branch, upstream, known)?;
        self.has_begun |= !matches!(start, BranchStart::Taken { .. });
        Ok(start)
    }

    fn reset(&mut self, branch: &BranchName, to: &CommitId) -> Result<(), GitError> {
        self.remove_stale_locks()?;
        self.put_back(branch, oid(to)?)
    }

    fn commit(&mut self, request: &CommitRequest) -> Result<CommitOutcome, GitError> {
        self.make_commit(request)
    }

    fn commits_since(&self, base: Option<&CommitId>) -> Result<Vec<CommitId>, GitError> {
        let base = base.map(oid).transpose()?;
        match self.head_id()? {
            Some(head) => ids(self.commits_between(head, base.as_slice())?),
            None => Ok(Vec::new()),
        }
    }

    fn files_changed_since(&self, base: Option<&CommitId>) -> Result<Vec<String>, GitError> {
        self.changed_files(base.map(oid).transpose()?)
    }

    fn patch_since(&self, base: Option<&CommitId>, max_bytes: usize) -> Result<Patch, GitError> {
        self.patch(base.map(oid).transpose()?, max_bytes)
    }

    fn rebase(
        &mut self,
        branch: &BranchName,
        base: Option<&CommitId>,
        onto: &CommitId,
        committer: &Signer,
    ) -> Result<RebaseOutcome, GitError> {
        self.remove_stale_locks()?;
        let base = base.map(oid).transpose()?;
        self.move_onto(branch, base, oid(onto)?, &signature(committer)?)
    }

    fn push(
        &mut self,
        request: &PushRequest,
        limits: &NetworkLimits,
        notes: &mut dyn FnMut(String),
    ) -> Result<PushOutcome, GitError> {
        self.remove_stale_locks()?;
        self.publish(request, limits, notes)
    }

    fn foreign_commits(
        &self,
        branch: &BranchName,
        base: Option<&CommitId>,
        known: &[CommitId],
    ) -> Result<Vec<CommitId>, GitError> {
        let base = base.map(oid).transpose()?;
        let found = self.foreign(branch, base, &oids(known)?)?;
        ids(found)
    }

    fn remove_branch(
        &mut self,
        branch: &BranchName,
        tip: &CommitId,
    ) -> Result<BranchRemoval, GitError> {
        self.remove_stale_locks()?;
        self.remove_local(branch, oid(tip)?)
    }

    fn remove_remote_branch(
        &mut self,
        branch: &BranchName,
        tip: &CommitId,
        limits: &NetworkLimits,
        notes: &mut dyn FnMut(String),
    ) -> Result<BranchRemoval, GitError> {
        self.remove_published(branch, oid(tip)?, limits, notes)
    }
}
