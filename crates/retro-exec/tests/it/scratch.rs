//! A folder for one test, and the ways to run a shell line in it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use retro_exec::{
    CancelToken, Capture, ChildProcesses, Ending, Executor, Finished, Invocation, Limits,
};

/// Far more than anything here takes; only a hang reaches it.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

pub(crate) struct Scratch {
    folder: tempfile::TempDir,
    pub(crate) executor: ChildProcesses,
}

impl Scratch {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("work")).unwrap();
        Self {
            folder,
            executor: ChildProcesses::new(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The invocation of a program with arguments, in the empty folder `work`.
    pub(crate) fn command(&self, argv: &[&str]) -> Invocation {
        Invocation {
            argv: argv.iter().map(OsString::from).collect(),
            cwd: self.path("work"),
            env: vec![
                ("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into()),
                ("OUT".into(), self.folder.path().into()),
            ],
            // A test that goes wrong ends.
            limits: Limits {
                hard: Some(DEADLINE),
                ..Limits::default()
            },
            stdout: Capture {
                path: self.path("stdout"),
                cap: 1 << 20,
            },
            stderr: Capture {
                path: self.path("stderr"),
                cap: 1 << 20,
            },
            ..Invocation::default()
        }
    }

    /// The invocation of a shell line; `$OUT` is the test's folder.
    pub(crate) fn shell(&self, line: &str) -> Invocation {
        self.command(&["/bin/sh", "-c", line])
    }

    #[track_caller]
    pub(crate) fn run(&self, invocation: &Invocation) -> Finished {
        self.executor.run(invocation, &CancelToken::new()).unwrap()
    }

    pub(crate) fn stdout(&self) -> Vec<u8> {
        self.read("stdout")
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    /// The process numbers that a command has written to a file, one a line.
    #[track_caller]
    pub(crate) fn pids(&self, name: &str) -> Vec<u32> {
        let text = String::from_utf8(self.read(name)).unwrap();
        text.lines()
            .map(|line| line.trim().parse().unwrap())
            .collect()
    }
}

#[track_caller]
pub(crate) fn check_ending(finished: &Finished, expected: Ending) {
    assert_eq!(finished.ending, expected, "{finished:?}");
}

/// Waits until a condition holds; a test fails when it never does.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !condition() {
        assert!(begin.elapsed() < DEADLINE, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Whether there is a process of this number, a zombie included: nobody may leave one either.
pub(crate) fn exists(pid: u32) -> bool {
    Path::new("/proc").join(pid.to_string()).exists()
}

/// Whether a process has ended and nobody has waited for it: an orphan is the init process's to reap,
/// and not every container has one that does.
pub(crate) fn is_zombie(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')')
        .next()
        .is_some_and(|rest| rest.trim_start().starts_with('Z'))
}

#[track_caller]
pub(crate) fn check_gone(pids: &[u32]) {
    assert!(!pids.is_empty());
    for pid in pids {
        assert!(!exists(*pid), "process {pid} is alive");
    }
}

/// A line for `python3` that makes a daemon as the book has it: fork, new session, fork again. It
/// writes its number to `$OUT/daemon` and sleeps, with `extra` done before. Like everything that the
/// tests leave behind on purpose it ends by itself, in case nobody ends it.
pub(crate) fn daemon(extra: &str) -> String {
    let program = format!(
        r#"
import os, signal, sys, time
read, write = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        {extra}
        with open(os.environ["OUT"] + "/daemon", "a") as file:
            file.write(str(os.getpid()) + "\n")
        os.close(write)
        time.sleep(300)
    os._exit(0)
os.close(write)
os.read(read, 1)
"#
    );
    format!("python3 -c '{program}'")
}

/// Lets go of the standard streams, as a daemon does.
pub(crate) const CLOSE_OUTPUT: &str =
    r#"null = os.open("/dev/null", os.O_RDWR); os.dup2(null, 1); os.dup2(null, 2)"#;
