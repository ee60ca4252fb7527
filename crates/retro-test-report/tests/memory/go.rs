//! The events and the text of `go test`.

use std::io::Read;

use retro_test_report::Format;

use crate::{
    again, check, check_as, check_cut, check_ordinary, check_within, each, lines, summary, text,
};

/// An event of the package `p`.
fn event(action: &str, test: &str, more: &str) -> String {
    format!("{{\"Action\":\"{action}\",\"Package\":\"p\",\"Test\":\"{test}\"{more}}}\n")
}

const PASS: &str = "{\"Action\":\"pass\",\"Package\":\"p\"}\n";
const FAIL: &str = "{\"Action\":\"fail\",\"Package\":\"p\"}\n";

#[test]
fn a_large_stream_needs_no_more_than_a_small_one() {
    let (outcome, sink) = check_ordinary(1024, |count| {
        let test = |at: usize| {
            let name = format!("Test{}", at % 1_000);
            let output = ",\"Output\":\"    a_test.go:3: no\\n\"";
            event("run", &name, "") + &event("output", &name, output) + &event("fail", &name, "")
        };
        each(count, test).chain(text(FAIL))
    });
    assert_eq!(summary(outcome).counts.failed, 100_000);
    assert_eq!(sink.warnings, [""; 0]);
}

#[test]
fn a_large_text_holds_the_tests_of_one_package() {
    // Without -v only the ends of failed tests are there.
    let (outcome, sink) = check_ordinary(1024, |count| {
        let package = "--- FAIL: TestA (0.00s)\n    a_test.go:3: no\nFAIL\nFAIL\tp/a\t0.1s\n";
        again(count, package)
    });
    assert_eq!(summary(outcome).counts.failed, 100_000);
    assert_eq!(sink.warnings, [""; 0]);
    let (outcome, sink) = check(100_000, |count| {
        let test = |at| format!("=== RUN   Test{at}\nsaid\n--- PASS: Test{at} (0.00s)\n");
        each(count, test).chain(text("PASS\nok  \tp\t0.1s\n"))
    });
    assert_eq!(summary(outcome).counts.passed, 100_000);
    assert!(sink.warnings[0].contains("too many tests to wait"));
}

#[test]
fn one_text_without_end() {
    let line = format!("{}\\n", "x".repeat(62)).repeat(256);
    let output = event("output", "TestA", &format!(",\"Output\":\"{line}\""));
    let run = event("run", "TestA", "");
    let fail = event("fail", "TestA", "");
    let (outcome, sink) = check((1 << 24) / output.len(), |count| {
        text(&run)
            .chain(again(count, &output))
            .chain(text(&format!("{fail}{FAIL}")))
    });
    assert_eq!(summary(outcome).counts.failed, 1);
    check_cut(sink, false, "many events");
    let (outcome, sink) = check((1 << 24) / line.len(), |count| {
        let start = event("output", "TestA", ",\"Output\":\"");
        text(&format!("{run}{}", start.trim_end_matches("}\n")))
            .chain(again(count, &line))
            .chain(text(&format!("\"}}\n{fail}{FAIL}")))
    });
    assert_eq!(summary(outcome).counts.failed, 1);
    check_cut(sink, false, "one event");
    for lines in [lines(""), "x".repeat(64 << 10)] {
        let (outcome, sink) = check((1 << 26) / lines.len(), |count| {
            text("=== RUN   TestA\n")
                .chain(again(count, &lines))
                .chain(text("\n--- FAIL: TestA (0.00s)\nFAIL\nFAIL\tp\t0.1s\n"))
        });
        assert_eq!(summary(outcome).counts.failed, 1);
        check_cut(sink, false, "=== RUN");
    }
}

#[test]
fn output_of_packages_and_compilers() {
    let output = "{\"Action\":\"output\",\"Package\":\"p\",\"Output\":\"some words\\n\"}\n";
    let build =
        "{\"ImportPath\":\"q [q.test]\",\"Action\":\"build-output\",\"Output\":\"bad\\n\"}\n";
    for piece in [output, build] {
        let (outcome, _) = check(50_000, |count| again(count, piece).chain(text(FAIL)));
        assert_eq!(summary(outcome).counts.total(), 0);
    }
    // Of each package in its turn.
    let (outcome, sink) = check(8_000, |count| {
        each(count, |at| {
            output.replace("\"p\"", &format!("\"p{at}\"")).repeat(20)
                + &FAIL.replace("\"p\"", &format!("\"p{at}\""))
        })
    });
    assert!(!summary(outcome).truncated);
    assert_eq!(sink.warnings, [""; 0]);
    // Compilers that speak of many packages, which have no end.
    let compiled = lines("");
    let (outcome, _) = check_as(Some(Format::GoText), 1_000, |count| {
        each(count, |at| format!("# q/{at}\n{compiled}")).chain(text("ok  \tp\t0.1s\n"))
    });
    assert!(outcome.is_ok());
}

#[test]
fn nested_subtests() {
    let names: Vec<String> = (1..500).map(|depth| "T/".repeat(depth) + "t").collect();
    let begun: String = names.iter().map(|name| event("run", name, "")).collect();
    let (outcome, _) = check(12, |count| {
        again(
            count,
            &(begun.clone() + &event("run", "T", "") + &event("pass", "T", "")),
        )
        .chain(text(PASS))
    });
    assert_eq!(summary(outcome).counts.passed, 12 * 500);
    let begun: String = names
        .iter()
        .map(|name| format!("=== RUN   {name}\n"))
        .collect();
    let (outcome, _) = check(12, |count| {
        again(count, &format!("{begun}PASS\nok  \tp/q\t0.1s\n"))
    });
    assert_eq!(summary(outcome).counts.passed, 12 * 499);
}

#[test]
fn names_of_benchmarks_inside_each_other() {
    let (outcome, _) = check(20_000, |count| {
        text("=== RUN   TestA\nBenchmarkA")
            .chain(again(count, "/"))
            .chain(text("-8 1 2 ns/op\nok  \tp\t0.1s\n"))
    });
    assert_eq!(summary(outcome).counts.passed, 2);
}

#[test]
fn attributes_and_artifacts() {
    let run = event("run", "TestA", "");
    let attribute = event("attr", "TestA", ",\"Key\":\"k\",\"Value\":\"v\"");
    let artifact = event("artifacts", "TestA", ",\"Path\":\"/tmp/a\"");
    let (outcome, sink) = check(50_000, |count| {
        text(&run)
            .chain(again(count, &(attribute.clone() + &artifact)))
            .chain(text(&(event("pass", "TestA", "") + PASS)))
    });
    assert_eq!(summary(outcome).counts.passed, 1);
    let case = sink.first.expect("a case");
    assert_eq!(
        (case.properties.len(), case.attachments.len()),
        (1_000, 1_000)
    );
    // Large ones of many tests that are open at once.
    let long = "v".repeat(4_000);
    let value = format!(",\"Key\":\"k\",\"Value\":\"{long}\"");
    let (outcome, _) = check_within(12 << 20, 5_000, |count| {
        each(count, |at| {
            let name = format!("Test{}", at / 100);
            let begin = if at % 100 == 0 {
                event("run", &name, "")
            } else {
                String::new()
            };
            begin + &event("attr", &name, &value)
        })
        .chain(text(PASS))
    });
    assert_eq!(summary(outcome).counts.passed, 50);
    let (outcome, _) = check_within(12 << 20, 6_000, |count| {
        each(count, |at| match at % 100 {
            0 => format!("=== RUN   Test{at}\n"),
            _ => format!("=== ATTR  Test{} k {long}\n", at - at % 100),
        })
        .chain(text("PASS\nok  \tp\t0.1s\n"))
    });
    assert_eq!(summary(outcome).counts.passed, 60);
}

#[test]
fn tests_that_never_end() {
    let panic = format!("panic: {}", "\u{20ac}".repeat(490));
    let output = event("output", "Test0", &format!(",\"Output\":\"{panic}\\n\""));
    let (outcome, sink) = check(150_000, |count| {
        each(count, |at| event("run", &format!("Test{at}"), ""))
            .chain(text(&(output.clone() + FAIL)))
    });
    let open = summary(outcome).counts.errored;
    assert!((50_000..100_000).contains(&open), "{open}");
    assert!(sink.warnings[0].contains("too many"), "{:?}", sink.warnings);
    let (outcome, sink) = check(150_000, |count| {
        each(count, |at| format!("=== RUN   Test{at}\n"))
            .chain(text(&format!("{panic}\nFAIL\tp\t0.1s\n")))
    });
    let open = summary(outcome).counts.errored;
    assert!((50_000..100_000).contains(&open), "{open}");
    assert!(sink.warnings[0].contains("too many"), "{:?}", sink.warnings);
    // With long names.
    let long = "T".repeat(20_000);
    let (outcome, _) = check_within(48 << 20, 1_000, |count| {
        each(count, |at| event("run", &format!("{long}{at}"), "")).chain(text(FAIL))
    });
    assert!(summary(outcome).truncated);
}

#[test]
fn packages_that_never_end() {
    let (outcome, sink) = check(120_000, |count| {
        each(count, |at| {
            format!("{{\"Action\":\"start\",\"Package\":\"p{at}\"}}\n")
        })
    });
    assert!(summary(outcome).truncated);
    assert!(sink.warnings.concat().contains("too many packages"));
    // Each with one test.
    let (outcome, _) = check(60_000, |count| {
        each(count, |at| {
            format!("{{\"Action\":\"run\",\"Package\":\"p{at}\",\"Test\":\"T\"}}\n")
        })
    });
    assert!(summary(outcome).truncated);
}

#[test]
fn what_packages_say_that_never_end() {
    let words = "w".repeat(3_900);
    for output in [
        words.clone(),
        format!("coverage: {words}\\n"),
        format!("panic: {words}\\n"),
        format!("{words}\\n"),
    ] {
        let (outcome, _) = check_within(12 << 20, 4_000, |count| {
            each(count, |at| {
                format!("{{\"Action\":\"output\",\"Package\":\"p{at}\",\"Output\":\"{output}\"}}\n")
            })
        });
        assert!(summary(outcome).truncated);
    }
    let (outcome, _) = check_within(12 << 20, 4_000, |count| {
        each(count, |at| {
            format!("{{\"Time\":\"{words}\",\"Action\":\"start\",\"Package\":\"p{at}\"}}\n")
        })
    });
    assert!(summary(outcome).truncated);
}

#[test]
fn namesakes() {
    let (outcome, _) = check(60_000, |count| {
        again(count, &event("run", "TestA", "")).chain(text(PASS))
    });
    assert_eq!(summary(outcome).counts.total(), 60_000);
    let (outcome, _) = check(60_000, |count| {
        again(count, "=== RUN   TestA\n").chain(text("PASS\nok  \tp\t0.1s\n"))
    });
    assert_eq!(summary(outcome).counts.total(), 60_000);
}

#[test]
fn warnings() {
    let (outcome, sink) = check(60_000, |count| {
        text(&event("run", "TestA", ""))
            .chain(again(count, "{\"Action\":\"run\",\"Package\":}\n"))
            .chain(text(PASS))
    });
    assert_eq!(summary(outcome).counts.passed, 1);
    assert_eq!(sink.warnings.len(), 101);
}
