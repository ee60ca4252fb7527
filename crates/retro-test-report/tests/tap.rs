//! TAP: one test per trap that real streams hold.

mod reading;

use std::time::Duration;

use reading::{check, read, read_with, shown};
use retro_domain::Location;
use retro_test_report::{Format, Options, ParseError};

#[test]
fn a_plan_may_stand_anywhere() {
    for text in [
        "1..2\nok 1 - a\nok 2 - b\n",
        "ok 1 - a\nok 2 - b\n1..2",
        "ok 1 - a\n1..2\nok 2 - b\n",
    ] {
        let read = check(text, &["passed a", "passed b"]);
        assert_eq!(
            (read.summary.truncated, read.summary.run_failure),
            (false, None),
            "{text}"
        );
    }
}

#[test]
fn a_plan_that_is_not_met_fails_the_run() {
    let short = check("1..3\nok 1 - a\n", &["passed a"]).summary;
    assert_eq!(short.run_failure.as_deref(), Some("planned 3 tests, ran 1"));
    assert!(short.truncated);
    let long = check("1..1\nok 1 - a\nok 2 - b\n", &["passed a", "passed b"]).summary;
    assert_eq!(long.run_failure.as_deref(), Some("planned 1 tests, ran 2"));
    assert!(!long.truncated);
}

#[test]
fn a_missing_plan_may_mean_missing_tests() {
    let read = check("TAP version 13\nok 1 - a\n", &["passed a"]);
    assert!(read.summary.truncated);
    assert_eq!(
        read.warnings,
        ["line 2: there is no plan: tests may be missing at the end"]
    );
}

#[test]
fn several_streams_after_each_other_are_one_report() {
    let read = check(
        "1..1\nok 1 - a\nTAP version 13\n1..2\nok 1 - b\nnot ok 2 - c\n",
        &["passed a", "passed b", "failed c"],
    );
    assert_eq!(read.summary.run_failure, None);
}

#[test]
fn a_stream_may_skip_everything() {
    let read = check("1..0 # SKIP no network\n", &[]);
    assert_eq!(
        (read.summary.truncated, read.summary.run_failure),
        (false, None)
    );
    assert_eq!(read.warnings, ["line 1: all tests are skipped: no network"]);
}

#[test]
fn numbers_may_be_missing_repeated_or_huge() {
    let read = check(
        "1..5\nok\nok 99999999999999999999\nok 2 b\nok 2 b\nok 0 c\n",
        &[
            "passed test 1",
            "passed test 18446744073709551615",
            "passed b",
            "passed b",
            "passed c",
        ],
    );
    assert_eq!(
        read.warnings,
        ["line 3: the numbers of tests are not in sequence from here on"]
    );
}

#[test]
fn directives_decide_what_counts() {
    let read = check(
        "1..6\nok 1 a # SKIP why\nnot ok 2 b # skip\nnot ok 3 c # TODO later\nok 4 d # todo\n\
         ok 5 e \\# TODO no\nok 6 # Skipped: gone\n",
        &[
            "skipped a",
            "skipped b",
            "skipped c",
            "skipped d",
            "passed e # TODO no",
            "skipped test 6",
        ],
    );
    let todo = |at: usize| {
        read.cases[at]
            .properties
            .iter()
            .find(|(name, _)| name == "todo")
    };
    assert_eq!(todo(2).map(|(_, v)| v.as_str()), Some("not ok"));
    assert_eq!(todo(3).map(|(_, v)| v.as_str()), Some("ok"));
    assert_eq!(todo(0), None);
    let messages: Vec<_> = read
        .cases
        .iter()
        .map(|case| case.message.as_deref())
        .collect();
    assert_eq!(
        messages,
        [Some("why"), None, Some("later"), None, None, Some("gone")]
    );
}

#[test]
fn an_old_plan_may_list_tests_to_do() {
    let read = check(
        "1..4 todo 2 3;\nok 1 a\nnot ok 2 b\nok 3 c\nnot ok 4 d\n",
        &["passed a", "skipped b", "skipped c", "failed d"],
    );
    let todo = |at: usize| read.cases[at].properties.first().map(|(_, v)| v.as_str());
    assert_eq!((todo(1), todo(2)), (Some("not ok"), Some("ok")));
    assert!(read.warnings.is_empty());
    // Only the program that had such lists wrote the semicolon; other readers see no list at all.
    let read = check(
        "1..2 todo 2\nok 1 a\nnot ok 2 b\n",
        &["passed a", "failed b"],
    );
    assert_eq!(
        read.warnings,
        ["line 1: a list of tests to do in a plan is read only when `;` ends it"]
    );
}

#[test]
fn tests_after_a_bail_out_count_and_the_run_fails() {
    let read = check(
        "1..3\nok 1 a\nBail out! No database.\nnot ok 2 b\nBail out!\n",
        &["passed a", "failed b"],
    );
    assert_eq!(
        read.summary.run_failure.as_deref(),
        Some("Bail out! No database. (and 1 more)")
    );
    assert!(!read.summary.truncated);
    assert_eq!(
        reading::read("1..1\nok 1\noh Bail out! x\n")
            .summary
            .run_failure,
        None
    );
}

#[test]
fn blocks_are_kept_and_picked_from() {
    let read = check(
        "TAP version 13\n1..2\nnot ok 1 - a\n  ---\n  message: 'bad'\n  duration_ms: 1.5\n  at:\n    file: t/a.js\n    \
         line: 3\n  ...\nok 2 - b\n  ---\n  duration_ms: 2\n  ...\n",
        &["failed a", "passed b"],
    );
    let case = &read.cases[0];
    assert_eq!(case.message.as_deref(), Some("bad"));
    assert_eq!(case.duration, Some(Duration::from_micros(1500)));
    assert_eq!(
        case.location,
        Some(Location {
            file: "t/a.js".into(),
            line: Some(3)
        })
    );
    assert!(
        case.detail
            .as_deref()
            .unwrap()
            .starts_with("message: 'bad'\n"),
        "{case:?}"
    );
    assert_eq!(read.cases[1].detail, None);
}

#[test]
fn a_block_that_is_no_yaml_stops_nothing() {
    check(
        "1..2\nok 1 - a\n  ---\n  \"In fact\": : :%%% <@!<\n\t* is not\n  ...\nok 2 - b\n",
        &["passed a", "passed b"],
    );
    // A block that never ends is over where a line is less indented than it.
    check(
        "1..2\nnot ok 1 - a\n  ---\n  x: y\n this is not\nok 2 - b\n",
        &["failed a", "passed b"],
    );
    check(
        "1..2\nok 1 - a\n ---\n foo: 1\n \n bar: 2\nnot ok 2 - b\n",
        &["passed a", "failed b"],
    );
    check(
        "1..2\nok 1 - a\n  ---\n  x: 1\n...\nok 2 - b\n",
        &["passed a", "passed b"],
    );
}

#[test]
fn tap_inside_a_block_is_text() {
    let read = check(
        "1..2\nok 1 - a\n  ---\n  out: |\n    TAP version 13\n    1..7\n    not ok 1 - inner\n    ...\n    Bail out!\n  \
         ...\nok 2 - b\n",
        &["passed a", "passed b"],
    );
    assert_eq!(
        (read.summary.subtests.total(), read.summary.run_failure),
        (0, None)
    );
}

const NESTED: &str = "TAP version 14\n    # Subtest: outer\n        ok 1 - deep\n        not ok 2 - deeper\n        \
    1..2\n    not ok 1 - inner # time=5ms\n      ---\n      message: why\n      ...\n    ok 2 - fine\n    1..2\n\
    not ok 1 - outer # time=1s\nok 2 - braces {\n    ok 1 - in braces\n    1..1\n}\n1..2\n";

#[test]
fn subtests_belong_to_their_test() {
    let read = check(NESTED, &["failed outer", "passed braces"]);
    let outer = &read.cases[0];
    assert_eq!(outer.duration, Some(Duration::from_secs(1)));
    let message = "1 of 2 subtests failed, first inner: 1 of 2 subtests failed, first deeper";
    assert_eq!(outer.message.as_deref(), Some(message));
    let counts = read.summary.subtests;
    assert_eq!((counts.passed, counts.failed), (3, 2));
    assert_eq!((read.summary.run_failure, read.warnings.len()), (None, 0));
}

#[test]
fn subtests_are_cases_when_asked_for() {
    let options = Options {
        subtests: true,
        ..Options::default()
    };
    let read = read_with(NESTED, None, &options).unwrap();
    assert_eq!(
        shown(&read.cases),
        [
            "passed outer/(subtest 1)::deep",
            "failed outer/(subtest 1)::deeper",
            "failed outer::inner",
            "passed outer::fine",
            "failed outer",
            "passed braces::in braces",
            "passed braces",
        ]
    );
    assert_eq!(read.summary.counts.total(), 2);
    // Node's runner announces a subtest at the level of its test.
    let node = "# Subtest: file.js\n    # Subtest: one\n    ok 1 - one\n    # Subtest: two\n        # Subtest: leaf\n        \
                ok 1 - leaf\n        1..1\n    ok 2 - two\n    1..2\nok 1 - file.js\n1..1\n";
    let read = read_with(node, None, &options).unwrap();
    assert_eq!(
        shown(&read.cases),
        [
            "passed file.js::one",
            "passed file.js/two::leaf",
            "passed file.js::two",
            "passed file.js"
        ]
    );
}

#[test]
fn a_subtest_that_lost_its_test_is_told() {
    let read = check(
        "1..1\nok 1 - a\n    # Subtest: lost\n    ok 1 - x\n",
        &["passed a"],
    );
    assert_eq!(
        read.warnings,
        ["line 4: the subtests at the end belong to no test"]
    );
}

#[test]
fn a_bail_out_of_a_subtest_is_one_of_the_run() {
    let read = check("1..1\n    ok 1\n    Bail out! deep\n", &[]);
    assert_eq!(read.summary.run_failure.as_deref(), Some("Bail out! deep"));
}

#[test]
fn comments_after_a_failure_are_its_details() {
    let read = check(
        "1..2\nsome output\nnot ok 1 - a\n#   Failed test 'a'\n#   at t/a.t line 12.\nok 2 - b\n# just a note\n",
        &["failed a", "passed b"],
    );
    let case = &read.cases[0];
    assert_eq!(case.message.as_deref(), Some("Failed test 'a'"));
    assert_eq!(
        case.location,
        Some(Location {
            file: "t/a.t".into(),
            line: Some(12)
        })
    );
    assert_eq!(case.stdout.as_deref(), Some("some output\n"));
    assert_eq!(read.cases[1].detail, None);
}

#[test]
fn bytes_and_line_ends_of_any_kind_are_read() {
    check(
        b"1..2\r\nok 1 - \xff\xfe\r\nok 2 - b\r\n",
        &["passed \u{fffd}\u{fffd}", "passed b"],
    );
    let wide: Vec<u8> = "\u{feff}1..1\r\nok 1 - é\r\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    check(wide, &["passed é"]);
    check("1..1\npragma +strict\n\nok 1 - a", &["passed a"]);
}

#[test]
fn what_is_no_tap_is_refused() {
    for text in ["one\nthree\n", "all ok\n", "<testsuites/>", "{}"] {
        let error = read_with(text, Some(Format::Tap), &Options::default()).err();
        assert!(
            matches!(error, Some(ParseError::NotAReport { .. })),
            "{text}"
        );
    }
    assert_eq!(read("TAP version 13\n").summary.counts.total(), 0);
    // A stream that is indented as a whole has no outermost tests, and does not pass for whole.
    let indented = check("   TAP version 13\n   1..1\n   ok 1\n", &[]);
    assert!(indented.summary.truncated);
}
