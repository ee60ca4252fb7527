//! Connections that the caller makes.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};

use retro_git::{FetchNote, FetchWay, GitError, SshChannel, SshCommand, SshTarget};

use crate::support::{Scene, remote};

/// Runs commands on this machine, and breaks the first connections.
pub(crate) struct Shell {
    home: PathBuf,
    broken: Mutex<u32>,
    pub(crate) seen: Mutex<Vec<(SshTarget, String)>>,
}

impl Shell {
    pub(crate) fn new(home: &Path, broken: u32) -> Arc<Self> {
        Arc::new(Self {
            home: home.to_owned(),
            broken: Mutex::new(broken),
            seen: Mutex::default(),
        })
    }
}

impl SshCommand for Shell {
    #[expect(clippy::disallowed_methods, reason = "the other side is the real git")]
    fn run(&self, target: &SshTarget, command: &str) -> io::Result<Box<dyn SshChannel>> {
        self.seen
            .lock()
            .unwrap()
            .push((target.clone(), command.to_owned()));
        let mut broken = self.broken.lock().unwrap();
        if *broken > 0 {
            *broken -= 1;
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        let child = Command::new("sh")
            .args(["-c", command])
            .env("HOME", &self.home)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .current_dir(&self.home)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(channel(child))
    }
}

/// What a program reads and writes.
pub(crate) fn channel(mut child: Child) -> Box<dyn SshChannel> {
    Box::new(Channel {
        stdin: child.stdin.take(),
        stdout: child.stdout.take(),
        child,
    })
}

struct Channel {
    stdin: Option<ChildStdin>,
    stdout: Option<ChildStdout>,
    child: Child,
}

impl Read for Channel {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stdout.as_mut().expect("open").read(buffer)
    }
}

impl Write for Channel {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stdin.as_mut().expect("open").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stdin.as_mut().expect("open").flush()
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        (self.stdin, self.stdout) = (None, None);
        drop(self.child.wait());
    }
}

fn url(scene: &Scene) -> String {
    format!("git@example.com:{}", scene.repo.path().display())
}

#[test]
fn a_commit_comes_over_ssh() {
    for is_allowed in [true, false] {
        let scene = Scene::with_commits(30);
        scene.allow_any_commit(is_allowed);
        let shell = Shell::new(scene.repo.outside(), 0);
        let commit = scene.repo.rev("main~7");
        let remote = remote(&url(&scene)).with_ssh(shell.clone());
        let (done, notes) = scene.fetch(&remote, &commit);
        let expected = if is_allowed {
            FetchWay::ByHash
        } else {
            FetchWay::Deepening(50)
        };
        assert_eq!(done.unwrap().way, expected, "{notes:?}");
        scene.check_out(&commit);
        let seen = shell.seen.lock().unwrap();
        let (target, command) = &seen[0];
        assert_eq!(
            (target.host.as_str(), target.user.as_deref()),
            ("example.com", Some("git"))
        );
        assert_eq!(
            *command,
            format!("git-upload-pack '{}'", scene.repo.path().display())
        );
    }
}

#[test]
fn connections_that_fail_are_made_again() {
    let scene = Scene::with_commits(3);
    let shell = Shell::new(scene.repo.outside(), 2);
    let commit = scene.repo.rev("main");
    let (done, notes) = scene.fetch(&remote(&url(&scene)).with_ssh(shell), &commit);
    done.unwrap();
    let again = |note: &&FetchNote| matches!(note, FetchNote::TriesAgain { .. });
    assert_eq!(notes.iter().filter(again).count(), 2, "{notes:?}");
}

#[test]
fn without_a_command_the_way_out_is_named() {
    let scene = Scene::with_commits(1);
    let commit = scene.repo.rev("main");
    let error = scene
        .fetch(&remote("ssh://git@h/o/r"), &commit)
        .0
        .unwrap_err();
    assert!(matches!(error, GitError::Refused { .. }));
    assert!(
        error.to_string().contains("use https with a token"),
        "{error}"
    );
}
