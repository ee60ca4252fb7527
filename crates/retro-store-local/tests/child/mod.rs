//! A test that starts itself again, as a process that can be killed.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

const ROLE: &str = "RETRO_TEST_ROLE";
const FOLDER: &str = "RETRO_TEST_FOLDER";
const FIRST: &str = "RETRO_TEST_FIRST";

/// A child that writes, and the numbers it says it has written.
pub(crate) struct Writer {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Writer {
    #[expect(
        clippy::disallowed_methods,
        reason = "the child is this test itself, and is killed by its handle"
    )]
    pub(crate) fn start(role: &str, folder: &Path, first: u64) -> Self {
        let program = std::env::current_exe().expect("a test has a file");
        let mut child = std::process::Command::new(program)
            .args([
                "--exact",
                "a_child_does_what_it_was_started_for",
                "--nocapture",
            ])
            .env(ROLE, role)
            .env(FOLDER, folder)
            .env(FIRST, first.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a test can be started again");
        let stdout = child.stdout.take().expect("it is piped");
        Self {
            child,
            lines: BufReader::new(stdout).lines(),
        }
    }

    /// The next number it says; `None` at its end.
    pub(crate) fn next(&mut self) -> Option<u64> {
        self.lines.by_ref().find_map(|line| {
            let line = line.expect("a child writes text");
            line.strip_prefix("wrote ")?.parse().ok()
        })
    }

    /// Kills it at once; the numbers it said that were not read yet.
    pub(crate) fn kill(mut self) -> Vec<u64> {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it was started here");
        std::iter::from_fn(|| self.next()).collect()
    }

    /// Checks that it ended well.
    pub(crate) fn finish(&mut self) {
        assert!(self.child.wait().expect("it was started here").success());
    }
}

/// What a child is to do.
pub(crate) struct Task {
    pub(crate) role: String,
    pub(crate) folder: PathBuf,
    pub(crate) first: u64,
}

/// What this process is to do when it is a child.
#[expect(
    clippy::disallowed_methods,
    reason = "how the parent tells its child what to do"
)]
pub(crate) fn task() -> Option<Task> {
    let role = std::env::var(ROLE).ok()?;
    let folder = std::env::var(FOLDER).expect("the parent sets it");
    let first = std::env::var(FIRST).expect("the parent sets it");
    Some(Task {
        role,
        folder: folder.into(),
        first: first.parse().expect("a number"),
    })
}

/// Tells the parent of a number.
pub(crate) fn say(number: u64) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "wrote {number}")
        .and_then(|()| out.flush())
        .expect("the parent listens");
}
