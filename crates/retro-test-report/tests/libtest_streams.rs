//! Streams of several Rust test binaries that are not as they should be.

mod reading;

use reading::{check, read, read_with, shown};
use retro_test_report::{Format, Options};

const NAMED: &str = "     Running unittests src/lib.rs (target/debug/deps/demo-e76d397044b69e52)\n";
const OK: &str = "test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n";

#[test]
fn a_file_that_ends_after_the_name_of_a_binary_is_cut() {
    let read = check(NAMED, &[]);
    assert!(read.summary.truncated);
    assert_eq!(
        read.warnings,
        ["line 1: the file ends after the name of a test binary"]
    );
    let read = check(
        format!("{NAMED}\nrunning 1 test\ntest a ... ok\n\n{OK}   Doc-tests demo\n\n"),
        &["passed demo/src/lib.rs::a"],
    );
    assert!(read.summary.truncated);
}

#[test]
fn a_file_that_ends_before_its_tests_are_announced_is_cut() {
    for rest in ["", "\n", "\nr", "\nrunning 3 tes", "\nrunning 3 tests"] {
        let read = check(format!("{NAMED}{rest}"), &[]);
        assert!(read.summary.truncated, "{rest:?}");
    }
}

#[test]
fn a_binary_without_the_harness_is_not_cut() {
    let read = check(format!("{NAMED}all 7 checks passed\n"), &[]);
    assert!(!read.summary.truncated);
    assert_eq!(read.summary.run_failure, None);
}

#[test]
fn a_binary_that_fails_before_its_first_test_fails_the_run() {
    let failed = "error: test failed, to rerun pass `--lib`\n";
    let failure = |text: String| read(text).summary.run_failure;
    assert_eq!(
        failure(format!("{NAMED}cannot open display\n{failed}")).as_deref(),
        Some("demo: error: test failed, to rerun pass `--lib`")
    );
    // Cargo's lines may have been captured apart from those of the binaries.
    let tests = "\nrunning 1 test\ntest a ... FAILED\n\nfailures:\n    a\n\n\
                 test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out\n";
    assert_eq!(failure(format!("{NAMED}{failed}{tests}")), None);
}

#[test]
fn tests_that_were_announced_and_not_counted_are_told() {
    let read = check(
        format!("running 5 tests\ntest a ... ok\n\n{OK}"),
        &["passed a"],
    );
    assert!(read.summary.truncated);
    assert_eq!(
        read.warnings,
        ["line 4: 5 tests were announced; the result line counts 1"]
    );
}

#[test]
fn events_that_were_announced_and_not_counted_are_told() {
    let read = check(
        "{ \"type\": \"suite\", \"event\": \"started\", \"test_count\": 5 }\n\
         { \"type\": \"test\", \"event\": \"ok\", \"name\": \"t\" }\n\
         { \"type\": \"suite\", \"event\": \"ok\", \"passed\": 1, \"failed\": 0 }\n",
        &["passed t"],
    );
    assert!(read.summary.truncated);
    assert_eq!(
        read.warnings,
        ["line 3: 5 tests were announced; the suite's end counts 1"]
    );
}

#[test]
fn text_after_events_is_read() {
    let events = "{ \"type\": \"suite\", \"event\": \"started\", \"test_count\": 1 }\n\
                  { \"type\": \"test\", \"event\": \"ok\", \"name\": \"t\" }\n\
                  { \"type\": \"suite\", \"event\": \"ok\", \"passed\": 1, \"failed\": 0 }\n";
    let doc = "   Doc-tests demo\n\nrunning 1 test\ntest src/lib.rs - f (line 3) ... FAILED\n\n\
               failures:\n\n---- src/lib.rs - f (line 3) stdout ----\nbad\n\n\nfailures:\n    \
               src/lib.rs - f (line 3)\n\n\
               test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out\n\n\
               error: doctest failed, to rerun pass `--doc`\n";
    let read = check(
        format!("{NAMED}{events}{doc}"),
        &[
            "passed demo/src/lib.rs::t",
            "failed demo/doc-tests::src/lib.rs - f (line 3)",
        ],
    );
    assert_eq!(read.warnings, [""; 0]);
    assert_eq!(
        (read.summary.truncated, read.summary.run_failure),
        (false, None)
    );
    assert_eq!(read.summary.format, Format::LibtestJson);
    // And events after text are told.
    let text = format!("running 1 test\ntest a ... ok\n\n{OK}\n{events}");
    let read = read_with(text, Some(Format::Libtest), &Options::default()).unwrap();
    assert_eq!(shown(&read.cases), ["passed a"]);
    assert_eq!(
        read.warnings,
        [
            "line 6: here begins libtest JSON in a stream of libtest text; its tests are not read: \
             give them a file of their own"
        ]
    );
}

/// There is a bound on the names that are kept, and no test is lost or told twice beyond it.
#[test]
fn more_failed_tests_than_can_wait_are_all_told_once() {
    let many = 60_000;
    let names = || (0..many).map(|n| format!("module::test_{n}"));
    let mut text = format!("running {many} tests\n");
    names().for_each(|name| text.push_str(&format!("test {name} ... FAILED\n")));
    text.push_str("\nfailures:\n\n");
    names().for_each(|name| text.push_str(&format!("---- {name} stdout ----\nwhy\n\n")));
    text.push_str("\nfailures:\n");
    names().for_each(|name| text.push_str(&format!("    {name}\n")));
    text.push_str(&format!(
        "\ntest result: FAILED. 0 passed; {many} failed; 0 ignored; 0 measured; 0 filtered out\n"
    ));
    let read = read(text);
    let mut seen: Vec<&str> = read.cases.iter().map(|case| &*case.id.name).collect();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!((seen.len(), read.cases.len()), (many, many));
    assert!(!read.summary.truncated);
    assert_eq!(read.warnings.len(), 1, "{:?}", read.warnings);
    assert!(read.warnings[0].contains("too many to wait for their details"));
    let with_detail = read.cases.iter().filter(|case| case.detail.is_some());
    assert!(with_detail.count() > 20_000);
}

#[test]
fn names_of_failed_tests_may_be_all_that_is_said_of_them() {
    let text = "running 3 tests\n..F\nfailures:\n\nfailures:\n    c\n\n\
                test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out\n";
    check(text, &["failed c"]);
}
