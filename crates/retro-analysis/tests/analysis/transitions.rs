//! Each rule about one test, by example.

use crate::notation::draw;
use retro_analysis::findings;

fn check(history: &str, expected: &str) {
    let drawn = draw(history);
    let found = drawn.found(&findings(&drawn.history));
    assert_eq!(found, expected, "{history}");
}

#[test]
fn a_test_that_always_passes_or_never_ran_gives_no_finding() {
    check("", "");
    check("A+", "");
    check("A+ B+ C+", "");
    check("A? Bu Ct D.", "");
}

#[test]
fn the_first_failure_after_a_pass_is_to_blame_alone_when_they_are_neighbours() {
    check("A+ B- C-", "broke B after A");
    check("A+ B!", "broke B after A");
}

#[test]
fn every_transition_is_reported() {
    check(
        "A+ B- C+ D- E-",
        "broke B after A; broke D after C; fixed C after B",
    );
}

#[test]
fn failing_and_errored_are_the_same_state() {
    check("A- B! C-", "from the start");
    check("A+ B! C- D+", "broke B after A; fixed D after C");
}

#[test]
fn commits_that_gave_no_result_make_the_culprit_a_set() {
    for gap in ["?", "u", "t", "s", ".", "x"] {
        check(&format!("A+ B{gap} C-"), "broke C of B,C after A");
        check(
            &format!("A- B{gap} C+"),
            "fixed C of B,C after A; from the start",
        );
    }
    check("A+ B? Cu Dt Es F-", "broke F of B,C,D,E,F after A");
}

#[test]
fn a_gap_between_equal_results_is_nothing() {
    check("A+ B? C+", "");
    check("A- B? C-", "from the start");
}

#[test]
fn parallel_branches_say_nothing_about_each_other() {
    check("A? B+<A C-<A", "from the start");
    check("A+ B+<A C-<A D+<B", "broke C after A");
    check("A+< B-<", "from the start");
}

#[test]
fn a_merge_with_a_failing_side_inherits_the_failure() {
    check("A+ B-<A C+<A M-<B,C", "broke B after A");
    check("A+ B-<A C+<A M?<B,C N-", "broke B after A");
}

#[test]
fn a_merge_with_a_passing_side_inherits_the_pass() {
    check("A- B+<A C-<A M+<B,C", "fixed B after A; from the start");
}

#[test]
fn a_merge_of_two_passing_sides_that_fails_broke_the_test_itself() {
    check("A+ B+<A C+<A M-<B,C", "broke M after B,C");
    check("A- B-<A C-<A M+<B,C", "fixed M after B,C; from the start");
}

#[test]
fn suspects_lie_on_every_side_of_a_merge() {
    check("A+ B?<A C?<A M-<B,C", "broke M of B,C,M after A");
    check("A+ B+<A C?<A M-<B,C", "broke M of C,M after A,B");
    check(
        "A+ B?<A C+<A D?<C M?<B,D N-",
        "broke N of B,D,M,N after A,C",
    );
}

#[test]
fn an_octopus_merge_asks_all_its_parents() {
    check("A+ B+<A C?<A D+<A M-<B,C,D", "broke M of C,M after A,B,D");
    check("A+ B+<A C-<A D+<A M-<B,C,D", "broke C after A");
    check("A+ B?<A C?<A D?<A M-<B,C,D", "broke M of B,C,D,M after A");
}

#[test]
fn each_branch_can_break_on_its_own() {
    check("A+ B-<A C-<A", "broke B after A; broke C after A");
    check(
        "A+ B? C-<B D-<B",
        "broke C of B,C after A; broke D of B,D after A",
    );
}

#[test]
fn what_a_passing_side_contains_is_no_suspect() {
    // U is part of P, which passes; only Q and the merge came after.
    check("A+ U? P+<U Q?<U M-<P,Q", "broke M of Q,M after A,P");
    // The same for history from before the test existed.
    check("A. B.<A C+<B D?<B M-<C,D", "broke M of D,M after C");
}

#[test]
fn a_side_whose_beginning_is_not_listed_leaves_the_cause_open() {
    check("A+ X?< M-<A,X", "broke M of X,M after A or earlier");
    check("A+ X?< Y+<X M-<A,Y", "broke M after A,Y");
}

#[test]
fn several_roots_are_judged_apart() {
    check("A+< X-< M-<A,X", "from the start");
    check("A+< X+< M-<A,X", "broke M after A,X");
}

#[test]
fn what_fails_from_the_first_result_on_blames_nobody() {
    check("A-", "from the start");
    check("A- B- C-", "from the start");
    check("A? Bu C-", "from the start");
    check(
        "A- B+ C-",
        "broke C after B; fixed B after A; from the start",
    );
}

#[test]
fn a_test_that_appears_failing_is_a_new_failure() {
    check("A. B-", "new B after A");
    check("A. B+ C-", "broke C after B");
    check("A. B+", "");
    check("A. B- C- D+", "fixed D after C; new B after A");
}

#[test]
fn who_brought_a_new_failure_may_be_any_commit_since_the_test_was_surely_absent() {
    check("A. B? Cu D-", "new D of B,C,D after A");
    check("A. B. C? D-", "new D of C,D after B");
    check("A. B?<A C.<A M-<B,C", "new M of B,M after A,C");
    check("A. X?< M-<A,X", "new M of X,M after A or earlier");
}

#[test]
fn a_new_failure_on_one_side_is_inherited_by_the_merge() {
    check("A. B-<A C.<A M-<B,C", "new B after A");
}

#[test]
fn a_test_removed_and_brought_back_failing_is_blamed_on_the_whole_time_between() {
    check("A+ B. C. D-", "broke D of B,C,D after A");
    check("A- B. C-", "from the start");
    check("A- B. C+", "fixed C of B,C after A; from the start");
}

#[test]
fn a_crashed_runner_does_not_prove_that_a_test_is_absent() {
    check("Ax B-", "from the start");
    check("A. Bx C-", "new C of B,C after A");
}

#[test]
fn a_skipped_test_says_nothing_but_that_it_exists() {
    check("As B-", "from the start");
    check("A. Bs C-", "new C of B,C after A");
    check("A+ Bs C+", "");
}

#[test]
fn a_flaky_pass_is_no_ground_to_blame_its_neighbour() {
    check("A+ B~ C-", "broke C of B,C after A flaky; flaky B");
    check(
        "A- B~ C+",
        "fixed C of B,C after A flaky; flaky B; from the start",
    );
    check("A+ B~ C+", "flaky B");
    check("A- B~", "flaky B; from the start");
}

#[test]
fn a_test_that_was_only_ever_flaky_before_has_no_known_beginning() {
    check("A~ B-", "flaky A; from the start");
    check("A. B~ C-", "new C of B,C after A flaky; flaky B");
}

#[test]
fn flakiness_anywhere_puts_a_caveat_on_the_tests_transitions() {
    check(
        "A+ B- C+ D~",
        "broke B after A flaky; fixed C after B flaky; flaky D",
    );
}

#[test]
fn listing_a_parent_twice_changes_nothing() {
    check("A+ B?<A,A C-<B,B", "broke C of B,C after A");
}

#[test]
fn a_parent_that_is_also_an_ancestor_is_asked_as_any_other() {
    check("A+ B+ M-<A,B", "broke M after A,B");
    check("A+ B- M-<A,B", "broke B after A");
}

#[test]
#[should_panic(expected = "list commits oldest first")]
fn a_parent_that_comes_later_is_refused() {
    let mut drawn = draw("A+ B-");
    drawn.history.commits[0].parents.push(1);
    findings(&drawn.history);
}

#[test]
fn short_rows_and_surplus_cells_are_read_as_documented() {
    use retro_analysis::{History, Observation, State};
    use retro_domain::{Outcome, TestId};
    let cell = |outcome| Some((outcome, false));
    let rows = [
        vec![cell(Outcome::Passed), cell(Outcome::Passed)],
        vec![],
        vec![
            cell(Outcome::Passed),
            cell(Outcome::Failed),
            cell(Outcome::Failed),
        ],
    ];
    let commits = (0..).zip(rows).map(|(place, row)| Observation {
        parents: (0..place).last().into_iter().collect(),
        state: State::Tested(row),
    });
    let history = History {
        tests: vec![TestId::named("a"), TestId::named("b")],
        commits: commits.collect(),
    };
    let found = findings(&history);
    assert_eq!(found.broke.len(), 1);
    assert_eq!(found.broke[0].test, 1);
    assert_eq!(found.broke[0].suspects, [1, 2]);
    assert!(found.failing_from_start.is_empty() && found.new_failures.is_empty());
}

#[test]
fn the_command_as_a_whole_is_judged_like_a_test() {
    let drawn = draw("A+ Bx");
    let mut history = drawn.history.clone();
    if let retro_analysis::State::Tested(cells) = &mut history.commits[0].state {
        cells[1] = Some((retro_domain::Outcome::Passed, false));
    }
    let found = findings(&history);
    assert_eq!(found.broke.len(), 1);
    assert_eq!((found.broke[0].test, found.broke[0].commit), (1, 1));
}
