//! The ways to find a culprit that are compared.

use retro_analysis::culprit::{
    Answer, Budget, Ended, Kind, Question, Range, Run, Search, Settings, Sign,
};

use crate::world::{MINUTES, Row, World};

/// The confidence at which all methods that have odds stop.
pub(crate) const CONFIDENCE: f64 = 0.95;
/// The most runs that any method makes.
pub(crate) const MOST_RUNS: u32 = 600;

/// How one search ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Result {
    Right,
    Wrong,
    Undecided,
}

/// A search's end, with the probability given where there is one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    pub(crate) result: Result,
    pub(crate) probability: Option<f64>,
    pub(crate) runs: u32,
    pub(crate) rounds: u32,
    /// How many runs it took for an answer to reach the confidence for the first time.
    pub(crate) found_after: u32,
    pub(crate) said_nothing: bool,
}

/// A method.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Method {
    /// `git bisect run` with so many runs at each commit.
    Bisect(u32),
    /// Flake aware culprit finding, with this rate before the change, or told the true one.
    Facf(Option<f64>),
    /// Unknown rates with Jeffreys priors, greatest gain, never "nothing changed".
    Bayesect,
    /// Ours, with so many workers.
    Ours(usize),
}

impl Method {
    pub(crate) fn search(self, world: &mut World, row: &Row) -> Outcome {
        let (result, probability) = match self {
            Self::Bisect(times) => (bisect(world, times), None),
            Self::Facf(rate) => facf(world, rate, row.history),
            Self::Bayesect => bayesect(world, row.history),
            Self::Ours(workers) => ours(world, workers, row),
        };
        Outcome {
            result,
            probability,
            runs: world.runs,
            rounds: world.rounds,
            found_after: if world.found_after > 0 {
                world.found_after
            } else {
                world.runs
            },
            said_nothing: world.said_nothing,
        }
    }
}

fn blamed(world: &World, commits: &[usize]) -> Result {
    if world.is_right(commits) {
        Result::Right
    } else {
        Result::Wrong
    }
}

/// Trusts both ends. A commit that should be broken is bad when all its runs fail, one that should be
/// flaky when any does. Skips to a neighbour where a commit cannot be tested.
fn bisect(world: &mut World, times: u32) -> Result {
    let breaks = world.kind == Kind::Broke;
    let (mut good, mut bad) = (0, world.count());
    let mut skipped = vec![false; bad + 1];
    while good + 1 < bad {
        let middle = good + (bad - good) / 2;
        let near = (good + 1..bad)
            .filter(|&c| !skipped[c])
            .min_by_key(|c| c.abs_diff(middle));
        let Some(commit) = near else { break };
        let mut is_bad = breaks;
        for _ in 0..times {
            match world.run(commit) {
                None => {
                    skipped[commit] = true;
                    break;
                }
                Some(sign) => {
                    let fails = sign == Sign::New;
                    if fails != breaks {
                        is_bad = fails;
                        break;
                    }
                }
            }
        }
        if !skipped[commit] {
            if is_bad {
                bad = commit;
            } else {
                good = commit;
            }
        }
    }
    blamed(world, &(good + 1..=bad).collect::<Vec<_>>())
}

/// Suspects 1 to n and, last, nobody.
fn facf(world: &mut World, rate: Option<f64>, history: usize) -> (Result, Option<f64>) {
    let count = world.count();
    let flaky = rate.unwrap_or_else(|| world.rate_before().clamp(0.01, 0.9));
    let mut odds = vec![1.0 / (count + 1) as f64; count + 1];
    let mut ran = vec![false; count + 1];
    let mut broken = vec![false; count + 1];
    let weigh = |odds: &mut Vec<f64>, at: usize, sign: Sign| {
        for (index, odds) in odds.iter_mut().enumerate() {
            let contained = index < count && index < at;
            *odds *= match (sign, contained) {
                (Sign::Old, true) => 0.0,
                (Sign::Old, false) => 1.0 - flaky,
                (Sign::New, true) => 1.0,
                (Sign::New, false) => flaky,
            };
        }
        let whole: f64 = odds.iter().sum();
        if whole > 0.0 {
            odds.iter_mut().for_each(|odds| *odds /= whole);
        }
    };
    for _ in 0..history {
        let (at, sign) = world.stored();
        weigh(&mut odds, at, sign);
    }
    while world.runs < MOST_RUNS {
        let best = (0..=count)
            .max_by(|&a, &b| odds[a].total_cmp(&odds[b]))
            .unwrap_or(count);
        if odds[best] >= CONFIDENCE {
            let right = if best == count {
                world.is_flat() || (world.kind == Kind::Broke && world.did_not_break())
            } else {
                return (blamed(world, &[best + 1]), Some(odds[best]));
            };
            let result = if right { Result::Right } else { Result::Wrong };
            return (result, Some(odds[best]));
        }
        let mut sum = 0.0;
        let crossing = (1..=count).find(|&at| {
            sum += odds[at - 1];
            sum >= 0.5
        });
        let at = match crossing {
            Some(at) if at > 1 && !ran[at - 1] && !broken[at - 1] => at - 1,
            Some(at) => at,
            None => count,
        };
        let near = (1..=count)
            .filter(|&c| !broken[c])
            .min_by_key(|c| c.abs_diff(at));
        let Some(at) = near else { break };
        ran[at] = true;
        match world.run(at) {
            Some(sign) => weigh(&mut odds, at, sign),
            None => broken[at] = true,
        }
    }
    (Result::Undecided, None)
}

fn bayesect(world: &mut World, history: usize) -> (Result, Option<f64>) {
    let count = world.count();
    // By commit: old, new.
    let mut tallies = vec![(0.0, 0.0); count + 1];
    let mut broken = vec![false; count + 1];
    for _ in 0..history {
        let (at, sign) = world.stored();
        add(&mut tallies[at], sign);
    }
    let (halves, wholes) = (log_products(0.5), log_products(1.0));
    let entropy = |p: f64| -p * p.ln() - (1.0 - p) * (1.0 - p).ln();
    while world.runs < MOST_RUNS {
        let whole = tallies
            .iter()
            .fold((0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1));
        let mut before = tallies[0];
        let (mut logs, mut rates) = (Vec::new(), Vec::new());
        for tally in &tallies[1..] {
            let after = (whole.0 - before.0, whole.1 - before.1);
            logs.push(log_beta(before, &halves, &wholes) + log_beta(after, &halves, &wholes));
            let rate = |t: (f64, f64)| (t.1 + 0.5) / (t.0 + t.1 + 1.0);
            rates.push((rate(before), rate(after)));
            before = (before.0 + tally.0, before.1 + tally.1);
        }
        let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut odds: Vec<f64> = logs.iter().map(|log| (log - most).exp()).collect();
        let sum: f64 = odds.iter().sum();
        odds.iter_mut().for_each(|odds| *odds /= sum);
        let best = (0..count)
            .max_by(|&a, &b| odds[a].total_cmp(&odds[b]))
            .unwrap_or(0);
        if odds[best] >= CONFIDENCE {
            return (blamed(world, &[best + 1]), Some(odds[best]));
        }
        // What a run at commit `at` tells: suspects up to it count as before its change or after it.
        let (mut mean, mut noise) = (0.0, 0.0);
        for (odds, (before, _)) in odds.iter().zip(&rates) {
            mean += odds * before;
            noise += odds * entropy(*before);
        }
        let mut pick = (f64::NEG_INFINITY, 0);
        for at in 0..=count {
            if at > 0 {
                let (before, after) = rates[at - 1];
                mean += odds[at - 1] * (after - before);
                noise += odds[at - 1] * (entropy(after) - entropy(before));
            }
            let gain = entropy(mean) - noise;
            if !broken[at] && gain > pick.0 {
                pick = (gain, at);
            }
        }
        match world.run(pick.1) {
            Some(sign) => add(&mut tallies[pick.1], sign),
            None => broken[pick.1] = true,
        }
    }
    (Result::Undecided, None)
}

fn add(tally: &mut (f64, f64), sign: Sign) {
    match sign {
        Sign::Old => tally.0 += 1.0,
        Sign::New => tally.1 += 1.0,
    }
}

/// The logarithm of the chance of a sequence under the Jeffreys prior.
fn log_beta((old, new): (f64, f64), halves: &[f64], wholes: &[f64]) -> f64 {
    halves[old as usize] + halves[new as usize] - wholes[(old + new) as usize]
}

/// By count: the sum of the logarithms of `from`, `from + 1` and so on.
fn log_products(from: f64) -> Vec<f64> {
    let mut sums = vec![0.0];
    for step in 0..MOST_RUNS + 100 {
        sums.push(sums[step as usize] + (f64::from(step) + from).ln());
    }
    sums
}

fn ours(world: &mut World, workers: usize, row: &Row) -> (Result, Option<f64>) {
    let question = Question {
        test: 0,
        kind: world.kind,
        prior: Vec::new(),
    };
    let settings = Settings {
        confidence: CONFIDENCE,
        budget: Budget {
            runs: Some(MOST_RUNS),
            ..Budget::default()
        },
    };
    let mut search = Search::new(Range::line(world.count()), vec![question], settings);
    for number in 0..row.history + row.known {
        let (commit, sign) = if number < row.history {
            world.stored()
        } else {
            world.stored_at(0)
        };
        let run = Run {
            id: format!("stored {number}"),
            commit,
            window: None,
            clean: false,
            ended: Ended::Ran(vec![Some(sign)]),
        };
        // A store that tells the same run twice changes nothing.
        search.recall(&run);
        search.recall(&run);
    }
    loop {
        let step = search.next(workers, &[], &|_| MINUTES);
        if step.done {
            break;
        }
        let window = world.window(workers);
        let commits: Vec<usize> = step.picks.iter().map(|pick| pick.commit).collect();
        let first = world.runs;
        let signs = world.round(&commits);
        for (number, (pick, sign)) in step.picks.iter().zip(signs).enumerate() {
            let run = Run {
                id: format!("{}", first as usize + number),
                commit: pick.commit,
                window: Some(window),
                clean: pick.clean,
                ended: sign.map_or(Ended::Untestable, |sign| Ended::Ran(vec![Some(sign)])),
            };
            search.record(&run, MINUTES, 0.0);
            let belief = search.belief(0);
            let likeliest = search.accused(0).map_or(0.0, |one| one.1);
            if world.found_after == 0 && likeliest.max(belief.not_so()) >= CONFIDENCE {
                world.found_after = world.runs;
            }
        }
    }
    match search.answer(0) {
        Some(Answer::Culprit(found)) => (blamed(world, &found.commits), Some(found.probability)),
        Some(Answer::NothingChanged(nothing)) => {
            world.said_nothing = true;
            let lesser = world.kind == Kind::Broke && world.did_not_break();
            let right = world.is_flat() || lesser;
            let result = if right { Result::Right } else { Result::Wrong };
            (result, Some(nothing.probability))
        }
        _ => (Result::Undecided, None),
    }
}
