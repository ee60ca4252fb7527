//! Stretches that could not be tested, by example.

use crate::notation::{Drawn, draw};
use retro_analysis::{Boundary, findings};

fn check(history: &str, expected: &[&str]) {
    let drawn = draw(history);
    let edges = |drawn: &Drawn, word: &str, edges: &[Boundary]| -> String {
        let text = |edge| format!("; {word} {}", drawn.boundary(edge));
        edges.iter().map(text).collect()
    };
    let ranges: Vec<String> = findings(&drawn.history)
        .untestable
        .iter()
        .map(|range| {
            let began = edges(&drawn, "began", &range.began);
            let ended = edges(&drawn, "ended", &range.ended);
            drawn.list(&range.commits) + &began + &ended
        })
        .collect();
    assert_eq!(ranges, expected, "{history}");
}

#[test]
fn neighbours_that_cannot_be_tested_are_one_range() {
    check("A+ B+", &[]);
    check("A+ Bu Ct D+", &["B,C; began B after A; ended D after C"]);
    check(
        "A+ Bu C+ Du",
        &["B; began B after A; ended C after B", "D; began D after C"],
    );
}

#[test]
fn a_range_at_the_start_has_no_known_beginning() {
    check("Au B+", &["A; began A or earlier; ended B after A"]);
    check("A? Bu", &["B; began B of A,B or earlier"]);
}

#[test]
fn commits_not_run_widen_the_edges() {
    check(
        "A+ B? Cu D? E+",
        &["C; began C of B,C after A; ended E of D,E after C"],
    );
}

#[test]
fn commits_not_run_inside_a_range_do_not_part_it() {
    check(
        "A+ Bu C? D? Eu F+",
        &["B,E; began B after A; ended F after E"],
    );
}

#[test]
fn ranges_that_only_share_a_commit_not_run_beside_them_stay_apart() {
    check(
        "A+ B? Cu<B Du<B",
        &["C; began C of B,C after A", "D; began D of B,D after A"],
    );
    check(
        "A+ Bu<A Cu<A M?<B,C",
        &["B; began B after A", "C; began C after A"],
    );
}

#[test]
fn branches_that_broke_apart_and_met_are_one_range_with_two_beginnings() {
    check(
        "A+ Bu<A Cu<A Mu<B,C N+",
        &["B,C,M; began B after A; began C after A; ended N after M"],
    );
}

#[test]
fn a_merge_that_takes_over_an_untestable_side_did_not_begin_it() {
    check("A+ Bu<A C+<A Mu<B,C", &["B,M; began B after A"]);
}

#[test]
fn a_range_may_end_in_several_places() {
    check(
        "A+ Bu C+<B D+<B E-<C",
        &["B; began B after A; ended C after B; ended D after B"],
    );
    check(
        "A+ Bu<A Cu<A M+<B,C",
        &[
            "B; began B after A; ended M after B",
            "C; began C after A; ended M after C",
        ],
    );
    // The ranges of B,D and of C lie interleaved in the list.
    check(
        "A+ Bu<A Cu<A Du<B M+<B,C,D",
        &[
            "B,D; began B after A; ended M after B,D",
            "C; began C after A; ended M after C",
        ],
    );
}
