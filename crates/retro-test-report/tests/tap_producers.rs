//! What producers of TAP and those who run them say beside their tests.

mod reading;

use reading::{check, read, shown};

const PROVE: &str = "t/a.t .. \n1..1\nok 1 - same\nok\nt/b.t ....... \n1..2\nok 1 - same\n\
                     not ok 2 - other\n\n#   Failed test 'other'\n#   at t/b.t line 3.\n\
                     # Looks like you failed 1 test of 2.\n\
                     Dubious, test returned 1 (wstat 256, 0x100)\nFailed 1/2 subtests \n\n\
                     Test Summary Report\n-------------------\n\
                     t/b.t  (Wstat: 256 (exited 1) Tests: 2 Failed: 1)\n  Failed test:  2\n\
                     Result: FAIL\n";

#[test]
fn scripts_that_prove_runs_are_suites() {
    let read = check(
        PROVE,
        &[
            "passed t/a.t::same",
            "passed t/b.t::same",
            "failed t/b.t::other",
        ],
    );
    assert!(read.warnings.is_empty(), "{:?}", read.warnings);
    assert_eq!(
        (read.summary.truncated, read.summary.run_failure),
        (false, None)
    );
    let detail = read.cases[2].detail.as_deref();
    assert_eq!(detail, Some("Failed test 'other'\nat t/b.t line 3."));
}

#[test]
fn times_and_absolute_folders_of_prove_change_no_name() {
    check(
        "[12:00:01] /home/ci/build/t/a.t .. \n1..1\nok 1 - a\n\
         ok       23 ms ( 0.01 usr  0.00 sys +  0.02 cusr  0.00 csys =  0.03 CPU)\n[12:00:02]\n",
        &["passed a.t::a"],
    );
    // Without prove, `ok` alone is a test.
    check("1..2\nok\nok\n", &["passed test 1", "passed test 2"]);
}

#[test]
fn a_script_that_dies_fails_the_run() {
    let failure = |text: &str| read(text).summary.run_failure;
    let exited = "Looks like your test exited with 255 just after 1.";
    assert_eq!(
        failure(&format!("1..1\nok 1 - a\n# {exited}\n")).as_deref(),
        Some(exited)
    );
    let dubious = "Dubious, test returned 1 (wstat 256, 0x100)";
    assert_eq!(
        failure(&format!(
            "t/a.t .. \n1..1\nok 1 - a\n{dubious}\nAll 1 subtests passed \n"
        ))
        .as_deref(),
        Some(format!("t/a.t: {dubious}").as_str())
    );
    // A script that has no output at all.
    let text = format!("t/a.t .. \n{dubious}\nNo subtests run \nt/b.t .. \n1..1\nok 1 - b\nok\n");
    let read = check(&text, &["passed t/b.t::b"]);
    assert!(read.summary.run_failure.is_some());
    assert!(!read.summary.truncated);
    // Each script has its own plan.
    let text = "t/a.t .. \n1..2\nok 1 - a\nFailed 1/2 subtests \nt/b.t .. \n1..1\nok 1 - b\nok\n";
    let read = check(text, &["passed t/a.t::a", "passed t/b.t::b"]);
    assert_eq!(
        read.summary.run_failure.as_deref(),
        Some("t/a.t: planned 2 tests, ran 1")
    );
}

#[test]
fn output_that_looks_like_a_script_is_output() {
    let read = check(
        "1..2\nok 1 - a\nconf.yml ...\nok 2 - b\n",
        &["passed a", "passed b"],
    );
    assert_eq!(read.cases[1].stdout.as_deref(), Some("conf.yml ...\n"));
}

#[test]
fn a_summary_at_the_end_is_no_detail_of_a_test() {
    for summary in [
        "1..1\n# tests 1\n# suites 0\n# pass 0\n# fail 1\n# duration_ms 12.5\n",
        "# tests 1\n# pass  0\n# fail  1\n1..1\n",
        "1..1\n# failed 1 test\n# time=12.5ms\n",
        "# Looks like you failed 1 test of 1.\n1..1\n",
    ] {
        let read = check(format!("not ok 1 - a\n# why\n{summary}"), &["failed a"]);
        assert_eq!(read.cases[0].detail.as_deref(), Some("why"), "{summary}");
    }
    let read = check("1..1\nnot ok 1 - a\n# pass 3 arguments\n", &["failed a"]);
    assert_eq!(read.cases[0].message.as_deref(), Some("pass 3 arguments"));
}

#[test]
fn a_file_that_node_runs_is_named_without_its_folders() {
    let of = |folder: &str| {
        format!(
            "TAP version 13\n# Subtest: {folder}a.test.js\n    # Subtest: t\n    not ok 1 - t\n    \
             1..1\nnot ok 1 - {folder}a.test.js\n  ---\n  duration_ms: 1\n  ...\n1..1\n"
        )
    };
    for folder in ["/home/ci/build/test/", "C:\\\\work\\\\", ""] {
        let read = check(of(folder), &["failed a.test.js"]);
        let file = read.cases[0].location.as_ref().map(|place| &*place.file);
        let plain = folder.replace("\\\\", "\\");
        let expected = (!folder.is_empty()).then(|| format!("{plain}a.test.js"));
        assert_eq!(file, expected.as_deref());
    }
    // A test may be named after a route.
    check(
        "TAP version 13\n# Subtest: /api/users\nok 1 - /api/users\n1..1\n",
        &["passed /api/users"],
    );
}

#[test]
fn a_report_of_another_format_after_the_tests_is_told() {
    let read = read(
        "1..1\nok 1 - a\n<testsuite name=\"s\"><testcase name=\"x\"><failure/></testcase></testsuite>\n\
         <testsuite name=\"t\"/>\n",
    );
    assert_eq!(shown(&read.cases), ["passed a"]);
    assert_eq!(
        read.warnings,
        [
            "line 3: here begins JUnit XML in a stream of TAP; its tests are not read: give them a \
             file of their own"
        ]
    );
}
