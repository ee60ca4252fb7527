//! Two commits side by side, by example.

use crate::notation::{TEST, state, tests};
use retro_analysis::{Difference, diff};

/// Checks which lists the test is in, for every pair of signs.
fn check(pair: &str, expected: &[&str]) {
    let signs: Vec<char> = pair.chars().collect();
    let found = diff(&tests(), &state(signs[0]), &state(signs[1]));
    let all = [
        ("broke", &found.broke),
        ("fixed", &found.fixed),
        ("still failing", &found.still_failing),
        ("new failure", &found.new_failures),
        ("appeared", &found.appeared),
        ("disappeared", &found.disappeared),
        ("newly skipped", &found.newly_skipped),
        ("no longer skipped", &found.no_longer_skipped),
        ("lost", &found.lost),
        ("flaky", &found.flaky),
    ];
    let lists: Vec<&str> = all
        .into_iter()
        .filter(|(_, tests)| tests.contains(&TEST))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(lists, expected, "{pair}");
}

#[test]
fn every_pair_of_results_has_its_lists() {
    check("++", &[]);
    check("+-", &["broke"]);
    check("-!", &["still failing"]);
    check("-+", &["fixed"]);
    check("~-", &["broke", "flaky"]);
    check("-~", &["fixed", "flaky"]);
    check("+~", &["flaky"]);
    check(".+", &["appeared"]);
    check(".-", &["new failure", "appeared"]);
    check(".s", &["appeared"]);
    check("+.", &["disappeared"]);
    check("s.", &["disappeared"]);
    check("..", &[]);
    check("+s", &["newly skipped"]);
    check("-s", &["newly skipped"]);
    check("s+", &["no longer skipped"]);
    check("s-", &["new failure", "no longer skipped"]);
    check("ss", &[]);
    check("+x", &["lost"]);
    check("x+", &["lost"]);
    check("x-", &["new failure", "lost"]);
    check("x.", &[]);
}

#[test]
fn a_commit_that_was_not_tested_cannot_be_compared() {
    for sign in ['?', 'u', 't'] {
        for (a, b) in [('+', sign), (sign, '-'), (sign, sign)] {
            let found = diff(&tests(), &state(a), &state(b));
            assert_eq!(found, Difference::default(), "{a}{b}");
        }
    }
    assert!(diff(&tests(), &state('+'), &state('-')).comparable);
}

#[test]
fn what_fails_now_is_in_exactly_one_list_of_failures() {
    let signs = ['+', '-', '!', '~', 's', '.', 'x'];
    for (a, b) in signs.iter().flat_map(|&a| signs.map(|b| (a, b))) {
        let found = diff(&tests(), &state(a), &state(b));
        let lists = [&found.broke, &found.still_failing, &found.new_failures];
        let times = lists.iter().filter(|list| list.contains(&TEST)).count();
        assert_eq!(times, usize::from(matches!(b, '-' | '!')), "{a}{b}");
    }
}
