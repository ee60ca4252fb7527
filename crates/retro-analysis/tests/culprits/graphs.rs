//! Questions on a graph with merges.

use crate::{blamed, drive, question, ran, settings};
use retro_analysis::culprit::{Ended, Kind, Range, Search};

/// A main line with a side branch of five commits merged every tenth commit: oldest first.
fn merges(count: usize) -> Vec<Vec<usize>> {
    let mut parents: Vec<Vec<usize>> = vec![vec![]];
    let mut main = 0;
    while parents.len() < count {
        let base = main;
        for _ in 0..5 {
            parents.push(vec![main]);
            main = parents.len() - 1;
        }
        let mut side = base;
        for _ in 0..5 {
            parents.push(vec![side]);
            side = parents.len() - 1;
        }
        parents.push(vec![main, side]);
        main = parents.len() - 1;
    }
    parents
}

#[test]
fn every_commit_of_every_branch_can_be_found() {
    let parents = merges(56);
    let bad = parents.len() - 1;
    for culprit in 1..=bad {
        let range = Range::new(parents.clone(), &[0], bad).expect("a range");
        if !range.is_suspect(culprit) {
            continue;
        }
        let truth = range.clone();
        let mut search = Search::new(range, vec![question(Kind::Broke)], settings(80));
        drive(&mut search, 2, &|pick| {
            ran(truth.contains(pick.commit, culprit))
        });
        assert_eq!(blamed(&search, 0), [culprit]);
    }
}

#[test]
fn a_branch_that_cannot_be_tested_is_a_set_with_its_merge() {
    // 0 - 1 - 2 - 6 - 7, and 3 - 4 - 5 from 0, merged by 6.
    let parents = vec![
        vec![],
        vec![0],
        vec![1],
        vec![0],
        vec![3],
        vec![4],
        vec![2, 5],
        vec![6],
    ];
    let range = Range::new(parents, &[0], 7).expect("a range");
    let truth = range.clone();
    let mut search = Search::new(range, vec![question(Kind::Broke)], settings(80));
    drive(&mut search, 1, &|pick| match pick.commit {
        3..=5 => Ended::Untestable,
        commit => ran(truth.contains(commit, 4)),
    });
    assert_eq!(blamed(&search, 0), [3, 4, 5, 6]);
}

#[test]
fn what_the_good_end_contains_is_never_blamed() {
    let parents = merges(40);
    let bad = parents.len() - 1;
    let range = Range::new(parents, &[5], bad).expect("a range");
    let (truth, suspects) = (range.clone(), range.suspects().collect::<Vec<_>>());
    let mut search = Search::new(range, vec![question(Kind::Broke)], settings(80));
    drive(&mut search, 4, &|pick| {
        ran(truth.contains(pick.commit, suspects[3]))
    });
    assert_eq!(blamed(&search, 0), [suspects[3]]);
}
