//! What runs said, each counted once.

use std::collections::{BTreeMap, HashSet};

use super::{Kind, Range};
use crate::Seen;

/// One execution of the suite at a commit, now or long ago. It answers every question at once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Run {
    /// Names the execution: its tree with the run and attempt that it was. A second run with the same
    /// name, from a cache or a store, is not counted again.
    pub id: String,
    /// The commit.
    pub commit: usize,
    /// The stretch of time it ran in, counted in steps of, say, a quarter of an hour, on the machine
    /// it ran on. What fails together in one stretch may have one cause outside the commits. Unknown
    /// for old results.
    pub window: Option<u64>,
    /// Whether it ran in a clean slot, with nothing left over from another commit.
    pub clean: bool,
    /// What it said.
    pub ended: Ended,
}

/// How a run ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ended {
    /// By question: which side of the change it looks like; `None` when it has no result for it.
    Ran(Vec<Option<Sign>>),
    /// The commit cannot be tested: the build is broken, or the command says so.
    Untestable,
    /// The machine, the network or the tool itself failed. No evidence of anything.
    Trouble,
}

/// Which side of a change a result looks like, in the words of `git bisect`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Sign {
    /// As before the change: for a test that broke, a pass.
    Old,
    /// As after the change: for a test that broke, a failure.
    New,
}

impl Sign {
    /// What a result says on a question; `None` for one that says nothing. A pass after a failed attempt
    /// is a pass where the question is what broke a test, a failure where it is what flaked it, and
    /// nothing where it is what fixed it. What slowed a test is told by [`Sign::of_duration`].
    pub fn of(kind: Kind, seen: Seen) -> Option<Self> {
        match (kind, seen) {
            (Kind::Broke | Kind::Flaked, Seen::Passed)
            | (Kind::Broke, Seen::Flaky)
            | (Kind::Fixed, Seen::Failed) => Some(Self::Old),
            (Kind::Broke | Kind::Flaked, Seen::Failed)
            | (Kind::Flaked, Seen::Flaky)
            | (Kind::Fixed, Seen::Passed) => Some(Self::New),
            _ => None,
        }
    }

    /// What a duration says on the question what slowed a test, by a fence between the levels.
    pub fn of_duration(seconds: f64, fence: f64) -> Self {
        if seconds > fence {
            Self::New
        } else {
            Self::Old
        }
    }
}

/// Results at one commit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// Those that look as before the change.
    pub old: u32,
    /// Those that look as after it.
    pub new: u32,
}

impl Tally {
    fn add(&mut self, sign: Sign) {
        match sign {
            Sign::Old => self.old += 1,
            Sign::New => self.new += 1,
        }
    }

    /// How many results there are.
    pub fn total(self) -> u32 {
        self.old + self.new
    }
}

/// The evidence on one question.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    /// By commit.
    pub(crate) tallies: Vec<Tally>,
    /// By commit: those of clean slots.
    pub(crate) clean: Vec<Tally>,
    /// By suspect: what runs at commits that contain it said.
    pub(crate) after: Vec<Tally>,
    pub(crate) total: Tally,
    /// By suspect: equal for those that the tested commits cannot tell apart.
    pub(crate) signature: Vec<u64>,
    /// Results by stretch of time.
    windows: BTreeMap<u64, Vec<(usize, Sign)>>,
    failing: Sign,
}

/// A stretch of time that may have been bad: almost nothing but failures.
#[derive(Clone, Debug)]
pub(crate) struct BadWindow {
    number: u64,
    /// Its results.
    pub(crate) results: Vec<(usize, Sign)>,
    /// Whether the one before it is right before it.
    pub(crate) follows: bool,
}

impl Ledger {
    pub(crate) fn new(range: &Range, kind: Kind) -> Self {
        Self {
            tallies: vec![Tally::default(); range.len()],
            clean: vec![Tally::default(); range.len()],
            after: vec![Tally::default(); range.len()],
            total: Tally::default(),
            signature: vec![0; range.len()],
            windows: BTreeMap::new(),
            failing: match kind {
                Kind::Fixed => Sign::Old,
                Kind::Broke | Kind::Flaked | Kind::Slowed => Sign::New,
            },
        }
    }

    /// Counts one result; linear in what the commit contains.
    pub(crate) fn add(
        &mut self,
        range: &Range,
        commit: usize,
        sign: Sign,
        window: Option<u64>,
        clean: bool,
    ) {
        if self.tallies[commit].total() == 0 {
            let mark = spread(commit);
            range.each_contained(commit, |c| self.signature[c] ^= mark);
        }
        range.each_contained(commit, |c| self.after[c].add(sign));
        self.total.add(sign);
        self.tallies[commit].add(sign);
        if clean {
            self.clean[commit].add(sign);
        }
        if let Some(window) = window {
            self.windows.entry(window).or_default().push((commit, sign));
        }
    }

    /// The stretches of time that may have been bad, in order.
    pub(crate) fn suspicious_windows(&self) -> Vec<BadWindow> {
        let mut found: Vec<BadWindow> = Vec::new();
        for (&number, results) in &self.windows {
            let failed = results.iter().filter(|r| r.1 == self.failing).count();
            if failed >= 2 && (results.len() - failed) * 4 <= failed {
                let follows = found.last().is_some_and(|last| last.number + 1 == number);
                found.push(BadWindow {
                    number,
                    results: results.clone(),
                    follows,
                });
            }
        }
        found
    }

    /// What a failure looks like on this question.
    pub(crate) fn failing(&self) -> Sign {
        self.failing
    }
}

/// What is known of a range besides each question: which runs were counted, what cannot be tested.
#[derive(Clone, Debug)]
pub(crate) struct Counted {
    seen: HashSet<String>,
    pub(crate) untestable: Vec<bool>,
    pub(crate) tested: Vec<bool>,
}

impl Counted {
    pub(crate) fn new(range: &Range) -> Self {
        Self {
            seen: HashSet::new(),
            untestable: vec![false; range.len()],
            tested: vec![false; range.len()],
        }
    }

    /// Whether this run is new; remembers it.
    pub(crate) fn first_time(&mut self, run: &Run) -> bool {
        self.seen.insert(run.id.clone())
    }
}

/// A number without pattern for each commit (the finishing step of `SplitMix64`, Steele and others
/// 2014), so that their combinations by exclusive or are as good as never equal by chance.
pub(crate) fn spread(commit: usize) -> u64 {
    let mut mixed = (commit as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_ran_says_something() {
        let check = |kind, seen, expected| assert_eq!(Sign::of(kind, seen), expected);
        check(Kind::Broke, Seen::Failed, Some(Sign::New));
        check(Kind::Broke, Seen::Flaky, Some(Sign::Old));
        check(Kind::Fixed, Seen::Passed, Some(Sign::New));
        check(Kind::Fixed, Seen::Flaky, None);
        check(Kind::Flaked, Seen::Flaky, Some(Sign::New));
        check(Kind::Slowed, Seen::Passed, None);
        for kind in Kind::ALL {
            for seen in [
                Seen::Skipped,
                Seen::Absent,
                Seen::Lost,
                Seen::Untestable,
                Seen::NotRun,
            ] {
                check(kind, seen, None);
            }
        }
        assert_eq!(Sign::of_duration(2.0, 1.5), Sign::New);
    }
}
