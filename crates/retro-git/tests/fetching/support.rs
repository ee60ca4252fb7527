//! What these tests share: a repository behind a server, and a pace that waits for nothing.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use retro_domain::CommitId;
use retro_git::{
    Credential, CredentialScope, Credentials, FetchNote, FetchOptions, FetchedCommit, GitError,
    GitRepository, GitSlotPool, Pace, Remote, SlotOptions, SlotPool, fetch_commit,
};
use retro_testing::{GitServer, HistorySpec, Reaction, ScratchRepo, ServedRequest, TreeSnapshot};

/// Sleeps for no time, remembers how long it should have, and takes the longest.
#[derive(Default)]
pub(crate) struct NoWait(pub(crate) Mutex<Duration>);

impl Pace for NoWait {
    fn sleep(&self, time: Duration) {
        *self.0.lock().unwrap() += time;
    }

    fn up_to(&self, limit: u64) -> u64 {
        limit
    }
}

/// A repository, and folders to fetch it into.
pub(crate) struct Scene {
    pub(crate) repo: ScratchRepo,
    pub(crate) pace: NoWait,
}

impl Scene {
    /// A history of this many commits on `main`, of 60 files.
    pub(crate) fn with_commits(commits: usize) -> Self {
        let repo = ScratchRepo::with_history(HistorySpec {
            files: 60,
            commits,
            changed_per_commit: 3,
        });
        Self {
            repo,
            pace: NoWait::default(),
        }
    }

    /// Lets servers give any commit that a reference reaches, or only what references name.
    pub(crate) fn allow_any_commit(&self, is_allowed: bool) {
        let words = ["config", "uploadpack.allowReachableSHA1InWant"];
        self.repo.git([words[0], words[1], &is_allowed.to_string()]);
    }

    /// A server of it that reacts like this.
    pub(crate) fn server(
        &self,
        react: impl Fn(&ServedRequest) -> Reaction + Send + Sync + 'static,
    ) -> GitServer {
        GitServer::reacting(self.repo.outside(), react)
    }

    pub(crate) fn options(&self) -> FetchOptions<'_> {
        FetchOptions::new(&self.pace)
    }

    pub(crate) fn target(&self) -> PathBuf {
        self.repo.outside().join("fetched")
    }

    /// Fetches a commit into the usual folder: what came, and what was said.
    pub(crate) fn fetch(
        &self,
        remote: &Remote,
        commit: &CommitId,
    ) -> (Result<FetchedCommit, GitError>, Vec<FetchNote>) {
        self.fetch_with(remote, commit, &self.options())
    }

    pub(crate) fn fetch_with(
        &self,
        remote: &Remote,
        commit: &CommitId,
        options: &FetchOptions<'_>,
    ) -> (Result<FetchedCommit, GitError>, Vec<FetchNote>) {
        let mut notes = Vec::new();
        let mut note = |said: FetchNote| notes.push(said);
        let done = fetch_commit(remote, &self.target(), commit, options, &mut note);
        (done, notes)
    }

    /// Checks a commit out of what was fetched, and compares it with what git makes of it.
    pub(crate) fn check_out(&self, commit: &CommitId) {
        let repository = GitRepository::open(&self.target()).expect("a repository");
        let slots = self.repo.outside().join("slots");
        let pool = GitSlotPool::open(&repository, &slots, SlotOptions::default()).expect("a pool");
        let mut slot = pool.acquire(None).expect("a slot");
        slot.checkout(commit).expect("a checkout");
        let found = TreeSnapshot::of(slot.work_tree()).without(".git");
        self.repo
            .git(["checkout", "-q", "--detach", &commit.to_string()]);
        let expected = TreeSnapshot::of(self.repo.path()).without(".git");
        self.repo.git(["checkout", "-q", "main"]);
        let differences = found.differences(&expected);
        assert!(differences.is_empty(), "commit {commit}: {differences:?}");
        let status = self
            .repo
            .git_in(slot.work_tree(), ["status", "--porcelain"]);
        assert_eq!(status, "");
        assert_eq!(
            self.repo.git_in(&self.target(), ["fsck", "--no-dangling"]),
            ""
        );
    }

    /// How many commits were fetched.
    pub(crate) fn fetched_commits(&self) -> usize {
        let listed = self.repo.git_in(&self.target(), ["rev-list", "--all"]);
        listed.lines().count()
    }
}

pub(crate) fn remote(url: &str) -> Remote {
    Remote::new(url).expect("an address")
}

/// Gives these one after the other, and remembers who asked.
#[derive(Default)]
pub(crate) struct Keyring {
    pub(crate) given: Vec<Credential>,
    pub(crate) asked: Mutex<Vec<(CredentialScope, u32)>>,
}

impl Keyring {
    pub(crate) fn of(given: &[(&str, &str)]) -> Arc<Self> {
        let given = given
            .iter()
            .map(|(user, secret)| Credential::new(*user, *secret));
        Arc::new(Self {
            given: given.collect(),
            asked: Mutex::default(),
        })
    }

    pub(crate) fn asked(&self) -> Vec<(CredentialScope, u32)> {
        self.asked.lock().unwrap().clone()
    }
}

impl Credentials for Keyring {
    fn credential(&self, scope: &CredentialScope, attempt: u32) -> Option<Credential> {
        self.asked.lock().unwrap().push((scope.clone(), attempt));
        let index = usize::try_from(attempt).unwrap() - 1;
        self.given.get(index).cloned()
    }
}
