//! TAP that ends in the middle of a line.

mod reading;

use reading::{Read, check};

const WHOLE: &str = "the last line has no line end: its test counts, but the line may be cut";
const CUT: &str = "the last line is cut, and was left out";

fn told(read: &Read) -> Vec<&str> {
    let words = |warning: &str| warning.split_once(": ").map(|(_, words)| words.to_owned());
    let all = read.warnings.iter().filter_map(|warning| words(warning));
    let all: Vec<String> = all.collect();
    [WHOLE, CUT]
        .into_iter()
        .filter(|known| all.iter().any(|told| told == known))
        .collect()
}

#[test]
fn a_last_line_that_reads_as_a_test_counts() {
    for (last, expected) in [
        ("not ok 2", "failed test 2"),
        ("not ok 2 - d", "failed d"),
        ("not ok 2 - d # TODO la", "skipped d"),
        ("ok 2 # skip foo", "skipped test 2"),
        ("ok 2 - issue #12", "passed issue #12"),
        ("ok 2 -", "passed test 2"),
        ("ok 2", "passed test 2"),
        ("ok", "passed test 2"),
        ("not ok", "failed test 2"),
    ] {
        let read = check(format!("1..2\nok 1 - a\n{last}"), &["passed a", expected]);
        assert!(!read.summary.truncated, "{last}");
        assert_eq!(read.summary.run_failure, None, "{last}");
        assert_eq!(told(&read), [WHOLE], "{last}");
    }
    // A time without its whole unit is no time.
    let read = check("1..1\nok 1 - a # time=12m", &["passed a"]);
    assert_eq!(read.cases[0].duration, None);
}

#[test]
fn a_line_that_ends_inside_a_directive_counts_and_is_cut() {
    for (last, expected) in [
        ("not ok 2 - d # TO", "failed d # TO"),
        ("not ok 2 - d #", "failed d #"),
        ("ok 2 - d # sKi", "passed d # sKi"),
        ("ok 2 - d # ti", "passed d # ti"),
        ("ok 2 - d \\", "passed d \\"),
    ] {
        let read = check(format!("1..2\nok 1 - a\n{last}"), &["passed a", expected]);
        assert!(read.summary.truncated, "{last}");
        assert_eq!(told(&read), [WHOLE], "{last}");
    }
}

#[test]
fn a_last_test_counts_also_when_the_plan_is_not_met() {
    for (text, expected) in [
        ("1..3\nok 1 - a\nok 2 - b", &["passed a", "passed b"][..]),
        (
            "1..4\nok 1 - a\nok 3 - b\nok 4 - c",
            &["passed a", "passed b", "passed c"],
        ),
        (
            "ok 1 - a\nnot ok 2 # TODO later",
            &["passed a", "skipped test 2"],
        ),
    ] {
        let read = check(text, expected);
        assert!(read.summary.truncated, "{text}");
        assert_eq!(told(&read), [WHOLE], "{text}");
    }
}

#[test]
fn subtests_end_as_tests_do() {
    let text = "1..1\n    1..2\n    ok 1 - a\n    not ok 2";
    let read = reading::read(text);
    let subtests = read.summary.subtests;
    assert_eq!((subtests.passed, subtests.failed), (1, 1));
    assert_eq!(told(&read), [WHOLE]);
}

#[test]
fn what_is_left_of_the_next_number_or_of_a_word_is_no_test() {
    let tests: String = (1..12).map(|n| format!("ok {n} - t{n}\n")).collect();
    for last in ["ok 1", "not ok 1"] {
        let read = reading::read(format!("1..12\n{tests}{last}"));
        assert_eq!(read.cases.len(), 11);
        assert!(read.summary.truncated);
        assert_eq!(told(&read), [CUT]);
    }
    for last in ["ok 12", "ok 1 - again", "ok 2", "ok"] {
        let read = reading::read(format!("1..12\n{tests}{last}"));
        assert_eq!(read.cases.len(), 12, "{last}");
        assert_eq!(told(&read), [WHOLE], "{last}");
    }
    let read = check("1..2\nok 1 - a\nnot o", &["passed a"]);
    assert!(read.summary.truncated);
}

#[test]
fn a_plan_at_the_end_may_be_cut() {
    let tests: String = (1..13).map(|n| format!("ok {n} - t{n}\n")).collect();
    let read = reading::read(format!("{tests}1..1"));
    assert!(read.summary.truncated);
    assert_eq!(read.summary.run_failure, None);
    assert_eq!(told(&read), [CUT]);
    let read = reading::read(format!("{tests}1..12"));
    assert!(!read.summary.truncated && read.warnings.is_empty());
    let read = reading::read(format!("{tests}1..13"));
    assert_eq!(
        read.summary.run_failure.as_deref(),
        Some("planned 13 tests, ran 12")
    );
}

/// Wherever a stream is cut, the tests before the last line are those in it, and the cut is told.
#[test]
fn no_cut_changes_whole_lines_or_stays_unsaid() {
    let whole = "TAP version 13\n1..4\nok 1 - a\nnot ok 2 - b # TODO x\nok 3 - c # SKIP y\n\
                 # Subtest: d\n    not ok 1 - inner\n    1..1\nnot ok 4 - d # time=12ms\n";
    let known = ["passed a", "skipped b", "skipped c", "failed d"];
    for end in "TAP version 13\n1..4".len()..whole.len() {
        let read = reading::read(&whole[..end]);
        let seen = reading::shown(&read.cases);
        let unsure = told(&read) == [WHOLE];
        let sure = seen.len() - usize::from(unsure);
        assert_eq!(seen[..sure], known[..sure], "{}", &whole[..end]);
        let is_told = read.summary.truncated || unsure || end + 1 == whole.len();
        assert!(is_told, "{}", &whole[..end]);
    }
}
