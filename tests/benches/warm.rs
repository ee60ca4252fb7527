//! Warm builds: ten consecutive commits of a Cargo project, in a slot and in ten fresh clones.
//!
//! `cargo bench -p retro-tests --bench warm`

use std::fmt::Write;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use retro_testing::ScratchRepo;
use retro_tests::stopwatch::{released_binary, time};

const COMMITS: usize = 10;
const CRATES: usize = 24;
const FUNCTIONS: usize = 250;

fn main() {
    let binary = released_binary();
    let repo = project();
    let folder = tempfile::tempdir().unwrap();
    let mut command = new_command(&binary);
    command
        .current_dir(repo.path())
        .args([
            "run", "--quiet", "--jobs", "1", "--order", "oldest", "--last", "10",
        ])
        .arg("--data-dir")
        .arg(folder.path().join("data"))
        .arg("--cache-dir")
        .arg(folder.path().join("cache"))
        .args(["--", "cargo", "test", "--offline", "--quiet"]);
    let warm = time(&mut command).wall;
    let cold = fresh_clones(&repo, folder.path());
    println!("{COMMITS} commits of a Cargo project of {CRATES} crates, `cargo test` on each:");
    println!("  git retro, one slot   {:>7.1} s", warm.as_secs_f64());
    println!(
        "  {COMMITS} fresh clones       {:>7.1} s",
        cold.as_secs_f64()
    );
    println!(
        "  ratio                 {:>7.1}   (target: 4)",
        cold.as_secs_f64() / warm.as_secs_f64()
    );
}

/// A workspace of small crates; each commit changes one of them.
fn project() -> ScratchRepo {
    let repo = ScratchRepo::new();
    let names: Vec<String> = (0..CRATES).map(|number| format!("part{number}")).collect();
    repo.write(
        "Cargo.toml",
        "[workspace]\nresolver = \"2\"\nmembers = [\"part*\"]\n",
    );
    repo.write(".gitignore", "/target\n");
    let mut lock = "version = 3\n".to_owned();
    for name in &names {
        repo.write(
            format!("{name}/Cargo.toml"),
            format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n"),
        );
        let _ = write!(
            lock,
            "\n[[package]]\nname = \"{name}\"\nversion = \"0.1.0\"\n"
        );
        repo.write(format!("{name}/src/lib.rs"), source(0));
    }
    repo.write("Cargo.lock", lock);
    repo.commit("start");
    for (number, name) in names.iter().enumerate().skip(1).take(COMMITS) {
        repo.write(format!("{name}/src/lib.rs"), source(number));
        repo.commit("a change of one crate");
    }
    repo
}

fn source(seed: usize) -> String {
    let mut text = String::new();
    for number in 0..FUNCTIONS {
        let _ = writeln!(
            text,
            "pub fn f{number}(x: u64) -> String {{ let v: Vec<u64> = (0..x + {seed}).map(|y| y * {number} + 1).collect(); format!(\"{{:?}}\", v.iter().rev().collect::<Vec<_>>()) }}"
        );
    }
    text + "#[test] fn works() { assert!(f0(1).len() > 0); }\n"
}

fn fresh_clones(repo: &ScratchRepo, folder: &Path) -> Duration {
    let mut total = Duration::ZERO;
    for (number, commit) in repo.rev_list(["-10", "HEAD"]).iter().enumerate() {
        let target = folder.join(format!("clone{number}"));
        let script = format!(
            "git clone -q --shared {} {} && cd {} && git checkout -q {commit} && cargo test --offline --quiet",
            repo.path().display(),
            target.display(),
            target.display()
        );
        total += time(new_command("sh").args(["-c", &script])).wall;
    }
    total
}

#[expect(
    clippy::disallowed_methods,
    reason = "a benchmark starts what it is compared with"
)]
fn new_command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    Command::new(program)
}
