//! Long and wide histories end, without a deep stack and without quadratic walks.

use crate::notation::{TEST, state, tests};
use retro_analysis::{History, Observation, findings, story};

fn line(signs: impl IntoIterator<Item = char>) -> History {
    let commits = signs
        .into_iter()
        .enumerate()
        .map(|(place, sign)| Observation {
            parents: place.checked_sub(1).into_iter().collect(),
            state: state(sign),
        });
    History {
        tests: tests(),
        commits: commits.collect(),
    }
}

#[test]
fn ten_thousand_untestable_commits_are_one_range_and_one_set_of_suspects() {
    let gap = std::iter::repeat_n('u', 10_000);
    let history = line(std::iter::once('+').chain(gap).chain(['-']));
    let found = findings(&history);
    assert_eq!(found.untestable.len(), 1);
    assert_eq!(found.untestable[0].commits.len(), 10_000);
    assert_eq!(found.broke[0].suspects, Vec::from_iter(1..=10_001));
    assert_eq!(found.broke[0].before, [0]);
    let told = story(&history, TEST);
    assert_eq!(told.segments.len(), 3);
    assert_eq!(told.turns[0].transition.gap().len(), 10_000);
}

#[test]
fn a_hundred_thousand_turns_in_a_line_are_each_found() {
    let found = findings(&line(['+', 'u', '-'].into_iter().cycle().take(150_000)));
    assert_eq!(found.broke.len(), 50_000);
    assert_eq!(found.fixed.len(), 49_999);
    assert_eq!(found.untestable.len(), 50_000);
    assert!(found.broke.iter().all(|broke| broke.suspects.len() == 2));
}

#[test]
fn an_octopus_with_ten_thousand_arms_is_judged_once() {
    let mut history = line(['+']);
    let arm = |sign| Observation {
        parents: vec![0],
        state: state(sign),
    };
    history
        .commits
        .extend(std::iter::repeat_with(|| arm('?')).take(10_000));
    history.commits.push(Observation {
        parents: (1..=10_000).collect(),
        state: state('-'),
    });
    let found = findings(&history);
    assert_eq!(found.broke.len(), 1);
    assert_eq!(found.broke[0].suspects.len(), 10_001);
    assert_eq!(found.broke[0].before, [0]);
}

#[test]
fn many_tests_that_break_behind_one_gap_each_name_it() {
    use retro_analysis::State;
    use retro_domain::{Outcome, TestId};
    let row = |outcome| State::Tested(vec![Some((outcome, false)); 1_000]);
    let mut history = line(std::iter::repeat_n('u', 200));
    history.tests = (0..1_000).map(|n| TestId::named(n.to_string())).collect();
    history.commits[0].state = row(Outcome::Passed);
    history.commits[199].state = row(Outcome::Failed);
    let found = findings(&history);
    assert_eq!(found.broke.len(), 1_000);
    assert!(found.broke.iter().all(|broke| broke.suspects.len() == 199));
}
