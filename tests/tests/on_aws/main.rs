//! A look back on AWS: the template's own state machine, deployed into an emulator, whose tasks are
//! the real runner, started from the real command line.

mod initiator;
mod lambda;
mod runner;
mod stop;
mod walk;

use std::path::Path;

use retro_tests::World;
use retro_tests::emulator::Emulator;
use serde_json::Value;

/// A test that breaks and is mended, and another one that comes later; at one commit, no tests run.
fn history(commits: usize) -> World {
    let world = World::new();
    world.repo.commit_files(
        &[("t.sh", "cat results; ! grep -q '^not ok' results\n")],
        "a way to test",
    );
    for number in 0..commits {
        let first = match number {
            n if n % 7 == 3 => "not ok",
            _ => "ok",
        };
        let results = match number {
            5 => "1..0 # skip nothing here\n".to_owned(),
            n if n > 8 => format!("1..2\n{first} 1 - a\nok 2 - b\n"),
            _ => format!("1..1\n{first} 1 - a\n"),
        };
        let number = number.to_string();
        world.repo.commit_files(
            &[("results", &results), ("number", &number)],
            &format!("commit {number}"),
        );
    }
    world
}

/// git-retro's own history, where there is enough of it: a source without one, or a shallow clone,
/// is tested with a made-up one.
fn own_history(commits: usize) -> Option<World> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?;
    let world = World::new();
    let words = ["fetch", "--quiet", "--no-tags", root.to_str()?, "HEAD"];
    let words = words.map(str::to_owned);
    let fetched = world.repo.try_git_in(world.repo.path(), &words, b"");
    if !fetched.status.success() {
        return None;
    }
    world
        .repo
        .git(["checkout", "--quiet", "-B", "main", "FETCH_HEAD"]);
    let count = world.repo.git(["rev-list", "--count", "HEAD"]);
    (count.trim().parse::<usize>().ok()? > commits).then_some(world)
}

/// Says of each page and each file of code whether its number of lines is even: there is no history in
/// which that does not change.
const EVEN: &str = "for file in *.md docs/*.md crates/*/src/*.rs; do \
    if [ $(($(wc -l <$file) % 2)) -eq 0 ]; then echo ok - $file; else echo not ok - $file; fi; \
    count=$((count + 1)); done; echo 1..$count";

/// What a run says, but for what differs between any two: its id, times, and where it ran.
fn essence(document: &Value) -> Value {
    let commits = document["commits"].as_array().expect("commits");
    let of_commit = |commit: &Value| {
        let keep = ["commit", "id", "subject", "verdict", "counts"];
        let fields = commit.as_object().expect("a commit").iter();
        let kept = fields.filter(|(name, _)| keep.contains(&name.as_str()));
        kept.map(|(name, value)| (name.clone(), value.clone()))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    serde_json::json!({
        "commits": commits.iter().map(of_commit).collect::<Vec<Value>>(),
        "findings": document["findings"],
    })
}

/// Runs the same range there and here, and compares what both say.
fn check(mut world: World, commits: usize, command: &str, faults: &str) {
    let emulator = Emulator::with_runner(faults);
    for (name, value) in emulator.settings() {
        world.set(name, &value);
    }
    let url = format!("file://{}", world.repo.path().display());
    let last = commits.to_string();
    let suite = ["--results", "tap", "--format", "json", "--fail-on", "none"];
    let command = ["--", "sh", "-c", command];
    let range = ["run", "--last", &last];
    let remote = ["--backend", "aws", "--from", &url];
    let there = world.json(0, &[&range[..], &remote, &suite, &command].concat());
    let here = world.json(0, &[&range[..], &suite, &command].concat());
    let (there_said, here_said) = (essence(&there), essence(&here));
    assert_eq!(
        there_said["commits"].as_array().map(Vec::len),
        Some(commits)
    );
    assert!(there_said["findings"].to_string().contains("commit"));
    assert_eq!(there_said, here_said);
    // What was brought home is known: pulling it again fetches nothing.
    let batch = there["run"]["id"].as_str().or(there["run"].as_str());
    let batch = batch.expect("the run's id").to_owned();
    let again = world.expect(0, &["pull", &batch]);
    assert!(
        again.stdout.starts_with("0 results of batch"),
        "{}",
        again.stdout
    );
}

#[test]
fn a_batch_says_what_a_run_on_this_machine_says() {
    check(history(12), 12, ". ./t.sh", "{}");
}

#[test]
fn killed_and_doubled_runners_and_requests_that_fail_change_nothing() {
    let (world, command) = match own_history(60) {
        Some(world) => (world, EVEN),
        None => (history(60), ". ./t.sh"),
    };
    check(
        world,
        60,
        command,
        r#"{"throttle": 0.02, "error": 0.02, "drop_before": 0.01, "drop_after": 0.01, "kill": 0.03, "twice": 0.1, "no_start": 0.05}"#,
    );
}
