//! The rules told a second time, slowly and from sets alone, and compared on random histories.

use std::collections::BTreeSet;

use crate::random;
use proptest::prelude::*;
use retro_analysis::{
    Boundary, Findings, Flaky, History, Observation, Seen, State, Transition, TurnKind,
    UntestableRange, findings, story,
};

type Set = BTreeSet<usize>;

fn parents(history: &History, commits: &Set) -> Set {
    let lists = commits.iter().flat_map(|&c| &history.commits[c].parents);
    lists.copied().collect()
}

/// Everything behind some commits, themselves left out.
fn ancestors(history: &History, commits: &Set) -> Set {
    let mut all = parents(history, commits);
    loop {
        let more: Set = all.union(&parents(history, &all)).copied().collect();
        if more == all {
            return all;
        }
        all = more;
    }
}

/// The commits walked over from `from`, itself included, and those where the walk ended.
fn walk(history: &History, from: usize, is_end: &dyn Fn(usize) -> bool) -> (Set, Set) {
    let mut over = Set::from([from]);
    loop {
        let (ends, further): (Set, Set) = parents(history, &over).iter().partition(|&&c| is_end(c));
        let more: Set = over.union(&further).copied().collect();
        if more == over {
            return (over, ends);
        }
        over = more;
    }
}

fn edge(history: &History, commit: usize, is_end: &dyn Fn(usize) -> bool) -> Boundary {
    let (over, ends) = walk(history, commit, is_end);
    let contained = ancestors(history, &ends);
    let suspects: Vec<usize> = over.difference(&contained).copied().collect();
    Boundary {
        commit,
        open_ended: suspects
            .iter()
            .any(|&s| history.commits[s].parents.is_empty()),
        suspects,
        before: ends.into_iter().collect(),
    }
}

fn expected(history: &History) -> Findings {
    let mut found = Findings::default();
    let mut from_start = Set::new();
    let cells =
        (0..history.commits.len()).flat_map(|c| (0..history.tests.len()).map(move |t| (c, t)));
    for (commit, test) in cells {
        let seen = |c: usize| history.seen(c, test);
        let nearest = walk(history, commit, &|c| seen(c).is_firm()).1;
        let all = |wanted| !nearest.is_empty() && nearest.iter().all(|&c| seen(c) == wanted);
        let flaky = (0..history.commits.len()).any(|c| seen(c) == Seen::Flaky);
        let transition = |is_end: &dyn Fn(usize) -> bool| {
            let edge = edge(history, commit, is_end);
            Transition {
                test,
                commit,
                suspects: edge.suspects,
                before: edge.before,
                open_ended: edge.open_ended,
                unreliable: flaky,
            }
        };
        match seen(commit) {
            Seen::Failed if all(Seen::Passed) => {
                found.broke.push(transition(&|c| seen(c).is_firm()));
            }
            Seen::Passed if all(Seen::Failed) => {
                found.fixed.push(transition(&|c| seen(c).is_firm()));
            }
            Seen::Failed if nearest.is_empty() => {
                let new = transition(&|c| seen(c) == Seen::Absent);
                if new.before.is_empty() {
                    from_start.insert(test);
                } else {
                    found.new_failures.push(new);
                }
            }
            _ => {}
        }
    }
    found.failing_from_start = from_start.into_iter().collect();
    for test in 0..history.tests.len() {
        let all = 0..history.commits.len();
        let commits: Vec<usize> = all
            .filter(|&c| history.seen(c, test) == Seen::Flaky)
            .collect();
        if !commits.is_empty() {
            found.flaky.push(Flaky { test, commits });
        }
    }
    found.untestable = expected_ranges(history);
    found
}

fn expected_ranges(history: &History) -> Vec<UntestableRange> {
    let was_run = |c: usize| history.commits[c].state != State::NotRun;
    let untestable = |c: usize| history.commits[c].state.is_untestable();
    let tested = |c: usize| was_run(c) && !untestable(c);
    let nearest = |c: usize| walk(history, c, &was_run).1;
    let all = 0..history.commits.len();
    // Groups grow from each untestable commit by all that are nearest to a member, either way.
    let mut groups: BTreeSet<Set> = BTreeSet::new();
    for start in all.clone().filter(|&c| untestable(c)) {
        let mut group = Set::from([start]);
        loop {
            let mut more = group.clone();
            for c in all.clone().filter(|&c| untestable(c)) {
                let near = nearest(c);
                if group.contains(&c) {
                    more.extend(near.into_iter().filter(|&n| untestable(n)));
                } else if near.iter().any(|n| group.contains(n)) {
                    more.insert(c);
                }
            }
            if more == group {
                break;
            }
            group = more;
        }
        groups.insert(group);
    }
    let range = |group: Set| {
        let begins = |&c: &usize| group.contains(&c) && !nearest(c).iter().any(|&n| untestable(n));
        let ends = |&c: &usize| tested(c) && nearest(c).iter().any(|n| group.contains(n));
        UntestableRange {
            began: (all
                .clone()
                .filter(begins)
                .map(|c| edge(history, c, &was_run)))
            .collect(),
            ended: (all.clone().filter(ends))
                .map(|c| {
                    let mut edge = edge(history, c, &was_run);
                    edge.before.retain(|n| group.contains(n));
                    edge
                })
                .collect(),
            commits: group.iter().copied().collect(),
        }
    };
    groups.into_iter().map(range).collect()
}

/// The same history with its commits in another order that is as good: `place[old] = new`.
fn reorder(history: &History, keys: &[u32]) -> (History, Vec<usize>) {
    let count = history.commits.len();
    let (mut order, mut place) = (Vec::new(), vec![usize::MAX; count]);
    while order.len() < count {
        let ready = |c: &usize| {
            let parents = &history.commits[*c].parents;
            place[*c] == usize::MAX && parents.iter().all(|&p| place[p] != usize::MAX)
        };
        let next = (0..count).filter(ready).min_by_key(|&c| keys[c]);
        let next = next.expect("some commit has all its parents placed");
        place[next] = order.len();
        order.push(next);
    }
    let commits = order.iter().map(|&old| Observation {
        parents: (history.commits[old].parents.iter().map(|&p| place[p])).collect(),
        state: history.commits[old].state.clone(),
    });
    let history = History {
        tests: history.tests.clone(),
        commits: commits.collect(),
    };
    (history, place)
}

/// Transitions by the new names of their commits, in a fixed order.
fn renamed(
    list: &[Transition],
    name: impl Fn(usize) -> usize,
) -> Vec<(usize, usize, Set, Set, bool)> {
    let all = |commits: &[usize]| commits.iter().map(|&c| name(c)).collect::<Set>();
    let one = |t: &Transition| {
        (
            t.test,
            name(t.commit),
            all(&t.suspects),
            all(&t.before),
            t.open_ended,
        )
    };
    let mut list: Vec<_> = list.iter().map(one).collect();
    list.sort();
    list
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn findings_are_what_the_rules_say(history in random::history(12)) {
        prop_assert_eq!(findings(&history), expected(&history));
    }

    #[test]
    fn findings_do_not_depend_on_how_parallel_commits_are_listed(
        history in random::history(12),
        keys in prop::collection::vec(any::<u32>(), 12),
    ) {
        let (other, place) = reorder(&history, &keys);
        let (found, again) = (findings(&history), findings(&other));
        for (list, other) in [
            (&found.broke, &again.broke),
            (&found.fixed, &again.fixed),
            (&found.new_failures, &again.new_failures),
        ] {
            prop_assert_eq!(renamed(list, |c| place[c]), renamed(other, |c| c));
        }
        prop_assert_eq!(found.failing_from_start, again.failing_from_start);
        prop_assert_eq!(found.untestable.len(), again.untestable.len());
    }

    #[test]
    fn a_story_tells_the_transitions_of_the_findings(history in random::history(12)) {
        let found = findings(&history);
        for test in 0..history.tests.len() {
            let told = story(&history, test);
            for (kind, list) in [
                (TurnKind::Broke, &found.broke),
                (TurnKind::Fixed, &found.fixed),
                (TurnKind::AppearedFailing, &found.new_failures),
            ] {
                let turns = told.turns.iter().filter(|turn| turn.kind == kind);
                let turns: Vec<_> = turns.map(|turn| turn.transition.clone()).collect();
                let list = list.iter().filter(|t| t.test == test);
                prop_assert_eq!(turns, list.cloned().collect::<Vec<_>>());
            }
            let from_start = found.failing_from_start.contains(&test);
            prop_assert_eq!(from_start, !told.failing_from_start.is_empty());
        }
    }

    /// A failing head is never left without a reason, and segments hold every commit once.
    #[test]
    fn a_story_explains_every_failing_head(history in random::history(14)) {
        for test in 0..history.tests.len() {
            let told = story(&history, test);
            for head in &told.heads {
                let fails = head.nearest.iter().any(|&c| told.seen[c] == Seen::Failed);
                if fails {
                    prop_assert!(head.from_start || !head.since.is_empty(), "{head:?}");
                }
            }
            let mut all: Vec<usize> = told.segments.iter().flat_map(|s| s.commits.clone()).collect();
            all.sort_unstable();
            prop_assert_eq!(all, (0..history.commits.len()).collect::<Vec<_>>());
        }
    }
}
