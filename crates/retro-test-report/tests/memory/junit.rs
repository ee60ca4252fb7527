//! JUnit XML.

use std::io::Read;

use retro_test_report::Format;

use crate::{again, check, check_as, check_cut, lines, pieces, read, summary, text};

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
    let (outcome, sink) = check(200_000, |count| {
        let attribute = |at: usize, out: &mut Vec<u8>| {
            out.extend_from_slice(format!(" a{at}='v'").as_bytes());
        };
        text("<testsuite><testcase name='n'")
            .chain(pieces(count, attribute))
            .chain(text("/></testsuite>"))
    });
    assert_eq!(summary(outcome).counts.passed, 1);
    let case = sink.first.expect("a case");
    assert_eq!((case.id.name.as_str(), case.properties.len()), ("n", 1_000));
    // The same attribute again, and each of them wrong.
    let (outcome, _) = check(200_000, |count| {
        text("<testsuite><testcase name='n'")
            .chain(again(count, " time='x'"))
            .chain(text("/></testsuite>"))
    });
    assert_eq!(summary(outcome).counts.passed, 1);
    let (outcome, _) = check(200_000, |count| {
        text("<testsuite")
            .chain(again(count, " tests='x' name='s' y='z'"))
            .chain(text("/>"))
    });
    assert_eq!(summary(outcome).suites.len(), 1);
}

#[test]
fn one_text_without_end() {
    for (start, end, is_output, size) in [
        ("<failure>", "</failure>", false, 1 << 26),
        ("<system-out><![CDATA[", "]]></system-out>", true, 1 << 26),
        ("<failure message=\"", "\"/>", false, 1 << 26),
        ("<system-out>", "</system-out>", true, 1 << 26),
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
    let case = sink.first.expect("a case");
    assert_eq!(case.id.name, "&lol200000;");
    assert_eq!(case.detail.as_deref(), Some("&file;"));
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
