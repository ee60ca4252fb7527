//! What tests of task workspaces share: a bare repository that tasks push to, and somebody else who
//! does so, too.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use retro_domain::{BranchName, CommitId, Timestamp};
use retro_git::{
    BranchStart, CommitOutcome, CommitRequest, GitError, GitTaskWorkspace, NetworkLimits,
    PushOutcome, PushRequest, Remote, Signer, Staged, TaskWorkspace, Upstream,
};
use retro_testing::{GitServer, Reaction, ScratchRepo, ServedRequest};

use crate::support::{NoWait, remote};

pub(crate) struct Site {
    /// Somebody else's work tree.
    pub(crate) repo: ScratchRepo,
    /// The repository that is pushed to.
    pub(crate) bare: PathBuf,
}

impl Site {
    /// A remote with one commit on `main`.
    pub(crate) fn new() -> Self {
        let site = Self::empty();
        site.repo
            .commit_files(&[("kept", "1\n"), ("shared", "a\nb\nc\n")], "first");
        site.repo.git(["push", "-q", "origin", "main"]);
        site
    }

    /// A remote without a commit.
    pub(crate) fn empty() -> Self {
        let repo = ScratchRepo::new();
        let bare = repo.outside().join("bare");
        repo.git(["init", "-q", "--bare", "-b", "main", "../bare"]);
        repo.git_in(&bare, ["config", "http.receivepack", "true"]);
        repo.git(["remote", "add", "origin", "../bare"]);
        Self { repo, bare }
    }

    pub(crate) fn server(
        &self,
        react: impl Fn(&ServedRequest) -> Reaction + Send + Sync + 'static,
    ) -> GitServer {
        GitServer::reacting(self.repo.outside(), react)
    }

    /// The address of the remote as a folder.
    pub(crate) fn folder(&self) -> Remote {
        remote(&self.bare.display().to_string())
    }

    pub(crate) fn open(&self, remote: Remote) -> Result<GitTaskWorkspace, GitError> {
        self.open_at("task", remote)
    }

    pub(crate) fn open_at(&self, name: &str, remote: Remote) -> Result<GitTaskWorkspace, GitError> {
        let folder = self.repo.outside().join(name);
        GitTaskWorkspace::open(&folder, remote, Arc::new(NoWait::default()))
    }

    /// A workspace on a new branch with one commit on it that was not pushed.
    pub(crate) fn begun(&self, remote: Remote) -> (GitTaskWorkspace, CommitId) {
        let mut task = self.open(remote).unwrap();
        start(&mut task, &[]);
        let commit = self.change(&mut task, "new", "1\n");
        (task, commit)
    }

    /// Writes a file of a task's work tree and commits it.
    pub(crate) fn change(&self, task: &mut GitTaskWorkspace, path: &str, text: &str) -> CommitId {
        std::fs::write(task.work_tree().join(path), text).unwrap();
        match commit(task).unwrap() {
            CommitOutcome::Created { commit, .. } => commit,
            other => panic!("{other:?}"),
        }
    }

    /// What the remote's reference names, and nothing where it is not there.
    pub(crate) fn at_remote(&self, reference: &str) -> Option<CommitId> {
        let words = ["for-each-ref", "--format=%(objectname)", reference];
        self.repo.git_in(&self.bare, words).parse().ok()
    }

    pub(crate) fn pushed(&self) -> Option<CommitId> {
        self.at_remote("refs/heads/retro/t/run-1")
    }

    /// Somebody else adds a commit to the task's branch, as far as it is pushed.
    pub(crate) fn others_go_on(&self, path: &str, text: &str) -> CommitId {
        self.repo.git(["fetch", "-q", "origin"]);
        let from = match self.pushed() {
            Some(tip) => tip.to_string(),
            None => "origin/main".to_owned(),
        };
        self.repo.git(["checkout", "-q", "--detach", &from]);
        let commit = self.repo.commit_files(&[(path, text)], "somebody else's");
        let refspec = "HEAD:refs/heads/retro/t/run-1";
        self.repo.git(["push", "-q", "origin", refspec]);
        commit
    }

    /// A hook of the remote's.
    pub(crate) fn hook(&self, name: &str, script: &str) {
        write_hook(&self.bare.join("hooks"), name, script);
    }

    /// Everything that the remote has is whole.
    pub(crate) fn check_remote(&self) {
        let said = self
            .repo
            .git_in(&self.bare, ["fsck", "--full", "--no-dangling"]);
        assert_eq!(said, "");
    }
}

pub(crate) fn write_hook(folder: &Path, name: &str, script: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::create_dir_all(folder).unwrap();
    let path = folder.join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

pub(crate) fn branch() -> BranchName {
    "retro/t/run-1".parse().unwrap()
}

pub(crate) fn signer() -> Signer {
    Signer {
        name: "Retro".to_owned(),
        email: "retro@example.com".to_owned(),
        at: Timestamp::from_unix_seconds(1_800_000_000),
    }
}

pub(crate) fn fetch(task: &mut GitTaskWorkspace) -> Result<Upstream, GitError> {
    task.fetch(None, &branch(), &NetworkLimits::default(), &mut |_| {})
}

/// Fetches and begins the branch, or adopts it.
pub(crate) fn start(task: &mut GitTaskWorkspace, known: &[CommitId]) -> BranchStart {
    let upstream = fetch(task).unwrap();
    task.start_branch(&branch(), &upstream, known).unwrap()
}

pub(crate) fn request(staged: Staged) -> CommitRequest {
    CommitRequest {
        branch: branch(),
        message: "feat: new [Task T-1]".to_owned(),
        author: signer(),
        staged,
    }
}

pub(crate) fn commit(task: &mut GitTaskWorkspace) -> Result<CommitOutcome, GitError> {
    task.commit(&request(Staged::All))
}

/// Pushes, where the run has written down these commits.
pub(crate) fn push(
    site: &Site,
    task: &mut GitTaskWorkspace,
    known: &[CommitId],
) -> Result<PushOutcome, GitError> {
    push_with(site, task, known, &NetworkLimits::default()).0
}

pub(crate) fn push_with(
    site: &Site,
    task: &mut GitTaskWorkspace,
    known: &[CommitId],
    limits: &NetworkLimits,
) -> (Result<PushOutcome, GitError>, Vec<String>) {
    let request = PushRequest {
        branch: branch(),
        base: site.at_remote("refs/heads/main"),
        known: known.to_vec(),
        committer: signer(),
        max_rebases: 3,
    };
    let mut notes = Vec::new();
    let done = task.push(&request, limits, &mut |note| notes.push(note));
    (done, notes)
}

/// The outcome of a push that came through at once.
pub(crate) fn came_through(commit: CommitId) -> PushOutcome {
    PushOutcome::Pushed {
        commit,
        reference: branch().reference(),
        was_there: false,
        rebases: 0,
    }
}
