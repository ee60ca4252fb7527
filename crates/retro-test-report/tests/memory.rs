//! Whatever comes in, memory is bounded and grows with no more than the size of the input.
//!
//! Every input is made while it is read, and read twice: as large as it should be and a quarter of
//! that. Nothing here asks how long it takes; what was allocated in all is the measure of work, and
//! an input on which the work is quadratic would not come to its end.

mod measure;

use std::io::{BufReader, Cursor, Read};

use measure::{Use, measured};
use retro_domain::TestCase;
use retro_test_report::{Format, Options, ParseError, ReportSink, Summary, parse};

/// No input needs more, however hostile.
const MOST: i64 = 64 << 20;

/// Looks and forgets.
#[derive(Default)]
struct Looking {
    cases: u64,
    longest: usize,
    last: Option<TestCase>,
}

impl ReportSink for Looking {
    fn case(&mut self, case: &TestCase) {
        self.cases += 1;
        for text in [&case.detail, &case.message, &case.stdout, &case.stderr] {
            self.longest = self.longest.max(text.as_ref().map_or(0, String::len));
        }
        if self.last.is_none() {
            self.last = Some(case.clone());
        }
    }
}

/// A text made of pieces that are made when they are asked for.
struct Pieces<F> {
    at: usize,
    count: usize,
    make: F,
    piece: Cursor<Vec<u8>>,
}

impl<F: Fn(usize, &mut Vec<u8>)> Read for Pieces<F> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        while self.piece.position() == self.piece.get_ref().len() as u64 && self.at < self.count {
            let piece = self.piece.get_mut();
            piece.clear();
            (self.make)(self.at, piece);
            self.piece.set_position(0);
            self.at += 1;
        }
        self.piece.read(into)
    }
}

fn pieces(count: usize, make: impl Fn(usize, &mut Vec<u8>)) -> impl Read {
    Pieces {
        at: 0,
        count,
        make,
        piece: Cursor::new(Vec::new()),
    }
}

fn again(count: usize, piece: &str) -> impl Read {
    let piece = piece.as_bytes().to_vec();
    pieces(count, move |_, out| out.extend_from_slice(&piece))
}

fn text(text: &str) -> impl Read + use<> {
    Cursor::new(text.as_bytes().to_vec())
}

type Outcome = Result<Summary, ParseError>;

fn read(input: impl Read, format: Option<Format>) -> (Outcome, Looking, Use) {
    let mut sink = Looking::default();
    let options = Options::default();
    let (outcome, needed) = measured(|| parse(BufReader::new(input), format, &options, &mut sink));
    (outcome, sink, needed)
}

/// Reads an input of a size and of a quarter of it, and gives what came of the large one.
fn check<R: Read>(size: usize, input: impl Fn(usize) -> R) -> (Outcome, Looking) {
    check_as(None, size, input)
}

fn check_as<R: Read>(
    format: Option<Format>,
    size: usize,
    input: impl Fn(usize) -> R,
) -> (Outcome, Looking) {
    let (_, _, small) = read(input(size / 4), format);
    let (outcome, sink, large) = read(input(size), format);
    assert!(large.peak <= MOST, "held {} bytes", large.peak);
    // Buffers double when they are full, so that a little more than four times is honest.
    let most = small.asked * 5 + (4 << 20);
    assert!(large.asked <= most, "{small:?} became {large:?}");
    (outcome, sink)
}

fn summary(outcome: Outcome) -> Summary {
    outcome.expect("a report")
}

#[test]
fn a_large_report_needs_no_more_than_a_small_one() {
    let case = "<testcase classname='a.b.C' name='n'><failure message='m'>x &lt; y\n</failure>\
                <system-out>some text</system-out></testcase>\n";
    let suite = |size: usize| {
        text("<testsuites><testsuite name='s'>")
            .chain(again(size, case))
            .chain(text("</testsuite></testsuites>"))
    };
    let (_, _, small) = read(suite(1_000), None);
    let (outcome, sink, large) = read(suite(100_000), None);
    assert_eq!(summary(outcome).counts.failed, 100_000);
    assert_eq!(sink.cases, 100_000);
    assert!(large.peak < 1 << 20, "held {} bytes", large.peak);
    assert!(
        large.peak <= small.peak + 1024,
        "{small:?} became {large:?}"
    );
}

#[test]
fn an_ordinary_case_allocates_nothing() {
    let empty = |size: usize| {
        text("<testsuite name='s'>")
            .chain(again(
                size,
                "<testcase classname='a.b' name='n' time='0.1'/>\n",
            ))
            .chain(text("</testsuite>"))
    };
    let tap =
        |size: usize| text("TAP version 13\n").chain(again(size, "ok - a test that has a name\n"));
    // The first reads are of less than the start that is always read at once.
    let asked = |input: &mut dyn Read| read(input, None).2.asked;
    let few = (asked(&mut empty(5_000)), asked(&mut tap(5_000)));
    let many = (asked(&mut empty(50_000)), asked(&mut tap(50_000)));
    assert!(many.0 <= few.0 + 1024, "{few:?} became {many:?}");
    assert!(many.1 <= few.1 + 1024, "{few:?} became {many:?}");
}

#[test]
fn nested_suites() {
    let (outcome, sink) = check(20_000, |depth| {
        let open = |at: usize, out: &mut Vec<u8>| {
            let text = format!("<testsuite name='s{at}'><testcase name='c'/>");
            out.extend_from_slice(text.as_bytes());
        };
        pieces(depth, open).chain(again(depth, "</testsuite>"))
    });
    let summary = summary(outcome);
    assert_eq!((sink.cases, summary.truncated), (20_000, false));
}

#[test]
fn nested_cases_and_unknown_elements() {
    let (outcome, _) = check(20_000, |depth| {
        text("<testsuite>")
            .chain(again(depth, "<testcase name='c'><x>"))
            .chain(again(depth, "</x></testcase>"))
    });
    assert_eq!(summary(outcome).counts.passed, 20_000);
}

#[test]
fn attributes() {
    let (outcome, sink) = check(400_000, |count| {
        let attribute = |at: usize, out: &mut Vec<u8>| {
            out.extend_from_slice(format!(" a{at}='v'").as_bytes());
        };
        text("<testsuite><testcase name='n'")
            .chain(pieces(count, attribute))
            .chain(text("/></testsuite>"))
    });
    assert_eq!(summary(outcome).counts.passed, 1);
    let case = sink.last.expect("a case");
    assert_eq!((case.id.name.as_str(), case.properties.len()), ("n", 1_000));
    // The same attribute again, and each of them wrong.
    let (outcome, _) = check(400_000, |count| {
        text("<testsuite><testcase name='n'")
            .chain(again(count, " time='x'"))
            .chain(text("/></testsuite>"))
    });
    assert_eq!(summary(outcome).counts.passed, 1);
    let (outcome, _) = check(400_000, |count| {
        text("<testsuite")
            .chain(again(count, " tests='x' name='s' y='z'"))
            .chain(text("/>"))
    });
    assert_eq!(summary(outcome).suites.len(), 1);
}

/// 64 KiB of lines with a reference, the way output has them.
fn lines(before: &str) -> String {
    let line = "a line of a text that does not end, of nearly sixty-four bytes\n";
    format!("{before}& {}", format!("{before}{line}").repeat(1024))
}

#[test]
fn one_text_of_a_gigabyte() {
    for (start, end, is_output, size) in [
        ("<failure>", "</failure>", false, 1 << 30),
        ("<system-out><![CDATA[", "]]></system-out>", true, 1 << 27),
        ("<failure message=\"", "\"/>", false, 1 << 27),
        ("<system-out>", "</system-out>", true, 1 << 27),
    ] {
        let lines = lines("");
        let (outcome, sink) = check(size / lines.len(), |count| {
            text(&format!("<testsuite><testcase name='a'>{start}"))
                .chain(again(count, &lines))
                .chain(text(&format!("{end}</testcase></testsuite>")))
        });
        assert_eq!(summary(outcome).counts.total(), 1, "{start}");
        check_cut(sink, is_output, start);
    }
}

#[test]
fn one_text_of_a_gigabyte_in_lines() {
    let line = "x".repeat(64 << 10);
    for (start, line, end, size) in [
        (
            "1..1\nnot ok 1 - a\n  ---\n  x: ",
            line,
            "\n  ...\n",
            1 << 30,
        ),
        (
            "1..1\nnot ok 1 - a\n  ---\n",
            lines("  x: "),
            "  ...\n",
            1 << 26,
        ),
        ("1..1\nnot ok 1 - a\n", lines("# "), "", 1 << 26),
        (
            "\nrunning 1 test\ntest a ... FAILED\n\nfailures:\n\n---- a stdout ----\n",
            lines(""),
            "\n\nfailures:\n    a\n\n",
            1 << 26,
        ),
    ] {
        let (outcome, sink) = check(size / line.len(), |count| {
            text(start).chain(again(count, &line)).chain(text(end))
        });
        assert_eq!(summary(outcome).counts.failed, 1, "{start}");
        check_cut(sink, false, start);
    }
}

/// Checks that the text of the only case was kept up to the limit, and says that it was cut.
fn check_cut(sink: Looking, is_output: bool, start: &str) {
    let limit = Options::default().max_text;
    assert!((limit..limit + 100).contains(&sink.longest), "{start}");
    let case = sink.last.expect("a case");
    let text = if is_output { case.stdout } else { case.detail };
    let text = text.expect("a text");
    assert!(text.contains("[cut here: "), "{start}");
}

#[test]
fn entities_are_neither_expanded_nor_fetched() {
    // Each entity is ten times the one before.
    // The root is too far from the start to tell the format.
    let (outcome, sink) = check_as(Some(Format::Junit), 200_000, |count| {
        let entity = |at: usize, out: &mut Vec<u8>| {
            let inner = format!("&lol{at};").repeat(10);
            out.extend_from_slice(format!("<!ENTITY lol{} '{inner}'>\n", at + 1).as_bytes());
        };
        text("<?xml version='1.0'?><!DOCTYPE t [<!ENTITY lol0 'lol'>")
            .chain(pieces(count, entity))
            .chain(text(
                "<!ENTITY % remote SYSTEM 'http://127.0.0.1:9/x.dtd'> %remote;\
                 <!ENTITY file SYSTEM 'file:///etc/hostname'>]>\
                 <testsuite><testcase name='&lol200000;'><failure>&file;</failure>\
                 </testcase></testsuite>",
            ))
    });
    assert_eq!(summary(outcome).counts.failed, 1);
    let case = sink.last.expect("a case");
    assert_eq!(case.id.name, "&lol200000;");
    assert_eq!(case.detail.as_deref(), Some("&file;"));
}

#[test]
fn a_block_of_yaml_without_end() {
    let (outcome, sink) = check(1_000_000, |count| {
        text("TAP version 14\n1..2\nok 1 - a\n  ---\n").chain(again(count, "  key: value\n"))
    });
    let summary = summary(outcome);
    assert_eq!((summary.counts.passed, summary.truncated), (1, true));
    assert!(sink.longest <= Options::default().max_text + 100);
}

#[test]
fn nested_subtests() {
    let (outcome, sink) = check(5_000, |depth| {
        let line = move |at: usize, out: &mut Vec<u8>| {
            out.resize((depth - 1 - at) * 4, b' ');
            out.extend_from_slice(b"not ok 1 - t\n");
        };
        text("TAP version 14\n")
            .chain(pieces(depth, line))
            .chain(text("1..1\n"))
    });
    let summary = summary(outcome);
    assert_eq!((sink.cases, summary.subtests.failed), (1, 4_999));
    // Announced, buffered, and never closed.
    let (outcome, _) = check(200_000, |count| {
        text("TAP version 14\n1..1\n").chain(again(
            count,
            "# Subtest: a\nok 1 - b {\n    # Subtest: c\n    ok 1 - d {\n",
        ))
    });
    assert!(outcome.is_ok());
}

#[test]
fn markup_that_is_none() {
    for piece in [
        "<",
        "<a ",
        "<a \"",
        "<a b=",
        "</",
        "<!",
        "<![CDATA[",
        "<!--",
        "&",
        "]]",
        "&#",
        "< a",
    ] {
        let (outcome, _) = check(100_000, |count| {
            text("<testsuite><testcase name='a'><failure>").chain(again(count, piece))
        });
        assert!(summary(outcome).truncated, "{piece}");
    }
}
