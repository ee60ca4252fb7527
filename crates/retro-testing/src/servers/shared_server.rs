//! A server that all test processes of a work tree share.

use std::fs::{self, File, OpenOptions};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};

/// How long a server may take to answer; a machine may be busy.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long a server waits for another user, in seconds.
const IDLE: &str = "10";

/// One use of a server on 127.0.0.1 that other test processes use too, since starting one costs a
/// second and every test may be a process of its own: tests keep apart by names that nobody else
/// has ([`SharedServer::unique`]).
///
/// Every use holds a shared lock on a file, which the kernel gives back when the process ends in
/// whatever way. The server ends some seconds after the last one: see `tests/servers/keep.py`.
pub struct SharedServer {
    address: String,
    _users: File,
}

impl SharedServer {
    /// moto: all services. Panics when `.ci/servers` has not been run.
    pub fn moto() -> Self {
        let python = installed("venv/bin/python");
        Self::start("moto", &[python, script("moto_server.py"), "{port}".into()])
    }

    /// dynalite: DynamoDB. Panics when `.ci/servers` has not been run.
    pub fn dynalite() -> Self {
        let script = installed("node/node_modules/dynalite/cli.js");
        let mut command: Vec<PathBuf> = vec!["node".into(), script];
        command.extend(
            [
                "--host",
                "127.0.0.1",
                "--port",
                "{port}",
                "--createTableMs",
                "0",
                "--deleteTableMs",
                "0",
            ]
            .map(PathBuf::from),
        );
        Self::start("dynalite", &command)
    }

    /// The address, such as `127.0.0.1:4567`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The same as an endpoint, such as `http://127.0.0.1:4567`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A name that no other test has, in this process or another.
    pub fn unique(kind: &str) -> String {
        use std::sync::atomic::{AtomicU32, Ordering};
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let since_start = std::time::UNIX_EPOCH
            .elapsed()
            .map_or(0, |elapsed| elapsed.as_nanos());
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        format!("{kind}-{}-{since_start:x}-{number}", std::process::id())
    }

    fn start(name: &str, command: &[PathBuf]) -> Self {
        let folder = place().join("run").join(name);
        fs::create_dir_all(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
        // Held from before the look at the address: the server cannot end in between.
        let users = lock_file(&folder, "users.lock");
        flock(&users, FlockOperation::LockShared).expect("a lock can be had");
        let starting = lock_file(&folder, "start.lock");
        flock(&starting, FlockOperation::LockExclusive).expect("a lock can be had");
        let address = running(&folder).unwrap_or_else(|| launch(&folder, command));
        Self {
            address,
            _users: users,
        }
    }
}

fn place() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/servers")
}

fn installed(path: &str) -> PathBuf {
    let path = place().join(path);
    assert!(
        path.exists(),
        "the servers for these tests are not installed: run .ci/servers"
    );
    path
}

/// One of our own scripts.
fn script(name: &str) -> PathBuf {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/servers");
    scripts.join(name)
}

fn lock_file(folder: &Path, name: &str) -> File {
    let path = folder.join(name);
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The address of the server when its keeper lives.
fn running(folder: &Path) -> Option<String> {
    let alive = lock_file(folder, "alive.lock");
    if flock(&alive, FlockOperation::NonBlockingLockShared).is_ok() {
        return None;
    }
    fs::read_to_string(folder.join("address")).ok()
}

/// Starts the keeper and waits until its server answers.
fn launch(folder: &Path, command: &[PathBuf]) -> String {
    let _ = fs::remove_file(folder.join("address"));
    let errors = File::create(folder.join("keeper.log")).expect("a log can be made");
    // A group of its own: what ends this test by Ctrl-C leaves the server to the others.
    #[expect(
        clippy::disallowed_methods,
        reason = "retro-exec would end the server with this process, and others use it"
    )]
    let mut command_line = Command::new("python3");
    #[expect(
        clippy::zombie_processes,
        reason = "it outlives this process; init waits for it"
    )]
    let mut child = command_line
        .arg(script("keep.py"))
        .arg(folder)
        .arg(IDLE)
        .args(command)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(errors)
        .process_group(0)
        .spawn()
        .expect("python3 can be started");
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Ok(address) = fs::read_to_string(folder.join("address")) {
            return address;
        }
        let ended = child.try_wait().expect("a child can be waited for");
        assert!(
            ended.is_none() && Instant::now() < deadline,
            "the server did not start: see {}",
            folder.display()
        );
        std::thread::sleep(Duration::from_millis(10));
    }
}
