//! The events of Rust's test harness.

use std::io::Read;

use crate::{again, check, check_cut, check_ordinary, check_within, each, summary, text};

const STARTED: &str = "{ \"type\": \"suite\", \"event\": \"started\", \"test_count\": 1 }\n";

fn ended(failed: usize) -> String {
    format!(
        "{{ \"type\": \"suite\", \"event\": \"failed\", \"passed\": 0, \"failed\": {failed}, \
         \"ignored\": 0, \"measured\": 0 }}\n"
    )
}

fn started(name: &str) -> String {
    format!("{{ \"type\": \"test\", \"event\": \"started\", \"name\": \"{name}\" }}\n")
}

fn failed(name: &str, more: &str) -> String {
    format!("{{ \"type\": \"test\", \"event\": \"failed\", \"name\": \"{name}\"{more} }}\n")
}

#[test]
fn a_large_stream_needs_no_more_than_a_small_one() {
    let output = ", \"stdout\": \"thread 'a' panicked at src/lib.rs:3:4:\\nno\\n\"";
    let (outcome, sink) = check_ordinary(1024, |count| {
        let test = |at: usize| {
            let name = format!("module::test_{}", at % 1_000);
            started(&name) + &failed(&name, output)
        };
        text(&STARTED.replace(": 1 }", &format!(": {count} }}")))
            .chain(each(count, test))
            .chain(text(&ended(count)))
    });
    assert_eq!(summary(outcome).counts.failed, 100_000);
    assert_eq!(sink.warnings, [""; 0]);
}

#[test]
fn one_text_without_end() {
    let line = "a line of a text that does not end, of nearly sixty-four bytes\\n".repeat(256);
    for key in ["stdout", "stderr", "message"] {
        let (outcome, sink) = check((1 << 24) / line.len(), |count| {
            let start = failed("a", &format!(", \"{key}\": \""));
            text(&format!("{STARTED}{}", start.trim_end_matches(" }\n")))
                .chain(again(count, &line))
                .chain(text(&format!("\" }}\n{}", ended(1))))
        });
        assert_eq!(summary(outcome).counts.failed, 1);
        if key == "stdout" {
            check_cut(sink, false, key);
        }
    }
    // Of something that nobody asks for.
    let (outcome, _) = check((1 << 24) / line.len(), |count| {
        text(STARTED)
            .chain(again(count, &line))
            .chain(text(&format!("\n{}{}", failed("a", ""), ended(1))))
    });
    assert_eq!(summary(outcome).counts.failed, 1);
}

#[test]
fn keys_and_nested_values() {
    for [open, close] in [["[", "]"], ["{\"a\":", "}"], ["[1,", ",2]"]] {
        let (outcome, _) = check(200_000, |depth| {
            let event = failed("a", ", \"x\": ");
            text(&format!("{STARTED}{}", event.trim_end_matches(" }\n")))
                .chain(again(depth, open))
                .chain(text("0"))
                .chain(again(depth, close))
                .chain(text(&format!("}}\n{}", ended(1))))
        });
        assert_eq!(summary(outcome).counts.failed, 1, "{open}");
    }
    let (outcome, _) = check(200_000, |count| {
        let start = failed("a", "");
        let key = |at: usize| format!(",\"k{at}\":\"v\"");
        text(&format!("{STARTED}{}", start.trim_end_matches(" }\n")))
            .chain(each(count, key))
            .chain(text(&format!("}}\n{}", ended(1))))
    });
    assert_eq!(summary(outcome).counts.failed, 1);
}

#[test]
fn tests_that_never_end() {
    let (outcome, sink) = check(150_000, |count| {
        text(STARTED).chain(each(count, |at| started(&format!("test_{at}"))))
    });
    let open = summary(outcome).counts.errored;
    assert!((50_000..100_000).contains(&open), "{open}");
    assert!(sink.warnings[0].contains("too many"), "{:?}", sink.warnings);
    let long = "t".repeat(20_000);
    let (outcome, _) = check_within(48 << 20, 1_000, |count| {
        text(STARTED).chain(each(count, |at| started(&format!("{long}{at}"))))
    });
    assert!(summary(outcome).truncated);
}

#[test]
fn binaries_without_end() {
    let (outcome, _) = check(60_000, |count| again(count, STARTED));
    assert!(summary(outcome).truncated);
    // With long names.
    let name = "n".repeat(100_000);
    let binary = format!(
        "{{ \"type\": \"suite\", \"event\": \"started\", \"test_count\": 0, \
         \"nextest\": {{ \"crate\": \"{name}\", \"test_binary\": \"{name}\" }} }}\n{}",
        ended(0)
    );
    let (outcome, _) = check(400, |count| {
        text(STARTED)
            .chain(text(&ended(0)))
            .chain(again(count, &binary))
    });
    let summary = summary(outcome);
    assert_eq!(summary.suites.len() as u64 + summary.suites_left_out, 401);
}

#[test]
fn namesakes_and_attempts() {
    let (outcome, _) = check(60_000, |count| {
        let piece = started("a::b$c") + &started("a::b$c#2") + &failed("a::b$c#99", "");
        text(STARTED)
            .chain(again(count, &piece))
            .chain(text(&ended(count)))
    });
    assert_eq!(summary(outcome).counts.failed, 60_000);
}

#[test]
fn warnings() {
    let (outcome, sink) = check(60_000, |count| {
        let bad = "{ \"type\": \"test\", \"event\": }\n";
        text(STARTED)
            .chain(again(count, bad))
            .chain(text(&ended(0)))
    });
    assert_eq!(summary(outcome).counts.total(), 0);
    assert_eq!(sink.warnings.len(), 101);
}
