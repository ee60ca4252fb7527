//! A small, fast part of the benchmark, with fixed seeds: what the table promises.

use crate::methods::{Method, Outcome, Result};
use crate::world::{ROWS, World};

const TRIALS: u64 = 20;
const COMMITS: usize = 64;

fn outcomes(row: &str, method: Method) -> Vec<Outcome> {
    let row = ROWS.iter().find(|one| one.name == row).expect("a row");
    let one = |trial: u64| {
        // The first trials of the table.
        let seed = fastrand::Rng::with_seed(trial ^ ((COMMITS as u64) << 32)).u64(..);
        let mut world = World::new(row, COMMITS, seed);
        method.search(&mut world, row)
    };
    (0..TRIALS).map(one).collect()
}

fn count(outcomes: &[Outcome], result: Result) -> usize {
    outcomes.iter().filter(|one| one.result == result).count()
}

fn check(row: &str, workers: usize, least_right: usize, most_wrong: usize) {
    let found = outcomes(row, Method::Ours(workers));
    let (right, wrong) = (count(&found, Result::Right), count(&found, Result::Wrong));
    assert!(right >= least_right, "{row}: {right} of {TRIALS} right");
    assert!(wrong <= most_wrong, "{row}: {wrong} of {TRIALS} wrong");
    // What is said with odds is said with those asked for.
    let odds = found.iter().filter_map(|one| one.probability);
    assert!(odds.fold(1.0, f64::min) >= 0.95);
}

#[test]
fn breaks_are_found() {
    check("0->1", 1, 20, 0);
    check("10->100", 1, 20, 0);
    check("10->100", 8, 20, 0);
    check("fix between", 1, 20, 0);
}

#[test]
fn no_break_is_said_to_be_none() {
    check("none/30", 1, 20, 0);
    let found = outcomes("none/30", Method::Ours(1));
    assert!(found.iter().all(|one| one.said_nothing));
}

#[test]
fn flakes_are_found() {
    check("1->30", 8, 19, 1);
    check("10->60", 8, 19, 1);
}

#[test]
fn a_bad_hour_blames_nobody() {
    check("bad hour, 0->1", 1, 20, 0);
    check("bad hour, 10->100", 8, 19, 1);
}

#[test]
fn commits_that_cannot_be_tested_make_sets() {
    check("untestable 1", 1, 20, 0);
    check("untestable 20", 8, 20, 0);
}

#[test]
fn finding_takes_little_more_than_for_who_is_told_the_rate() {
    for row in ["0->1", "10->100", "none/30"] {
        let told = outcomes(row, Method::Facf(None));
        let ours = outcomes(row, Method::Ours(1));
        let sum = |all: &[Outcome], of: fn(&Outcome) -> u32| all.iter().map(of).sum::<u32>();
        let (told, found) = (sum(&told, |o| o.runs), sum(&ours, |o| o.found_after));
        assert!(found * 10 <= told * 14, "{row}: {found} beside {told}");
    }
}

#[test]
fn plain_bisection_is_wrong_on_flakes() {
    let found = outcomes("1->30", Method::Bisect(1));
    assert!(count(&found, Result::Wrong) > 15);
}

#[test]
fn workers_save_rounds() {
    let rounds = |workers: usize| -> u32 {
        let found = outcomes("0->1", Method::Ours(workers));
        found.iter().map(|one| one.rounds).sum()
    };
    assert!(rounds(8) * 2 <= rounds(1));
}

#[test]
fn those_who_take_every_failure_at_its_word_are_fooled_by_a_bad_hour() {
    let found = outcomes("bad hour, 0->1", Method::Facf(None));
    assert!(count(&found, Result::Wrong) > 2);
    let never = outcomes("none/30", Method::Bayesect);
    assert_eq!(count(&never, Result::Right), 0);
}
