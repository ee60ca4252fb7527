//! How often a test fails before and after a change: what is thought of that beforehand.

use super::Kind;
use super::evidence::Tally;

/// One pair of rates with its share of the belief, in logarithms.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair {
    pub(crate) before: Rate,
    pub(crate) after: Rate,
    pub(crate) log_weight: f64,
    /// Whether such a change is what was asked for.
    pub(crate) asked: bool,
}

/// A rate of failures and the logarithms that go with it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate {
    pub(crate) fails: f64,
    pub(crate) log_fails: f64,
    pub(crate) log_passes: f64,
}

impl Rate {
    fn new(fails: f64) -> Self {
        Self {
            fails,
            log_fails: fails.ln(),
            log_passes: (-fails).ln_1p(),
        }
    }

    /// The logarithm of the chance of these results in this order.
    pub(crate) fn log_chance(&self, failed: f64, passed: f64) -> f64 {
        failed * self.log_fails + passed * self.log_passes
    }
}

/// The rates thought possible, with a change and without.
#[derive(Clone, Debug)]
pub(crate) struct Rates {
    pub(crate) changed: Vec<Pair>,
    pub(crate) unchanged: Vec<(Rate, f64)>,
}

/// Rates are told apart from the nearest ones; clamped off 0 and 1, so that no single run is a proof.
const GRID: [(f64, f64); 24] = [
    (0.002, 0.6),
    (0.01, 0.15),
    (0.03, 0.06),
    (0.06, 0.05),
    (0.1, 0.05),
    (0.15, 0.025),
    (0.2, 0.02),
    (0.25, 0.01),
    (0.3, 0.01),
    (0.35, 0.005),
    (0.4, 0.005),
    (0.45, 0.005),
    (0.5, 0.005),
    (0.55, 0.005),
    (0.6, 0.005),
    (0.65, 0.005),
    (0.7, 0.005),
    (0.75, 0.005),
    (0.8, 0.005),
    (0.85, 0.005),
    (0.9, 0.005),
    (0.95, 0.005),
    (0.98, 0.005),
    (0.998, 0.005),
];

/// The least change that is looked for: in the rate, and as a factor of its odds.
const LEAST_CHANGE: f64 = 0.08;
const LEAST_FACTOR: f64 = 2.5;
/// From here on a test "fails".
const BROKEN: f64 = 0.94;
/// How much of the belief in a change goes to one that breaks the test for good.
const SHARE_BROKEN_IF_BROKE: f64 = 0.95;
const SHARE_BROKEN_IF_FLAKED: f64 = 0.2;

fn is_a_change(before: f64, after: f64) -> bool {
    let odds = |rate: f64| rate / (1.0 - rate);
    after >= before + LEAST_CHANGE && odds(after) >= LEAST_FACTOR * odds(before)
}

impl Rates {
    pub(crate) fn of(kind: Kind) -> Self {
        let breaks = kind.is_for_good();
        let share = if breaks {
            SHARE_BROKEN_IF_BROKE
        } else {
            SHARE_BROKEN_IF_FLAKED
        };
        let broken_weight = |after: f64| if after > 0.99 { 0.7 } else { 0.15 };
        let mut changed = Vec::new();
        for &(before, weight) in &GRID {
            let after: Vec<f64> = (GRID.iter().map(|g| g.0))
                .filter(|&after| is_a_change(before, after))
                .collect();
            let (broken, lesser): (Vec<f64>, Vec<f64>) = after.iter().partition(|&&a| a >= BROKEN);
            let total: f64 = broken.iter().map(|&a| broken_weight(a)).sum();
            let mut push = |after: f64, share: f64, asked: bool| {
                changed.push(Pair {
                    before: Rate::new(before),
                    after: Rate::new(after),
                    log_weight: (weight * share).ln(),
                    asked,
                });
            };
            for &after in &broken {
                push(after, share * broken_weight(after) / total, true);
            }
            // Small changes are commoner than large ones.
            let total: f64 = lesser.iter().map(|&a| 1.0 / a).sum();
            for &after in &lesser {
                push(after, (1.0 - share) / (after * total), !breaks);
            }
        }
        let total = log_sum(changed.iter().map(|pair| pair.log_weight));
        for pair in &mut changed {
            pair.log_weight -= total;
        }
        let whole: f64 = GRID.iter().map(|g| g.1).sum();
        let unchanged = GRID
            .iter()
            .map(|&(rate, weight)| (Rate::new(rate), (weight / whole).ln()))
            .collect();
        Self { changed, unchanged }
    }
}

impl Rates {
    /// How much more likely a change makes results behind and at a commit than none does, each at the
    /// rates that suit it best: a factor that knows nothing of the rest of the search.
    pub(crate) fn local_factor(&self, behind: Tally, shows: Tally) -> f64 {
        let of = |t: Tally| (f64::from(t.new), f64::from(t.old));
        let ((new_b, old_b), (new_s, old_s)) = (of(behind), of(shows));
        let asked = self.changed.iter().filter(|pair| pair.asked);
        let changed = asked
            .map(|pair| pair.before.log_chance(new_b, old_b) + pair.after.log_chance(new_s, old_s));
        let flat = self.unchanged.iter();
        let unchanged = flat.map(|(rate, _)| rate.log_chance(new_b + new_s, old_b + old_s));
        let best = |all: &mut dyn Iterator<Item = f64>| all.fold(f64::NEG_INFINITY, f64::max);
        (best(&mut { changed }) - best(&mut { unchanged })).exp()
    }
}

/// The logarithm of a sum of numbers given by their logarithms.
pub(crate) fn log_sum(logs: impl Iterator<Item = f64> + Clone) -> f64 {
    let most = logs.clone().fold(f64::NEG_INFINITY, f64::max);
    if most == f64::NEG_INFINITY {
        return most;
    }
    most + logs.map(|log| (log - most).exp()).sum::<f64>().ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_shares_of_one() {
        for kind in Kind::ALL {
            let rates = Rates::of(kind);
            let changed: f64 = rates.changed.iter().map(|p| p.log_weight.exp()).sum();
            let unchanged: f64 = rates.unchanged.iter().map(|(_, w)| w.exp()).sum();
            assert!((changed - 1.0).abs() < 1e-9 && (unchanged - 1.0).abs() < 1e-9);
            assert!(rates.changed.iter().all(|p| p.log_weight.is_finite()));
        }
    }

    #[test]
    fn sums_of_tiny_numbers_do_not_vanish() {
        let sum = log_sum([-2000.0, -2000.0].into_iter());
        assert!((sum - (-2000.0 + 2.0_f64.ln())).abs() < 1e-12);
        assert_eq!(log_sum([].into_iter()), f64::NEG_INFINITY);
    }
}
