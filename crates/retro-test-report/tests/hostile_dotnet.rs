//! TRX, NUnit and xUnit.net: input that means harm, and input that is only odd. Nothing panics,
//! nothing is lost, nothing grows with more than the size of the input.

mod reading;

use std::collections::HashSet;
use std::io::{BufReader, Cursor, Read as _};

use proptest::prelude::*;
use reading::{check, read, read_with, shown};
use retro_domain::TestCase;
use retro_test_report::{
    Collected, Format, Options, ReportSink, Warning, detect, parse, parse_with,
};

const DEPTH: usize = 5_000;

#[test]
fn five_thousand_nested_suites_are_no_stack() {
    let mut text = "<test-run>".to_owned();
    for at in 0..DEPTH {
        text.push_str(&format!("<test-suite name='s{at}'><test-case name='c'/>"));
    }
    let open = read(&text);
    assert_eq!(
        (open.summary.counts.total(), open.summary.truncated),
        (5_000, true)
    );
    text.push_str(&"</test-suite>".repeat(DEPTH));
    text.push_str("</test-run>");
    let read = read(&text);
    assert_eq!(
        (read.summary.counts.passed, read.summary.truncated),
        (5_000, false)
    );
    assert_eq!(read.warnings.len(), 1);
    assert_eq!(read.cases[1].id.suite, ["s0", "s1"]);
    assert_eq!(read.cases[4_999].id.suite.len(), 101);
    let ids: HashSet<_> = read.cases.iter().map(|case| &case.id).collect();
    assert_eq!(ids.len(), 5_000, "the ids are distinct");
}

#[test]
fn five_thousand_nested_cases_and_unknown_elements_are_no_stack() {
    for (root, case, end) in [
        ("TestRun", "UnitTestResult testName='c'", "UnitTestResult"),
        ("test-run", "test-case name='c'", "test-case"),
        ("assemblies", "test name='c' result='Pass'", "test"),
    ] {
        let text = format!("<{root}>{}", format!("<{case}><x>").repeat(DEPTH));
        let open = read(text);
        assert_eq!(open.summary.counts.total(), 0);
        assert!(open.summary.truncated);
        let text = format!(
            "<{root}>{}{}</{root}>",
            format!("<{case}>").repeat(DEPTH),
            format!("</{end}>").repeat(DEPTH)
        );
        assert!(!read(text).summary.truncated);
        let text = format!(
            "<{root}>{}{}<{case}/>",
            "<x>".repeat(DEPTH),
            "</y>".repeat(100_000)
        );
        assert_eq!(read(text).summary.counts.total(), 1);
    }
}

#[test]
fn a_hundred_thousand_attributes_are_read_once() {
    for (start, end, expected) in [
        (
            "<TestRun><UnitTestResult testName='first' outcome='Passed'",
            " testName='second'/></TestRun>",
            "passed first",
        ),
        (
            "<test-run><test-case name='first'",
            " name='second' result='Failed'/></test-run>",
            "failed first",
        ),
        (
            "<assemblies><test name='first'",
            " name='second' result='Fail'/></assemblies>",
            "failed first",
        ),
    ] {
        let mut text = start.to_owned();
        for at in 0..100_000 {
            text.push_str(&format!(" a{at}='v'"));
        }
        check(text + end, &[expected]);
    }
}

#[test]
fn entities_are_not_expanded() {
    for (start, end) in [
        (
            "<TestRun><UnitTestResult outcome='Failed' testName",
            "/></TestRun>",
        ),
        ("<test-run><test-case result='Failed' name", "/></test-run>"),
        ("<assemblies><test result='Fail' name", "/></assemblies>"),
    ] {
        let text = format!(
            "<!DOCTYPE t [<!ENTITY a 'lol'><!ENTITY b '&a;&a;'><!ENTITY f SYSTEM 'file:///etc/passwd'>]>\
             {start}='&b;&f;'{end}"
        );
        check(text, &["failed &b;&f;"]);
    }
}

/// Counts and forgets, but for the first name and the last.
#[derive(Default)]
struct Counting {
    cases: u64,
    ends: Vec<String>,
    warnings: Vec<String>,
}

impl ReportSink for Counting {
    fn case(&mut self, case: &TestCase) {
        self.cases += 1;
        self.ends.truncate(1);
        self.ends.push(case.id.to_string());
    }

    fn warning(&mut self, warning: Warning) {
        self.warnings.push(warning.message);
    }
}

/// The parts that a function gives for 0, 1, 2 and so on, as one stream.
struct Parts<F> {
    part: F,
    next: u64,
    end: u64,
    buffer: Cursor<Vec<u8>>,
}

impl<F: Fn(u64) -> String> std::io::Read for Parts<F> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        loop {
            let read = self.buffer.read(into)?;
            if read > 0 || self.next == self.end {
                return Ok(read);
            }
            self.buffer = Cursor::new((self.part)(self.next).into_bytes());
            self.next += 1;
        }
    }
}

fn parts<F: Fn(u64) -> String>(end: u64, part: F) -> Parts<F> {
    Parts {
        part,
        next: 0,
        end,
        buffer: Cursor::default(),
    }
}

fn count(reader: impl std::io::Read) -> Counting {
    let mut sink = Counting::default();
    let summary = parse(BufReader::new(reader), Some(Format::Trx), &mut sink).unwrap();
    assert_eq!(summary.counts.total(), sink.cases);
    sink
}

fn definition(at: u64) -> String {
    if !at.is_multiple_of(100) && at < 999_000 {
        // Most of them are short, to be quick.
        return format!("<T id='{at}'/>");
    }
    format!(
        "<T id='{at}' storage='t.dll'><TestMethod className='N.C{}'/></T>",
        at % 1000
    )
}

fn result(at: u64) -> String {
    format!("<UnitTestResult testId='{at}' testName='m{at}' outcome='Passed'/>")
}

#[test]
fn a_million_definitions_are_kept_up_to_a_limit() {
    const MANY: u64 = 1_000_000;
    let seen = count(
        Cursor::new("<TestRun><TestDefinitions>")
            .chain(parts(MANY, definition))
            .chain(Cursor::new("</TestDefinitions><Results>"))
            .chain(parts(1, result))
            .chain(parts(1, |_| result(MANY - 1)))
            .chain(Cursor::new("</Results></TestRun>")),
    );
    assert_eq!(seen.ends, ["t.dll::N.C0::m0", "m999999"]);
    let [warning] = &seen.warnings[..] else {
        panic!("{:?}", seen.warnings)
    };
    assert!(
        warning.starts_with("definitions of more than 24 MiB: "),
        "{warning}"
    );
}

#[test]
fn results_wait_for_definitions_up_to_a_limit() {
    let file = |many: u64| {
        Cursor::new("<TestRun><Results>")
            .chain(parts(many, result))
            .chain(Cursor::new("</Results><TestDefinitions>"))
            .chain(parts(many, definition))
            .chain(Cursor::new("</TestDefinitions></TestRun>"))
    };
    let few = count(file(20_001));
    assert_eq!(few.ends, ["t.dll::N.C0::m0", "t.dll::N.C0::m20000"]);
    assert_eq!(few.warnings, [""; 0]);
    let long = |at: u64| {
        let output = "x".repeat(10_000);
        result(at).replace(
            "/>",
            &format!("><StdOut>{output}</StdOut></UnitTestResult>"),
        )
    };
    let many = count(
        Cursor::new("<TestRun><Results>")
            .chain(parts(10_000, long))
            .chain(Cursor::new("</Results><TestDefinitions>"))
            .chain(parts(10, definition))
            .chain(Cursor::new("</TestDefinitions></TestRun>")),
    );
    assert_eq!((many.cases, many.ends[0].as_str()), (10_000, "m0"));
    let [warning] = &many.warnings[..] else {
        panic!("{:?}", many.warnings)
    };
    assert!(
        warning.starts_with("more than 24 MiB of results "),
        "{warning}"
    );
}

#[test]
fn texts_without_end_are_kept_in_part() {
    let options = Options {
        max_text: 1_000,
        ..Options::default()
    };
    for (start, end) in [
        (
            "<TestRun><UnitTestResult testName='a' outcome='Failed'><Output><ErrorInfo><Message>",
            "</Message></ErrorInfo></Output></UnitTestResult></TestRun>",
        ),
        (
            "<test-run><test-case name='a'><failure><stack-trace><![CDATA[",
            "]]></stack-trace></failure></test-case></test-run>",
        ),
        (
            "<assemblies><test name='a' result='Fail'><failure><message>",
            "</message></failure></test></assemblies>",
        ),
    ] {
        let middle = std::io::repeat(b'x').take(20 << 20);
        let whole = Cursor::new(start).chain(middle).chain(Cursor::new(end));
        let mut sink = Collected::default();
        parse_with(BufReader::new(whole), None, &options, &mut sink).unwrap();
        assert_eq!(shown(&sink.cases), ["failed a"], "{start}");
        let detail = sink.cases[0].detail.as_deref().unwrap();
        assert!(detail.len() < 2_000, "{}", detail.len());
    }
}

#[test]
fn many_texts_of_one_case_are_kept_in_part() {
    let options = Options {
        max_text: 1_000,
        ..Options::default()
    };
    for (start, part, end) in [
        (
            "<TestRun><UnitTestResult testName='a' outcome='Passed'>",
            "<StdOut>some words</StdOut><Properties><Property><Key>k</Key><Value>v</Value></Property></Properties>\
             <ResultFile path='some/file'/>",
            "</UnitTestResult></TestRun>",
        ),
        (
            "<test-run><test-case name='a'>",
            "<output>some words</output><property name='k' value='v'/><filePath>some/file</filePath>",
            "</test-case></test-run>",
        ),
        (
            "<assemblies><test name='a' result='Pass'>",
            "<output>some words</output><trait name='k' value='v'/><warning>w</warning>",
            "</test></assemblies>",
        ),
        (
            "<testsuite><testcase name='a'>",
            "<system-out>some words</system-out><property name='k' value='v'/>",
            "</testcase></testsuite>",
        ),
    ] {
        let text = format!("{start}{}{end}", part.repeat(10_000));
        let read = read_with(text, None, &options).unwrap();
        let case = &read.cases[0];
        let stdout = case.stdout.as_deref().unwrap();
        assert!(stdout.len() < 1_100, "{}", stdout.len());
        assert!(!case.properties.is_empty() && case.properties.len() <= 1_000);
        assert!(case.attachments.len() <= 1_000);
    }
}

/// Everything that came out, for comparison; the same however the reader cuts the bytes.
fn outcome(bytes: &[u8], format: Option<Format>, capacity: usize) -> String {
    let options = Options {
        max_text: 64,
        subtests: true,
    };
    let mut sink = Collected::default();
    let reader = BufReader::with_capacity(capacity, bytes);
    let result = parse_with(reader, format, &options, &mut sink);
    format!("{result:?} {sink:?}")
}

const XML: [&str; 78] = [
    "<TestRun>",
    "</TestRun>",
    "<Results>",
    "</Results>",
    "<UnitTestResult testId='1' testName='N.C.a(1)' outcome='Passed'>",
    "<UnitTestResult testId='2' testName='b' resultType='DataDrivenTest'/>",
    "</UnitTestResult>",
    "<InnerResults>",
    "</InnerResults>",
    "<Output>",
    "</Output>",
    "<StdOut>",
    "</StdOut>",
    "<ErrorInfo>",
    "</ErrorInfo>",
    "<Message>",
    "</Message>",
    "<StackTrace>at N.C.a() in /x.cs:line 1</StackTrace>",
    "<TestDefinitions>",
    "</TestDefinitions>",
    "<UnitTest id='1' storage='t.dll'>",
    "</UnitTest>",
    "<TestMethod className='N.C' name='a'/>",
    "<Property><Key>k</Key><Value>v</Value></Property>",
    "<ResultSummary outcome='Aborted'>",
    "</ResultSummary>",
    "<Counters total='2' failed='x'/>",
    "<RunInfo outcome='Error'><Text>t</Text></RunInfo>",
    "<ResultFile path='a/b'/>",
    "<Times start='1' finish='2000-01-01'/>",
    "<test-run total='1'>",
    "</test-run>",
    "<test-results date='2000-01-01' time='1:2:3'>",
    "</test-results>",
    "<test-suite type='Assembly' name='/x/T.dll' result='Failed'>",
    "<test-suite type='Namespace' name='N'>",
    "<test-suite name='N.C' success='False' site='TearDown'>",
    "</test-suite>",
    "<test-case name='N.C.a(1)' result='Failed' label='Error'>",
    "<test-case name='b' fullname='N.C.b' methodname='b' duration='1,5'/>",
    "</test-case>",
    "<failure exception-type='E'>",
    "</failure>",
    "<failure/>",
    "<reason>",
    "</reason>",
    "<message>",
    "</message>",
    "<stack-trace>",
    "</stack-trace>",
    "<output>",
    "</output>",
    "<properties>",
    "</properties>",
    "<property name='n' value='v'/>",
    "<environment machine-name='h'/>",
    "<filePath>x</filePath>",
    "<assemblies timestamp='01/02/2003 04:05:06'>",
    "</assemblies>",
    "<assembly name='/x/T.dll' total='1' errors='1'>",
    "</assembly>",
    "<collection name='c' total='1'>",
    "</collection>",
    "<test name='N.C.a(x: 1)' type='N.C' method='a' result='Fail' time='1'>",
    "<test/>",
    "</test>",
    "<errors><error type='t'>",
    "</error></errors>",
    "<trait name='n' value='v'/>",
    "<attachment name='n'>",
    "</attachment>",
    "<warning>w</warning>",
    "<![CDATA[",
    "]]>",
    "&amp;",
    "&",
    "<",
    " text 'quoted\" \u{1f4a9} ",
];

const FORMATS: [Format; 3] = [Format::Trx, Format::Nunit, Format::Xunit];

proptest! {
    #[test]
    fn no_text_like_a_report_makes_a_reader_panic(
        parts in prop::collection::vec(prop::sample::select(&XML[..]), 0..60),
    ) {
        let text = parts.concat();
        let _ = detect(text.as_bytes());
        for format in FORMATS.into_iter().map(Some).chain([None]) {
            let whole = outcome(text.as_bytes(), format, 1 << 16);
            prop_assert_eq!(&whole, &outcome(text.as_bytes(), format, 1));
            prop_assert_eq!(&whole, &outcome(text.as_bytes(), format, 5));
        }
    }

    /// Wherever a report is cut, every case whose end was read is there, and the cut is noticed.
    #[test]
    fn a_cut_loses_no_complete_case(
        kinds in prop::collection::vec(0..4_usize, 1..6),
        which in 0..3_usize,
    ) {
        let (start, cases, end) = report(which, &kinds);
        let mut text = start.to_owned();
        let mut ends = Vec::new();
        for case in &cases {
            text.push_str(case);
            ends.push(text.len());
        }
        text.push_str(end);
        let format = FORMATS[which];
        let whole = read_with(&text, None, &Options::default()).unwrap();
        prop_assert_eq!(whole.summary.format, format);
        prop_assert_eq!(whole.summary.counts.total(), kinds.len() as u64);
        prop_assert!(!whole.summary.truncated);
        for at in start.len()..text.len() {
            let part = read_with(&text.as_bytes()[..at], Some(format), &Options::default()).unwrap();
            let complete = ends.iter().filter(|end| **end <= at).count();
            prop_assert_eq!(shown(&part.cases), &shown(&whole.cases)[..complete]);
            prop_assert!(part.summary.truncated);
        }
        // The order in the file changes no name.
        let backwards: String = cases.iter().rev().map(String::as_str).collect();
        let backwards = read(format!("{start}{backwards}{end}"));
        let mut names = shown(&backwards.cases);
        names.reverse();
        prop_assert_eq!(names, shown(&whole.cases));
    }
}

/// The start, the cases and the end of a valid report of the format with this place.
fn report(format: usize, kinds: &[usize]) -> (&'static str, Vec<String>, &'static str) {
    let case = |(at, kind): (usize, &usize)| match (format, kind) {
        (0, 0) => format!("<UnitTestResult testId='a' testName='N.C.n{at}' outcome='Passed'/>"),
        (0, 1) => format!(
            "<UnitTestResult testName='n{at}(1)' outcome='Failed'><Output><ErrorInfo><Message>m</Message>\
             </ErrorInfo></Output></UnitTestResult>"
        ),
        (0, 2) => format!("<UnitTestResult testName='n{at}' outcome='NotExecuted'/>"),
        (0, _) => format!("<UnitTestResult testName='n{at}'><StdOut>x</StdOut></UnitTestResult>"),
        (1, 0) => format!("<test-case name='N.C.n{at}'/>"),
        (1, 1) => format!(
            "<test-case name='n{at}(1)' result='Failed'><failure><message>m</message></failure></test-case>"
        ),
        (1, 2) => format!("<test-case name='n{at}' executed='False'/>"),
        (1, _) => format!("<test-case name='n{at}'><output><![CDATA[<x>]]></output></test-case>"),
        (_, 0) => format!("<test name='N.C.n{at}' type='N.C' method='n{at}' result='Pass'/>"),
        (_, 1) => format!(
            "<test name='n{at}(1)' result='Fail'><failure><message>m</message></failure></test>"
        ),
        (_, 2) => format!("<test name='n{at}' result='Skip'><reason>r</reason></test>"),
        (_, _) => format!("<test name='n{at}' result='NotRun'/>"),
    };
    let cases = kinds.iter().enumerate().map(case).collect();
    match format {
        0 => ("<TestRun><Results>", cases, "</Results></TestRun>"),
        1 => (
            "<test-run><test-suite type='Assembly' name='/x/T.dll'>",
            cases,
            "</test-suite></test-run>",
        ),
        _ => (
            "<assemblies><assembly name='/x/T.dll'>",
            cases,
            "</assembly></assemblies>",
        ),
    }
}
