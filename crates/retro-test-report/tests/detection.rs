//! What is far into a file, and what is not a report although it looks like one.

mod reading;

use reading::{check, read, read_with};
use retro_test_report::{Format, Options, ParseError};

fn refusal(text: &str, format: Option<Format>) -> String {
    match read_with(text, format, &Options::default()) {
        Err(ParseError::NotAReport { looks_like }) => looks_like,
        Err(error) => panic!("{error}"),
        Ok(read) => panic!("{:?}", read.summary),
    }
}

#[test]
fn a_report_may_begin_late() {
    let junit = "<testsuite name='s'><testcase name='a'/></testsuite>";
    let comment = format!("<!-- {} -->", "words ".repeat(20_000));
    check(format!("{comment}{junit}"), &["passed s::a"]);
    let environment = format!("\"environment\":{{\"a\":\"{}\"}}", "x".repeat(100_000));
    let tests = "\"tool\":{\"name\":\"t\"},\"tests\":[{\"name\":\"a\",\"status\":\"passed\"}]";
    check(
        format!("{{\"results\":{{{environment},{tests}}}}}"),
        &["passed a"],
    );
    let large = format!("\"environment\":{{\"a\":\"{}\"}}", "x".repeat(2_000_000));
    let tool = "\"tool\":{\"name\":\"t\"}";
    check(
        format!(
            "{{\"results\":{{{tool},{large},\"tests\":[{{\"name\":\"a\",\"status\":\"passed\"}}]}}}}"
        ),
        &["passed a"],
    );
    let noise = "compiling one thing after the other\n".repeat(5_000);
    let read = check(format!("{noise}1..1\nok 1 - a\n"), &["passed a"]);
    assert_eq!(read.warnings, [""; 0]);
}

#[test]
fn one_that_begins_too_late_must_be_named() {
    let late = format!("{}1..1\nok 1 - a\n", "no report\n".repeat(200_000));
    let why = refusal(&late, None);
    assert!(
        why.ends_with("in its first MiB; a report that begins later must be named"),
        "{why}"
    );
    let read = read_with(&late, Some(Format::Tap), &Options::default()).unwrap();
    assert_eq!(read.summary.counts.passed, 1);
}

#[test]
fn documents_of_other_tools_are_refused_when_a_format_is_named_too() {
    let cppunit =
        "<TestRun><FailedTests/><SuccessfulTests><Test id='1'/></SuccessfulTests></TestRun>";
    assert!(refusal(cppunit, Some(Format::Trx)).starts_with("a CppUnit report"));
    let phpunit = "<phpunit><testsuites><testsuite name='Unit'><directory>t</directory></testsuite></testsuites></phpunit>";
    assert!(refusal(phpunit, Some(Format::Junit)).starts_with("a PHPUnit configuration"));
    assert_eq!(
        refusal("<testsuite/>", Some(Format::Tap)),
        "JUnit XML rather than TAP, which was asked for"
    );
}

#[test]
fn suites_that_claim_tests_in_a_report_without_one_are_no_good_report() {
    let lost = read("<testsuite name='s' tests='5' failures='2'/>");
    assert!(lost.summary.truncated);
    assert_eq!(
        lost.summary.run_failure.as_deref(),
        Some("s claims 2 failures and has no test")
    );
    let passed = read("<testsuites tests='5'><testsuite name='s' tests='5'/></testsuites>");
    assert_eq!(
        (passed.summary.truncated, passed.summary.run_failure),
        (true, None)
    );
    let none =
        read("<testsuites tests='0'><testsuite name='s' tests='0' failures='0'/></testsuites>");
    assert_eq!(
        (none.summary.truncated, none.summary.run_failure),
        (false, None)
    );
}
