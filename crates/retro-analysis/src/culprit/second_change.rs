//! Another change besides the one blamed: a fix in between, or a second culprit.

use super::Range;
use super::evidence::{Ledger, Sign, Tally};

/// The suspect at which one side of the blamed change parts into two rates most clearly, if the evidence
/// speaks for that. Looks at ancestors and descendants of the blamed one. Results of doubtful stretches
/// of time do not count.
///
/// `log_odds` is how much likelier two rates must be than one, in logarithms. Above 0 it holds over all
/// places where they may part, and not at the best one alone.
pub(crate) fn second_change(
    range: &Range,
    ledger: &Ledger,
    blamed: &[usize],
    log_odds: f64,
) -> Option<usize> {
    let culprit = *blamed.first()?;
    let mut calm = ledger.tallies.clone();
    for window in ledger.suspicious_windows() {
        for (commit, sign) in window.results {
            let tally = &mut calm[commit];
            match sign {
                Sign::Old => tally.old -= 1,
                Sign::New => tally.new -= 1,
            }
        }
    }
    let mut after = vec![Tally::default(); range.len()];
    let mut whole = Tally::default();
    for (commit, tally) in calm.iter().enumerate().filter(|(_, t)| t.total() > 0) {
        whole = whole.plus(*tally);
        range.each_contained(commit, |c| after[c] = after[c].plus(*tally));
    }
    let mut places = std::collections::HashSet::new();
    let mut best: Option<(f64, usize)> = None;
    for other in range.suspects().filter(|other| !blamed.contains(other)) {
        if !places.insert(ledger.signature[other]) {
            continue;
        }
        let (side, part) = if range.contains(other, culprit) {
            (after[culprit], after[other])
        } else if range.contains(culprit, other) {
            let side = whole.minus(after[culprit]);
            (side, after[other].minus(after[culprit]))
        } else {
            continue;
        };
        let gain = log_chance(part) + log_chance(side.minus(part)) - log_chance(side);
        if best.is_none_or(|best| gain > best.0) {
            best = Some((gain, other));
        }
    }
    let needed = if log_odds > 0.0 {
        log_odds + (places.len().max(1) as f64).ln()
    } else {
        log_odds
    };
    best.filter(|best| best.0 > needed).map(|best| best.1)
}

impl Tally {
    fn plus(self, other: Self) -> Self {
        Self {
            old: self.old + other.old,
            new: self.new + other.new,
        }
    }

    fn minus(self, other: Self) -> Self {
        Self {
            old: self.old.saturating_sub(other.old),
            new: self.new.saturating_sub(other.new),
        }
    }
}

/// The logarithm of the chance of these results in order, the rate unknown (Jeffreys' prior).
fn log_chance(tally: Tally) -> f64 {
    let half = |count: u32| (0..count).map(|i| (f64::from(i) + 0.5).ln()).sum::<f64>();
    let whole: f64 = (1..=tally.total()).map(|i| f64::from(i).ln()).sum();
    half(tally.old) + half(tally.new) - whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::culprit::Kind;

    fn check(results: &str, blamed: usize, expected: Option<usize>) {
        // Each commit ran four times: all old, all new, or both.
        let range = Range::line(results.len() - 1);
        let mut ledger = Ledger::new(&range, Kind::Broke);
        for (commit, mark) in results.chars().enumerate() {
            for run in 0..4 {
                let sign = match mark {
                    '-' => Sign::New,
                    '~' if run % 2 == 0 => Sign::New,
                    '?' => continue,
                    _ => Sign::Old,
                };
                ledger.add(&range, commit, sign, None, true);
            }
        }
        assert_eq!(
            second_change(&range, &ledger, &[blamed], 3.0),
            expected,
            "{results}"
        );
    }

    #[test]
    fn one_change_is_one() {
        check("++++----", 4, None);
        check("++++~~~~", 4, None);
    }

    #[test]
    fn a_fix_in_between_is_noticed() {
        check("++----++++", 2, Some(6));
        check("+++----+++++----", 12, Some(7));
    }

    #[test]
    fn a_second_culprit_is_noticed() {
        check("++++~~~~~~------", 4, Some(10));
    }
}
