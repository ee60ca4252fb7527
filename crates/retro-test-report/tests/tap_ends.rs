//! TAP that ends in the middle of a line.

mod reading;

use reading::{Read, check};

const WHOLE: &str = "the last line has no line end: its test counts, but its name may be cut";
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
fn a_line_that_ends_inside_what_decides_its_result_is_no_test() {
    for last in [
        "not ok 2 - d # TO",
        "not ok 2 - d # ",
        "not ok 2 - d #",
        "ok 2 - d # sKi",
        "ok 2 - d # ti",
        "ok 2 - d \\",
        "ok 2 -",
        "ok 2",
        "ok",
        "not ok",
    ] {
        let read = check(format!("1..2\nok 1 - a\n{last}"), &["passed a"]);
        assert!(read.summary.truncated, "{last}");
        assert_eq!(told(&read), [CUT], "{last}");
        assert_eq!(
            read.summary.run_failure.as_deref(),
            Some("planned 2 tests, ran 1")
        );
    }
}

#[test]
fn a_line_that_says_all_it_should_counts() {
    for (last, expected) in [
        ("not ok 2 - d # TODO la", "skipped d"),
        ("ok 2 - d # skip", "skipped d"),
        ("not ok 2 - d", "failed d"),
        ("ok 2 - issue #12", "passed issue #12"),
    ] {
        let read = check(format!("1..2\nok 1 - a\n{last}"), &["passed a", expected]);
        assert!(!read.summary.truncated, "{last}");
        assert_eq!(told(&read), [WHOLE], "{last}");
    }
    // Where others are planned, the file was cut.
    let read = check("1..3\nok 1 - a\nok 2 - b", &["passed a"]);
    assert_eq!(told(&read), [CUT]);
    // A time without its whole unit is no time.
    let read = check("1..1\nok 1 - a # time=12m", &["passed a"]);
    assert_eq!(read.cases[0].duration, None);
}

#[test]
fn streams_without_descriptions_may_end_in_a_number() {
    let read = check("1..2\nok 1\nnot ok 2", &["passed test 1", "failed test 2"]);
    assert!(!read.summary.truncated);
    let mut tests: Vec<String> = (1..12).map(|n| format!("ok {n}\n")).collect();
    tests.push("not ok 1".to_owned());
    let text = format!("1..12\n{}", tests.concat());
    let read = reading::read(text);
    assert_eq!(read.cases.len(), 11);
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

/// Wherever a stream is cut, no test comes out that is not in it, and the cut is told.
#[test]
fn no_cut_makes_up_a_test_or_stays_unsaid() {
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
