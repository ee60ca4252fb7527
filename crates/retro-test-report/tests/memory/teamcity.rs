//! TeamCity service messages.

use std::io::Read;

use crate::{again, check, check_cut, check_ordinary, check_within, each, lines, summary, text};

fn message(name: &str, attributes: &str) -> String {
    format!("##teamcity[{name} {attributes}]\n")
}

#[test]
fn a_large_stream_needs_no_more_than_a_small_one() {
    let test = message("testStarted", "name='adds' captureStandardOutput='true'")
        + "some output\n"
        + &message("testFailed", "name='adds' message='no' details='at a:1'")
        + &message("testFinished", "name='adds' duration='3'");
    let (outcome, sink) = check_ordinary(1024, |count| {
        text(&message("testSuiteStarted", "name='sums'"))
            .chain(again(count, &test))
            .chain(text(&message("testSuiteFinished", "name='sums'")))
    });
    assert_eq!(summary(outcome).counts.failed, 100_000);
    assert_eq!(sink.warnings, [""; 0]);
}

#[test]
fn one_text_without_end() {
    let end = message("testFinished", "name='a'");
    let failed = message("testFailed", "name='a' message='no'");
    let long = "a line of a text that does not end, of nearly sixty-four bytes|n".repeat(256);
    let (outcome, sink) = check((1 << 25) / long.len(), |count| {
        text("##teamcity[testStarted name='a']\n##teamcity[testFailed name='a' details='")
            .chain(again(count, &long))
            .chain(text(&format!("']\n{end}")))
    });
    assert_eq!(summary(outcome).counts.failed, 1);
    check_cut(sink, false, "details");
    let output = message("testStdOut", &format!("name='a' out='{long}'"));
    let (outcome, sink) = check((1 << 25) / long.len(), |count| {
        text(&message("testStarted", "name='a'"))
            .chain(again(count, &output))
            .chain(text(&format!("{failed}{end}")))
    });
    assert_eq!(summary(outcome).counts.failed, 1);
    check_cut(sink, true, "testStdOut");
    let lines = lines("");
    let (outcome, sink) = check((1 << 25) / lines.len(), |count| {
        text(&message(
            "testStarted",
            "name='a' captureStandardOutput='true'",
        ))
        .chain(again(count, &lines))
        .chain(text(&format!("\n{end}")))
    });
    assert_eq!(summary(outcome).counts.passed, 1);
    check_cut(sink, true, "plain lines");
}

#[test]
fn nested_suites_and_flows() {
    let test = message("testStarted", "name='a'") + &message("testFinished", "name='a'");
    let (outcome, _) = check(20_000, |depth| {
        let open = |at: usize| message("testSuiteStarted", &format!("name='s{at}'"));
        each(depth, open)
            .chain(text(&test))
            .chain(each(depth, move |at| {
                message("testSuiteFinished", &format!("name='s{}'", depth - 1 - at))
            }))
    });
    assert_eq!(summary(outcome).counts.passed, 1);
    // Flows inside each other, each with a suite.
    let (outcome, _) = check(20_000, |count| {
        each(count, |at| {
            let flow = format!("flowId='{}' parent='{at}'", at + 1);
            message("flowStarted", &flow)
                + &message("testSuiteStarted", &format!("name='s' flowId='{}'", at + 1))
        })
    });
    assert!(summary(outcome).truncated);
    // The same flow again and again, whose suites are lost.
    let (outcome, sink) = check(40_000, |count| {
        let name = "n".repeat(1_000);
        text(&message("testSuiteStarted", "name='outer'"))
            .chain(each(count, move |_| {
                message("flowStarted", "flowId='1' parent=''")
                    + &message("testSuiteStarted", &format!("name='{name}' flowId='1'"))
            }))
            .chain(text(&message("testStarted", "name='a' flowId='1'")))
            .chain(text(&message("testFinished", "name='a' flowId='1'")))
    });
    assert_eq!(summary(outcome).counts.passed, 1, "{:?}", sink.warnings);
}

#[test]
fn attributes_and_metadata() {
    let (outcome, _) = check(100_000, |count| {
        text("##teamcity[testStarted name='a'")
            .chain(each(count, |at| format!(" k{at}='v'")))
            .chain(text(&format!("]\n{}", message("testFinished", "name='a'"))))
    });
    assert_eq!(summary(outcome).counts.passed, 1);
    let long = "v".repeat(4_000);
    let (outcome, _) = check_within(12 << 20, 5_000, |count| {
        each(count, |at| {
            let flow = at / 100;
            let begin = match at % 100 {
                0 => message("testStarted", &format!("name='a' flowId='{flow}'")),
                _ => String::new(),
            };
            let metadata = format!("testName='a' flowId='{flow}' name='k' value='{long}'");
            begin + &message("testMetadata", &metadata)
        })
    });
    assert_eq!(summary(outcome).counts.errored, 50);
}

#[test]
fn tests_that_never_end() {
    let (outcome, sink) = check(60_000, |count| {
        each(count, |at| {
            message("testStarted", &format!("name='test{at}'"))
        })
    });
    let open = summary(outcome).counts.errored;
    assert!((10_000..60_000).contains(&open), "{open}");
    assert!(sink.warnings[0].contains("too many"), "{:?}", sink.warnings);
    // Each in a flow of its own.
    let (outcome, _) = check(30_000, |count| {
        each(count, |at| {
            message("testStarted", &format!("name='a' flowId='{at}'"))
        })
    });
    assert!(summary(outcome).truncated);
    let long = "x".repeat(20_000);
    for (most, attributes) in [
        (32 << 20, format!("name='{long}#'")),
        (32 << 20, format!("name='a#' flowId='{long}'")),
        (8 << 20, format!("name='a#' timestamp='{long}'")),
    ] {
        let (outcome, _) = check_within(most, 500, |count| {
            each(count, |at| {
                message("testStarted", &attributes.replace('#', &at.to_string()))
            })
        });
        assert!(summary(outcome).truncated);
    }
    let (outcome, _) = check_within(12 << 20, 700, |count| {
        each(count, |at| {
            let name = format!("name='a' flowId='{at}'");
            message("testStarted", &name) + &message("testFailed", &format!("{name} type='{long}'"))
        })
    });
    assert_eq!(summary(outcome).counts.failed, 700);
}

#[test]
fn suites_that_never_end() {
    let long = "x".repeat(20_000);
    for attributes in [
        format!("name='{long}#' flowId='#'"),
        format!("name='a' flowId='#' timestamp='{long}'"),
    ] {
        let (outcome, _) = check_within(24 << 20, 600, |count| {
            each(count, |at| {
                message(
                    "testSuiteStarted",
                    &attributes.replace('#', &at.to_string()),
                )
            })
        });
        assert!(summary(outcome).truncated);
    }
    // Many that end, with long names.
    let (outcome, _) = check_within(20 << 20, 1_100, |count| {
        let name = format!("name='{long}'");
        again(
            count,
            &(message("testSuiteStarted", &name) + &message("testSuiteFinished", &name)),
        )
    });
    let summary = summary(outcome);
    assert_eq!(summary.suites.len() as u64 + summary.suites_left_out, 1_100);
}

#[test]
fn namesakes() {
    let (outcome, _) = check(40_000, |count| {
        again(count, &message("testStarted", "name='a'"))
    });
    assert_eq!(summary(outcome).counts.errored, 40_000);
    let (outcome, _) = check(40_000, |count| {
        again(count, &message("testFailed", "name='a'"))
    });
    assert_eq!(summary(outcome).counts.failed, 1);
}

#[test]
fn warnings() {
    for bad in [
        message("testFinished", "name='nobody'"),
        "##teamcity[testStarted name='a\n".to_owned(),
    ] {
        let (outcome, sink) = check(60_000, |count| {
            text(&message("testCount", "count='1'")).chain(again(count, &bad))
        });
        assert!(outcome.is_ok());
        assert_eq!(sink.warnings.len(), 101, "{bad}");
    }
    // One that would be long.
    let name = format!("name='{}'", "x".repeat(100_000));
    let (_, sink) = check(200, |count| again(count, &message("testFinished", &name)));
    let longest = sink.warnings.iter().map(String::len).max();
    assert!(longest < Some(5_000), "{longest:?}");
}

#[test]
fn nodes_that_never_end() {
    let suite = |at: usize| {
        let (node, parent) = (at + 1, at);
        let attributes = format!("nodeId='{node}' parentNodeId='{parent}' name='s{at}'");
        message("testSuiteStarted", &attributes)
    };
    // Inside each other, with a test in each.
    let (outcome, _) = check_within(48 << 20, 8_000, |count| {
        each(count, |at| {
            let test = format!("nodeId='t{at}' parentNodeId='{at}' name='t'");
            suite(at)
                + &message("testStarted", &test)
                + &message("testFinished", &format!("nodeId='t{at}'"))
        })
    });
    let nested = summary(outcome);
    assert_eq!((nested.counts.passed, nested.truncated), (8_000, true));
    let (outcome, _) = check_within(48 << 20, 100_000, |count| {
        each(count, |at| {
            message(
                "testStarted",
                &format!("nodeId='{at}' parentNodeId='1' name='t'"),
            )
        })
    });
    assert!(summary(outcome).truncated);
}

#[test]
fn a_value_that_goes_on_over_lines_without_end() {
    let (outcome, _) = check(200_000, |count| {
        text("##teamcity[testStarted name='a']\n##teamcity[testFailed name='a' message='")
            .chain(again(count, "one more line of it\n"))
    });
    assert!(summary(outcome).truncated);
}
