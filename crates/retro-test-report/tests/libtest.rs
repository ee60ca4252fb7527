//! The text of `cargo test`: one test per trap that real output holds.

mod reading;

use std::time::Duration;

use reading::{check, read, read_with};
use retro_domain::Location;
use retro_test_report::{Format, Options, ParseError};

const TWO_BINARIES: &str = "    Finished `test` profile\n     Running unittests src/lib.rs \
(target/debug/deps/demo-e76d397044b69e52)\n\nrunning 4 tests\ntest a::good ... ok\ntest a::bad ... FAILED\n\
test a::later ... ignored, slow\ntest a::sp - should panic ... ok\n\nfailures:\n\n---- a::bad stdout ----\nout\n\n\
thread 'a::bad' (5634) panicked at src/lib.rs:23:41:\nassertion `left == right` failed: numbers\n  left: 1\n right: 2\n\
note: run with `RUST_BACKTRACE=1`\n\n\nfailures:\n    a::bad\n\ntest result: FAILED. 2 passed; 1 failed; 1 ignored; \
0 measured; 0 filtered out; finished in 0.25s\n\nerror: test failed, to rerun pass `--lib`\n   Doc-tests demo\n\n\
running 1 test\ntest src/lib.rs - f (line 4) - compile fail ... ok\n\ntest result: ok. 1 passed; 0 failed; 0 ignored; \
0 measured; 0 filtered out; finished in 0.05s\n\n";

#[test]
fn binaries_after_each_other_are_one_report() {
    let read = check(
        TWO_BINARIES,
        &[
            "passed demo/src/lib.rs::a::good",
            "skipped demo/src/lib.rs::a::later",
            "passed demo/src/lib.rs::a::sp",
            "failed demo/src/lib.rs::a::bad",
            "passed demo/doc-tests::src/lib.rs - f (line 4)",
        ],
    );
    assert_eq!(read.warnings, [""; 0]);
    assert_eq!(
        (read.summary.truncated, read.summary.run_failure),
        (false, None)
    );
    let bad = &read.cases[3];
    assert_eq!(
        bad.message.as_deref(),
        Some("assertion `left == right` failed: numbers")
    );
    assert_eq!(
        bad.location,
        Some(Location {
            file: "src/lib.rs".into(),
            line: Some(23)
        })
    );
    assert!(
        bad.detail
            .as_deref()
            .unwrap()
            .starts_with("out\n\nthread 'a::bad'")
    );
    assert_eq!(read.cases[1].message.as_deref(), Some("slow"));
    assert_eq!(
        read.cases[2].properties,
        [("mode".to_owned(), "should panic".to_owned())]
    );
    let place = Location {
        file: "src/lib.rs".into(),
        line: Some(4),
    };
    assert_eq!(read.cases[4].location, Some(place));
    assert_eq!(read.summary.suites[0].path, ["demo", "src/lib.rs"]);
    assert_eq!(
        read.summary.suites[0].duration,
        Some(Duration::from_millis(250))
    );
}

#[test]
fn without_the_names_of_binaries_the_suite_is_empty() {
    let stdout: String = TWO_BINARIES
        .split_inclusive('\n')
        .filter(|line| !line.contains("Running") && !line.contains("Doc-tests"))
        .collect();
    let read = read(stdout);
    assert_eq!(read.summary.counts.total(), 5);
    assert!(read.cases.iter().all(|case| case.id.suite.is_empty()));
}

#[test]
fn output_of_tests_may_stand_between_a_name_and_its_result() {
    let read = check(
        "\nrunning 5 tests\ntest a ... hello\nmore\nok\ntest b ... no newlineok\n\
         test c ... thread 'c' panicked at src/lib.rs:3:4:\nboom\nFAILED\noutputtest d ... ok\ntest e ... \n\nok\n\n\
         failures:\n\nfailures:\n    c\n\ntest result: FAILED. 4 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out\n",
        &["passed a", "passed b", "failed c", "passed d", "passed e"],
    );
    assert_eq!(read.warnings, [""; 0]);
    assert_eq!(read.cases[0].stdout.as_deref(), Some("hello\nmore\n"));
    assert_eq!(read.cases[1].stdout.as_deref(), Some("no newline"));
    assert_eq!(read.cases[2].message.as_deref(), Some("boom"));
}

#[test]
fn a_result_that_was_lost_in_output_is_told_by_the_list_and_the_counts() {
    let read = check(
        "\nrunning 3 tests\ntest a ... garbled\ntest b ... garbled\ntest c ... ok\n\nfailures:\n\nfailures:\n    a\n\n\
         test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out\n",
        &["passed c", "passed b", "failed a"],
    );
    assert_eq!(read.warnings, [""; 0]);
}

#[test]
fn a_test_may_run_a_harness_of_its_own() {
    let inner = "running 1 test\ntest inner ... ok\n\nfailures:\n\n---- inner stdout ----\nx\n\nfailures:\n    inner\n\n\
                 test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out\n";
    let captured = format!(
        "\nrunning 2 tests\ntest a ... FAILED\ntest b ... FAILED\n\nfailures:\n\n---- a stdout ----\n\n{inner}\nthread 'a' \
         panicked at src/a.rs:1:2:\nouter\n\n---- b stdout ----\nB\n\nfailures:\n    a\n    b\n\ntest result: FAILED. \
         0 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out\n"
    );
    let read = check(captured, &["failed a", "failed b"]);
    assert_eq!(read.cases[0].message.as_deref(), Some("outer"));
    assert_eq!(read.warnings, [""; 0]);
    let shown = format!(
        "\nrunning 2 tests\ntest a ... \n{inner}\nok\ntest b ... ok\n\ntest result: ok. 2 passed; 0 failed; 0 ignored; \
         0 measured; 0 filtered out\n"
    );
    assert_eq!(check(shown, &["passed a", "passed b"]).warnings, [""; 0]);
}

#[test]
fn colours_benchmarks_and_reported_times_are_read() {
    let read = check(
        "\nrunning 4 tests\ntest a ... \u{1b}[32mok\u{1b}(B\u{1b}[m\ntest b ... bench:   1,234 ns/iter (+/- 5)\n\
         test c ... ok <0.250s>\ntest slow has been running for over 60 seconds\ntest slow ... ok\n\n\
         test result: ok. 3 passed; 0 failed; 0 ignored; 1 measured; 0 filtered out; finished in 61.00s\n",
        &["passed a", "passed b", "passed c", "passed slow"],
    );
    assert_eq!(read.warnings, [""; 0]);
    let bench = ("bench".to_owned(), "1,234 ns/iter (+/- 5)".to_owned());
    assert_eq!(read.cases[1].properties, [bench]);
    assert_eq!(read.cases[2].duration, Some(Duration::from_millis(250)));
}

#[test]
fn a_binary_that_died_names_the_test_that_ran() {
    let died = "     Running tests/abort.rs (target/debug/deps/abort-d2507251be552f3f)\n\nrunning 3 tests\ntest a ... ok\n\
                test b ... error: test failed, to rerun pass `--test abort`\n\nCaused by:\n  process didn't exit \
                successfully: `abort` (signal: 6, SIGABRT: process abort signal)\n     Running tests/it.rs \
                (target/debug/deps/it-335bced671b6981e)\n\nrunning 1 test\ntest one ... ok\n\ntest result: ok. 1 passed; \
                0 failed; 0 ignored; 0 measured; 0 filtered out\n";
    let read = check(
        died,
        &[
            "passed abort/tests/abort.rs::a",
            "errored abort/tests/abort.rs::b",
            "passed it/tests/it.rs::one",
        ],
    );
    assert!(read.summary.truncated);
    assert_eq!(
        read.summary.run_failure.as_deref(),
        Some(
            "abort ended without a result line after 2 of 3 tests: process didn't exit successfully: `abort` \
             (signal: 6, SIGABRT: process abort signal)"
        )
    );
    assert!(
        read.cases[1]
            .message
            .as_deref()
            .unwrap()
            .contains("SIGABRT")
    );
}

#[test]
fn a_binary_that_died_silently_is_noticed_when_the_next_begins() {
    let read = check(
        "\nrunning 3 tests\ntest a ... ok\n\nrunning 1 test\ntest b ... ok\n\ntest result: ok. 1 passed; 0 failed; \
         0 ignored; 0 measured; 0 filtered out\n",
        &["passed a", "passed b"],
    );
    assert!(read.summary.truncated);
    assert!(
        read.summary
            .run_failure
            .unwrap()
            .contains("after 1 of 3 tests")
    );
}

#[test]
fn a_file_that_is_cut_keeps_what_was_complete() {
    let read = check(
        "\nrunning 3 tests\ntest a ... ok\ntest b ... FAILED\ntest c ... ",
        &["passed a", "failed b"],
    );
    assert!(read.summary.truncated);
    assert_eq!(
        read.warnings,
        ["line 5: the file ends inside the test c, which is left out"]
    );
}

#[test]
fn quiet_output_names_failures_only_and_says_so() {
    let read = check(
        "\nrunning 3 tests\n.i\ntests::err --- FAILED\n\nfailures:\n\n---- tests::err stdout ----\nError: \"nope\"\n\n\n\
         failures:\n    tests::err\n\ntest result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out\n",
        &["failed tests::err"],
    );
    assert_eq!(read.cases[0].message.as_deref(), Some("Error: \"nope\""));
    assert!(read.summary.truncated, "tests are missing");
    assert_eq!(read.warnings.len(), 1);
    // Older harnesses print an F.
    let old = check(
        "\nrunning 2 tests\nFF\nfailures:\n\n---- a stdout ----\nA\n---- b stdout ----\nB\n\nfailures:\n    a\n    b\n\n\
         test result: FAILED. 0 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out\n",
        &["failed a", "failed b"],
    );
    assert_eq!(old.cases[1].detail.as_deref(), Some("B"));
}

#[test]
fn what_passed_tests_printed_is_passed_over() {
    let read = check(
        "\nrunning 2 tests\ntest a ... ok\ntest b ... FAILED\n\nsuccesses:\n\n---- a stdout ----\nhello\n\n\nsuccesses:\n    \
         a\n\nfailures:\n\n---- b stdout ----\nB\n\nfailures:\n    b\n\ntest result: FAILED. 1 passed; 1 failed; 0 ignored; \
         0 measured; 0 filtered out\n",
        &["passed a", "failed b"],
    );
    assert_eq!(read.warnings, [""; 0]);
}

#[test]
fn counts_that_differ_are_told() {
    let read = check(
        "\nrunning 2 tests\ntest a ... ok\n\ntest result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n",
        &["passed a"],
    );
    assert!(read.summary.truncated);
    assert_eq!(
        read.warnings,
        [
            "line 5: the result line claims 2 passed, 0 failed, 0 ignored; the lines before it name 1, 0 and 0"
        ]
    );
    let huge = format!(
        "test result: ok. {0} passed; {0} failed; {0} ignored; 0 measured\n",
        u64::MAX
    );
    assert!(reading::read(huge).summary.truncated);
    let unnamed = reading::read(
        "\nrunning 1 test\n\ntest result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured\n",
    );
    let why = "a test binary failed without naming a failed test";
    assert_eq!(unnamed.summary.run_failure.as_deref(), Some(why));
}

#[test]
fn a_binary_without_tests_is_a_report() {
    let read = check(
        "\nrunning 0 tests\n\ntest result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n",
        &[],
    );
    assert!(!read.summary.truncated);
    let error = read_with(
        "error: could not compile `demo`",
        Some(Format::Libtest),
        &Options::default(),
    )
    .err();
    assert!(matches!(error, Some(ParseError::NotAReport { .. })));
}
