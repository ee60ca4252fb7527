//! A culprit is planted in a random graph, then found again through random gaps: the true one must
//! always be among the suspects.
//!
//! A commit contains what it and all its ancestors did. The test fails where a fault is contained
//! and its fix is not, and exists where the commit that added it is contained.

use std::collections::BTreeSet;

use crate::notation::{TEST, state, tests};
use crate::random;
use proptest::prelude::*;
use retro_analysis::{Findings, History, Observation, findings};

/// What was planted: commits by index.
#[derive(Debug)]
struct Planted {
    /// Each fault and, when it was ever fixed, its fix.
    faults: Vec<(usize, Option<usize>)>,
    /// The commit that added the test.
    added: usize,
}

fn contained(graph: &[Vec<usize>]) -> Vec<BTreeSet<usize>> {
    let mut all: Vec<BTreeSet<usize>> = Vec::new();
    for (commit, parents) in graph.iter().enumerate() {
        let mut own = BTreeSet::from([commit]);
        for &parent in parents {
            own.extend(&all[parent]);
        }
        all.push(own);
    }
    all
}

/// The true sign of each commit, unless `gaps` hides it.
fn grow(graph: &[Vec<usize>], planted: &Planted, gaps: &[Option<char>]) -> History {
    let sign = |inside: &BTreeSet<usize>| {
        let has = |commit: &usize| inside.contains(commit);
        let broken =
            |(fault, fix): &(usize, Option<usize>)| has(fault) && !fix.as_ref().is_some_and(has);
        match (has(&planted.added), planted.faults.iter().any(broken)) {
            (false, _) => '.',
            (true, true) => '-',
            (true, false) => '+',
        }
    };
    let signs = contained(graph).iter().map(sign).collect::<Vec<char>>();
    let commits = graph
        .iter()
        .zip(signs)
        .zip(gaps)
        .map(|((parents, sign), gap)| Observation {
            parents: parents.clone(),
            state: state(gap.unwrap_or(sign)),
        });
    History {
        tests: tests(),
        commits: commits.collect(),
    }
}

/// What is found about the planted test; the command as a whole, which some gaps fail, is left out.
fn found(graph: &[Vec<usize>], planted: &Planted, gaps: &[Option<char>]) -> Findings {
    let mut found = findings(&grow(graph, planted, gaps));
    for list in [&mut found.broke, &mut found.fixed, &mut found.new_failures] {
        list.retain(|transition| transition.test == TEST);
    }
    found.failing_from_start.retain(|&test| test == TEST);
    found
}

/// Hides results behind random ones of these signs.
fn gaps(signs: &'static str) -> impl Strategy<Value = Vec<Option<char>>> {
    let sign = prop::sample::select(signs.chars().collect::<Vec<char>>());
    let gap = prop_oneof![2 => Just(None), 1 => sign.prop_map(Some)];
    prop::collection::vec(gap, 24)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn whoever_broke_the_test_is_among_the_suspects(
        graph in random::graph(24),
        faults in prop::collection::vec(any::<(prop::sample::Index, Option<prop::sample::Index>)>(), 1..3),
        added in prop::option::of(any::<prop::sample::Index>()),
        gaps in gaps("?utsx~."),
    ) {
        let count = graph.len();
        let planted = Planted {
            faults: faults.iter().map(|(at, fix)| (at.index(count), fix.map(|f| f.index(count)))).collect(),
            added: added.map_or(0, |added| added.index(count)),
        };
        for broke in found(&graph, &planted, &gaps).broke {
            let true_one = planted.faults.iter().any(|(fault, _)| broke.suspects.contains(fault));
            prop_assert!(true_one, "{broke:?} but {planted:?} in {graph:?}");
        }
    }

    #[test]
    fn whoever_fixed_the_test_is_among_the_suspects(
        graph in random::graph(24),
        fault in any::<prop::sample::Index>(),
        fix in any::<prop::sample::Index>(),
        gaps in gaps("?utsx~."),
    ) {
        let (fault, fix) = (fault.index(graph.len()), fix.index(graph.len()));
        let planted = Planted { faults: vec![(fault, Some(fix))], added: 0 };
        for fixed in found(&graph, &planted, &gaps).fixed {
            prop_assert!(fixed.suspects.contains(&fix), "{fixed:?} but {planted:?} in {graph:?}");
        }
    }

    #[test]
    fn whoever_added_a_failing_test_is_among_the_suspects(
        graph in random::graph(24),
        added in any::<prop::sample::Index>(),
        gaps in gaps("?utsx~"),
    ) {
        let added = added.index(graph.len());
        let planted = Planted { faults: vec![(0, None)], added };
        for new in found(&graph, &planted, &gaps).new_failures {
            prop_assert!(new.suspects.contains(&added), "{new:?} but {planted:?} in {graph:?}");
        }
    }

    /// With one fault, no fix and nothing hidden, the fault is named alone, once, and nothing else is.
    #[test]
    fn a_culprit_with_nothing_hidden_is_named_alone(
        mut graph in random::graph(24),
        fault in any::<prop::sample::Index>(),
    ) {
        // One root only, so that the test is everywhere.
        for root in graph.iter_mut().skip(1).filter(|parents| parents.is_empty()) {
            root.push(0);
        }
        let fault = fault.index(graph.len());
        let planted = Planted { faults: vec![(fault, None)], added: 0 };
        let found = found(&graph, &planted, &vec![None; graph.len()]);
        let broke: Vec<_> = found.broke.iter().map(|b| b.suspects.clone()).collect();
        if graph[fault].is_empty() {
            prop_assert!(broke.is_empty());
            prop_assert_eq!(found.failing_from_start, [TEST]);
        } else {
            prop_assert_eq!(broke, [[fault]]);
            prop_assert!(found.fixed.is_empty() && found.failing_from_start.is_empty());
        }
    }
}
