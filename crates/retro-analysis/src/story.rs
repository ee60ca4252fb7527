//! The story of one test over history: what `git retro why` tells.

use crate::findings::{FAIL, Kind, PASS, change, trace};
use crate::groups::Groups;
use crate::walk::Walker;
use crate::{History, Seen, Transition};

/// Everything a history says about one test.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TestStory {
    /// What each commit says about it, by commit index.
    pub seen: Vec<Seen>,
    /// Every transition, oldest first; the same ones as in [`Findings`](crate::Findings).
    pub turns: Vec<Turn>,
    /// How it stands at each commit without a listed child, oldest first.
    pub heads: Vec<Head>,
    /// The history in pieces that say the same, by their oldest commit.
    pub segments: Vec<Segment>,
    /// The commits where it passed only after a failed attempt, oldest first.
    pub flaky: Vec<usize>,
    /// The commits where it fails with nothing behind to compare with, oldest first: the range does
    /// not show where that began.
    pub failing_from_start: Vec<usize>,
}

impl TestStory {
    /// The latest transition to failing, if there is one: its `before` is the last good, its `commit`
    /// the first bad, its [`gap`](Transition::gap) what lies untested between. Latest in the listed
    /// order; see [`Head::since`] for those that explain how a head stands.
    pub fn latest_break(&self) -> Option<&Turn> {
        let mut turns = self.turns.iter().rev();
        turns.find(|turn| turn.kind != TurnKind::Fixed)
    }
}

/// One transition of the test.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Turn {
    /// Which way.
    pub kind: TurnKind,
    /// Where, and who may be to blame.
    pub transition: Transition,
}

/// Which way a test turned.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum TurnKind {
    /// It passed and began to fail.
    Broke,
    /// It failed and began to pass.
    Fixed,
    /// It did not exist, and failed when it came.
    AppearedFailing,
}

impl TurnKind {
    /// The stable lower-case name: `broke`, `fixed`, `appeared-failing`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Broke => "broke",
            Self::Fixed => "fixed",
            Self::AppearedFailing => "appeared-failing",
        }
    }
}

/// How the test stands at a commit without a listed child.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Head {
    /// The commit.
    pub commit: usize,
    /// What is known there, judged by the nearest firm results.
    pub standing: Standing,
    /// Those results: the commit itself when it has one; oldest first.
    pub nearest: Vec<usize>,
    /// The commits of the turns that led to this standing (to failing, when the sides disagree),
    /// oldest first. Several when branches turned apart and met.
    pub since: Vec<usize>,
    /// Whether it fails here, in part at least, for a reason from before the list.
    pub from_start: bool,
}

/// How a test stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Standing {
    /// All nearest results pass.
    Passing,
    /// All nearest results fail.
    Failing,
    /// The head itself has no firm result, and the nearest ones disagree.
    Disputed,
    /// There is no firm result to go by.
    Unknown,
}

/// Commits that say the same about the test and are connected along parent edges.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Segment {
    /// What they say.
    pub seen: Seen,
    /// The commits, oldest first. Never empty.
    pub commits: Vec<usize>,
}

/// Tells the story of one test. An index beyond the list of tests is a test that is nowhere.
///
/// # Panics
///
/// When a commit lists a parent that does not come before it.
pub fn story(history: &History, test: usize) -> TestStory {
    history.check_order();
    let commits = &history.commits;
    let seen: Vec<Seen> = (0..commits.len()).map(|c| history.seen(c, test)).collect();
    let mut walker = Walker::new(commits);
    let flaky: Vec<usize> = (0..seen.len())
        .filter(|&c| seen[c] == Seen::Flaky)
        .collect();
    let (mut turns, mut failing_from_start) = (Vec::new(), Vec::new());
    let mut fronts = vec![0; commits.len()];
    for (commit, observation) in commits.iter().enumerate() {
        let behind = (observation.parents.iter()).fold(0, |behind, &p| behind | fronts[p]);
        let Some(own) = firm(seen[commit]) else {
            fronts[commit] = behind;
            continue;
        };
        fronts[commit] = own;
        let Some(change) = change(own, behind) else {
            continue;
        };
        match trace(&mut walker, |c| seen[c], test, commit, change) {
            None => failing_from_start.push(commit),
            Some((kind, mut transition)) => {
                transition.unreliable = !flaky.is_empty();
                let kind = match kind {
                    Kind::Broke => TurnKind::Broke,
                    Kind::Fixed => TurnKind::Fixed,
                    Kind::Appeared => TurnKind::AppearedFailing,
                };
                turns.push(Turn { kind, transition });
            }
        }
    }
    let mut story = TestStory {
        segments: segments(history, &seen),
        seen,
        turns,
        heads: Vec::new(),
        flaky,
        failing_from_start,
    };
    story.heads = heads(history)
        .map(|head| stand(history, &mut walker, &story, fronts[head], head))
        .collect();
    story
}

fn firm(seen: Seen) -> Option<u8> {
    match seen {
        Seen::Passed => Some(PASS),
        Seen::Failed => Some(FAIL),
        _ => None,
    }
}

/// The commits that nobody lists as a parent.
fn heads(history: &History) -> impl Iterator<Item = usize> {
    let mut has_child = vec![false; history.commits.len()];
    for parent in history.commits.iter().flat_map(|c| &c.parents) {
        has_child[*parent] = true;
    }
    (0..has_child.len()).filter(move |&commit| !has_child[commit])
}

fn stand(
    history: &History,
    walker: &mut Walker<'_>,
    story: &TestStory,
    front: u8,
    head: usize,
) -> Head {
    let nearest = if story.seen[head].is_firm() {
        vec![head]
    } else {
        walker.reach(head, |c| story.seen[c].is_firm()).ends
    };
    let (standing, unlike) = match front {
        0 => (Standing::Unknown, None),
        PASS => (Standing::Passing, Some(Seen::Failed)),
        FAIL => (Standing::Failing, Some(Seen::Passed)),
        _ => (Standing::Disputed, Some(Seen::Passed)),
    };
    let turned = |c: usize| {
        let found = story
            .turns
            .binary_search_by_key(&c, |t| t.transition.commit);
        found.is_ok() || story.failing_from_start.binary_search(&c).is_ok()
    };
    let mut since = Vec::new();
    let mut visited = vec![false; head + 1];
    let mut stack = Vec::from_iter(unlike.map(|_| head));
    while let Some(commit) = stack.pop() {
        if std::mem::replace(&mut visited[commit], true) || Some(story.seen[commit]) == unlike {
            continue;
        }
        if turned(commit) {
            since.push(commit);
        } else {
            stack.extend(&history.commits[commit].parents);
        }
    }
    since.sort_unstable();
    let all = since.len();
    since.retain(|commit| story.failing_from_start.binary_search(commit).is_err());
    Head {
        commit: head,
        standing,
        nearest,
        from_start: since.len() < all,
        since,
    }
}

fn segments(history: &History, seen: &[Seen]) -> Vec<Segment> {
    let mut groups = Groups::new(seen.len());
    for (commit, observation) in history.commits.iter().enumerate() {
        for &parent in &observation.parents {
            if seen[parent] == seen[commit] {
                groups.join(parent, commit);
            }
        }
    }
    let pieces = groups.members(|_| true).into_iter();
    pieces
        .map(|commits| Segment {
            seen: seen[commits[0]],
            commits,
        })
        .collect()
}
