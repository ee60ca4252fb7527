//! XML whose elements, suites and tests are inside each other without an end, or say much about
//! themselves: memory stays below a bound, and what was complete is kept.

use std::io::{BufReader, Cursor, Read};

use retro_domain::TestCase;
use retro_test_report::{Options, ReportSink, Summary, Warning, parse_with};

use crate::measure::measured;

/// No input needs more, however hostile.
const MOST: i64 = 64 << 20;

/// Looks and forgets.
#[derive(Default)]
struct Looking {
    cases: u64,
    warnings: Vec<String>,
}

impl ReportSink for Looking {
    fn case(&mut self, _: &TestCase) {
        self.cases += 1;
    }

    fn warning(&mut self, warning: Warning) {
        self.warnings.push(warning.message);
    }
}

/// A piece of text again and again, made while it is read. `{}` in it is its number.
struct Again {
    piece: String,
    at: usize,
    count: usize,
    now: Cursor<String>,
}

impl Read for Again {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        while self.now.position() == self.now.get_ref().len() as u64 && self.at < self.count {
            self.now = Cursor::new(self.piece.replace("{}", &self.at.to_string()));
            self.at += 1;
        }
        self.now.read(into)
    }
}

fn again(count: usize, piece: &str) -> impl Read + use<> {
    Again {
        piece: piece.to_owned(),
        at: 0,
        count,
        now: Cursor::new(String::new()),
    }
}

fn text(text: &str) -> impl Read + use<> {
    Cursor::new(text.to_owned())
}

/// Reads an input and checks the memory that it took.
fn check(what: &str, input: impl Read) -> (Summary, Looking) {
    let mut sink = Looking::default();
    let options = Options::default();
    let (summary, needed) = measured(|| {
        parse_with(BufReader::new(input), None, &options, &mut sink).expect("a report")
    });
    assert!(needed.peak <= MOST, "{what}: held {} bytes", needed.peak);
    (summary, sink)
}

const KILO: usize = 1 << 10;

#[test]
fn elements_inside_each_other_have_an_end() {
    for (start, piece) in [
        ("", "<testsuites>"),
        ("", "<testsuite name='s{}'>"),
        ("<testsuite><testcase name='a'>", "<abcdef>"),
        ("<test-run>", "<test-suite name='s{}'>"),
        (
            "<assemblies><assembly total='1'>",
            "<collection name='s{}'>",
        ),
    ] {
        let (summary, sink) = check(piece, text(start).chain(again(510_000, piece)));
        assert!(summary.truncated, "{piece}");
        let told = |it: &String| it.contains("nothing from here on was read");
        assert!(sink.warnings.iter().any(told), "{piece}");
    }
}

#[test]
fn tests_inside_each_other_have_an_end() {
    for (start, piece) in [
        ("<testsuite>", "<testcase name='a{}'>"),
        (
            "<testsuite>",
            "<testcase><properties><property name='n' value='v'/></properties>",
        ),
        ("<test-run>", "<test-case name='a{}'>"),
        (
            "<assemblies><assembly total='1'>",
            "<test name='a{}' result='Pass'>",
        ),
        (
            "<TestRun><Results>",
            "<UnitTestResult testName='a' outcome='Passed'><InnerResults>",
        ),
    ] {
        let (summary, sink) = check(piece, text(start).chain(again(60_000, piece)));
        assert!(summary.truncated, "{piece}");
        let told = |it: &String| it.contains("nothing from here on was read");
        assert!(sink.warnings.iter().any(told), "{piece}");
    }
    let long = "x".repeat(64 * KILO - 1);
    for (start, piece) in [
        ("<testsuite>", format!("<testcase name='{long}'>")),
        (
            "<testsuite>",
            format!("<testcase><system-out>{long}</system-out>"),
        ),
        (
            "<test-run>",
            format!("<test-case name='a'><output>{long}</output>"),
        ),
        (
            "<TestRun><Results>",
            format!(
                "<UnitTestResult testName='a'><Output><StdErr>{long}</StdErr></Output><InnerResults>"
            ),
        ),
    ] {
        check(&piece[..40], text(start).chain(again(1_200, &piece)));
    }
}

#[test]
fn suites_say_no_more_than_can_be_kept() {
    let (kilos, megas) = ("x".repeat(200 * KILO), "x".repeat(KILO * KILO - 1));
    let properties = "<property name='nnnnnnnnnnnnnn' value='vvvvvvvvvvvv'/>".repeat(1_000);
    let hostname = format!("<testsuite name='s' hostname='{megas}'></testsuite>");
    let category = format!("<TestCategoryItem TestCategory='{kilos}'/>");
    for (count, start, piece) in [
        (70, "<testsuites>", hostname),
        (
            40,
            "<testsuites>",
            format!("<testsuite name='{megas}' file='{megas}'>"),
        ),
        (
            350,
            "<testsuite>",
            format!("<property name='n' value='{kilos}'/>"),
        ),
        (
            400,
            "<testsuites>",
            format!("<testsuite name='s'>{properties}</testsuite>"),
        ),
        (350, "<TestRun><TestDefinitions><UnitTest id='1'>", category),
    ] {
        check(&piece[..40], text(start).chain(again(count, &piece)));
    }
}

#[test]
fn small_suites_inside_of_long_names_cost_what_they_are() {
    let name = "k".repeat(60_000);
    for (start, around, inside) in [
        (
            "<testsuites>",
            format!("<testsuite name='{name}'>"),
            "<testsuite name='a{}'><testcase name='x'/></testsuite>",
        ),
        (
            "<test-run>",
            format!("<test-suite type='TestSuite' name='{name}'>"),
            "<test-suite type='TestFixture' name='a{}'><test-case name='x' result='Passed'/></test-suite>",
        ),
    ] {
        let input = |count| {
            let open = text(start).chain(again(99, &around));
            let mut sink = Looking::default();
            let options = Options::default();
            let reader = BufReader::new(open.chain(again(count, inside)));
            let (summary, needed) = measured(|| parse_with(reader, None, &options, &mut sink));
            assert_eq!(summary.expect("a report").counts.passed, count as u64);
            needed
        };
        let (few, many) = (input(100), input(1_100));
        assert!(many.peak <= MOST, "{many:?}");
        // Far less than the names around once more for each.
        let each = (many.asked - few.asked) / 1_000;
        assert!(each <= 2 * KILO as u64, "{each} bytes for each suite");
    }
}

#[test]
fn what_is_below_the_limits_is_read_as_ever() {
    let depth = 9_000;
    let read = |piece: &str, end: &str| {
        let whole = again(depth, piece).chain(again(depth, end));
        let (summary, sink) = check(piece, whole);
        assert!(!summary.truncated, "{piece}");
        assert_eq!(sink.cases, depth as u64, "{piece}");
        summary
    };
    let summary = read("<testsuite name='s{}'><testcase name='c'/>", "</testsuite>");
    let told = summary.suites.len() as u64 + summary.suites_left_out;
    assert_eq!(told, depth as u64);
    read("<testcase name='c{}'><x>", "</x></testcase>");
    // Deeper than suites are told of, tests are still read.
    let deeper = 30_000;
    let whole = again(deeper, "<testsuite name='s{}'><testcase name='c'/>");
    let (summary, sink) = check("deeper", whole.chain(again(deeper, "</testsuite>")));
    assert_eq!((sink.cases, summary.truncated), (30_000, false));
    assert_eq!(
        summary.suites.len() as u64 + summary.suites_left_out,
        30_000
    );
}
