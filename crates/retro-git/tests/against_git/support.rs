//! What the tests of this crate share: a scratch repository with a pool of slots beside it, judged by
//! the real git.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Mutex;

use retro_domain::CommitId;
use retro_git::{Checkout, GitRepository, GitSlotPool, Slot, SlotOptions, SlotPool};
use retro_testing::{ScratchRepo, TreeSnapshot};

/// A repository with slots.
pub(crate) struct Bench {
    pub(crate) repo: ScratchRepo,
    judge: PathBuf,
    /// What git made of commits asked for before.
    known: Mutex<HashMap<CommitId, TreeSnapshot>>,
}

impl Bench {
    pub(crate) fn new(repo: ScratchRepo) -> Self {
        let judge = repo.outside().join("judge");
        Self {
            repo,
            judge,
            known: Mutex::default(),
        }
    }

    pub(crate) fn slots_dir(&self) -> PathBuf {
        self.repo.outside().join("cache/slots")
    }

    pub(crate) fn pool(&self) -> GitSlotPool {
        self.pool_with(SlotOptions::default())
    }

    pub(crate) fn pool_with(&self, options: SlotOptions) -> GitSlotPool {
        let repository = GitRepository::discover(self.repo.path()).expect("a repository");
        GitSlotPool::open(&repository, &self.slots_dir(), options).expect("a pool")
    }

    pub(crate) fn slot(&self) -> Box<dyn Slot> {
        self.pool().acquire(None).expect("a slot")
    }

    /// What git itself makes of a commit, in a clone of its own.
    pub(crate) fn expected(&self, commit: &CommitId) -> TreeSnapshot {
        if let Some(known) = self.known.lock().unwrap().get(commit) {
            return known.clone();
        }
        let id = commit.to_string();
        if !self.judge.exists() {
            let (source, target) = (self.repo.path(), &self.judge);
            let words = ["clone", "-q", "--shared", "--no-checkout"].map(str::to_owned);
            let paths = [source, target].map(|path| path.display().to_string());
            self.repo.git(words.into_iter().chain(paths));
        }
        // Removing the index and everything else makes git write each file anew.
        drop(std::fs::remove_file(self.judge.join(".git/index")));
        self.repo.git_in(&self.judge, ["clean", "-ffdxq"]);
        self.repo
            .git_in(&self.judge, ["checkout", "-q", "-f", "--detach", &id]);
        let snapshot = TreeSnapshot::of(&self.judge).without(".git");
        self.known.lock().unwrap().insert(*commit, snapshot.clone());
        snapshot
    }

    /// What is in a slot.
    pub(crate) fn found(&self, slot: &dyn Slot) -> TreeSnapshot {
        TreeSnapshot::of(slot.work_tree()).without(".git")
    }

    /// Checks a commit out and asks git and the file system whether the slot is exactly that commit.
    pub(crate) fn walk_to(&self, slot: &mut dyn Slot, commit: &CommitId) -> Checkout {
        let done = slot
            .checkout(commit)
            .unwrap_or_else(|error| panic!("commit {commit}: {error}"));
        self.judge_clean(slot, commit);
        let differences = self.found(slot).differences(&self.expected(commit));
        assert!(differences.is_empty(), "commit {commit}: {differences:?}");
        done
    }

    /// Asks git alone, for work trees in which ignored files stay.
    pub(crate) fn judge_clean(&self, slot: &dyn Slot, commit: &CommitId) {
        let git = |words: &[&str]| self.repo.git_in(slot.work_tree(), words);
        assert_eq!(slot.current(), Some(*commit));
        // One line for the commit, one that says that it is detached, none for a file.
        let status = git(&["status", "--porcelain=v2", "--branch"]);
        let expected = format!("# branch.oid {commit}\n# branch.head (detached)");
        assert_eq!(status, expected);
        assert_eq!(git(&["diff", "HEAD"]), "", "commit {commit}");
    }
}
