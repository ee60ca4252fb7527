//! The findings of a whole history: one pass over every result, walks only where something changed.

use std::rc::Rc;

use retro_domain::Outcome;

use crate::untestable::untestable_ranges;
use crate::walk::Walker;
use crate::{History, Seen, State, UntestableRange};

/// What a history shows. See the [crate's page](crate) for the rules.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Findings {
    /// Tests that began to fail, by commit, then by test.
    pub broke: Vec<Transition>,
    /// Tests that began to pass, by commit, then by test.
    pub fixed: Vec<Transition>,
    /// Tests that appeared failing: nothing firm lies behind, and a tested commit behind did not have
    /// the test. `before` holds the nearest such commits. By commit, then by test.
    pub new_failures: Vec<Transition>,
    /// Tests that passed only after a failed attempt, by test.
    pub flaky: Vec<Flaky>,
    /// Stretches of history that could not be tested, by their oldest commit.
    pub untestable: Vec<UntestableRange>,
    /// Tests that fail somewhere with nothing firm behind to compare with and no commit known that
    /// did not have them: the range does not show where it began. Sorted, each once.
    pub failing_from_start: Vec<usize>,
}

impl Findings {
    /// Whether some test began to fail within the range, fixed since or not: it broke, or it
    /// appeared failing.
    pub fn has_new_failures(&self) -> bool {
        !self.broke.is_empty() || !self.new_failures.is_empty()
    }
}

/// A test went from one state to another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Transition {
    /// The test's index.
    pub test: usize,
    /// The first commit seen in the new state.
    pub commit: usize,
    /// Every commit that may be to blame, oldest first. Always ends with `commit`. More than one when
    /// commits between gave no firm result; the culprit is then a set.
    pub suspects: Vec<usize>,
    /// The nearest commits with the old state, oldest first. Never empty.
    pub before: Vec<usize>,
    /// Whether a path back leaves the list without a result, so that the cause may also lie before
    /// the oldest suspect, outside the list.
    pub open_ended: bool,
    /// Whether the test was flaky at any commit of the history. Chance may then have made this
    /// transition: say so, and confirm before blaming.
    pub unreliable: bool,
}

impl Transition {
    /// The suspects that gave no firm result: all but `commit`.
    pub fn gap(&self) -> &[usize] {
        self.suspects.split_last().map_or(&[], |(_, gap)| gap)
    }
}

/// A test that passed only after a failed attempt.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Flaky {
    /// The test's index.
    pub test: usize,
    /// The commits where it did, oldest first.
    pub commits: Vec<usize>,
}

/// Judges every test at every commit.
///
/// Takes time in proportion to the number of results, plus a walk for each transition; memory of a
/// byte per test for each commit that still has unseen children.
///
/// # Panics
///
/// When a commit lists a parent that does not come before it.
pub fn findings(history: &History) -> Findings {
    history.check_order();
    let mut walker = Walker::new(&history.commits);
    let mut found = Findings {
        untestable: untestable_ranges(history, &mut walker),
        ..Findings::default()
    };
    let mut fronts = Fronts::new(history);
    let lossy: Vec<bool> = (history.commits.iter())
        .map(|commit| commit.state.command_failed(&history.tests))
        .collect();
    let (mut turns, mut marks) = (Vec::new(), Vec::new());
    for (commit, observation) in history.commits.iter().enumerate() {
        let mut front = fronts.behind(history, commit);
        if let State::Tested(cells) = &observation.state {
            let tests = Rc::make_mut(&mut front).iter_mut().zip(cells).enumerate();
            for (test, (front, cell)) in tests {
                let own = match cell {
                    Some((Outcome::Passed, false)) => PASS,
                    Some((Outcome::Failed | Outcome::Errored, _)) => FAIL,
                    Some((Outcome::Passed, true)) => {
                        marks.push((test, commit));
                        continue;
                    }
                    Some((Outcome::Skipped, _)) | None => continue,
                };
                if let Some(change) = change(own, *front) {
                    turns.push((test, change));
                }
                *front = own;
            }
        }
        fronts.put(commit, front);
        for (test, change) in turns.drain(..) {
            let seen = |c: usize| quick_seen(history, &lossy, c, test);
            match trace(&mut walker, seen, test, commit, change) {
                Some((Kind::Broke, transition)) => found.broke.push(transition),
                Some((Kind::Fixed, transition)) => found.fixed.push(transition),
                Some((Kind::Appeared, transition)) => found.new_failures.push(transition),
                None => found.failing_from_start.push(test),
            }
        }
    }
    found.failing_from_start.sort_unstable();
    found.failing_from_start.dedup();
    found.flaky = group_marks(marks);
    mark_unreliable(&mut found);
    found
}

/// A nearest result passes.
pub(crate) const PASS: u8 = 1;
/// A nearest result fails.
pub(crate) const FAIL: u8 = 2;

/// What a firm result means beside the nearest ones behind it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Change {
    ToFailing,
    ToPassing,
    FirstFailure,
}

/// The rule itself: `own` is [`PASS`] or [`FAIL`], `behind` any mix of the two.
pub(crate) const fn change(own: u8, behind: u8) -> Option<Change> {
    match (own, behind) {
        (FAIL, PASS) => Some(Change::ToFailing),
        (PASS, FAIL) => Some(Change::ToPassing),
        (FAIL, 0) => Some(Change::FirstFailure),
        _ => None,
    }
}

/// What a transition is once it is traced.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Broke,
    Fixed,
    Appeared,
}

/// Finds the suspects of a change; `None` for a failure whose beginning the history does not show.
pub(crate) fn trace(
    walker: &mut Walker<'_>,
    seen: impl Fn(usize) -> Seen,
    test: usize,
    commit: usize,
    change: Change,
) -> Option<(Kind, Transition)> {
    let (kind, reach) = match change {
        Change::ToFailing => (Kind::Broke, walker.reach(commit, |c| seen(c).is_firm())),
        Change::ToPassing => (Kind::Fixed, walker.reach(commit, |c| seen(c).is_firm())),
        Change::FirstFailure => {
            let reach = walker.reach(commit, |c| seen(c) == Seen::Absent);
            (Kind::Appeared, reach)
        }
    };
    if reach.ends.is_empty() {
        return None;
    }
    let transition = Transition {
        test,
        commit,
        suspects: reach.suspects,
        before: reach.ends,
        open_ended: reach.open_ended,
        unreliable: false,
    };
    Some((kind, transition))
}

/// For every commit, what its nearest results say about each test, itself included. A row is dropped
/// when its last child took it, and shared between commits that add nothing to it.
struct Fronts {
    rows: Vec<Option<Rc<Vec<u8>>>>,
    unseen_children: Vec<usize>,
    blank: Rc<Vec<u8>>,
}

impl Fronts {
    fn new(history: &History) -> Self {
        let mut unseen_children = vec![0; history.commits.len()];
        for parent in history.commits.iter().flat_map(|c| &c.parents) {
            unseen_children[*parent] += 1;
        }
        Self {
            rows: vec![None; history.commits.len()],
            unseen_children,
            blank: Rc::new(vec![0; history.tests.len()]),
        }
    }

    /// What lies behind a commit. To be called once for each, in order.
    fn behind(&mut self, history: &History, commit: usize) -> Rc<Vec<u8>> {
        let mut parents = history.commits[commit].parents.iter();
        let Some(&first) = parents.next() else {
            return Rc::clone(&self.blank);
        };
        let mut joined = self.take(first);
        for &parent in parents {
            let other = self.take(parent);
            if !Rc::ptr_eq(&joined, &other) {
                let joined = Rc::make_mut(&mut joined);
                joined.iter_mut().zip(&*other).for_each(|(a, b)| *a |= b);
            }
        }
        joined
    }

    fn take(&mut self, commit: usize) -> Rc<Vec<u8>> {
        self.unseen_children[commit] -= 1;
        let row = if self.unseen_children[commit] == 0 {
            self.rows[commit].take()
        } else {
            self.rows[commit].clone()
        };
        row.expect("parents come first and are counted")
    }

    fn put(&mut self, commit: usize, row: Rc<Vec<u8>>) {
        if self.unseen_children[commit] > 0 {
            self.rows[commit] = Some(row);
        }
    }
}

/// [`History::seen`], with the search for a failed command done beforehand.
fn quick_seen(history: &History, lossy: &[bool], commit: usize, test: usize) -> Seen {
    // Without the list of tests a missing result reads as absent.
    match history.commits[commit].state.seen(&[], test) {
        Seen::Absent if lossy[commit] => Seen::Lost,
        seen => seen,
    }
}

fn group_marks(mut marks: Vec<(usize, usize)>) -> Vec<Flaky> {
    marks.sort_unstable();
    marks
        .chunk_by(|a, b| a.0 == b.0)
        .map(|group| Flaky {
            test: group[0].0,
            commits: group.iter().map(|mark| mark.1).collect(),
        })
        .collect()
}

fn mark_unreliable(found: &mut Findings) {
    let flaky = &found.flaky;
    let all = [&mut found.broke, &mut found.fixed, &mut found.new_failures];
    for transition in all.into_iter().flatten() {
        transition.unreliable = flaky
            .binary_search_by_key(&transition.test, |f| f.test)
            .is_ok();
    }
}
