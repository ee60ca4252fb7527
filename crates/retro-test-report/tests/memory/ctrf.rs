//! CTRF.

use std::io::Read;

use crate::{again, check, check_cut, check_ordinary, check_within, each, summary, text};

const START: &str =
    "{\"reportFormat\":\"CTRF\",\"results\":{\"tool\":{\"name\":\"t\"},\"tests\":[\n";
const END: &str = "{\"name\":\"last\",\"status\":\"passed\"}]}}\n";

#[test]
fn a_large_report_needs_no_more_than_a_small_one() {
    let test = "{\"name\":\"adds\",\"status\":\"failed\",\"duration\":3,\"suite\":[\"a\",\"b\"],\
                \"message\":\"no\",\"trace\":\"at a:1\",\"stdout\":[\"some\",\"words\"]},\n";
    let (outcome, sink) = check_ordinary(1024, |count| {
        text(START).chain(again(count, test)).chain(text(END))
    });
    assert_eq!(summary(outcome).counts.failed, 100_000);
    assert_eq!(sink.warnings, [""; 0]);
}

#[test]
fn one_text_without_end() {
    let line = "a line of a text that does not end, of nearly sixty-four bytes\\n".repeat(256);
    let plain = &line[..line.len() - 2];
    for (key, open, close, is_output) in [
        ("trace", "\"", "\"", false),
        ("message", "\"", "\"", false),
        ("stdout", "[\"", "\"]", true),
        ("other", "\"", "\"", false),
    ] {
        let (outcome, sink) = check((1 << 24) / line.len(), |count| {
            text(&format!(
                "{START}{{\"name\":\"a\",\"status\":\"failed\",\"{key}\":{open}"
            ))
            .chain(again(count, &line))
            .chain(text(&format!("{close}}},{END}")))
        });
        assert_eq!(summary(outcome).counts.failed, 1, "{key}");
        if key != "other" {
            check_cut(sink, is_output, key);
        }
    }
    // In as many lines.
    let lines = format!("\"{plain}\",");
    let (outcome, sink) = check((1 << 24) / lines.len(), |count| {
        text(&format!(
            "{START}{{\"name\":\"a\",\"status\":\"failed\",\"stdout\":["
        ))
        .chain(again(count, &lines))
        .chain(text(&format!("\"end\"]}},{END}")))
    });
    assert_eq!(summary(outcome).counts.failed, 1);
    check_cut(sink, true, "stdout");
}

#[test]
fn nested_values() {
    for [open, close] in [["[", "]"], ["{\"a\":", "}"], ["[1,", ",2]"]] {
        for key in ["extra", "parameters", "steps", "unknown"] {
            let (outcome, _) = check(100_000, |depth| {
                text(&format!(
                    "{START}{{\"name\":\"a\",\"status\":\"failed\",\"{key}\":"
                ))
                .chain(again(depth, open))
                .chain(text("0"))
                .chain(again(depth, close))
                .chain(text(&format!("}},{END}")))
            });
            assert_eq!(summary(outcome).counts.failed, 1, "{key}{open}");
        }
    }
}

#[test]
fn keys_of_a_test() {
    let long = "v".repeat(190);
    for [open, close] in [["", ""], ["\"parameters\":{", "\"k\":\"v\"},"]] {
        let (outcome, _) = check(52_000, |count| {
            text(&format!("{START}{{{open}"))
                .chain(each(count, |at| format!("\"{at}{long}\":\"{long}\",")))
                .chain(text(&format!(
                    "{close}\"name\":\"a\",\"status\":\"failed\"}},{END}"
                )))
        });
        assert_eq!(summary(outcome).counts.total(), 2, "{open}");
    }
}

#[test]
fn items_of_a_test() {
    let attachment = "{\"name\":\"n\",\"contentType\":\"t\",\"path\":\"p\"},";
    let attempt = "{\"status\":\"failed\",\"message\":\"m\",\"trace\":\"t\"},";
    let step = "{\"name\":\"n\",\"status\":\"passed\"},";
    for (key, item) in [
        ("attachments", attachment),
        ("retryAttempts", attempt),
        ("steps", step),
        ("tags", "\"tag\","),
        ("suite", "\"suite\","),
        ("stdout", "\"line\","),
    ] {
        let (outcome, sink) = check(60_000, |count| {
            text(&format!(
                "{START}{{\"name\":\"a\",\"status\":\"failed\",\"{key}\":["
            ))
            .chain(again(count, item))
            .chain(text(&format!("null]}},{END}")))
        });
        assert_eq!(summary(outcome).counts.failed, 1, "{key}");
        let case = sink.first.expect("a case");
        assert!(case.attachments.len() <= 1_000 && case.attempts.len() <= 1_001);
    }
}

#[test]
fn keys_around_the_tests() {
    let long = "v".repeat(190);
    let (outcome, _) = check_within(32 << 20, 4 * 30_000, |count| {
        let long = long.clone();
        let key = move |at: usize| format!("\"{at}{long}\":\"{long}\",");
        let of = |name: &str| format!("\"k\":0}},\"{name}\":{{");
        text(&START.replace("\"tests\":[\n", "\"summary\":{"))
            .chain(each(count / 4, key.clone()))
            .chain(text(&of("environment")))
            .chain(each(count / 4, key.clone()))
            .chain(text(&of("tool")))
            .chain(each(count / 4, key.clone()))
            .chain(text(&of("tool")))
            .chain(each(count / 4, key))
            .chain(text(&format!("\"k\":0}},\"tests\":[{END}")))
    });
    assert_eq!(summary(outcome).counts.passed, 1);
}

#[test]
fn warnings() {
    let long = "x".repeat(2_000);
    let (outcome, sink) = check(5_000, |count| {
        let test = format!("{{\"name\":\"{long}\",\"status\":\"{long}\"}},[],");
        text(START).chain(again(count, &test)).chain(text(END))
    });
    assert_eq!(summary(outcome).counts.total(), 5_001);
    assert_eq!(sink.warnings.len(), 101);
    assert!(sink.warnings.iter().all(|warning| warning.len() < 2_000));
}
