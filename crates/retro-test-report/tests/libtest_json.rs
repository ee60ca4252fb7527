//! The JSON of Rust's test harness and of cargo-nextest: one test per trap.

mod reading;

use std::time::Duration;

use reading::check;
use retro_domain::{Location, Outcome};

const START: &str = "{ \"type\": \"suite\", \"event\": \"started\", \"test_count\": 2 }\n";

#[test]
fn tests_end_by_their_events() {
    let read = check(
        r#"{ "type": "suite", "event": "started", "test_count": 5 }
{ "type": "test", "event": "started", "name": "a::good" }
{ "type": "test", "name": "a::good", "event": "ok", "exec_time": 0.25 }
{ "type": "test", "event": "started", "name": "a::bad" }
{ "type": "test", "event": "timeout", "name": "a::bad" }
{ "type": "test", "name": "a::bad", "event": "failed", "exec_time": "1.500s", "stdout": "out\n\nthread 'a::bad' (4711) panicked at src/lib.rs:9:5:\nassertion `left == right` failed\n  left: 1\n" }
{ "type": "test", "name": "a::later", "event": "ignored", "message": "slow" }
{ "type": "test", "name": "a::late", "event": "failed", "reason": "time limit exceeded" }
{ "type": "bench", "name": "a::quick", "median": 12, "deviation": 3 }
{ "type": "suite", "event": "failed", "passed": 1, "failed": 2, "ignored": 1, "measured": 1, "filtered_out": 0, "exec_time": 2.0 }
{ "type": "report", "total_time": 0.2, "compilation_time": 0.1 }
"#,
        &[
            "passed a::good",
            "failed a::bad",
            "skipped a::later",
            "failed a::late",
            "passed a::quick",
        ],
    );
    assert_eq!(read.warnings, [""; 0]);
    assert_eq!(
        (read.summary.truncated, read.summary.run_failure),
        (false, None)
    );
    let bad = &read.cases[1];
    assert_eq!(
        bad.message.as_deref(),
        Some("assertion `left == right` failed")
    );
    assert_eq!(bad.duration, Some(Duration::from_millis(1500)));
    let place = Location {
        file: "src/lib.rs".into(),
        line: Some(9),
    };
    assert_eq!(bad.location, Some(place));
    assert!(bad.detail.as_deref().unwrap().starts_with("out\n"));
    assert_eq!(read.cases[2].message.as_deref(), Some("slow"));
    assert_eq!(
        read.cases[3].message.as_deref(),
        Some("time limit exceeded")
    );
    assert_eq!(
        read.cases[4].properties,
        [("bench".into(), "12 ns/iter (+/- 3)".into())]
    );
    assert_eq!(read.summary.suites[0].claimed.tests, Some(5));
}

#[test]
fn a_binary_that_dies_leaves_tests_without_an_end() {
    let started = "{ \"type\": \"test\", \"event\": \"started\", \"name\": \"a\" }\n{ \"type\": \"test\", \"event\": \"started\", \"name\": \"b\" }\n";
    let next = "{ \"type\": \"suite\", \"event\": \"started\", \"test_count\": 0 }\n{ \"type\": \"suite\", \"event\": \"ok\", \"passed\": 0, \"failed\": 0, \"ignored\": 0, \"measured\": 0 }\n";
    for end in ["", next] {
        let read = check(
            format!("{START}{started}{end}"),
            &["errored a", "errored b"],
        );
        assert!(read.summary.truncated);
        assert!(
            read.summary
                .run_failure
                .unwrap()
                .contains("after 2 of 2 tests")
        );
    }
    let told = "error: test failed\n\nCaused by:\n  process didn't exit successfully: `x` (signal: 6, SIGABRT)\n";
    let read = check(
        format!("{START}{started}{told}"),
        &["errored a", "errored b"],
    );
    assert!(
        read.cases[0]
            .message
            .as_deref()
            .unwrap()
            .contains("error: test failed")
    );
    // Inside a line it is the file that was cut.
    let read = check(format!("{START}{started}{{ \"ty"), &[]);
    assert!(read.summary.truncated);
}

#[test]
fn counts_that_differ_are_told() {
    let text = format!(
        "{START}{{ \"type\": \"test\", \"name\": \"a\", \"event\": \"ok\" }}\n{{ \"type\": \"suite\", \"event\": \"ok\", \"passed\": 2, \"failed\": 0, \"ignored\": 0, \"measured\": 0 }}\n"
    );
    let read = check(text, &["passed a"]);
    assert!(read.summary.truncated);
    assert_eq!(
        read.warnings,
        ["line 3: a suite claims 2 passed, 0 failed, 0 ignored; the events before are 1, 0 and 0"]
    );
}

#[test]
fn cargo_names_the_binary_when_its_lines_are_there() {
    let one = "{ \"type\": \"suite\", \"event\": \"started\", \"test_count\": 1 }\nprinted{ \"type\": \"test\", \"name\": \"a\", \"event\": \"ok\" }\n{ \"type\": \"suite\", \"event\": \"ok\", \"passed\": 1, \"failed\": 0, \"ignored\": 0, \"measured\": 0 }\n";
    let text = format!(
        "     Running unittests src/lib.rs (target/debug/deps/demo-e76d397044b69e52)\n{one}   Doc-tests demo\n{one}"
    );
    check(
        text,
        &["passed demo/src/lib.rs::a", "passed demo/doc-tests::a"],
    );
}

#[test]
fn nextest_names_the_binary_in_each_test() {
    let read = check(
        r#"{"type":"suite","event":"started","test_count":2,"nextest":{"crate":"demo","test_binary":"it","kind":"test"}}
{"type":"test","event":"started","name":"demo::it$a::b"}
{"type":"test","event":"ok","name":"demo::it$a::b#2","exec_time":0.1}
{"type":"test","event":"ignored","name":"demo::it$c"}
{"type":"suite","event":"ok","passed":1,"failed":0,"ignored":1,"measured":0,"filtered_out":0,"exec_time":0.1}
"#,
        &["passed demo/it::a::b", "skipped demo/it::c"],
    );
    assert!(read.cases[0].flaky);
    assert_eq!(read.cases[0].attempts.len(), 2);
    assert_eq!(read.summary.suites[0].path, ["demo", "it"]);
}

#[test]
fn paths_of_windows_are_written_as_they_are() {
    let read = check(
        r#"{ "type": "suite", "event": "started", "test_count": 2 }
{ "type": "test", "name": "src\lib.rs - f (line 4)", "event": "ok" }
{ "type": "test", "name": "src\bindings\util.rs - f (line 5)", "event": "ok" }
"#,
        &[
            "passed src\\lib.rs - f (line 4)",
            "passed src\\bindings\\util.rs - f (line 5)",
        ],
    );
    let place = Location {
        file: "src/bindings/util.rs".into(),
        line: Some(5),
    };
    assert_eq!(read.cases[1].location, Some(place));
    assert_eq!(read.cases[1].outcome, Outcome::Passed);
}
