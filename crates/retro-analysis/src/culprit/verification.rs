//! Before a commit is blamed: itself, what lies behind it and both ends, again, in clean slots.

use super::Range;
use super::classes::Class;
use super::evidence::Ledger;
use super::rates::Rates;

/// What is still to be run before a class may be blamed, in alternating order; empty when nothing is.
///
/// Both sides of the change are run at least once, and until these runs alone, whatever the search
/// before them said, speak for a change by `odds` to one. The list holds as many runs as that is
/// expected to take by the rates `before` and `after`; ask again after each.
pub(crate) fn missing_runs(
    range: &Range,
    ledger: &Ledger,
    rates: &Rates,
    class: &Class,
    expected: (f64, f64),
    odds: f64,
) -> Vec<usize> {
    let Some(shows_at) = class.shows_at else {
        return Vec::new();
    };
    let clean = |commit: usize| ledger.clean[commit];
    let mut sides = Vec::new();
    for &behind in &class.behind {
        let enough = rates.local_factor(clean(behind), clean(shows_at)) >= odds;
        let both = clean(behind).total().min(clean(shows_at).total());
        let times = if enough {
            1
        } else {
            repeats(expected, odds).max(both + 1)
        };
        sides.extend([(shows_at, times), (behind, times)]);
    }
    let lacks = |commit: usize, times: u32| times.saturating_sub(clean(commit).total());
    let mut rounds: Vec<(u32, u32, usize)> = Vec::new();
    for (place, (commit, times)) in sides.into_iter().enumerate() {
        let place = place as u32;
        for round in 0..lacks(commit, times) {
            // Every other round the other way round, so that what drifts hits both sides alike.
            let place = if round % 2 == 0 {
                place
            } else {
                u32::MAX - place
            };
            if !rounds.contains(&(round, place, commit)) {
                rounds.push((round, place, commit));
            }
        }
    }
    rounds.sort_unstable();
    let mut missing: Vec<usize> = rounds.into_iter().map(|r| r.2).collect();
    for &end in range.good().iter().chain([&range.bad()]) {
        if lacks(end, 1) > 0 && !missing.contains(&end) {
            missing.push(end);
        }
    }
    missing
}

/// How often each side is run, by expectation, until chance alone would give the same results once in
/// `odds` times.
fn repeats((before, after): (f64, f64), odds: f64) -> u32 {
    let chance = before.max(1.0 - after).clamp(0.001, 0.95);
    let times = (-odds.ln() / chance.ln()).ceil();
    (times as u32).clamp(1, 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flakier_the_more_often() {
        assert_eq!(repeats((0.01, 0.99), 20.0), 1);
        assert_eq!(repeats((0.1, 0.998), 20.0), 2);
        assert_eq!(repeats((0.01, 0.3), 20.0), 9);
        assert_eq!(repeats((0.0, 1.0), 100_000.0), 2);
    }
}
