//! What to run: the command, where, with which environment, within which limits.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::time::Duration;

use crate::error::ExecError;
use crate::redact::Redactor;
use crate::resources::Resources;

/// One command to run, complete: nothing is inherited from the calling process but its user, its
/// resource limits, its umask and its CPU affinity.
///
/// The default is no command, which is refused; it is there for `..Invocation::default()`: no
/// environment, no input, output thrown away, nothing redacted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Invocation {
    /// The program and its arguments, passed as they are; no shell is involved.
    ///
    /// A program without a slash is looked up in the `PATH` of [`env`](Self::env) (`/bin:/usr/bin`
    /// when that has none); one with a slash is relative to [`cwd`](Self::cwd).
    pub argv: Vec<OsString>,
    /// The directory the command starts in. It must exist; the command may remove it.
    pub cwd: PathBuf,
    /// Exactly the environment of the command. Build it with
    /// [`clean_environment`](crate::clean_environment).
    pub env: Vec<(OsString, OsString)>,
    /// When to stop it, and what it may use.
    pub limits: Limits,
    /// What it reads.
    pub stdin: Stdin,
    /// Where standard output goes.
    pub stdout: Capture,
    /// Where standard error goes. With the same path as [`stdout`](Self::stdout) both streams are
    /// written to one file in the order they arrive; everything is then counted as standard output
    /// and under its cap.
    pub stderr: Capture,
    /// What must not be in the captured files: it is replaced before anything reaches the disk.
    pub redactor: Redactor,
}

impl Invocation {
    /// Refuses what the system cannot pass to a command: zero bytes, and names of variables that are
    /// empty or hold an equals sign.
    pub(crate) fn check(&self) -> Result<(), ExecError> {
        for argument in &self.argv {
            passable("the argument", argument, &[0])?;
        }
        for (name, value) in &self.env {
            passable("the variable name", name, b"\0=")?;
            passable("the variable's value", value, &[0])?;
            if name.is_empty() {
                return Err(not_passable("the variable name", name));
            }
        }
        passable("the working directory", self.cwd.as_os_str(), &[0])
    }
}

fn passable(what: &'static str, text: &OsStr, forbidden: &[u8]) -> Result<(), ExecError> {
    match text.as_bytes().iter().any(|byte| forbidden.contains(byte)) {
        true => Err(not_passable(what, text)),
        false => Ok(()),
    }
}

fn not_passable(what: &'static str, value: &OsStr) -> ExecError {
    ExecError::NotPassable {
        what,
        value: value.into(),
    }
}

/// What a command reads as its standard input.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Stdin {
    /// Nothing: it is at its end at once.
    #[default]
    Nothing,
    /// The content of this file, which must be an ordinary one and is opened by the caller. The command
    /// reads the file itself, so that nobody waits for a command that reads late, in part or not at
    /// all; what is written to the file meanwhile is read, too.
    File(PathBuf),
}

/// A file that receives one output stream, up to a cap.
///
/// The file is created or truncated before the command starts. Output of at most `cap` bytes is kept
/// whole. Longer output keeps its beginning and its last 64 KiB (half of the cap when that is less,
/// since errors are usually at the end), with a line that holds
/// [`TRUNCATION_MARKER`](crate::TRUNCATION_MARKER) between them: the file never exceeds the cap plus
/// that line. The end is written when the stream ends, so that after a crash of the calling process
/// the file holds the beginning only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capture {
    /// The file. Its directory must exist.
    pub path: PathBuf,
    /// The most bytes of output to keep.
    pub cap: u64,
}

impl Default for Capture {
    /// Throws everything away.
    fn default() -> Self {
        Self {
            path: PathBuf::from("/dev/null"),
            cap: 0,
        }
    }
}

/// When a command is stopped, all counted from its start, how, and what it may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// After this time the command and all its descendants are stopped: SIGINT if
    /// [`interrupt`](Self::interrupt) says so, SIGTERM (each with SIGCONT, so that stopped ones see
    /// it), then [`grace`](Self::grace), then SIGKILL.
    pub soft: Option<Duration>,
    /// After this time everything gets SIGKILL at once.
    pub hard: Option<Duration>,
    /// Where there is a time, a command that is to stop gets SIGINT first, as from Ctrl-C, and SIGTERM
    /// when that time has passed and something of it is still there; for a soft limit and for a
    /// cancellation alike. Without one it gets SIGTERM at once.
    pub interrupt: Option<Duration>,
    /// The time between SIGTERM and SIGKILL, for a soft limit and for a cancellation alike.
    pub grace: Duration,
    /// How long output pipes that descendants hold open are still read after the command itself has
    /// ended; then those descendants are killed. Descendants that hold no pipe have 50 ms (or this
    /// time, if it is less).
    pub pipe_wait: Duration,
    /// What it may use besides time.
    pub resources: Resources,
}

impl Default for Limits {
    /// No limit of time or resources, no SIGINT, 10 s of grace, 1 s for pipes.
    fn default() -> Self {
        Self {
            soft: None,
            hard: None,
            interrupt: None,
            grace: Duration::from_secs(10),
            pipe_wait: Duration::from_secs(1),
            resources: Resources::default(),
        }
    }
}
