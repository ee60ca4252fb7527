//! Prints how long it takes to judge 1,000 commits x 5,000 tests, beside the floor: reading every
//! stored result once.
//!
//! Run with `cargo bench -p retro-analysis --bench findings`.

use std::hint::black_box;
use std::time::{Duration, Instant};

use retro_analysis::{History, Observation, State, diff, findings, story};
use retro_domain::{Outcome, TestId};

const COMMITS: usize = 1_000;
const TESTS: usize = 5_000;
const ROUNDS: usize = 9;

fn main() {
    let calm = history(2_000, false);
    let before = peak_memory();
    black_box(findings(&calm));
    let after = peak_memory();
    let stormy = history(2, false);
    let gap = history(2_000, true);
    let floor = median(|| read_once(&calm));
    println!("{COMMITS} commits x {TESTS} tests, median of {ROUNDS} rounds");
    println!("floor, every result read once     {floor:>10.2?}");
    for (name, history) in [
        ("a turn in 2,000 results, merges", &calm),
        ("a turn in 2 results, merges", &stormy),
        ("all tests break behind 400 gaps", &gap),
    ] {
        let found = findings(history);
        let taken = median(|| findings(history));
        println!(
            "{name:<33} {taken:>10.2?}  broke {}, fixed {}, flaky {}, untestable ranges {}",
            found.broke.len(),
            found.fixed.len(),
            found.flaky.len(),
            found.untestable.len(),
        );
    }
    println!(
        "the story of one test             {:>10.2?}",
        median(|| story(&calm, 7))
    );
    let (a, b) = (&calm.commits[0].state, &calm.commits[COMMITS - 3].state);
    println!(
        "the difference of two commits     {:>10.2?}",
        median(|| diff(&calm.tests, a, b))
    );
    if let (Some(before), Some(after)) = (before, after) {
        println!("peak memory: the history {before}, with the findings of the first row {after}");
    }
}

/// Lines with a merge every twelfth commit and an untestable commit every fiftieth. Each result turns
/// with a chance of one in `odds`. With `gap`, commits 300 to 699 are untestable and every test fails
/// from 700 on.
fn history(odds: u64, gap: bool) -> History {
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    };
    let mut row = vec![Some((Outcome::Passed, false)); TESTS];
    let commit = |place: usize| {
        for cell in &mut row {
            let turned = match cell {
                Some((Outcome::Passed, false)) => Outcome::Failed,
                _ => Outcome::Passed,
            };
            if next() % odds == 0 {
                *cell = Some((turned, false));
            }
        }
        let mut now = row.clone();
        if gap {
            let outcome = if place < 700 {
                Outcome::Passed
            } else {
                Outcome::Failed
            };
            now.fill(Some((outcome, false)));
        }
        now[place % TESTS] = Some((Outcome::Passed, true));
        let untestable = place % 50 == 49 || (gap && (300..700).contains(&place));
        let mut parents: Vec<usize> = place.checked_sub(1).into_iter().collect();
        if place % 12 == 11 {
            parents.push(place - 4);
        }
        Observation {
            parents,
            state: if untestable {
                State::Untestable
            } else {
                State::Tested(now)
            },
        }
    };
    History {
        tests: (0..TESTS)
            .map(|n| TestId::named(format!("test_{n}")))
            .collect(),
        commits: (0..COMMITS).map(commit).collect(),
    }
}

fn read_once(history: &History) -> usize {
    let mut failures = 0;
    for commit in &history.commits {
        if let State::Tested(cells) = &commit.state {
            let failed =
                |cell: &&Option<(Outcome, bool)>| cell.is_some_and(|(o, _)| o.is_failure());
            failures += cells.iter().filter(failed).count();
        }
    }
    failures
}

fn median<T>(work: impl Fn() -> T) -> Duration {
    let mut taken: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            black_box(work());
            start.elapsed()
        })
        .collect();
    taken.sort();
    taken[ROUNDS / 2]
}

/// The process's peak resident memory, where the system tells it.
fn peak_memory() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    Some(
        line.split_whitespace()
            .skip(1)
            .collect::<Vec<_>>()
            .join(" "),
    )
}
