//! The container's entry point as it is handed out: its size, its memory while a command sleeps, and
//! how long it takes to start.
//!
//! `cargo bench -p retro-tests --bench runner [-- BINARY]`; without a binary it is built with the
//! profile `dist`. `.ci/servers` installs the emulator that it talks to.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use retro_testing::ScratchRepo;
use retro_tests::emulator::Emulator;
use retro_tests::stopwatch::{built_as, median};
use retro_tests::{signal, wait_until};

const STARTS: usize = 100;

fn main() {
    let given = std::env::args()
        .skip(1)
        .find(|word| !word.starts_with("--"));
    let runner = given.map_or_else(|| built_as("retro-runner", "dist"), PathBuf::from);
    let size = std::fs::metadata(&runner).unwrap().len() as f64;
    println!("{}", runner.display());
    row("size, MB", size / 1e6, 25.0);
    let (now, most) = memory(&runner);
    row("memory while a command sleeps, MB", now, 60.0);
    row("most memory until then, MB", most, 60.0);
    let millis = |time: Duration| time.as_secs_f64() * 1e3;
    let starts = starts(&runner);
    row("settings missing, start to end, ms", millis(starts.0), 50.0);
    row("--version, start to end, ms", millis(starts.1), 50.0);
    println!("{:<40} {:>8.1}", "true, start to end, ms", millis(starts.2));
}

fn row(what: &str, value: f64, limit: f64) {
    let ratio = limit / value;
    println!("{what:<40} {value:>8.1}   limit {limit}, {ratio:.1} times");
}

#[expect(
    clippy::disallowed_methods,
    reason = "programs are found where the machine has them"
)]
fn path() -> std::ffi::OsString {
    std::env::var_os("PATH").unwrap_or_default()
}

/// Resident memory of the runner and its supervisor, now and at most, in MB.
fn memory(runner: &Path) -> (f64, f64) {
    let repo = ScratchRepo::new();
    repo.commit_files(&[("a", "a")], "a commit");
    let emulator = Emulator::start("{}", &[], &[OsStr::new("true")]);
    let folder = tempfile::tempdir().unwrap();
    let began = folder.path().join("began");
    let mut command = new_command(runner);
    command
        .env_clear()
        .env("PATH", path())
        .envs([
            ("REPO_URL", format!("file://{}", repo.path().display())),
            ("COMMIT_HASH_TO_PROCESS", repo.head().to_string()),
            ("DYNAMODB_TABLE_NAME", emulator.output("TableName")),
            ("S3_BUCKET_NAME", emulator.output("BucketName")),
            (
                "TEST_COMMAND",
                format!("echo > {}; sleep 600", began.display()),
            ),
            ("AWS_ENDPOINT_URL", emulator.address().to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "TaskRole".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "task".to_owned()),
        ])
        .arg("commit-job")
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    let mut child = command.spawn().unwrap();
    wait_until("the command runs", || {
        assert!(child.try_wait().unwrap().is_none(), "the runner ended");
        began.exists()
    });
    let of_all = |field| {
        let mut processes = vec![child.id()];
        // Its supervisor is the same program, and the command is not.
        processes.extend(children(child.id()).into_iter().filter(|id| {
            let program = std::fs::read_link(format!("/proc/{id}/exe"));
            program.is_ok_and(|program| program == runner.canonicalize().unwrap())
        }));
        processes.iter().map(|id| status(*id, field)).sum::<f64>()
    };
    let found = (of_all("VmRSS:"), of_all("VmHWM:"));
    signal(&child, libc::SIGTERM);
    child.wait().unwrap();
    found
}

fn children(parent: u32) -> Vec<u32> {
    let mut found = Vec::new();
    for thread in std::fs::read_dir(format!("/proc/{parent}/task")).unwrap() {
        let children = thread.unwrap().path().join("children");
        let text = std::fs::read_to_string(children).unwrap_or_default();
        found.extend(
            text.split_whitespace()
                .filter_map(|id| id.parse::<u32>().ok()),
        );
    }
    found
}

/// A field of a process's status, in MB.
fn status(process: u32, field: &str) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = text.lines().find(|line| line.starts_with(field)).unwrap();
    let kibibytes: f64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kibibytes * 1024.0 / 1e6
}

/// Medians of: settings missing, version, and nothing at all. In turn, so that a drift of the machine
/// meets all alike.
fn starts(runner: &Path) -> (Duration, Duration, Duration) {
    let (mut missing, mut version, mut nothing) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..STARTS {
        missing.push(run(new_command(runner).arg("commit-job"), 2));
        version.push(run(new_command(runner).arg("--version"), 0));
        nothing.push(run(&mut new_command(Path::new("true")), 0));
    }
    (median(missing), median(version), median(nothing))
}

fn run(command: &mut Command, code: i32) -> Duration {
    command
        .env_clear()
        .env("PATH", path())
        .stdout(Stdio::null());
    let started = Instant::now();
    let status = command.stderr(Stdio::null()).status().unwrap();
    let took = started.elapsed();
    assert_eq!(status.code(), Some(code), "{command:?}");
    took
}

#[expect(clippy::disallowed_methods, reason = "the real binary is started")]
fn new_command(program: &Path) -> Command {
    Command::new(program)
}
