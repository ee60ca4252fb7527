//! What is inside of what, in the formats of XML, when the outer things are large.

use std::io::Read;

use crate::{again, check, check_within, each, summary, text};

/// Long enough that a few of them are too much, short enough to be made often.
fn long() -> String {
    "x".repeat(100_000)
}

/// The root of each format, a case with a place for attributes, the start and the end of its
/// output, the end of the case.
const FORMATS: [[&str; 5]; 4] = [
    [
        "<testsuites>",
        "<testcase name='c' #>",
        "<system-out>",
        "</system-out>",
        "</testcase>",
    ],
    [
        "<TestRun><Results>",
        "<UnitTestResult testName='c' outcome='Passed' #>",
        "<Output><StdOut>",
        "</StdOut></Output>",
        "</UnitTestResult>",
    ],
    [
        "<test-run>",
        "<test-case name='c' #>",
        "<output>",
        "</output>",
        "</test-case>",
    ],
    [
        "<assemblies>",
        "<test name='c' result='Pass' #>",
        "<output>",
        "</output>",
        "</test>",
    ],
];

/// A suite with a place for a name.
const SUITES: [[&str; 3]; 4] = [
    ["<testsuites>", "<testsuite name='#'>", "</testsuite>"],
    ["<test-run>", "<test-suite name='#'>", "</test-suite>"],
    ["<assemblies>", "<assembly name='#'>", "</assembly>"],
    [
        "<assemblies><assembly>",
        "<collection name='#'>",
        "</collection>",
    ],
];

#[test]
fn cases_inside_cases_share_what_they_keep() {
    let long = long();
    for [root, case, output, output_end, case_end] in FORMATS {
        let case = case.replace('#', "");
        for piece in [
            format!("{case}{output}{long}{output_end}"),
            // The outer text is still open.
            format!("{case}{output}{long}"),
        ] {
            let (outcome, _) = check_within(40 << 20, 250, |depth| {
                text(root)
                    .chain(again(depth, &piece))
                    .chain(again(depth, case_end))
            });
            assert!(outcome.is_ok());
        }
        for attribute in ["classname", "fullname"] {
            let case = case.replace("'c'", "'c' ").replacen(
                "name='c'",
                &format!("name='c' {attribute}='{long}'"),
                1,
            );
            let case = case.replacen("testName='c'", &format!("testName='{long}'"), 1);
            let (outcome, _) = check_within(40 << 20, 250, |depth| {
                text(root)
                    .chain(again(depth, &case))
                    .chain(again(depth, case_end))
            });
            // More than can be open at once ends the reading.
            let summary = summary(outcome);
            let complete = summary.counts.total();
            assert!(complete >= 1 || summary.truncated, "{case_end}");
        }
    }
}

#[test]
fn a_case_inside_another_keeps_its_texts() {
    for [root, case, output, output_end, case_end] in FORMATS {
        let case = case.replace('#', "");
        let inner = format!("{case}{output}{}{output_end}{case_end}", long());
        let (outcome, sink) = check(100, |count| {
            text(&format!("{root}{case}"))
                .chain(again(count, &inner))
                .chain(text(case_end))
        });
        assert!(summary(outcome).counts.passed >= 100);
        assert_eq!(sink.longest, 100_000);
    }
}

#[test]
fn suites_inside_suites_share_what_they_keep() {
    let long = long();
    for [root, suite, end] in SUITES {
        for attributes in [
            format!("{long}#"),
            format!("#' file='{long}' hostname='{long}"),
            format!("#' site='{long}' environment='{long}"),
        ] {
            let suite = suite.replace('#', &attributes);
            let (outcome, _) = check_within(32 << 20, 250, |depth| {
                text(root)
                    .chain(each(depth, |at| suite.replace('#', &at.to_string())))
                    .chain(again(depth, end))
            });
            assert!(outcome.is_ok(), "{suite:.100}");
        }
    }
}

#[test]
fn the_file_of_a_suite_is_that_of_all_inside() {
    let file = "f".repeat(20_000);
    let (outcome, sink) = check(10_000, |depth| {
        text(&format!("<testsuites><testsuite file='{file}'>"))
            .chain(again(depth, "<testsuite>"))
            .chain(text("<testcase name='a' line='1'/>"))
            .chain(again(depth, "</testsuite>"))
            .chain(text("</testsuite></testsuites>"))
    });
    assert_eq!(summary(outcome).counts.passed, 1);
    let place = sink.first.expect("a case").location.expect("a place");
    assert_eq!(place.file.len(), 20_000);
}

#[test]
fn suites_after_each_other_share_what_is_told() {
    let long = long();
    for [root, suite, end] in &SUITES[..3] {
        let (outcome, _) = check_within(20 << 20, 250, |count| {
            let suite = suite.replace('#', &format!("{long}#"));
            text(root).chain(each(count, move |at| {
                suite.replace('#', &at.to_string()) + end
            }))
        });
        let summary = summary(outcome);
        assert_eq!(summary.suites.len() as u64 + summary.suites_left_out, 250);
        assert!(summary.suites.len() > 100);
    }
}

#[test]
fn properties_of_suites_share_what_is_told() {
    let long = long();
    for (start, property, end) in [
        (
            "<testsuites><testsuite name='s'>",
            "<property name='k' value='#'/>",
            "</testsuite></testsuites>",
        ),
        (
            "<test-run><test-suite name='s'>",
            "<property name='k' value='#'/>",
            "</test-suite></test-run>",
        ),
        (
            "<TestRun><Results/><ResultSummary>",
            "<A href='#'/>",
            "</ResultSummary></TestRun>",
        ),
    ] {
        let (outcome, _) = check_within(24 << 20, 400, |count| {
            text(start)
                .chain(again(count, &property.replace('#', &long)))
                .chain(text(end))
        });
        let suites = summary(outcome).suites;
        assert_eq!(suites.len(), 1, "{start}");
        assert!(suites[0].properties.len() > 50);
    }
}

#[test]
fn texts_of_suites_inside_each_other() {
    let words = "w".repeat(4_000);
    for (root, suite, end) in [
        ("<testsuites>", "<testsuite><system-out>", "</testsuite>"),
        ("<testsuites>", "<testsuite><error>", "</testsuite>"),
        (
            "<test-run>",
            "<test-suite><failure><message>",
            "</test-suite>",
        ),
        ("<test-run>", "<test-suite><output>", "</test-suite>"),
        (
            "<assemblies>",
            "<assembly><error><failure><message>",
            "</assembly>",
        ),
        ("<assemblies>", "<assembly><output>", "</assembly>"),
    ] {
        let (outcome, _) = check_within(16 << 20, 6_000, |depth| {
            text(root)
                .chain(again(depth, &format!("{suite}{words}")))
                .chain(again(depth, end))
        });
        assert!(outcome.is_ok(), "{suite}");
    }
}
