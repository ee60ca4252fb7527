//! What says why Go tests failed, and must not be lost among what others print.

mod reading;

use reading::{check, read};
use retro_domain::{Location, TestCase};

fn place(file: &str, line: u32) -> Option<Location> {
    Some(Location {
        file: file.to_owned(),
        line: Some(line),
    })
}

fn find<'c>(cases: &'c [TestCase], name: &str) -> &'c TestCase {
    cases
        .iter()
        .find(|case| case.id.name == name)
        .expect("a case")
}

const OVER: &str = "what tests of one package print is more than can wait for their end";

#[test]
fn the_output_of_passed_tests_gives_way_to_a_failure() {
    let said = "words that a test says although it will pass\n".repeat(120);
    let passed = |at| format!("=== RUN   Test{at}\n{said}--- PASS: Test{at} (0.00s)\n");
    let tests: String = (0..1_000).map(passed).collect();
    let read = read(format!(
        "{tests}=== RUN   TestLast\n    a_test.go:3: boo\n--- FAIL: TestLast (0.00s)\nFAIL\nFAIL\tp\t1s\n"
    ));
    assert_eq!(read.summary.counts.total(), 1_001);
    let last = find(&read.cases, "TestLast");
    assert_eq!(last.message.as_deref(), Some("boo"));
    assert_eq!(last.detail.as_deref(), Some("    a_test.go:3: boo"));
    assert_eq!(last.location, place("a_test.go", 3));
    assert_eq!(read.warnings.len(), 1);
    assert!(read.warnings[0].contains(OVER), "{:?}", read.warnings);
    // Those that passed last still have theirs.
    assert_eq!(find(&read.cases, "Test999").stdout.as_deref(), Some(&*said));
    let cut = find(&read.cases, "Test0").stdout.as_deref();
    assert!(cut.is_some_and(|text| text.contains("[cut here: ")));
}

#[test]
fn reasons_are_kept_when_the_output_is_too_much() {
    let event = |action: &str, test: usize, output: &str| {
        let output = match output {
            "" => String::new(),
            text => format!(",\"Output\":\"{text}\\n\""),
        };
        format!("{{\"Action\":\"{action}\",\"Package\":\"p\",\"Test\":\"Test{test}\"{output}}}\n")
    };
    let each = |action: &str, output: &str| -> String {
        (0..1_000).map(|at| event(action, at, output)).collect()
    };
    let text = each("run", "")
        + &each("output", &"y".repeat(6_000))
        + &each("output", "    a_test.go:1: why")
        + &each("output", "        and more")
        + &each("fail", "")
        + "{\"Action\":\"fail\",\"Package\":\"p\"}\n";
    let many = read(text);
    assert_eq!(many.summary.counts.failed, 1_000);
    for case in &many.cases {
        assert_eq!(case.message.as_deref(), Some("why"), "{}", case.id);
        let detail = case.detail.as_deref();
        assert_eq!(detail, Some("    a_test.go:1: why\n        and more"));
    }
    assert_eq!(many.warnings.len(), 1);
    assert!(many.warnings[0].contains(OVER));
    // One test that alone prints more than is kept: the text says so itself.
    let line = "words\n".repeat(300_000);
    let one = read(format!(
        "=== RUN   TestA\n{line}    a_test.go:3: boo\n--- FAIL: TestA (0.00s)\nFAIL\nFAIL\tp\t1s\n"
    ));
    assert_eq!(one.cases[0].message.as_deref(), Some("boo"));
    assert_eq!(one.warnings, [""; 0]);
}

#[test]
fn a_benchmark_that_fails_is_a_failed_test() {
    let read = check(
        "goos: linux\npkg: m/p\nBenchmarkA-8   \t 100\t 123 ns/op\nBenchmarkB-8   \t--- FAIL: BenchmarkB-8\n    \
         b_test.go:5: boo\n--- BENCH: BenchmarkA-8\n    b_test.go:3: log\nFAIL\nexit status 1\nFAIL\tm/p\t1.2s\nFAIL\n",
        &["passed m/p::BenchmarkA", "failed m/p::BenchmarkB"],
    );
    assert_eq!(read.cases[1].message.as_deref(), Some("boo"));
    assert_eq!(read.cases[1].location, place("b_test.go", 5));
    assert_eq!(
        read.cases[1].stdout.as_deref(),
        Some("    b_test.go:5: boo\n")
    );
}

#[test]
fn what_vet_says_is_told() {
    let text = "# m/p\n# [m/p]\nvet: ./a.go:3:2: undefined: x\nFAIL\tm/p [build failed]\nFAIL\n";
    let read = check(text, &["errored m/p::[build failed]"]);
    let case = &read.cases[0];
    assert_eq!(
        case.message.as_deref(),
        Some("vet: ./a.go:3:2: undefined: x")
    );
    assert_eq!(case.location, place("./a.go", 3));
}

#[test]
fn what_is_not_built_is_told() {
    let said = |path: &str| {
        format!(
            "{{\"ImportPath\":\"{path}\",\"Action\":\"build-output\",\"Output\":\"# {path}\\n\"}}\n\
             {{\"ImportPath\":\"{path}\",\"Action\":\"build-output\",\"Output\":\"./d.go:1:2: bad\\n\"}}\n\
             {{\"ImportPath\":\"{path}\",\"Action\":\"build-fail\"}}\n"
        )
    };
    let read = check(said("m/d"), &[]);
    assert_eq!(
        read.summary.run_failure.as_deref(),
        Some("m/d was not built: ./d.go:1:2: bad")
    );
    // Several packages need it; each says why it was not tested.
    let fails = |package: &str| {
        format!("{{\"Action\":\"fail\",\"Package\":\"{package}\",\"FailedBuild\":\"m/d\"}}\n")
    };
    let read = check(
        said("m/d") + &fails("m/a") + &fails("m/b"),
        &["errored m/a::[build failed]", "errored m/b::[build failed]"],
    );
    assert_eq!(read.summary.run_failure, None);
    for case in &read.cases {
        assert_eq!(case.message.as_deref(), Some("./d.go:1:2: bad"));
        assert_eq!(case.location, place("./d.go", 1));
    }
}

#[test]
fn colours_are_no_part_of_names() {
    let read = check(
        "\u{1b}[32m=== RUN   TestA\u{1b}[0m\n    a_test.go:1: \u{1b}[31mred\u{1b}[0m\n\
         \u{1b}[31m--- FAIL: TestA (0.00s)\u{1b}[0m\n\u{1b}[31mFAIL\u{1b}[0m\nFAIL\tm/p\t0.1s\n",
        &["failed m/p::TestA"],
    );
    // What a test prints keeps its own.
    let stdout = read.cases[0].stdout.as_deref();
    assert_eq!(stdout, Some("    a_test.go:1: \u{1b}[31mred\u{1b}[0m\n"));
}

#[test]
fn a_time_too_large_is_no_time() {
    let read = check(
        "{\"Action\":\"pass\",\"Package\":\"p\",\"Test\":\"A\",\"Elapsed\":1e400}\n\
         {\"Action\":\"pass\",\"Package\":\"p\",\"Elapsed\":0.5}\n",
        &["passed p::A"],
    );
    assert_eq!(read.cases[0].duration, None);
    assert_eq!(read.warnings, [""; 0]);
}

#[test]
fn text_after_events_is_told() {
    let read = check(
        "{\"Action\":\"pass\",\"Package\":\"p\",\"Test\":\"A\"}\n{\"Action\":\"pass\",\"Package\":\"p\"}\n\
         === RUN   B\n--- FAIL: B (0.00s)\nFAIL\tq\t0.1s\n",
        &["passed p::A"],
    );
    assert_eq!(read.warnings.len(), 1, "{:?}", read.warnings);
    assert!(read.warnings[0].starts_with("line 3: here begins go test text"));
}
