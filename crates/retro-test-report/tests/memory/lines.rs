//! TAP, and the text of libtest.

use std::io::Read;

use retro_test_report::Options;

use crate::{again, check, check_cut, check_within, each, lines, pieces, summary, text};

#[test]
fn one_text_without_end() {
    let line = "x".repeat(64 << 10);
    for (start, line, end, size) in [
        (
            "1..1\nnot ok 1 - a\n  ---\n  x: ",
            line,
            "\n  ...\n",
            1 << 27,
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

#[test]
fn a_block_of_yaml_without_end() {
    let (outcome, sink) = check(400_000, |count| {
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
fn failed_rust_tests_whose_details_may_follow() {
    let (outcome, sink) = check_within(40 << 20, 200_000, |count| {
        text(&format!("running {count} tests\n"))
            .chain(each(count, |at| format!("test t{at} ... FAILED\n")))
    });
    assert_eq!(summary(outcome).counts.failed, 200_000);
    assert!(
        sink.warnings[0].contains("too many to wait"),
        "{:?}",
        sink.warnings
    );
    // Named by quiet output, by its list at the end, or without a result.
    for (start, before, after) in [
        ("", "", " --- FAILED\n"),
        ("\nfailures:\n\nfailures:\n", "    t", "\n"),
        ("\nfailures:\n\n", "---- t", " stdout ----\n"),
    ] {
        let (outcome, _) = check_within(40 << 20, 120_000, |count| {
            text(&format!("running {count} tests\n{start}"))
                .chain(each(count, |at| format!("{before}{at}{after}")))
        });
        assert_eq!(summary(outcome).counts.failed, 120_000, "{before}");
    }
    let (outcome, _) = check_within(40 << 20, 120_000, |count| {
        text(&format!("running {count} tests\n"))
            .chain(each(count, |at| format!("test t{at} ... lost\n")))
    });
    assert!(summary(outcome).truncated);
}
