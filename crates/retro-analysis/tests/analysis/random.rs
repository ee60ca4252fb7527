//! Random histories for properties.

use proptest::prelude::*;
use retro_analysis::{History, Observation, State};
use retro_domain::{Outcome, TestId};

/// A graph of up to `most` commits: now lines, now branches, merges of two or three, several roots.
pub(crate) fn graph(most: usize) -> impl Strategy<Value = Vec<Vec<usize>>> {
    let parents = (0..9_usize, any::<[prop::sample::Index; 3]>());
    prop::collection::vec(parents, 1..=most).prop_map(|commits| {
        let list = |(place, (shape, picks)): (usize, (usize, [prop::sample::Index; 3]))| {
            if place == 0 {
                return Vec::new();
            }
            // Parents are drawn from the latest few, so that gaps and branches grow long.
            let pick = |i: usize| place - 1 - picks[i].index(place.min(4));
            match shape {
                0 => Vec::new(),
                1..=3 => vec![place - 1],
                4 | 5 => vec![pick(0)],
                6 | 7 => vec![pick(0), pick(1)],
                _ => vec![pick(0), pick(1), pick(2)],
            }
        };
        commits.into_iter().enumerate().map(list).collect()
    })
}

fn cell() -> impl Strategy<Value = Option<(Outcome, bool)>> {
    prop_oneof![
        3 => Just(Some((Outcome::Passed, false))),
        3 => Just(Some((Outcome::Failed, false))),
        1 => Just(Some((Outcome::Errored, false))),
        1 => Just(Some((Outcome::Passed, true))),
        1 => Just(Some((Outcome::Skipped, false))),
        2 => Just(None),
    ]
}

fn state() -> impl Strategy<Value = State> {
    prop_oneof![
        8 => prop::collection::vec(cell(), 0..=4).prop_map(State::Tested),
        2 => Just(State::Untestable),
        1 => Just(State::TimedOut),
        2 => Just(State::NotRun),
    ]
}

/// A history of three tests and a command, with every kind of gap.
pub(crate) fn history(most: usize) -> impl Strategy<Value = History> {
    graph(most)
        .prop_flat_map(|graph| {
            let states = prop::collection::vec(state(), graph.len());
            (Just(graph), states)
        })
        .prop_map(|(graph, states)| {
            let both = graph.into_iter().zip(states);
            let mut tests: Vec<TestId> = ["a", "b", "c"].map(TestId::named).to_vec();
            tests.push(TestId::command("unit"));
            History {
                tests,
                commits: both
                    .map(|(parents, state)| Observation { parents, state })
                    .collect(),
            }
        })
}
