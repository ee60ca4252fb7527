//! Prints how often, and after how many runs, each way to find a culprit is right.
//!
//! Run with `cargo bench -p retro-analysis --bench culprits`. Behind `--`, parts can be chosen:
//! `--rows NAME;NAME`, `--methods NAME` (those that contain it), `--sizes 64,1024`, `--trials 400`.
//!
//! "found" is how many runs it took for an answer to reach the confidence for the first time; the rest
//! of ours verify it. "nothing" is the part of "wrong" that said that nothing changed.

mod methods;
mod world;

use methods::{Method, Outcome, Result};
use world::{ROWS, Row, World};

const METHODS: &[Method] = &[
    Method::Bisect(1),
    Method::Bisect(2),
    Method::Bisect(8),
    Method::Facf(None),
    Method::Facf(Some(0.1)),
    Method::Bayesect,
    Method::Ours(1),
    Method::Ours(2),
    Method::Ours(8),
    Method::Ours(32),
];

fn name(method: Method) -> String {
    match method {
        Method::Bisect(times) => format!("bisect x{times}"),
        Method::Facf(None) => "FACF, told rate".to_owned(),
        Method::Facf(Some(rate)) => format!("FACF, rate {rate}"),
        Method::Bayesect => "bayesect-style".to_owned(),
        Method::Ours(1) => "ours, 1 worker".to_owned(),
        Method::Ours(workers) => format!("ours, {workers} workers"),
    }
}

struct Flags {
    rows: String,
    methods: String,
    sizes: Vec<usize>,
    trials: u64,
}

fn main() {
    let flags = flags();
    let mut given = Vec::new();
    for &size in &flags.sizes {
        println!("\n{size} commits, {} trials a row", flags.trials);
        println!(
            "{:<20} {:<16} {:>7} {:>7} {:>7} {:>9} {:>7} {:>7} {:>7} {:>7}",
            "rates",
            "method",
            "right",
            "wrong",
            "nothing",
            "undecided",
            "runs",
            "found",
            "90%",
            "rounds"
        );
        for row in ROWS
            .iter()
            .filter(|row| flags.rows.split(';').any(|name| row.name.contains(name)))
        {
            for &method in METHODS {
                if name(method).contains(&flags.methods) {
                    let outcomes = trials(row, method, size, flags.trials);
                    print(row, method, &outcomes);
                    if matches!(method, Method::Ours(_)) {
                        given.extend(outcomes);
                    }
                }
            }
        }
    }
    calibration(&given);
}

fn flags() -> Flags {
    let mut flags = Flags {
        rows: String::new(),
        methods: String::new(),
        sizes: vec![64, 1024],
        trials: 400,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--rows" => flags.rows = words.next().unwrap_or_default(),
            "--methods" => flags.methods = words.next().unwrap_or_default(),
            "--trials" => {
                flags.trials = words.next().and_then(|w| w.parse().ok()).unwrap_or(400);
            }
            "--sizes" => {
                let list = words.next().unwrap_or_default();
                flags.sizes = list.split(',').filter_map(|w| w.parse().ok()).collect();
            }
            // Cargo's own.
            _ => {}
        }
    }
    flags
}

fn trials(row: &Row, method: Method, size: usize, count: u64) -> Vec<Outcome> {
    let one = |trial: u64| {
        let seed = fastrand::Rng::with_seed(trial ^ ((size as u64) << 32)).u64(..);
        let mut world = World::new(row, size, seed);
        method.search(&mut world, row)
    };
    (0..count).map(one).collect()
}

fn print(row: &Row, method: Method, outcomes: &[Outcome]) {
    let count = outcomes.len() as f64;
    let share = |result: Result| {
        let those = outcomes.iter().filter(|o| o.result == result).count();
        100.0 * those as f64 / count
    };
    let mean =
        |of: fn(&Outcome) -> u32| outcomes.iter().map(|o| f64::from(of(o))).sum::<f64>() / count;
    let wrongly_nothing = outcomes
        .iter()
        .filter(|o| o.result == Result::Wrong && o.said_nothing)
        .count();
    let mut runs: Vec<u32> = outcomes.iter().map(|o| o.runs).collect();
    runs.sort_unstable();
    println!(
        "{:<20} {:<16} {:>6.1}% {:>6.1}% {:>6.1}% {:>8.1}% {:>7.1} {:>7.1} {:>7} {:>7.1}",
        row.name,
        name(method),
        share(Result::Right),
        share(Result::Wrong),
        100.0 * wrongly_nothing as f64 / count,
        share(Result::Undecided),
        mean(|o| o.runs),
        mean(|o| o.found_after),
        runs[runs.len() * 9 / 10],
        mean(|o| o.rounds),
    );
}

fn calibration(given: &[Outcome]) {
    println!();
    for (from, to) in [(0.0, 2.0), (0.95, 0.97), (0.97, 0.99), (0.99, 2.0)] {
        let odds = |o: &&Outcome| o.probability.is_some_and(|p| p >= from && p < to);
        let those: Vec<&Outcome> = given.iter().filter(odds).collect();
        let right = those.iter().filter(|o| o.result == Result::Right).count();
        let mean: f64 = those.iter().filter_map(|o| o.probability).sum();
        let count = those.len().max(1) as f64;
        println!(
            "calibration, answers of ours at {}: {} given, mean {:.4}, right {:.4}",
            if from == 0.0 {
                "0.95 or above".to_owned()
            } else {
                format!("{from} to {}", to.min(1.0))
            },
            those.len(),
            mean / count,
            right as f64 / count,
        );
    }
}
