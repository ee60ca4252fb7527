//! What the evidence says: odds for every suspect, and for "it is not so".

use std::collections::HashMap;

use super::Range;
use super::evidence::{BadWindow, Ledger, Sign};
use super::rates::{Pair, Rate, Rates, log_sum};

/// What a question takes for granted.
#[derive(Clone, Debug)]
pub(crate) struct Assumptions {
    pub(crate) rates: Rates,
    /// The chance beforehand that nothing changed.
    pub(crate) nothing: f64,
    /// By commit: its share of the rest; 0 for no suspect.
    pub(crate) prior: Vec<f64>,
    /// The chance that a stretch of time turns bad.
    pub(crate) bad_begins: f64,
}

/// In a bad stretch of time, nearly everything fails, and it is followed by another more often than not.
const BAD_FAILS: f64 = 0.95;
const BAD_STAYS: f64 = 0.75;

/// Odds after the evidence.
#[derive(Clone, Debug, Default)]
pub struct Belief {
    /// By commit: the probability that it made the change asked about.
    pub by_commit: Vec<f64>,
    /// The probability that nothing changed at all.
    pub nothing: f64,
    /// The probability of a change of another kind than asked: for a test said to be broken, one
    /// that made it fail more often, but not always.
    pub lesser: f64,
    /// By commit: the rate of failures before it and after it, were it to blame.
    pub(crate) before: Vec<f64>,
    pub(crate) after: Vec<f64>,
    /// By commit: the chance that a run at it looks new, were nobody to blame for what was asked.
    pub(crate) otherwise: Vec<f64>,
}

impl Belief {
    /// The probability that the change asked about did not happen in the range.
    pub fn not_so(&self) -> f64 {
        self.nothing + self.lesser
    }

    /// The likeliest suspect and its probability.
    pub fn likeliest(&self) -> Option<(usize, f64)> {
        let all = self.by_commit.iter().copied().enumerate();
        all.filter(|one| one.1 > 0.0)
            .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))
    }
}

/// What one group of suspects stands for, in logarithms.
#[derive(Clone, Copy, Default)]
struct Value {
    log: f64,
    before: f64,
    after: f64,
}

struct Group {
    asked: Value,
    lesser: Value,
}

/// Counts on both sides: old and new before, old and new after.
#[derive(Clone, Copy, Default)]
struct Sides {
    old_before: f64,
    new_before: f64,
    old_after: f64,
    new_after: f64,
}

/// Weighs all evidence on a question. Linear in commits, with a sum over the rates for every group of
/// suspects that the tested commits tell apart.
pub(crate) fn believe(range: &Range, ledger: &Ledger, assumed: &Assumptions) -> Belief {
    let windows = ledger.suspicious_windows();
    let per_window = side_counts(range, &windows);
    let mut group_of: HashMap<u64, usize> = HashMap::new();
    let mut groups: Vec<Group> = Vec::new();
    let mut membership = vec![usize::MAX; range.len()];
    for suspect in range.suspects() {
        let next = groups.len();
        let group = *group_of.entry(ledger.signature[suspect]).or_insert(next);
        membership[suspect] = group;
        if group == next {
            groups.push(weigh(ledger, assumed, &windows, &per_window, suspect));
        }
    }
    let flat = weigh_unchanged(ledger, assumed, &windows);
    combine(range, assumed, &membership, &groups, flat)
}

fn combine(
    range: &Range,
    assumed: &Assumptions,
    membership: &[usize],
    groups: &[Group],
    flat: Value,
) -> Belief {
    let changed = (1.0 - assumed.nothing).ln();
    let log_nothing = assumed.nothing.ln() + flat.log;
    let logs = groups
        .iter()
        .flat_map(|group| [group.asked.log, group.lesser.log]);
    let most = logs.map(|log| changed + log).fold(log_nothing, f64::max);
    // By group: its chances, beside the likeliest answer, for a suspect that has all of the prior.
    let chances: Vec<(f64, f64)> = (groups.iter())
        .map(|group| {
            let chance = |value: &Value| (changed + value.log - most).exp();
            (chance(&group.asked), chance(&group.lesser))
        })
        .collect();
    let mut whole = (log_nothing - most).exp();
    for suspect in range.suspects() {
        let (asked, lesser) = chances[membership[suspect]];
        whole += assumed.prior[suspect] * (asked + lesser);
    }
    let mut belief = Belief {
        by_commit: vec![0.0; range.len()],
        nothing: (log_nothing - most).exp() / whole,
        lesser: 0.0,
        before: vec![flat.before; range.len()],
        after: vec![flat.before; range.len()],
        otherwise: Vec::new(),
    };
    let (mut steps, mut base) = (vec![0.0; range.len()], belief.nothing * flat.before);
    for suspect in range.suspects() {
        let group = &groups[membership[suspect]];
        let (chance_asked, chance_lesser) = chances[membership[suspect]];
        let share = assumed.prior[suspect] / whole;
        belief.by_commit[suspect] = share * chance_asked;
        belief.before[suspect] = group.asked.before;
        belief.after[suspect] = group.asked.after;
        let lesser = share * chance_lesser;
        belief.lesser += lesser;
        base += lesser * group.lesser.before;
        steps[suspect] = lesser * (group.lesser.after - group.lesser.before);
    }
    range.sums(&steps, &mut belief.otherwise);
    let not_so = belief.not_so().max(f64::MIN_POSITIVE);
    for chance in &mut belief.otherwise {
        *chance = ((*chance + base) / not_so).clamp(0.0, 1.0);
    }
    belief
}

/// How answers compare when each is given the rates that suit it best: in logarithms.
///
/// Odds average over all rates by how common they are. What is rare is then soon ruled out for its
/// rarity, and where it is nevertheless so, the answer is wrong too often. An answer that also wins here
/// does not lean on that.
pub(crate) struct Best {
    /// For the suspects named.
    pub(crate) named: f64,
    /// For all other suspects.
    pub(crate) others: f64,
    /// For the change asked about, whoever made it.
    pub(crate) asked: f64,
    /// For a change of another kind, whoever made it.
    pub(crate) lesser: f64,
    /// For no change.
    pub(crate) nothing: f64,
}

/// Compares the answers at their best.
pub(crate) fn best_of_each(
    range: &Range,
    ledger: &Ledger,
    assumed: &Assumptions,
    named: &[usize],
) -> Best {
    let windows = ledger.suspicious_windows();
    let per_window = side_counts(range, &windows);
    // A group is split where the named ones are only a part of it.
    let mut shares: HashMap<(u64, bool), (usize, f64)> = HashMap::new();
    for suspect in range.suspects() {
        let share = assumed.prior[suspect];
        let key = (ledger.signature[suspect], named.contains(&suspect));
        shares.entry(key).or_insert((suspect, 0.0)).1 += share;
    }
    let mut groups: Vec<(bool, usize, f64)> = (shares.into_iter())
        .map(|((_, named), (suspect, share))| (named, suspect, share))
        .collect();
    groups.sort_unstable_by_key(|group| group.1);
    let logs: Vec<(bool, f64, Vec<f64>)> = groups
        .into_iter()
        .map(|(named, suspect, share)| {
            let sides = Doubtful::of(ledger, &windows, &per_window, suspect);
            (named, share.ln(), sides.logs(ledger, assumed))
        })
        .collect();
    let least = f64::NEG_INFINITY;
    let mut best = Best {
        named: least,
        others: least,
        asked: least,
        lesser: least,
        nothing: least,
    };
    for (index, pair) in assumed.rates.changed.iter().enumerate() {
        let sum = |keep: &dyn Fn(bool) -> bool| {
            let kept = logs.iter().filter(|one| keep(one.0));
            log_sum(kept.map(|(_, share, logs)| share + logs[index] - pair.log_weight))
        };
        let all = sum(&|_| true);
        if pair.asked {
            best.named = best.named.max(sum(&|named| named));
            best.asked = best.asked.max(all);
        } else {
            best.lesser = best.lesser.max(all);
        }
        best.others = best.others.max(sum(&|named| !named));
    }
    for (_, weight, log) in flat_logs(ledger, assumed, &windows) {
        best.nothing = best.nothing.max(log - weight);
    }
    best
}

/// By window and suspect: how many of the window's results lie at commits that contain it.
fn side_counts(range: &Range, windows: &[BadWindow]) -> Vec<Vec<(f64, f64)>> {
    let count = |window: &BadWindow| {
        let mut counts = vec![(0.0, 0.0); range.len()];
        for &(commit, sign) in &window.results {
            range.each_contained(commit, |c| match sign {
                Sign::Old => counts[c].0 += 1.0,
                Sign::New => counts[c].1 += 1.0,
            });
        }
        counts
    };
    windows.iter().map(count).collect()
}

/// The counts on both sides of one suspect: those of good stretches of time, and those of each
/// doubtful one with whether it follows another.
struct Doubtful {
    calm: Sides,
    windows: Vec<(Sides, bool)>,
}

impl Doubtful {
    fn of(
        ledger: &Ledger,
        windows: &[BadWindow],
        per_window: &[Vec<(f64, f64)>],
        suspect: usize,
    ) -> Self {
        let after = ledger.after[suspect];
        let mut calm = Sides {
            old_before: f64::from(ledger.total.old - after.old),
            new_before: f64::from(ledger.total.new - after.new),
            old_after: f64::from(after.old),
            new_after: f64::from(after.new),
        };
        let mut doubtful = Vec::with_capacity(windows.len());
        for (window, counts) in windows.iter().zip(per_window) {
            let (old, new) = totals(window);
            let (old_after, new_after) = counts[suspect];
            let sides = Sides {
                old_before: old - old_after,
                new_before: new - new_after,
                old_after,
                new_after,
            };
            calm.old_before -= sides.old_before;
            calm.new_before -= sides.new_before;
            calm.old_after -= sides.old_after;
            calm.new_after -= sides.new_after;
            doubtful.push((sides, window.follows));
        }
        Self {
            calm,
            windows: doubtful,
        }
    }

    /// By pair of rates: the logarithm of its weight times the chance of the evidence.
    fn logs(&self, ledger: &Ledger, assumed: &Assumptions) -> Vec<f64> {
        let bad = log_bad(ledger.failing());
        let log_of = |pair: &Pair| {
            let log_chance = |sides: &Sides| {
                pair.before.log_chance(sides.new_before, sides.old_before)
                    + pair.after.log_chance(sides.new_after, sides.old_after)
            };
            let doubt = log_windows(&self.windows, assumed.bad_begins, bad, log_chance);
            pair.log_weight + log_chance(&self.calm) + doubt
        };
        assumed.rates.changed.iter().map(log_of).collect()
    }
}

fn weigh(
    ledger: &Ledger,
    assumed: &Assumptions,
    windows: &[BadWindow],
    per_window: &[Vec<(f64, f64)>],
    suspect: usize,
) -> Group {
    let logs = Doubtful::of(ledger, windows, per_window, suspect).logs(ledger, assumed);
    let pairs = &assumed.rates.changed;
    let value = |asked: bool| {
        let of_kind = pairs
            .iter()
            .zip(&logs)
            .filter(|(pair, _)| pair.asked == asked);
        let log = log_sum(of_kind.clone().map(|(_, &log)| log));
        let mut value = Value {
            log,
            ..Value::default()
        };
        for (pair, each) in of_kind {
            let share = (each - log).exp();
            value.before += share * pair.before.fails;
            value.after += share * pair.after.fails;
        }
        value
    };
    Group {
        asked: value(true),
        lesser: value(false),
    }
}

/// With no change: every rate with the logarithms of its weight and of that times the chance of the
/// evidence.
fn flat_logs(
    ledger: &Ledger,
    assumed: &Assumptions,
    windows: &[BadWindow],
) -> Vec<(f64, f64, f64)> {
    let mut calm = (f64::from(ledger.total.old), f64::from(ledger.total.new));
    let mut doubtful = Vec::with_capacity(windows.len());
    for window in windows {
        let (old, new) = totals(window);
        calm.0 -= old;
        calm.1 -= new;
        let sides = Sides {
            old_before: old,
            new_before: new,
            ..Sides::default()
        };
        doubtful.push((sides, window.follows));
    }
    let bad = log_bad(ledger.failing());
    let log_of = |&(rate, weight): &(Rate, f64)| {
        let log_chance = |sides: &Sides| rate.log_chance(sides.new_before, sides.old_before);
        let doubt = log_windows(&doubtful, assumed.bad_begins, bad, log_chance);
        let log = weight + rate.log_chance(calm.1, calm.0) + doubt;
        (rate.fails, weight, log)
    };
    assumed.rates.unchanged.iter().map(log_of).collect()
}

fn weigh_unchanged(ledger: &Ledger, assumed: &Assumptions, windows: &[BadWindow]) -> Value {
    let all = flat_logs(ledger, assumed, windows);
    let log = log_sum(all.iter().map(|one| one.2));
    let before = all.iter().map(|one| (one.2 - log).exp() * one.0).sum();
    Value {
        log,
        before,
        after: before,
    }
}

fn totals(window: &BadWindow) -> (f64, f64) {
    let new = window.results.iter().filter(|r| r.1 == Sign::New).count();
    ((window.results.len() - new) as f64, new as f64)
}

/// The logarithms of the chances of old and new in a bad stretch of time.
fn log_bad(failing: Sign) -> (f64, f64) {
    match failing {
        Sign::New => ((1.0 - BAD_FAILS).ln(), BAD_FAILS.ln()),
        Sign::Old => (BAD_FAILS.ln(), (1.0 - BAD_FAILS).ln()),
    }
}

/// The logarithm of the chance of what the doubtful windows hold, each of them good or bad, in turn.
fn log_windows(
    doubtful: &[(Sides, bool)],
    begins: f64,
    bad: (f64, f64),
    log_chance: impl Fn(&Sides) -> f64,
) -> f64 {
    let (mut log, mut was_bad) = (0.0, 0.0);
    for (sides, follows) in doubtful {
        let is_bad = if *follows {
            was_bad * BAD_STAYS + (1.0 - was_bad) * begins
        } else {
            begins
        };
        let if_good = (1.0 - is_bad).ln() + log_chance(sides);
        let if_bad = is_bad.ln()
            + (sides.old_before + sides.old_after) * bad.0
            + (sides.new_before + sides.new_after) * bad.1;
        let most = if_good.max(if_bad);
        let sum = (if_good - most).exp() + (if_bad - most).exp();
        was_bad = (if_bad - most).exp() / sum;
        log += most + sum.ln();
    }
    log
}
