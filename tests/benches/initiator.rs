//! How long the initiator takes for large batches, and how much memory: it lists commits, stores a job
//! for each and starts an execution on the emulator, whose tasks do nothing.
//!
//! `cargo bench -p retro-tests --bench initiator [-- BINARY]`; without a binary it is built with the
//! profile `dist`. `.ci/servers` installs the emulator.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;

use retro_testing::{HistorySpec, ScratchRepo};
use retro_tests::emulator::Emulator;
use retro_tests::stopwatch::{built_as, time};

fn main() {
    let given = std::env::args()
        .skip(1)
        .find(|word| !word.starts_with("--"));
    let initiator = given.map_or_else(|| built_as("retro-initiator", "dist"), PathBuf::from);
    println!("{}", initiator.display());
    println!("commits  what     seconds  memory at most, MB");
    for commits in [1_000, 10_000] {
        let repo = ScratchRepo::with_history(HistorySpec {
            commits,
            ..HistorySpec::default()
        });
        let url = format!("file://{}", repo.path().display());
        for what in ["--dry-run", "--quiet"] {
            // Each start has a table of its own.
            let emulator = Emulator::start("{}", &[], &[OsStr::new("true")]);
            let home = tempfile::tempdir().unwrap();
            #[expect(clippy::disallowed_methods, reason = "the real binary is started")]
            let mut command = Command::new(&initiator);
            command
                .env_clear()
                .env("HOME", home.path())
                .env("TMPDIR", home.path())
                .envs(emulator.settings())
                .args(["start", "--repo", &url, "--last", &commits.to_string()])
                .args([what, "--", "true"]);
            let cost = time(&mut command);
            let what = ["plan", "start"][usize::from(what == "--quiet")];
            let (seconds, bytes) = (cost.wall.as_secs_f64(), cost.max_rss as f64);
            println!(
                "{commits:>7}  {what:<8} {seconds:>6.1} {:>12.1}",
                bytes / 1e6
            );
        }
    }
}
