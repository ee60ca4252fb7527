//! Timing whole commands, for benchmarks.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::cargo;

/// What one execution took.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// From start to end.
    pub wall: Duration,
    /// Largest resident set, in bytes.
    pub max_rss: u64,
}

/// Runs a command to its end, its output discarded.
///
/// # Panics
///
/// When it cannot be started, or fails.
pub fn time(command: &mut Command) -> Cost {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let start = Instant::now();
    #[expect(
        clippy::zombie_processes,
        reason = "it is waited for with wait4, which tells its cost"
    )]
    let child = command.spawn().unwrap();
    let pid = libc::pid_t::try_from(child.id()).unwrap_or_default();
    let mut status = 0;
    // SAFETY: an all-zero rusage is valid, and the process is a child that nobody waits for.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::wait4(pid, &raw mut status, 0, &raw mut usage);
        usage
    };
    let wall = start.elapsed();
    if status != 0 {
        let mut said = String::new();
        if let Some(mut stderr) = child.stderr {
            drop(std::io::Read::read_to_string(&mut stderr, &mut said));
        }
        panic!("{command:?} ended with status {status}: {said}");
    }
    let max_rss = u64::try_from(usage.ru_maxrss).unwrap_or_default() * 1024;
    Cost { wall, max_rss }
}

/// git-retro as it is released, built now if need be.
///
/// # Panics
///
/// When it cannot be built.
pub fn released_binary() -> PathBuf {
    built_as("git-retro", "release")
}

/// The binary of a package, which has its name, built now if need be.
///
/// # Panics
///
/// When it cannot be built.
pub fn built_as(package: &str, profile: &str) -> PathBuf {
    cargo(&[
        "build",
        "--locked",
        "--profile",
        profile,
        "--package",
        package,
    ]);
    let metadata = cargo(&[
        "metadata",
        "--format-version",
        "1",
        "--no-deps",
        "--offline",
    ]);
    let metadata: serde_json::Value = serde_json::from_str(&metadata).unwrap();
    let target = PathBuf::from(metadata["target_directory"].as_str().unwrap());
    target.join(profile).join(package)
}

/// The middle one of some durations.
///
/// # Panics
///
/// When there is none.
pub fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
