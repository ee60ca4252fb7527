//! JUnit XML as single writers write it: what `junit.rs` has no test for.

mod reading;

use std::time::Duration;

use reading::{check, read, shown};
use retro_domain::{Outcome, RepeatRule, TestCase};

#[test]
fn times_are_read_in_the_shapes_that_writers_use() {
    let times = [
        ("1.5", Some(1_500)),
        ("0,25", Some(250)),
        ("1,234.5", Some(1_234_500)),
        ("1.234,5", Some(1_234_500)),
        ("1.5E-2", Some(15)),
        ("2e1", Some(20_000)),
        ("0:01:02.5", Some(62_500)),
        ("-0.0", Some(0)),
        ("", None),
    ];
    let cases: String = times
        .iter()
        .map(|(time, _)| format!("<testcase name='{time}' time='{time}'/>"))
        .collect();
    let read = read(format!(
        "<testsuite>{cases}<testcase name='none'/></testsuite>"
    ));
    let seen: Vec<Option<Duration>> = read.cases.iter().map(|case| case.duration).collect();
    let expected = times
        .iter()
        .map(|(_, millis)| millis.map(Duration::from_millis));
    assert_eq!(seen, expected.chain([None]).collect::<Vec<_>>());
    assert_eq!(read.warnings, [""; 0]);
}

#[test]
fn timestamps_are_read_in_the_shapes_that_writers_use() {
    for (timestamp, millis) in [
        ("1970-01-02T00:00:01", Some(86_401_000)),
        ("1970-01-02 00:00:01", Some(86_401_000)),
        ("1970-01-02T01:00:01.5+01:00", Some(86_401_500)),
        ("1970-01-02", Some(86_400_000)),
        ("Fri, 02 Jan 1970 00:00:01 GMT", Some(86_401_000)),
        ("Fri Jan  2 00:00:01 1970", Some(86_401_000)),
        ("1530021092", Some(1_530_021_092_000)),
        ("", None),
        ("tomorrow", None),
    ] {
        let read = check(
            format!("<testsuite name='s' timestamp='{timestamp}'><testcase name='a'/></testsuite>"),
            &["passed s::a"],
        );
        let started = read.summary.suites[0].started;
        assert_eq!(started.map(|at| at.unix_millis()), millis, "{timestamp}");
        assert_eq!(read.warnings.is_empty(), timestamp != "tomorrow");
    }
}

#[test]
fn line_ends_of_windows_are_one_character() {
    let read = check(
        "\u{feff}<?xml version=\"1.0\"?>\r\n<testsuite>\r\n<testcase name=\"a\">\r\n<failure message=\"l1&#13;&#10;l2\">\
         \r\nd1\r\nd2\r\n</failure>\r\n<system-out>o1\r\no2</system-out>\r\n</testcase>\r\n</testsuite>\r\n",
        &["failed a"],
    );
    let case = &read.cases[0];
    assert_eq!(case.message.as_deref(), Some("l1"));
    assert_eq!(case.detail.as_deref(), Some("l1\nl2\nd1\nd2"));
    assert_eq!(case.stdout.as_deref(), Some("o1\no2"));
}

#[test]
fn a_suite_may_fail_or_be_skipped_beside_its_cases() {
    let read = check(
        "<testsuites><testsuite name='a' errors='1'><testcase name='x'/><error>no teardown</error></testsuite>\
         <testsuite name='b'><failure message='no setup'/><testcase name='y'><skipped/></testcase></testsuite>\
         <testsuite name='c'><skipped message='not here'/></testsuite></testsuites>",
        &["passed a::x", "skipped b::y"],
    );
    assert_eq!(
        read.summary.run_failure.as_deref(),
        Some("a failed outside of its tests: no teardown (and 1 more)")
    );
}

#[test]
fn googletest_says_in_attributes_what_did_not_run() {
    let read = check(
        "<testsuites tests='3' failures='0' disabled='1' errors='0' name='AllTests'>\
         <testsuite name='S' tests='3' failures='0' disabled='1' skipped='1' errors='0'>\
         <testcase name='a' status='run' result='completed' time='0.' classname='S'/>\
         <testcase name='DISABLED_b' status='notrun' result='suppressed' time='0' classname='S'/>\
         <testcase name='c' status='run' result='skipped' time='0' classname='S'><skipped message='m'/></testcase>\
         </testsuite></testsuites>",
        &["passed S::a", "skipped S::DISABLED_b", "skipped S::c"],
    );
    // Disabled tests are not among the skipped ones.
    assert_eq!(read.warnings, [""; 0]);
}

#[test]
fn retries_of_nextest_are_attempts() {
    let read = check(
        "<testsuites name='nextest-run' tests='2' failures='1' errors='0'><testsuite name='crate' tests='2' disabled='0' \
         errors='0' failures='1'><testcase name='flaky' classname='crate' time='0.1'>\
         <flakyFailure timestamp='2020-01-01T00:00:00Z' time='0.2' message='thread panicked' type='test failure with exit code 101'>\
         thread &apos;flaky&apos; panicked<system-out>o</system-out><system-err>e</system-err></flakyFailure></testcase>\
         <testcase name='broken' classname='crate' time='0.3'><failure message='m' type='t'>last</failure>\
         <rerunFailure time='0.1' message='m' type='t'>first</rerunFailure><rerunFailure time='0.2' message='m' type='t'>\
         second</rerunFailure></testcase></testsuite></testsuites>",
        &["passed crate::flaky", "failed crate::broken"],
    );
    assert_eq!(read.warnings, [""; 0]);
    let flaky = &read.cases[0];
    assert!(flaky.flaky);
    let failed: Vec<_> = flaky
        .attempts
        .iter()
        .filter(|attempt| attempt.outcome == Outcome::Failed)
        .collect();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].duration, Some(Duration::from_millis(200)));
    assert_eq!(failed[0].detail.as_deref(), Some("thread 'flaky' panicked"));
    let mut details: Vec<_> = read.cases[1]
        .attempts
        .iter()
        .map(|attempt| attempt.detail.as_deref())
        .collect();
    details.sort();
    assert_eq!(details, [Some("first"), Some("last"), Some("second")]);
}

#[test]
fn repeated_names_are_attempts_whatever_their_order() {
    let first = "<testcase classname='C' name='x' time='1'><failure message='one'/></testcase>";
    let second = "<testcase classname='C' name='x' time='2'><error message='two'/></testcase>";
    let third = "<testcase classname='C' name='x' time='3'/>";
    let merged = |order: [&str; 3], rule: RepeatRule| -> TestCase {
        let read = read(format!(
            "<testsuite name='s'>{}</testsuite>",
            order.concat()
        ));
        // The reader keeps them apart: they may be different tests.
        assert_eq!(read.summary.counts.total(), 3);
        let mut cases = read.cases.into_iter();
        let start = cases.next().unwrap();
        cases.fold(start, |all, case| all.merge(case, rule))
    };
    for (rule, outcome, flaky) in [
        (RepeatRule::AnyPassPasses, Outcome::Passed, true),
        (RepeatRule::AnyFailureFails, Outcome::Errored, false),
    ] {
        let expected = merged([first, second, third], rule);
        assert_eq!((expected.outcome, expected.flaky), (outcome, flaky));
        assert_eq!(expected.attempts.len(), 3);
        for order in [
            [first, third, second],
            [second, first, third],
            [second, third, first],
            [third, first, second],
            [third, second, first],
        ] {
            assert_eq!(merged(order, rule), expected);
        }
    }
}

#[test]
fn encodings_that_are_declared_are_used() {
    check(
        b"<?xml version='1.0' encoding='windows-1252'?><testsuite name='\x80 \x93'><testcase name='a'/></testsuite>",
        &["passed \u{20ac} \u{201c}::a"],
    );
    // Some declare what they do not write.
    check(
        "<?xml version='1.0' encoding='utf-16'?><testsuite name='é'><testcase name='a'/></testsuite>",
        &["passed é::a"],
    );
}

#[test]
fn a_cut_inside_of_nested_suites_keeps_what_ended() {
    let read = read(
        "<testsuites tests='9'><testsuite name='a' tests='9'><testsuite name='b'><testcase name='x'/></testsuite>\
         <testcase name='y'><system-out><![CDATA[half",
    );
    assert_eq!(shown(&read.cases), ["passed a/b::x"]);
    assert!(read.summary.truncated);
    let suites: Vec<_> = read
        .summary
        .suites
        .iter()
        .map(|s| s.path.join("/"))
        .collect();
    assert_eq!(suites, ["a/b", "a", ""]);
}

#[test]
fn more_results_than_are_kept_still_count() {
    let text = format!(
        "<testsuite><testcase name='a'>{}<error message='last'/></testcase></testsuite>",
        "<skipped/>".repeat(2_000)
    );
    check(text, &["errored a"]);
}
