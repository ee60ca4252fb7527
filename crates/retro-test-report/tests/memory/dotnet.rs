//! TRX, NUnit and xUnit.net.

use std::io::Read;

use crate::{again, check, check_cut, check_ordinary, check_within, each, lines, summary, text};

/// What is around cases and inside them, by format: start, case, the end of the case, end.
const FORMATS: [[&str; 4]; 3] = [
    [
        "<TestRun><Results>",
        "<UnitTestResult testName='A.B.c' outcome='Failed' duration='00:00:01'>",
        "</UnitTestResult>",
        "</Results></TestRun>",
    ],
    [
        "<test-run><test-suite type='Assembly' name='a.dll'>",
        "<test-case name='c' fullname='A.B.c' classname='A.B' methodname='c' result='Failed'>",
        "</test-case>",
        "</test-suite></test-run>",
    ],
    [
        "<assemblies><assembly name='a.dll'><collection name='A'>",
        "<test name='A.B.c' type='A.B' method='c' result='Fail' time='0.1'>",
        "</test>",
        "</collection></assembly></assemblies>",
    ],
];

/// What holds the message, the trace and the output of a case.
const TEXTS: [[[&str; 2]; 3]; 3] = [
    [
        [
            "<Output><ErrorInfo><Message>",
            "</Message></ErrorInfo></Output>",
        ],
        [
            "<Output><ErrorInfo><StackTrace>",
            "</StackTrace></ErrorInfo></Output>",
        ],
        ["<Output><StdOut>", "</StdOut></Output>"],
    ],
    [
        ["<failure><message>", "</message></failure>"],
        ["<failure><stack-trace>", "</stack-trace></failure>"],
        ["<output>", "</output>"],
    ],
    [
        ["<failure><message>", "</message></failure>"],
        ["<failure><stack-trace>", "</stack-trace></failure>"],
        ["<output>", "</output>"],
    ],
];

/// A property of a case.
const PROPERTIES: [&str; 3] = [
    "<Properties><Property><Key>k</Key><Value>#</Value></Property></Properties>",
    "<properties><property name='k' value='#'/></properties>",
    "<traits><trait name='k' value='#'/></traits>",
];

/// An attachment of a case.
const ATTACHMENTS: [&str; 3] = [
    "<ResultFiles><ResultFile path='#'/></ResultFiles>",
    "<attachments><attachment><filePath>#</filePath></attachment></attachments>",
    "<attachments><attachment name='n'>#</attachment></attachments>",
];

#[test]
fn a_large_trx_needs_no_more_than_a_small_one() {
    // Results that name no test wait for no definition.
    ordinary(0);
}

#[test]
fn a_large_nunit_report_needs_no_more_than_a_small_one() {
    ordinary(1);
}

#[test]
fn a_large_xunit_report_needs_no_more_than_a_small_one() {
    ordinary(2);
}

fn ordinary(format: usize) {
    let [start, case, case_end, end] = FORMATS[format];
    let [[message, message_end], _, [output, output_end]] = TEXTS[format];
    let case =
        format!("{case}{message}x &lt; y{message_end}{output}some text{output_end}{case_end}\n");
    let (outcome, sink) = check_ordinary(1024, |count| {
        text(start).chain(again(count, &case)).chain(text(end))
    });
    assert_eq!(summary(outcome).counts.failed, 100_000);
    assert_eq!(sink.warnings, [""; 0]);
}

fn result(at: usize) -> String {
    format!("<UnitTestResult testId='{at:032}' testName='t{at}' outcome='Passed'/>")
}

fn definition(at: usize) -> String {
    format!(
        "<UnitTest id='{at:032}' name='t{at}' storage='a.dll'>\
         <TestMethod className='A.B' name='t{at}'/></UnitTest>"
    )
}

#[test]
fn definitions_that_come_first_are_kept() {
    let (outcome, sink) = check(100_000, |count| {
        text("<TestRun><TestDefinitions>")
            .chain(each(count, definition))
            .chain(text("</TestDefinitions><Results>"))
            .chain(each(count, result))
            .chain(text("</Results></TestRun>"))
    });
    assert_eq!(summary(outcome).counts.passed, 100_000);
    assert_eq!(sink.warnings, [""; 0]);
}

#[test]
fn results_wait_for_definitions() {
    let (outcome, sink) = check(100_000, |count| {
        text("<TestRun><Results>")
            .chain(each(count, result))
            .chain(text("</Results><TestDefinitions>"))
            .chain(each(count, definition))
            .chain(text("</TestDefinitions></TestRun>"))
    });
    assert_eq!(summary(outcome).counts.passed, 100_000);
    assert_eq!(sink.warnings, [""; 0]);
}

#[test]
fn one_definition_without_end() {
    let start = "<TestRun><Results/><TestDefinitions><UnitTest name='t'";
    let end = "</UnitTest></TestDefinitions></TestRun>";
    let (outcome, _) = check(400_000, |count| {
        text(start)
            .chain(again(count, " priority='1'"))
            .chain(text(&format!(" id='1'>{end}")))
    });
    assert!(outcome.is_ok());
    let long = "x".repeat(1 << 20);
    let category = format!("<TestCategoryItem TestCategory='{long}'/><Owner name='{long}'/>");
    let (outcome, _) = check_within(32 << 20, 40, |count| {
        text(&format!("{start} id='1'>"))
            .chain(again(count, &category))
            .chain(text(end))
    });
    assert!(outcome.is_ok());
}

#[test]
fn one_text_without_end() {
    let lines = lines("");
    for ([start, case, case_end, end], texts) in FORMATS.into_iter().zip(TEXTS) {
        for (at, [open, close]) in texts.into_iter().enumerate() {
            let (outcome, sink) = check((1 << 26) / lines.len(), |count| {
                text(&format!("{start}{case}{open}"))
                    .chain(again(count, &lines))
                    .chain(text(&format!("{close}{case_end}{end}")))
            });
            assert_eq!(summary(outcome).counts.failed, 1, "{open}");
            check_cut(sink, at == 2, open);
        }
        let (outcome, _) = check((1 << 25) / lines.len(), |count| {
            text(&format!("{start}{case}</x>{case_end}"))
                .chain(text(&case.replace('>', " name='")))
                .chain(again(count, &lines))
                .chain(text(&format!("'/>{end}")))
        });
        assert_eq!(summary(outcome).counts.failed, 2, "{start}");
    }
}

#[test]
fn nested_suites() {
    for (start, open, close, end) in [
        (
            "<test-run>",
            "<test-suite name='s#'><test-case name='c'/>",
            "</test-suite>",
            "</test-run>",
        ),
        (
            "<assemblies>",
            "<assembly name='s#'><test name='c' result='Pass'/>",
            "</assembly>",
            "</assemblies>",
        ),
        (
            "<assemblies><assembly name='a'>",
            "<collection name='s#'><test name='c' result='Pass'/>",
            "</collection>",
            "</assembly></assemblies>",
        ),
        (
            "<TestRun><Results>",
            "<x><UnitTestResult testName='c' outcome='Passed'/>",
            "</x>",
            "</Results></TestRun>",
        ),
    ] {
        let (outcome, sink) = check(10_000, |depth| {
            text(start)
                .chain(each(depth, |at| open.replace('#', &at.to_string())))
                .chain(again(depth, close))
                .chain(text(end))
        });
        let summary = summary(outcome);
        assert_eq!((sink.cases, summary.truncated), (10_000, false), "{open}");
    }
}

#[test]
fn attributes() {
    for [start, case, case_end, end] in FORMATS {
        let (outcome, _) = check(100_000, |count| {
            text(start)
                .chain(text(case.trim_end_matches('>')))
                .chain(each(count, |at| format!(" a{at}='v'")))
                .chain(text(&format!(">{case_end}{end}")))
        });
        assert_eq!(summary(outcome).counts.failed, 1);
        // The same attribute again, and each of them wrong.
        let wrong = " duration='x' time='x' total='x' start-time='x' skipped='x'";
        let (outcome, _) = check(20_000, |count| {
            text(start)
                .chain(text(case.trim_end_matches('>')))
                .chain(again(count, wrong))
                .chain(text(&format!(">{case_end}")))
                .chain(text("<test-suite"))
                .chain(again(count, wrong))
                .chain(text("/>"))
                .chain(text("<collection"))
                .chain(again(count, wrong))
                .chain(text("/>"))
                .chain(text(end))
        });
        assert_eq!(summary(outcome).counts.failed, 1);
    }
}

#[test]
fn properties_and_attachments() {
    let long = "v".repeat(100_000);
    for (at, [start, case, case_end, end]) in FORMATS.into_iter().enumerate() {
        for item in [PROPERTIES[at], ATTACHMENTS[at]] {
            for (value, size) in [("v", 20_000), (&*long, 200)] {
                let (outcome, sink) = check_within(12 << 20, size, |count| {
                    text(&format!("{start}{case}"))
                        .chain(again(count, &item.replace('#', value)))
                        .chain(text(&format!("{case_end}{end}")))
                });
                assert_eq!(summary(outcome).counts.failed, 1);
                let case = sink.first.expect("a case");
                let kept = case.properties.len() + case.attachments.len();
                assert!((1..=1_000).contains(&kept), "{item} {kept}");
            }
        }
    }
}

#[test]
fn namesakes_and_warnings() {
    for [start, case, case_end, end] in FORMATS {
        let odd = case
            .replace("Fail", "Odd")
            .replace("00:00:01", "x")
            .replace("0.1", "x");
        let (outcome, sink) = check(30_000, |count| {
            text(start)
                .chain(again(count, &format!("{odd}</nothing>{case_end}")))
                .chain(text(end))
        });
        assert_eq!(summary(outcome).counts.total(), 30_000);
        assert_eq!(sink.warnings.len(), 101);
    }
}
