//! A throw-away repository made by the real git.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use retro_domain::CommitId;
use tempfile::TempDir;

use crate::HistorySpec;
use crate::bulk_history::fast_import_stream;

/// The committer time of a repository's first commit: seconds since the Unix epoch.
pub(crate) const FIRST_COMMIT_SECONDS: u64 = 1_700_000_000;

/// A repository in a temporary folder, removed when this is dropped.
///
/// Hermetic: its own `HOME`, no system configuration, a fixed identity, and dates that start at
/// 2023-11-14T22:13:20Z and go on by one minute a commit, so that the same calls make the same commit
/// ids on every machine. Every method panics when git or the file system refuses.
pub struct ScratchRepo {
    folder: TempDir,
    path: PathBuf,
    home: PathBuf,
    clock: AtomicU64,
}

impl ScratchRepo {
    /// An empty repository whose branch is `main`.
    pub fn new() -> Self {
        Self::named("repo")
    }

    /// An empty repository in a folder of this name.
    pub fn named(name: impl AsRef<Path>) -> Self {
        let repo = Self::without_init(name);
        repo.git(["init", "-q", "-b", "main", "."]);
        repo
    }

    /// A repository with a generated history, made in one go by `git fast-import`; its work tree is
    /// checked out.
    pub fn with_history(spec: HistorySpec) -> Self {
        let repo = Self::new();
        repo.git_with_input(
            ["fast-import", "--quiet", "--force"],
            &fast_import_stream(&spec),
        );
        repo.git(["reset", "-q", "--hard", "main"]);
        repo.clock.store(spec.commits as u64, Ordering::Relaxed);
        repo
    }

    /// What `git clone ARGS` makes of this repository, in a temporary folder of its own.
    /// It is cloned by a `file://` address, so that `--depth` and `--filter` take effect.
    pub fn clone_with<S: AsRef<str>>(&self, args: impl IntoIterator<Item = S>) -> Self {
        let clone = Self::without_init("clone");
        let source = format!("file://{}", self.path.display());
        let mut words = vec!["clone".to_owned(), "-q".to_owned()];
        words.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        words.extend([source, ".".to_owned()]);
        clone.git(words);
        clone
    }

    /// The root of the work tree.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The temporary folder around the work tree, for things that lie beside it.
    pub fn outside(&self) -> &Path {
        self.folder.path()
    }

    /// Runs git in the work tree; its standard output, invalid UTF-8 replaced, without the last line
    /// break.
    pub fn git<S: AsRef<str>>(&self, args: impl IntoIterator<Item = S>) -> String {
        self.git_in(&self.path, args)
    }

    /// Runs git in another folder with this repository's hermetic environment.
    pub fn git_in<S: AsRef<str>>(
        &self,
        folder: &Path,
        args: impl IntoIterator<Item = S>,
    ) -> String {
        let args: Vec<String> = args
            .into_iter()
            .map(|arg| arg.as_ref().to_owned())
            .collect();
        let output = self.try_git_in(folder, &args, &[]);
        checked_stdout(&args, &output)
    }

    /// Runs git in the work tree with `input` on its standard input; its standard output.
    pub fn git_with_input<S: AsRef<str>>(
        &self,
        args: impl IntoIterator<Item = S>,
        input: &[u8],
    ) -> String {
        let args: Vec<String> = args
            .into_iter()
            .map(|arg| arg.as_ref().to_owned())
            .collect();
        let output = self.try_git_in(&self.path, &args, input);
        checked_stdout(&args, &output)
    }

    /// Runs git in `folder` and gives back what happened, whatever it is.
    pub fn try_git_in(&self, folder: &Path, args: &[String], input: &[u8]) -> Output {
        let mut child = self
            .git_command(folder)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("git can be started");
        let mut stdin = child.stdin.take().expect("stdin was asked for");
        std::thread::scope(|scope| {
            // Written from a thread, because git may print before it has read everything. That git
            // ends early and closes the pipe shows in its exit code.
            scope.spawn(move || drop(stdin.write_all(input)));
            child.wait_with_output().expect("git can be waited for")
        })
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "fixtures are made by the real git"
    )]
    fn git_command(&self, folder: &Path) -> Command {
        let date = FIRST_COMMIT_SECONDS + 60 * self.clock.load(Ordering::Relaxed);
        let path = std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into());
        let mut command = Command::new("git");
        command
            .current_dir(folder)
            .env_clear()
            .env("PATH", path)
            .env("HOME", &self.home)
            .env("LC_ALL", "C")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_AUTHOR_NAME", "Ada Scratch")
            .env("GIT_AUTHOR_EMAIL", "ada@example.com")
            .env("GIT_AUTHOR_DATE", format!("{date} +0000"))
            .env("GIT_COMMITTER_NAME", "Ada Scratch")
            .env("GIT_COMMITTER_EMAIL", "ada@example.com")
            .env("GIT_COMMITTER_DATE", format!("{date} +0000"));
        command
    }

    /// Writes a file of the work tree, with its folders.
    pub fn write(&self, path: impl AsRef<Path>, content: impl AsRef<[u8]>) {
        let path = self.path.join(path);
        let parent = path.parent().expect("a file has a folder");
        std::fs::create_dir_all(parent).expect("the folder can be made");
        std::fs::write(&path, content).expect("the file can be written");
    }

    /// Commits everything in the work tree, changed or not, and moves the clock by a minute.
    pub fn commit(&self, message: &str) -> CommitId {
        self.git(["add", "-A"]);
        self.commit_index(message)
    }

    /// Commits what is in the index, changed or not, and moves the clock by a minute.
    pub fn commit_index(&self, message: &str) -> CommitId {
        self.git(["commit", "-q", "--allow-empty", "-m", message]);
        self.tick();
        self.head()
    }

    /// Writes these files and commits everything.
    pub fn commit_files(&self, files: &[(&str, &str)], message: &str) -> CommitId {
        for (path, content) in files {
            self.write(path, content);
        }
        self.commit(message)
    }

    /// Moves the clock of the next commit by a minute.
    pub fn tick(&self) {
        self.clock.fetch_add(1, Ordering::Relaxed);
    }

    /// The commit that `HEAD` names.
    pub fn head(&self) -> CommitId {
        self.rev("HEAD")
    }

    /// The commit that a revision names.
    pub fn rev(&self, revision: &str) -> CommitId {
        let text = self.git(["rev-parse", "--verify", &format!("{revision}^{{commit}}")]);
        text.parse().expect("git prints full ids")
    }

    /// The commits that `git rev-list ARGS` prints, in its order.
    pub fn rev_list<S: AsRef<str>>(&self, args: impl IntoIterator<Item = S>) -> Vec<CommitId> {
        let mut words = vec!["rev-list".to_owned()];
        words.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self.git(words)
            .lines()
            .map(|line| line.parse().expect("git prints full ids"))
            .collect()
    }

    fn without_init(name: impl AsRef<Path>) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("scratch-repo-")
            .tempdir()
            .expect("a temporary folder can be made");
        // Temporary folders may lie behind a symbolic link; tests compare real paths.
        let real = folder.path().canonicalize().expect("the folder is there");
        let (path, home) = (real.join(name), real.join("home"));
        std::fs::create_dir(&path).expect("the folder can be made");
        std::fs::create_dir(&home).expect("the folder can be made");
        let settings = "[protocol \"file\"]\n\tallow = always\n[gc]\n\tauto = 0\n\
                        [maintenance]\n\tauto = false\n[advice]\n\tdetachedHead = false\n";
        std::fs::write(home.join(".gitconfig"), settings).expect("the settings can be written");
        Self {
            folder,
            path,
            home,
            clock: AtomicU64::new(0),
        }
    }
}

impl Default for ScratchRepo {
    fn default() -> Self {
        Self::new()
    }
}

fn checked_stdout(args: &[String], output: &Output) -> String {
    assert!(
        output.status.success(),
        "git {args:?} failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.strip_suffix('\n').map(str::to_owned).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TreeSnapshot;

    #[test]
    fn the_same_calls_make_the_same_commits() {
        let make = || {
            let repo = ScratchRepo::new();
            repo.commit_files(&[("a/b", "1")], "first");
            repo.commit_files(&[("a/b", "2"), ("c", "3")], "second")
        };
        assert_eq!(make(), make());
    }

    #[test]
    fn a_bulk_history_has_the_files_and_commits_asked_for() {
        let repo = ScratchRepo::with_history(HistorySpec {
            files: 40,
            commits: 12,
            changed_per_commit: 3,
        });
        assert_eq!(repo.git(["ls-files"]).lines().count(), 40);
        assert_eq!(repo.rev_list(["main"]).len(), 12);
        let changed = repo.git(["diff", "--name-only", "HEAD~1", "HEAD"]);
        assert_eq!(changed.lines().count(), 3);
        assert_eq!(repo.git(["status", "--porcelain"]), "");
        repo.commit_files(&[("new", "file")], "on top");
        assert_eq!(repo.rev_list(["main"]).len(), 13);
    }

    #[test]
    fn a_snapshot_sees_contents_modes_and_links_but_no_times() {
        let repo = ScratchRepo::new();
        repo.write("file", "content");
        let before = TreeSnapshot::of(repo.path());
        repo.write("file", "content");
        assert_eq!(TreeSnapshot::of(repo.path()), before);
        repo.write("file", "contenT");
        assert_eq!(
            TreeSnapshot::of(repo.path()).differences(&before),
            ["changed: file"]
        );
    }
}
