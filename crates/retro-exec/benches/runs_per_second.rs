//! How many commands per second: `true` through this crate and through the standard library, in turn
//! in the same process, with one and two threads, with a small and a large caller.
//!
//! `cargo bench -p retro-exec` prints one line per case: the medians of several rounds.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use retro_exec::{CancelToken, Capture, ChildProcesses, Ending, Executor, Invocation, Limits};

const ROUND: usize = 200;
const ROUNDS: usize = 7;

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    println!(
        "{:<28} {:>14} {:>14} {:>7}",
        "case", "retro-exec/s", "std Command/s", "ratio"
    );
    let executor = ChildProcesses::new();
    for (case, megabytes) in [("small caller", 0usize), ("caller with 200 MiB", 200)] {
        let ballast = vec![1u8; megabytes << 20];
        for threads in [1, 2] {
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            for _ in 0..ROUNDS {
                ours.push(rate(threads, &|thread| {
                    ours_once(&executor, folder.path(), thread)
                }));
                theirs.push(rate(threads, &|thread| theirs_once(folder.path(), thread)));
            }
            let (ours, theirs) = (median(ours), median(theirs));
            let case = format!("{case}, {threads} thread(s)");
            println!(
                "{case:<28} {ours:>14.0} {theirs:>14.0} {:>7.2}",
                theirs / ours
            );
        }
        assert!(ballast.iter().all(|byte| *byte == 1));
    }
}

/// Runs per second over all threads.
fn rate(threads: usize, once: &(dyn Fn(usize) + Sync)) -> f64 {
    let begin = Instant::now();
    std::thread::scope(|scope| {
        for thread in 0..threads {
            scope.spawn(move || (0..ROUND).for_each(|_| once(thread)));
        }
    });
    (threads * ROUND) as f64 / begin.elapsed().as_secs_f64()
}

fn invocation(argv: &[&str], folder: &Path, thread: usize) -> Invocation {
    let capture = |name: &str| Capture {
        path: folder.join(format!("{name}{thread}")),
        cap: 1 << 20,
    };
    Invocation {
        argv: argv.iter().map(Into::into).collect(),
        cwd: folder.into(),
        env: vec![("PATH".into(), "/usr/bin:/bin".into())],
        limits: Limits {
            hard: Some(Duration::from_secs(600)),
            ..Limits::default()
        },
        stdout: capture("stdout"),
        stderr: capture("stderr"),
        ..Invocation::default()
    }
}

fn ours_once(executor: &ChildProcesses, folder: &Path, thread: usize) {
    let run = invocation(&["true"], folder, thread);
    let finished = executor.run(&run, &CancelToken::new()).expect("true runs");
    assert_eq!(finished.ending, Ending::Exited(0));
}

/// The same with the least that could be done: outputs straight into files, no limits, and the full
/// path of the program, without which the library would have to copy the caller.
fn theirs_once(folder: &Path, thread: usize) {
    let file =
        |name: &str| std::fs::File::create(folder.join(format!("{name}{thread}"))).expect("a file");
    #[expect(
        clippy::disallowed_methods,
        reason = "the standard library is what is compared with"
    )]
    let mut command = Command::new("/usr/bin/true");
    command
        .current_dir(folder)
        .env_clear()
        .env("PATH", "/usr/bin:/bin");
    command
        .stdin(Stdio::null())
        .stdout(file("stdout"))
        .stderr(file("stderr"));
    assert!(command.status().expect("true runs").success());
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
