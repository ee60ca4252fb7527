//! Stretches of history that could not be tested.

use crate::groups::Groups;
use crate::walk::{Reach, Walker};
use crate::{History, State};

/// A maximal group of untestable or timed-out commits, connected along parent edges. Commits that
/// were not run neither belong to a range nor part it, when they lie between two of its commits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UntestableRange {
    /// Its commits, oldest first. Never empty.
    pub commits: Vec<usize>,
    /// Where it began, oldest first: its commits with no untestable commit nearest behind them on any
    /// side. Several when branches became untestable apart and met. `before` holds the nearest tested
    /// commits; it is empty when none is listed, and then the beginning is not known.
    pub began: Vec<Boundary>,
    /// Where it ended, oldest first: the first tested commits after it, one per way out of it. Empty
    /// when it still lasts. `before` holds the commits of the range nearest behind.
    pub ended: Vec<Boundary>,
}

/// One edge of a range.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Boundary {
    /// The first commit seen on this side of the edge.
    pub commit: usize,
    /// Every commit that may have made the difference, oldest first, ending with `commit`. More than
    /// one when commits between were not run.
    pub suspects: Vec<usize>,
    /// The nearest commits on the other side of the edge, oldest first.
    pub before: Vec<usize>,
    /// Whether the difference may also lie before the oldest suspect, outside the list.
    pub open_ended: bool,
}

const TESTED: u8 = 1;
const UNTESTABLE: u8 = 2;

/// Finds every range, in time linear in the number of commits but for the suspects listed.
pub(crate) fn untestable_ranges(
    history: &History,
    walker: &mut Walker<'_>,
) -> Vec<UntestableRange> {
    let commits = &history.commits;
    let kinds: Vec<u8> = commits
        .iter()
        .map(|commit| match commit.state {
            State::Tested(_) => TESTED,
            State::Untestable | State::TimedOut => UNTESTABLE,
            State::NotRun => 0,
        })
        .collect();
    let behind = nearest_behind(history, &kinds);
    let bridge = bridges(history, &kinds, &behind);
    let belongs = |commit: usize| kinds[commit] == UNTESTABLE || bridge[commit];
    let mut groups = Groups::new(commits.len());
    for commit in (0..commits.len()).filter(|&commit| belongs(commit)) {
        for &parent in commits[commit].parents.iter().filter(|&&p| belongs(p)) {
            groups.join(commit, parent);
        }
    }
    let mut ranges: Vec<UntestableRange> = groups
        .members(|commit| kinds[commit] == UNTESTABLE)
        .into_iter()
        .map(|commits| UntestableRange {
            commits,
            began: Vec::new(),
            ended: Vec::new(),
        })
        .collect();
    let mut range_of = vec![0; commits.len()];
    for (number, range) in ranges.iter().enumerate() {
        for &commit in &range.commits {
            range_of[commit] = number;
        }
    }
    let is_end = |commit: usize| kinds[commit] != 0;
    for commit in 0..commits.len() {
        let came_from_untestable = behind[commit] & UNTESTABLE != 0;
        if kinds[commit] == UNTESTABLE && !came_from_untestable {
            let reach = walker.reach(commit, is_end);
            let before = reach.ends.clone();
            let boundary = boundary(commit, &reach, before);
            ranges[range_of[commit]].began.push(boundary);
        } else if kinds[commit] == TESTED && came_from_untestable {
            let reach = walker.reach(commit, is_end);
            let mut left = reach.ends.clone();
            left.retain(|&end| kinds[end] == UNTESTABLE);
            left.sort_by_key(|&end| range_of[end]);
            for one in left.chunk_by(|&a, &b| range_of[a] == range_of[b]) {
                let boundary = boundary(commit, &reach, one.to_vec());
                ranges[range_of[one[0]]].ended.push(boundary);
            }
        }
    }
    ranges
}

fn boundary(commit: usize, reach: &Reach, before: Vec<usize>) -> Boundary {
    Boundary {
        commit,
        suspects: reach.suspects.clone(),
        before,
        open_ended: reach.open_ended,
    }
}

/// For every commit, the kinds of the nearest commits behind it that were run.
fn nearest_behind(history: &History, kinds: &[u8]) -> Vec<u8> {
    let mut behind = vec![0; kinds.len()];
    for (commit, observation) in history.commits.iter().enumerate() {
        for &parent in &observation.parents {
            behind[commit] |= match kinds[parent] {
                0 => behind[parent],
                kind => kind,
            };
        }
    }
    behind
}

/// The commits not run that lie between two untestable ones, over nothing but such commits.
fn bridges(history: &History, kinds: &[u8], behind: &[u8]) -> Vec<bool> {
    let mut leads_on = vec![false; kinds.len()];
    for (commit, observation) in history.commits.iter().enumerate().rev() {
        if kinds[commit] == UNTESTABLE || (kinds[commit] == 0 && leads_on[commit]) {
            for &parent in &observation.parents {
                leads_on[parent] = true;
            }
        }
    }
    (0..kinds.len())
        .map(|c| kinds[c] == 0 && leads_on[c] && behind[c] & UNTESTABLE != 0)
        .collect()
}
