//! What `go test` writes, with `-json` and without: one test per trap that real output holds.

mod reading;

use std::time::Duration;

use reading::{check, read, read_with};
use retro_domain::{Attachment, Location};
use retro_test_report::{Format, Options};

/// Events from a short form: package, action, test, and the rest of the object.
fn events(lines: &[(&str, &str, &str, &str)]) -> String {
    let mut text = String::new();
    for (package, action, test, rest) in lines {
        let test = match test {
            &"" => String::new(),
            test => format!(",\"Test\":\"{test}\""),
        };
        text.push_str(&format!(
            "{{\"Time\":\"2024-05-01T10:00:00.5Z\",\"Action\":\"{action}\",\"Package\":\"{package}\"{test}{rest}}}\n"
        ));
    }
    text
}

fn out(text: &str) -> String {
    format!(",\"Output\":\"{text}\\n\"")
}

#[test]
fn tests_and_subtests_are_tests_of_their_own() {
    let error = out("    a_test.go:9: 1 is not 2");
    let skip = out("    a_test.go:12: no network");
    let text = events(&[
        ("p/a", "start", "", ""),
        ("p/a", "run", "TestA", ""),
        ("p/a", "output", "TestA", &out("=== RUN   TestA")),
        ("p/a", "run", "TestA/x#01", ""),
        ("p/a", "output", "TestA/x#01", &out("printed")),
        ("p/a", "output", "TestA/x#01", &error),
        (
            "p/a",
            "output",
            "TestA/x#01",
            &out("    --- FAIL: TestA/x#01 (0.25s)"),
        ),
        ("p/a", "fail", "TestA/x#01", ",\"Elapsed\":0.25"),
        ("p/a", "fail", "TestA", ",\"Elapsed\":0.5"),
        ("p/b", "start", "", ""),
        ("p/b", "run", "TestB", ""),
        ("p/b", "pause", "TestB", ""),
        ("p/b", "cont", "TestB", ""),
        ("p/b", "output", "TestB", &skip),
        ("p/b", "skip", "TestB", ",\"Elapsed\":0"),
        ("p/a", "output", "", &out("coverage: 66.7% of statements")),
        ("p/a", "fail", "", ",\"Elapsed\":1.5"),
        ("p/b", "pass", "", ""),
    ]);
    let read = check(
        text,
        &[
            "failed p/a::TestA/x#01",
            "failed p/a::TestA",
            "skipped p/b::TestB",
        ],
    );
    let inner = &read.cases[0];
    assert_eq!(inner.message.as_deref(), Some("1 is not 2"));
    let place = Location {
        file: "a_test.go".into(),
        line: Some(9),
    };
    assert_eq!(inner.location, Some(place));
    assert_eq!(inner.duration, Some(Duration::from_millis(250)));
    assert_eq!(
        inner.stdout.as_deref(),
        Some("printed\n    a_test.go:9: 1 is not 2\n")
    );
    assert_eq!(inner.detail.as_deref(), Some("    a_test.go:9: 1 is not 2"));
    assert_eq!(read.cases[2].message.as_deref(), Some("no network"));
    assert_eq!(
        (read.summary.truncated, read.summary.run_failure),
        (false, None)
    );
    let suite = &read.summary.suites[0];
    assert_eq!(suite.duration, Some(Duration::from_millis(1500)));
    assert!(suite.started.is_some());
    assert_eq!(
        suite.properties,
        [("coverage".into(), "66.7% of statements".into())]
    );
}

#[test]
fn a_panic_or_a_timeout_leaves_tests_without_an_end() {
    let text = events(&[
        ("p", "run", "TestA", ""),
        ("p", "run", "TestWaits", ""),
        ("p", "pause", "TestWaits", ""),
        (
            "p",
            "output",
            "TestA",
            &out("panic: test timed out after 1s"),
        ),
        ("p", "fail", "", ""),
    ]);
    let read = check(text, &["errored p::TestA", "errored p::TestWaits"]);
    assert_eq!(
        read.cases[0].message.as_deref(),
        Some("the test did not end: panic: test timed out after 1s")
    );
    assert_eq!(
        read.cases[1].message.as_deref(),
        Some("the test did not resume: panic: test timed out after 1s")
    );
    assert!(!read.summary.truncated);
}

#[test]
fn output_that_stops_is_truncated() {
    let whole = events(&[
        ("p", "run", "TestA", ""),
        ("p", "pass", "TestA", ""),
        ("p", "run", "TestB", ""),
    ]);
    let read = check(&whole, &["passed p::TestA", "errored p::TestB"]);
    assert!(read.summary.truncated);
    // Inside a line it is the file that was cut, and nothing is known of the test.
    let read = check(format!("{whole}{{\"Time\":\"20"), &["passed p::TestA"]);
    assert!(read.summary.truncated);
    assert_eq!(
        read.warnings,
        ["line 4: the report ends inside 1 tests of p, which are left out"]
    );
}

#[test]
fn a_package_may_fail_without_a_test() {
    let text = events(&[
        ("p", "start", "", ""),
        ("p", "output", "", &out("main says no")),
        ("p", "output", "", &out("FAIL\\tp\\t0.001s")),
        ("p", "fail", "", ""),
    ]);
    let read = check(text, &[]);
    assert_eq!(
        read.summary.run_failure.as_deref(),
        Some("p failed without a failed test: main says no")
    );
}

#[test]
fn a_package_that_does_not_build_is_errored() {
    let events = [
        r#"{"ImportPath":"p [p.test]","Action":"build-output","Output":"\u0023 p [p.test]\n"}"#,
        r#"{"ImportPath":"p [p.test]","Action":"build-output","Output":"./a_test.go:7:2: undefined: y\n"}"#,
        r#"{"ImportPath":"p [p.test]","Action":"build-fail"}"#,
        r#"{"Action":"start","Package":"p"}"#,
        r#"{"Action":"output","Package":"p","Output":"FAIL\tp [build failed]\n"}"#,
        r#"{"Action":"fail","Package":"p","Elapsed":0,"FailedBuild":"p [p.test]"}"#,
    ];
    let text = "# p [p.test]\n./a_test.go:7:2: undefined: y\nFAIL\tp [build failed]\nFAIL\n";
    for report in [events.join("\n"), text.to_owned()] {
        let read = check(report, &["errored p::[build failed]"]);
        assert_eq!(
            read.cases[0].message.as_deref(),
            Some("./a_test.go:7:2: undefined: y")
        );
        let place = Location {
            file: "./a_test.go".into(),
            line: Some(7),
        };
        assert_eq!(read.cases[0].location, Some(place));
        assert!(!read.summary.truncated);
    }
    // Before Go 1.24 the same words stand between the events, and once more inside one.
    let fail = r#"{"Action":"fail","Package":"p","Elapsed":0}"#;
    let old =
        format!("{{\"Action\":\"start\",\"Package\":\"p\"}}\nFAIL\tp [setup failed]\n{fail}\n");
    let read = check(old, &["errored p::[setup failed]"]);
    assert_eq!(read.summary.run_failure, None);
}

#[test]
fn other_lines_stand_between_the_events() {
    let run = events(&[("p", "run", "TestA", "")]);
    let end = events(&[("p", "pass", "TestA", ""), ("p", "pass", "", "")]);
    let text = format!(
        "go: downloading x\n{run}noise \"\\\n{{\"level\":\"info\"}}\n[1]\nno line end{end}"
    );
    let read = check(text, &["passed p::TestA"]);
    assert_eq!(read.warnings, [""; 0]);
}

#[test]
fn attributes_and_artifacts_are_kept() {
    let text = events(&[
        ("p", "run", "TestA", ""),
        ("p", "attr", "TestA", ",\"Key\":\"k\",\"Value\":\"v w\""),
        ("p", "artifacts", "TestA", ",\"Path\":\"/tmp/out\""),
        ("p", "output", "TestA", &out("=== ATTR  TestA k v w")),
        ("p", "pass", "TestA", ""),
        ("p", "pass", "", ""),
    ]);
    let verbose = "=== RUN   TestA\n=== ATTR  TestA k v w\n=== ARTIFACTS TestA /tmp/out\n--- PASS: TestA (0.00s)\nPASS\nok  \tp\t0.1s\n";
    for report in [text.as_str(), verbose] {
        let read = check(report, &["passed p::TestA"]);
        assert_eq!(read.cases[0].properties, [("k".into(), "v w".into())]);
        let file = Attachment {
            name: "out".into(),
            path: "/tmp/out".into(),
        };
        assert_eq!(read.cases[0].attachments, [file]);
        assert_eq!(read.cases[0].stdout, None);
    }
}

#[test]
fn benchmarks_have_no_end_of_their_own() {
    let text = events(&[
        ("p", "run", "BenchmarkA", ""),
        ("p", "run", "BenchmarkA/x", ""),
        (
            "p",
            "output",
            "BenchmarkA/x",
            ",\"Output\":\"BenchmarkA/x-8 \\t\"",
        ),
        (
            "p",
            "output",
            "BenchmarkA/x",
            ",\"Output\":\"   100\\t 2.5 ns/op\\n\"",
        ),
        ("p", "output", "", &out("BenchmarkOld-8 5 7 ns/op")),
        ("p", "pass", "", ""),
    ]);
    let read = check(text, &["passed p::BenchmarkOld", "passed p::BenchmarkA/x"]);
    assert_eq!(
        read.cases[1].properties,
        [("bench".into(), "100\t 2.5 ns/op".into())]
    );
    let read = check(
        "goos: linux\npkg: p\nBenchmarkA-8 \t 100\t 2.5 ns/op\nBenchmarkA-8 \t 101\t 2.4 ns/op\nBenchmarkB 5 7 ns/op\nPASS\nok  \tp\t1.2s\n",
        &["passed p::BenchmarkA", "passed p::BenchmarkB"],
    );
    assert_eq!(read.cases[0].properties.len(), 2);
}

#[test]
fn text_names_the_package_after_its_tests() {
    let read = check(
        "=== RUN   TestA\n    a_test.go:3: log\n=== RUN   TestA/sub\n=== PAUSE TestA/sub\n=== CONT  TestA/sub\n    a_test.go:5: bad\n--- FAIL: TestA (0.01s)\n    --- FAIL: TestA/sub (0.01s)\n=== RUN   TestB\nno line end--- PASS: TestB (0.00s)\nFAIL\nexit status 1\nFAIL\tp/a\t0.02s\n=== RUN   TestB\n--- SKIP: TestB (0.00s)\n\tb_test.go:1: later\nPASS\nok  \tp/b\t0.1s\tcoverage: 5.0% of statements\n?   \tp/c\t[no test files]\nFAIL\n",
        &[
            "failed p/a::TestA",
            "failed p/a::TestA/sub",
            "passed p/a::TestB",
            "skipped p/b::TestB",
        ],
    );
    assert_eq!(read.cases[1].message.as_deref(), Some("bad"));
    assert_eq!(read.cases[2].stdout.as_deref(), Some("no line end\n"));
    assert_eq!(read.cases[3].message.as_deref(), Some("later"));
    assert_eq!(
        (read.summary.truncated, read.summary.run_failure),
        (false, None)
    );
    assert_eq!(
        read.summary.suites[1].properties,
        [("coverage".into(), "5.0% of statements".into())]
    );
}

#[test]
fn without_v_only_failures_have_names() {
    let read = check(
        "ok  \tp/a\t0.1s\n--- FAIL: TestB (0.00s)\n    b_test.go:3: bad\nFAIL\nFAIL\tp/b\t0.2s\nFAIL\n",
        &["failed p/b::TestB"],
    );
    assert_eq!(read.cases[0].message.as_deref(), Some("bad"));
    assert_eq!(read.warnings.len(), 1, "passed tests have no names");
    assert_eq!(
        check("ok  \tp\t0.1s [no tests to run]\n", &[]).warnings,
        [""; 0]
    );
}

#[test]
fn a_panic_ends_a_binary() {
    let read = check(
        "=== RUN   TestA\n--- FAIL: TestA (0.00s)\npanic: boom [recovered]\n\tpanic: boom\n\ngoroutine 6 [running]:\np.TestA()\n\t/src/a_test.go:9 +0x1\nFAIL\tp\t0.01s\n",
        &["failed p::TestA"],
    );
    assert_eq!(read.cases[0].message.as_deref(), Some("panic: boom"));
    let read = check(
        "panic: init\nstack\nFAIL\tp\t0.01s\n=== RUN   TestB\npanic: test timed out after 1s\nFAIL\tq\t1.0s\n",
        &["errored p::[failed]", "errored q::TestB"],
    );
    assert_eq!(read.cases[0].message.as_deref(), Some("panic: init"));
    assert_eq!(
        read.cases[1].message.as_deref(),
        Some("the test did not end: panic: test timed out after 1s")
    );
}

#[test]
fn a_binary_alone_has_no_package() {
    let one = "=== RUN   TestA\n--- PASS: TestA (0.00s)\nPASS\n";
    let read = check(format!("{one}{one}"), &["passed TestA", "passed TestA"]);
    assert!(!read.summary.truncated);
    let cut = read_with(&one[..40], Some(Format::GoText), &Options::default()).unwrap();
    assert!(cut.summary.truncated);
}

#[test]
fn the_order_of_packages_changes_no_id() {
    let a = [
        ("a", "run", "TestX", ""),
        ("a", "pass", "TestX", ""),
        ("a", "pass", "", ""),
    ];
    let b = [
        ("b", "run", "TestX", ""),
        ("b", "fail", "TestX", ""),
        ("b", "fail", "", ""),
    ];
    let mut one: Vec<String> = reading::shown(&read(events(&[a, b].concat())).cases);
    let mixed = [a[0], b[0], b[1], a[1], b[2], a[2]];
    let mut two: Vec<String> = reading::shown(&read(events(&mixed)).cases);
    one.sort();
    two.sort();
    assert_eq!(one, two);
}

#[test]
fn text_between_a_verdict_and_its_package_is_cut() {
    let tests = "=== RUN   TestA\n--- FAIL: TestA (0.00s)\nFAIL\n";
    for (end, is_cut) in [
        ("", false),
        ("make: *** [test] Error 1", false),
        ("coverage: 50.0% of statements\n", false),
        ("exit stat", true),
        ("exit status 1\n", true),
        ("exit status 1\nFAIL", true),
        ("exit status 1\nFAIL\tp", true),
        ("exit status 1\nFAIL\tp\t0.01s", false),
        ("exit status 1\nFAIL\tp\t0.01s\nFAIL", false),
    ] {
        let read = check_text(&format!("{tests}{end}"));
        assert_eq!(read, (1, is_cut), "{end}");
    }
}

/// How many cases a text has, and whether it is cut.
fn check_text(text: &str) -> (usize, bool) {
    let read = read(text);
    (read.cases.len(), read.summary.truncated)
}

#[test]
fn a_long_line_of_a_package_is_kept_whole() {
    let event = |output: &str| {
        format!("{{\"Action\":\"output\",\"Package\":\"p\",\"Output\":\"{output}\"}}\n")
    };
    let piece = event(&"x".repeat(1_000));
    let fail = "{\"Action\":\"fail\",\"Package\":\"p\"}\n";
    let text = piece.repeat(9) + &event("end\\n") + &event("cover") + &event("age: 5%\\n") + fail;
    let suite = &read(text).summary.suites[0];
    let stdout = format!("{}end\n", "x".repeat(9_000));
    assert_eq!(suite.stdout.as_deref(), Some(&*stdout));
    let coverage = [("coverage".to_owned(), "5%".to_owned())];
    assert_eq!(suite.properties, coverage);
}
