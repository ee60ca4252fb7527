//! Input that means harm, and input that is only odd: nothing panics, nothing is lost, nothing
//! grows with more than the size of the input.

mod reading;

use std::collections::HashSet;
use std::io::{BufReader, Cursor, Read as _};

use proptest::prelude::*;
use reading::{check, read, read_with, shown};
use retro_domain::TestCase;
use retro_test_report::{Collected, Format, Options, ReportSink, detect, parse, parse_with};

const DEPTH: usize = 5_000;

#[test]
fn five_thousand_nested_suites_are_no_stack() {
    let mut text = String::new();
    for at in 0..DEPTH {
        text.push_str(&format!("<testsuite name='s{at}'><testcase name='c'/>"));
    }
    let open = read(&text);
    assert_eq!(
        (open.summary.counts.total(), open.summary.truncated),
        (5_000, true)
    );
    text.push_str(&"</testsuite>".repeat(DEPTH));
    let read = read(&text);
    assert_eq!(
        (read.summary.counts.passed, read.summary.truncated),
        (5_000, false)
    );
    assert_eq!(read.cases[1].id.suite, ["s0", "s1"]);
    // Names as deep as the nesting would make the whole quadratic; what is left out is a digest.
    assert_eq!(read.cases[4_999].id.suite.len(), 101);
    let rest = &read.cases[4_999].id.suite[100];
    assert!(rest.starts_with("(4900 more: "), "{rest}");
    let ids: HashSet<_> = read.cases.iter().map(|case| &case.id).collect();
    assert_eq!(ids.len(), 5_000, "the ids are distinct");
    assert_eq!(
        read.warnings,
        [
            "line 1: suites more than 100 deep, or with names of more than 16 KiB together, are one digest in \
          the names of tests"
        ]
    );
}

#[test]
fn five_thousand_nested_cases_and_unknown_elements_are_no_stack() {
    let text = format!("<testsuite>{}", "<testcase name='c'><x>".repeat(DEPTH));
    assert_eq!(read(text).summary.counts.total(), 0);
    let text = format!(
        "<testsuite>{}{}",
        "<testcase name='c'>".repeat(DEPTH),
        "</testcase>".repeat(DEPTH)
    );
    assert_eq!(read(text).summary.counts.total(), 5_000);
    let text = format!(
        "<testsuite>{}{}<testcase name='c'/>",
        "<x>".repeat(DEPTH),
        "</y>".repeat(100_000)
    );
    assert_eq!(read(text).summary.counts.total(), 1);
}

#[test]
fn a_hundred_thousand_attributes_are_read_once() {
    let mut text = "<testsuite><testcase name='first'".to_owned();
    for at in 0..100_000 {
        text.push_str(&format!(" a{at}='v'"));
    }
    text.push_str(" name='second' classname='C'><failure/></testcase></testsuite>");
    let read = check(text, &["failed C::first"]);
    assert_eq!(read.cases[0].properties.len(), 1_000);
    assert_eq!(
        read.warnings,
        ["line 1: 99000 attributes of one test are left out"]
    );
}

#[test]
fn entities_are_not_expanded() {
    let mut text = "<!DOCTYPE t [<!ENTITY lol0 'lol'>".to_owned();
    for at in 1..100 {
        let inner = format!("&lol{};", at - 1).repeat(10);
        text.push_str(&format!("<!ENTITY lol{at} '{inner}'>"));
    }
    text.push_str("<!ENTITY file SYSTEM 'file:///etc/passwd'>]><testsuite><testcase name='&lol99;'><failure>&file;</failure></testcase></testsuite>");
    let read = check(text, &["failed &lol99;"]);
    assert_eq!(read.cases[0].detail.as_deref(), Some("&file;"));
}

#[test]
fn five_thousand_nested_subtests_are_no_stack() {
    let mut text = "TAP version 14\n".to_owned();
    for at in (0..DEPTH).rev() {
        text.push_str(&" ".repeat(at * 4));
        text.push_str("not ok 1 - t\n");
    }
    text.push_str("1..1\n");
    let read = check(text, &["failed t"]);
    assert_eq!(read.summary.subtests.failed, 4_999);
    assert!(read.cases[0].message.as_deref().unwrap().len() < 1000);
}

#[test]
fn one_text_without_end_is_kept_in_part() {
    let options = Options {
        max_text: 1_000,
        ..Options::default()
    };
    for (start, end) in [
        (
            "<testsuite><testcase name='a'><failure>",
            "</failure></testcase></testsuite>",
        ),
        (
            "<testsuite><testcase name='a'><failure><![CDATA[",
            "]]></failure></testcase></testsuite>",
        ),
        ("1..1\nnot ok 1 - a\n  ---\n  x: ", "\n  ...\n"),
        (
            "\nrunning 1 test\ntest a ... FAILED\n\nfailures:\n\n---- a stdout ----\n",
            "\n\nfailures:\n    a\n\n",
        ),
    ] {
        let middle = std::io::repeat(b'x').take(20 << 20);
        let whole = Cursor::new(start).chain(middle).chain(Cursor::new(end));
        let mut sink = Collected::default();
        parse_with(BufReader::new(whole), None, &options, &mut sink).unwrap();
        assert_eq!(shown(&sink.cases), ["failed a"], "{start}");
        let detail = sink.cases[0].detail.as_deref().unwrap();
        assert!(detail.len() < 5_000, "{}", detail.len());
    }
}

/// Counts and forgets.
#[derive(Default)]
struct Counting(u64);

impl ReportSink for Counting {
    fn case(&mut self, _: &TestCase) {
        self.0 += 1;
    }
}

#[test]
fn cases_arrive_while_the_file_is_read() {
    struct Watching<'a>(&'a std::cell::Cell<u64>);
    impl ReportSink for Watching<'_> {
        fn case(&mut self, _: &TestCase) {
            self.0.set(self.0.get() + 1);
        }
    }
    // A reader that asks, at its end, how many cases were delivered by then.
    struct Asking<'a, R>(R, &'a std::cell::Cell<u64>, u64);
    impl<R: std::io::Read> std::io::Read for Asking<'_, R> {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            self.2 = self.1.get();
            self.0.read(into)
        }
    }
    let case = "<testcase name='c'><failure message='m'>some text</failure></testcase>";
    let text = format!("<testsuite>{}</testsuite>", case.repeat(20_000));
    let seen = std::cell::Cell::new(0);
    let mut reader = BufReader::new(Asking(text.as_bytes(), &seen, 0));
    parse(&mut reader, None, &mut Watching(&seen)).unwrap();
    assert_eq!(seen.get(), 20_000);
    assert!(reader.into_inner().2 > 19_000, "cases were held back");
}

fn all_formats() -> impl Iterator<Item = Option<Format>> {
    Format::ALL.iter().copied().map(Some).chain([None])
}

/// Everything that came out, for comparison; the same however the reader cuts the bytes.
fn outcome(bytes: &[u8], format: Option<Format>, capacity: usize, options: &Options) -> String {
    let mut sink = Collected::default();
    let reader = BufReader::with_capacity(capacity, bytes);
    let result = parse_with(reader, format, options, &mut sink);
    format!("{result:?} {sink:?}")
}

fn check_any(bytes: &[u8]) {
    let _ = detect(bytes);
    for format in all_formats() {
        let options = Options {
            max_text: 64,
            subtests: true,
        };
        let whole = outcome(bytes, format, 1 << 16, &options);
        assert_eq!(whole, outcome(bytes, format, 1, &options));
        assert_eq!(whole, outcome(bytes, format, 5, &options));
    }
}

const XML: [&str; 38] = [
    "<testsuites>",
    "</testsuites>",
    "<testsuite name='s'>",
    "</testsuite>",
    "<testcase name='c'>",
    "</testcase>",
    "<testcase/>",
    "<failure>",
    "<failure message='m'/>",
    "</failure>",
    "<error/>",
    "<skipped>",
    "</skipped>",
    "<flakyFailure>",
    "</flakyFailure>",
    "<stackTrace>",
    "</stackTrace>",
    "<system-out>",
    "</system-out>",
    "<system-err>",
    "</system-err>",
    "<properties>",
    "</properties>",
    "<property name='n'>",
    "</property>",
    "<property name='n' value='v'/>",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "&amp;",
    "&#x1b;",
    "&",
    "<",
    ">",
    "<!DOCTYPE a [",
    "]>",
    " text 'quoted\" [[PROPERTY|a=b]] [[ATTACHMENT|x]] \u{1f4a9} ",
];

const LINES: [&str; 46] = [
    "TAP version 13",
    "1..3",
    "1..0 # SKIP x",
    "ok 1 - a",
    "not ok 2 - b",
    "ok",
    "not ok # TODO x",
    "ok 3 # skip",
    "    ok 1 - sub",
    "    1..1",
    "        not ok",
    "# Subtest: s",
    "    # Subtest: t",
    "  ---",
    "  message: x",
    "  at: f (a:1:2)",
    "  ...",
    "    ---",
    "...",
    "ok 4 - x {",
    "}",
    "{",
    "Bail out! y",
    "# comment",
    "pragma +x",
    "",
    "running 3 tests",
    "running 1 test",
    "test a ... ok",
    "test b ... FAILED",
    "test c ... ignored, why",
    "test d ... ",
    "output",
    "ok",
    "FAILED",
    "outtest e ... ok",
    "failures:",
    "successes:",
    "---- b stdout ----",
    "---- zz stdout ----",
    "    b",
    "    zz",
    "thread 'b' panicked at src/lib.rs:1:2:",
    "test result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out",
    "     Running unittests src/lib.rs (target/debug/deps/a-0123456789abcdef)",
    "error: test failed, to rerun",
];

proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        check_any(&bytes);
    }

    #[test]
    fn no_text_like_xml_makes_a_reader_panic(
        parts in prop::collection::vec(prop::sample::select(&XML[..]), 0..60),
    ) {
        check_any(parts.concat().as_bytes());
    }

    #[test]
    fn no_lines_make_a_reader_panic(
        lines in prop::collection::vec(prop::sample::select(&LINES[..]), 0..60),
    ) {
        check_any(lines.join("\n").as_bytes());
    }

    /// Wherever a report is cut, every case whose end was read is there, and the cut is noticed.
    #[test]
    fn a_cut_loses_no_complete_case(
        kinds in prop::collection::vec(0..4_usize, 1..12),
        cut in 0.0..1.0_f64,
        which in 0..3_usize,
    ) {
        let (start, cases, end) = report(which, &kinds);
        let mut text = start.clone();
        let mut ends = Vec::new();
        for case in &cases {
            text.push_str(case);
            ends.push(text.len());
        }
        let full_len = text.len() + end.len();
        text.push_str(end);
        let format = Format::ALL[which];
        let whole = read_with(&text, Some(format), &Options::default()).unwrap();
        prop_assert_eq!(whole.summary.counts.total(), kinds.len() as u64);
        prop_assert!(!whole.summary.truncated);
        // The product is below the length of a short text.
        let at = start.len() + ((full_len - start.len()) as f64 * cut) as usize;
        let part = read_with(&text.as_bytes()[..at], Some(format), &Options::default()).unwrap();
        let complete = ends.iter().filter(|end| **end <= at).count();
        prop_assert!(part.cases.len() >= complete, "{} of {}", part.cases.len(), complete);
        if which != 2 {
            prop_assert_eq!(&shown(&part.cases)[..complete], &shown(&whole.cases)[..complete]);
        }
        let cut_text = &text[..at];
        // The counts of a result line are whole before the line is.
        let has_counts = cut_text.rfind(" failed; ").is_some_and(|at| cut_text[at..].contains("ignored"));
        // So is the last line of TAP before its line end, and before a block that may follow.
        let is_whole = complete == kinds.len() || has_counts;
        let is_planned = which == 1 && part.cases.len() == kinds.len();
        prop_assert!(part.summary.truncated || is_whole || is_planned);
    }
}

/// The start, the cases and the end of a valid report of the format with this place.
fn report(format: usize, kinds: &[usize]) -> (String, Vec<String>, &'static str) {
    let case = |(at, kind): (usize, &usize)| match (format, kind) {
        (0, 0) => format!("<testcase name='n{at}'/>\n"),
        (0, 1) => {
            format!("<testcase name='n{at}'><failure message='m'>x &amp; y</failure></testcase>\n")
        }
        (0, 2) => format!("<testcase name='n{at}'><skipped/></testcase>\n"),
        (0, _) => {
            format!("<testcase name='n{at}'><system-out><![CDATA[<x>]]></system-out></testcase>\n")
        }
        (1, 0) => format!("ok {} - n{at}\n", at + 1),
        (1, 1) => format!("not ok {} - n{at}\n  ---\n  message: x\n  ...\n", at + 1),
        (1, 2) => format!("ok {} - n{at} # SKIP why\n", at + 1),
        (1, _) => format!("    ok 1 - sub\n    1..1\nok {} - n{at}\n", at + 1),
        (_, 0 | 3) => format!("test n{at} ... ok\n"),
        (_, 1) => format!("test n{at} ... FAILED\n"),
        (_, _) => format!("test n{at} ... ignored, why\n"),
    };
    let cases = kinds.iter().enumerate().map(case).collect();
    match format {
        0 => (
            "<testsuites>\n<testsuite name='s'>\n".to_owned(),
            cases,
            "</testsuite>\n</testsuites>",
        ),
        1 => (
            format!("TAP version 14\n1..{}\n", kinds.len()),
            cases,
            "# end\n",
        ),
        _ => {
            let count = |kind: usize| kinds.iter().filter(|k| **k == kind).count();
            let passed = count(0) + count(3);
            let end = format!(
                "\ntest result: ok. {passed} passed; {} failed; {} ignored; 0 measured; 0 filtered out\n",
                count(1),
                count(2)
            );
            let mut cases: Vec<String> = cases;
            if let Some(last) = cases.last_mut() {
                last.push_str(&end);
            }
            (format!("\nrunning {} tests\n", kinds.len()), cases, "")
        }
    }
}

#[test]
fn a_sink_that_keeps_nothing_is_enough() {
    let mut sink = Counting::default();
    let text = format!(
        "<testsuite>{}</testsuite>",
        "<testcase name='c'/>".repeat(10_000)
    );
    let summary = parse(text.as_bytes(), None, &mut sink).unwrap();
    assert_eq!((sink.0, summary.counts.passed), (10_000, 10_000));
}
