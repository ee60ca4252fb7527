//! The story of one test, by example.

use crate::notation::{TEST, draw};
use retro_analysis::{Standing, story};

/// Checks the turns, the heads and the segments.
fn check(history: &str, turns: &[&str], heads: &[&str], segments: &[&str]) {
    let drawn = draw(history);
    let story = story(&drawn.history, TEST);
    let told: Vec<String> = (story.turns.iter())
        .map(|turn| {
            format!(
                "{} {}",
                turn.kind.name(),
                drawn.transition(&turn.transition)
            )
        })
        .collect();
    assert_eq!(told, turns, "turns of {history}");
    let told: Vec<String> = (story.heads.iter())
        .map(|head| {
            let standing = match head.standing {
                Standing::Passing => "passes",
                Standing::Failing => "fails",
                Standing::Disputed => "is disputed",
                Standing::Unknown => "is unknown",
            };
            let mut text = format!("{} {standing}", drawn.names[head.commit]);
            if head.nearest != [head.commit] {
                text += &format!(" by {}", drawn.list(&head.nearest));
            }
            if !head.since.is_empty() {
                text += &format!(" since {}", drawn.list(&head.since));
            }
            text + if head.from_start {
                " from the start"
            } else {
                ""
            }
        })
        .collect();
    assert_eq!(told, heads, "heads of {history}");
    let told: Vec<String> = (story.segments.iter())
        .map(|segment| format!("{} {}", segment.seen.name(), drawn.list(&segment.commits)))
        .collect();
    assert_eq!(told, segments, "segments of {history}");
}

#[test]
fn a_line_tells_its_turns_in_order() {
    check(
        "A+ B+ C- D- E+ F? G-",
        &[
            "broke C after B",
            "fixed E after D",
            "broke G of F,G after E",
        ],
        &["G fails since G"],
        &[
            "passed A,B",
            "failed C,D",
            "passed E",
            "not-run F",
            "failed G",
        ],
    );
}

#[test]
fn a_head_without_a_result_goes_by_the_nearest_ones() {
    check(
        "A+ B- C? Du",
        &["broke B after A"],
        &["D fails by B since B"],
        &["passed A", "failed B", "not-run C", "untestable D"],
    );
    check("A? B?", &[], &["B is unknown by "], &["not-run A,B"]);
}

#[test]
fn every_head_is_told_apart() {
    check(
        "A+ B-<A C+<A",
        &["broke B after A"],
        &["B fails since B", "C passes"],
        &["passed A,C", "failed B"],
    );
}

#[test]
fn a_merge_may_fail_for_several_reasons() {
    check(
        "A+ B-<A C-<A M-<B,C",
        &["broke B after A", "broke C after A"],
        &["M fails since B,C"],
        &["passed A", "failed B,C,M"],
    );
}

#[test]
fn sides_that_disagree_leave_an_untested_head_disputed() {
    check(
        "A+ B-<A C+<A M?<B,C",
        &["broke B after A"],
        &["M is disputed by B,C since B"],
        &["passed A,C", "failed B", "not-run M"],
    );
}

#[test]
fn what_fails_from_the_start_says_so_at_the_head() {
    check("A- B-", &[], &["B fails from the start"], &["failed A,B"]);
    check(
        "A. B- C-",
        &["appeared-failing B after A"],
        &["C fails since B"],
        &["absent A", "failed B,C"],
    );
}

#[test]
fn a_fixed_test_passes_since_its_fix() {
    check(
        "A- B+ Cs",
        &["fixed B after A"],
        &["C passes by B since B"],
        &["failed A", "passed B", "skipped C"],
    );
}

#[test]
fn the_latest_break_gives_last_good_gap_and_first_bad() {
    let drawn = draw("A+ B- C+ Du E? F- G+");
    let told = story(&drawn.history, TEST);
    let latest = &told.latest_break().expect("it broke twice").transition;
    assert_eq!(drawn.list(&latest.before), "C");
    assert_eq!(drawn.list(latest.gap()), "D,E");
    assert_eq!(drawn.names[latest.commit], "F");
    assert_eq!(story(&draw("A- B+").history, TEST).latest_break(), None);
}

#[test]
fn a_test_that_is_nowhere_has_an_empty_story() {
    let drawn = draw("A+ B- C?");
    let told = story(&drawn.history, 99);
    assert!(told.turns.is_empty() && told.flaky.is_empty());
    assert_eq!(told.heads[0].standing, Standing::Unknown);
}
