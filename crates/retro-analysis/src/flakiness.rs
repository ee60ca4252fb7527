//! How flaky a test is, by what is stored.

/// One stored execution of a test.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Execution {
    /// The commit, by its place on the line of history that is looked at.
    pub commit: usize,
    /// Whether it failed.
    pub failed: bool,
}

/// How flaky a test is.
#[derive(Clone, PartialEq, Debug)]
pub struct Flakiness {
    /// The executions counted: all but those of long streaks of failures.
    pub executions: u32,
    /// Failures beside a pass of the same tree: flaky beyond doubt.
    pub sure: u32,
    /// Failures at one or two commits in a row between commits that passed: most likely flaky.
    pub likely: u32,
    /// The share of executions that failed for no reason in the commits.
    pub rate: f64,
    /// Where that share lies with 95 % confidence.
    pub interval: (f64, f64),
    /// The first commit that shows it.
    pub first: Option<usize>,
    /// The last commit that shows it.
    pub last: Option<usize>,
}

/// From so many failing commits in a row on, the test was broken there and not flaky.
const BROKEN_STREAK: usize = 3;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    Passed,
    Failed,
    Both,
}

/// Scores a test by its executions along a line of history, in any order. Commits with one tree should
/// be given as one commit.
///
/// A streak of failures that reaches an end of the history counts as none between passes: whether it is
/// a short one is not known.
pub fn flakiness(executions: &[Execution]) -> Flakiness {
    let mut sorted = executions.to_vec();
    sorted.sort_by_key(|one| one.commit);
    let commits: Vec<&[Execution]> = sorted.chunk_by(|a, b| a.commit == b.commit).collect();
    let shown: Vec<Shown> = commits
        .iter()
        .map(|all| match all.iter().filter(|one| one.failed).count() {
            0 => Shown::Passed,
            failed if failed == all.len() => Shown::Failed,
            _ => Shown::Both,
        })
        .collect();
    let mut found = Flakiness {
        executions: 0,
        sure: 0,
        likely: 0,
        rate: 0.0,
        interval: (0.0, 1.0),
        first: None,
        last: None,
    };
    let mut at = 0;
    for streak in shown.chunk_by(|a, b| a == b) {
        let streak_at = at..at + streak.len();
        at = streak_at.end;
        let failing = streak[0] == Shown::Failed;
        if failing && streak.len() >= BROKEN_STREAK {
            continue;
        }
        let inside = streak_at.start > 0 && at < shown.len();
        for all in &commits[streak_at] {
            found.executions += all.len() as u32;
            let failed = all.iter().filter(|one| one.failed).count() as u32;
            match streak[0] {
                Shown::Both => found.sure += failed,
                Shown::Failed if inside => found.likely += failed,
                Shown::Passed | Shown::Failed => continue,
            }
            found.first = found.first.or(Some(all[0].commit));
            found.last = Some(all[0].commit);
        }
    }
    let flaky = found.sure + found.likely;
    if found.executions > 0 {
        found.rate = f64::from(flaky) / f64::from(found.executions);
        found.interval = wilson(flaky, found.executions);
    }
    found
}

/// The 95 % score interval of a proportion (E. B. Wilson, 1927).
fn wilson(hits: u32, of: u32) -> (f64, f64) {
    const Z: f64 = 1.959_964;
    let (count, share) = (f64::from(of), f64::from(hits) / f64::from(of));
    let squared = Z * Z / count;
    let middle = share + squared / 2.0;
    let reach = Z * (share * (1.0 - share) / count + squared / (4.0 * count)).sqrt();
    let low = (middle - reach) / (1.0 + squared);
    let high = (middle + reach) / (1.0 + squared);
    (low.clamp(0.0, 1.0), high.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Commits apart by spaces, executions as `+` and `-`.
    fn score(history: &str) -> Flakiness {
        let mut all = Vec::new();
        for (commit, marks) in history.split(' ').enumerate() {
            for mark in marks.chars() {
                all.push(Execution {
                    commit,
                    failed: mark == '-',
                });
            }
        }
        flakiness(&all)
    }

    fn check(history: &str, expected: (u32, u32, u32), seen: Option<(usize, usize)>) {
        let found = score(history);
        let counts = (found.executions, found.sure, found.likely);
        assert_eq!(counts, expected, "{history}");
        assert_eq!(found.first.zip(found.last), seen, "{history}");
        assert!(found.interval.0 <= found.rate && found.rate <= found.interval.1);
    }

    #[test]
    fn one_tree_with_both_outcomes_is_flaky() {
        check("+ +- + +", (5, 1, 0), Some((1, 1)));
        check("+ --+ + -+ +", (8, 3, 0), Some((1, 3)));
    }

    #[test]
    fn short_streaks_between_passes_are_likely_flaky() {
        check("+ - + + -- - +", (8, 0, 4), Some((1, 5)));
    }

    #[test]
    fn long_streaks_are_breaks() {
        check("+ - - - + +", (3, 0, 0), None);
        check("- - - +- - - -", (2, 1, 0), Some((3, 3)));
    }

    #[test]
    fn a_streak_at_an_end_may_be_a_long_one() {
        check("+ + - -", (4, 0, 0), None);
        check("- + +", (3, 0, 0), None);
    }

    #[test]
    fn nothing_known_is_no_score() {
        check("", (0, 0, 0), None);
        assert_eq!(score("").interval, (0.0, 1.0));
    }

    #[test]
    fn the_interval_is_that_of_the_books() {
        let (low, high) = wilson(1, 10);
        assert!((low - 0.017_876).abs() < 1e-5 && (high - 0.404_150).abs() < 1e-5);
        let (low, high) = wilson(0, 20);
        assert!(low.abs() < 1e-12 && (high - 0.161_125).abs() < 1e-5);
    }
}
