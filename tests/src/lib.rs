//! What the end-to-end tests share: the real binary, in a world of its own.

pub mod emulator;
pub mod stopwatch;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use retro_testing::ScratchRepo;

/// A repository, and folders of git-retro's own beside it. Nothing of the machine's user is seen.
pub struct World {
    /// The repository.
    pub repo: ScratchRepo,
    folders: tempfile::TempDir,
    environment: Vec<(String, String)>,
}

/// What a command said.
#[derive(Debug)]
pub struct Said {
    /// Its exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl World {
    /// A world around an empty repository.
    ///
    /// # Panics
    ///
    /// When no temporary folder can be made.
    pub fn new() -> Self {
        Self::around(ScratchRepo::new())
    }

    /// A world around this repository.
    ///
    /// # Panics
    ///
    /// When no temporary folder can be made.
    pub fn around(repo: ScratchRepo) -> Self {
        let folders = tempfile::tempdir().unwrap();
        Self {
            repo,
            folders,
            environment: Vec::new(),
        }
    }

    /// Adds a variable to the environment of git-retro.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// The folder of results.
    pub fn data(&self) -> PathBuf {
        self.folders.path().join("data/git-retro")
    }

    /// The folder of work trees.
    pub fn cache(&self) -> PathBuf {
        self.folders.path().join("cache/git-retro")
    }

    /// A folder for whatever a test needs, outside of the repository.
    pub fn outside(&self) -> &Path {
        self.folders.path()
    }

    /// git-retro with these arguments, not started yet.
    pub fn command(&self, args: &[&str]) -> Command {
        self.program("git-retro", args)
    }

    /// As [`command`](Self::command), for the program of another package.
    #[expect(
        clippy::disallowed_methods,
        reason = "end-to-end tests start the real binary"
    )]
    pub fn program(&self, package: &str, args: &[&str]) -> Command {
        let mut command = Command::new(built(package));
        command
            .args(args)
            .current_dir(self.repo.path())
            .stdin(Stdio::null());
        command.env_clear();
        for name in [
            "PATH",
            "RUSTUP_HOME",
            "CARGO_HOME",
            "RUSTUP_TOOLCHAIN",
            "PYENV_VERSION",
        ] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        let home = std::env::var_os("HOME")
            .map(PathBuf::from)
            .unwrap_or_default();
        for (name, folder) in [("RUSTUP_HOME", ".rustup"), ("CARGO_HOME", ".cargo")] {
            if std::env::var_os(name).is_none() {
                command.env(name, home.join(folder));
            }
        }
        command
            .env("HOME", self.folders.path().join("home"))
            .env("XDG_DATA_HOME", self.folders.path().join("data"))
            .env("XDG_CACHE_HOME", self.folders.path().join("cache"))
            .env("XDG_CONFIG_HOME", self.folders.path().join("config"))
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs git-retro to its end.
    ///
    /// # Panics
    ///
    /// When it cannot be started.
    pub fn retro(&self, args: &[&str]) -> Said {
        self.command(args).output().unwrap().into()
    }

    /// Runs git-retro to its end and checks its exit code.
    ///
    /// # Panics
    ///
    /// When the exit code is another one.
    pub fn expect(&self, code: i32, args: &[&str]) -> Said {
        let said = self.retro(args);
        assert_eq!(
            said.code,
            Some(code),
            "git retro {args:?}\n{}{}",
            said.stderr,
            said.stdout
        );
        said
    }

    /// Runs git-retro and reads the JSON document it prints.
    ///
    /// # Panics
    ///
    /// When the exit code is another one, or what was printed is no JSON document.
    pub fn json(&self, code: i32, args: &[&str]) -> serde_json::Value {
        let said = self.expect(code, args);
        serde_json::from_str(&said.stdout)
            .unwrap_or_else(|error| panic!("git retro {args:?}: {error}\n{}", said.stdout))
    }

    /// Starts git-retro and leaves it running, its output discarded.
    ///
    /// # Panics
    ///
    /// When it cannot be started.
    pub fn start(&self, args: &[&str]) -> Child {
        let mut command = self.command(args);
        command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// Waits until a condition holds.
///
/// # Panics
///
/// When it does not hold within a minute.
#[track_caller]
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < deadline, "waited a minute for: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Sends a signal to a process that this test started.
pub fn signal(child: &Child, signal: i32) {
    let pid = libc::pid_t::try_from(child.id()).unwrap_or_default();
    // SAFETY: the process is a child that was not waited for, so its id is still its own.
    unsafe { libc::kill(pid, signal) };
}

/// Runs cargo on this workspace and returns what it prints.
///
/// # Panics
///
/// When cargo fails.
#[expect(clippy::disallowed_methods, reason = "tests ask the real cargo")]
pub fn cargo(args: &[&str]) -> String {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or(Path::new("."));
    let output = Command::new(program)
        .args(args)
        .current_dir(workspace)
        .output()
        .unwrap();
    let said = Said::from(output);
    assert_eq!(said.code, Some(0), "cargo {args:?}\n{}", said.stderr);
    said.stdout
}

/// The program of a package: the one that was built along with the tests, or built now.
///
/// # Panics
///
/// When it cannot be built.
pub fn built(package: &str) -> PathBuf {
    static BUILDING: Mutex<()> = Mutex::new(());
    let _alone = BUILDING.lock().unwrap_or_else(PoisonError::into_inner);
    let tests = std::env::current_exe().unwrap();
    let built = tests.ancestors().nth(2).unwrap().join(package);
    if !built.exists() {
        cargo(&["build", "--package", package, "--locked"]);
    }
    assert!(built.exists(), "{} was not built", built.display());
    built
}
