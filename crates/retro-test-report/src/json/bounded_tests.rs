use std::io::BufReader;

use proptest::prelude::*;

use super::*;

fn passed(bytes: &[u8], limit: usize, lines: bool, capacity: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let inner = BufReader::with_capacity(capacity, bytes);
    Bounded::new(inner, limit, lines)
        .read_to_end(&mut out)
        .unwrap();
    out
}

fn check(text: impl AsRef<[u8]>, expected: &str) {
    for capacity in [1, 2, 3, 100] {
        let out = passed(text.as_ref(), 8, true, capacity);
        assert_eq!(String::from_utf8_lossy(&out), expected, "{capacity}");
    }
}

#[test]
fn what_is_harmless_passes_unchanged() {
    for text in [
        "{\"a\": [1, -2.5e3, true, null, \"b\\n\\\"\\u00e9\\ud83d\\ude00\"]}\n",
        "it's \"noise\" with \\x and [[[\n{}\n",
        "  {\"a\":\"é😀\"}",
    ] {
        check(text, text);
    }
}

#[test]
fn long_strings_are_cut_between_characters() {
    check(
        "{\"a\":\"123456789\"}",
        "{\"a\":\"12345678 [cut here: 1 more bytes]\"}",
    );
    check(
        "{\"a\":\"12345\\ud83d\\ude00x\"}",
        "{\"a\":\"12345 [cut here: 5 more bytes]\"}",
    );
    check(
        "{\"a\":\"1234567é\"}",
        "{\"a\":\"1234567 [cut here: 2 more bytes]\"}",
    );
    check(
        "{\"a\":\"\\n\\n\\n\\n\\n\\n\\n\\n\"}",
        "{\"a\":\"\\n\\n\\n\\n\\n\\n\\n\\n\"}",
    );
}

#[test]
fn what_a_strict_parser_refuses_is_replaced() {
    check(
        b"{\"a\":\"\x1b\x01\xff\"}",
        "{\"a\":\"\\u001b\\u0001\u{fffd}\"}",
    );
    check("{\"a\":\"\\ud83d\"}", "{\"a\":\"\u{fffd}\"}");
    check("{\"a\":\"\\ude00x\"}", "{\"a\":\"\u{fffd}x\"}");
    check("{\"a\":\"\\q\\u12\"}", "{\"a\":\"\\\\q\\\\u12\"}");
    check(b"{\"a\":\"\xc3\xc3\xa9\"}", "{\"a\":\"\u{fffd}é\"}");
    check("{\"a\":\"x\n{\"b\":1}", "{\"a\":\"x\n{\"b\":1}");
}

#[test]
fn numbers_too_large_are_null() {
    let wide = "9".repeat(400);
    check(
        format!("{{\"a\":[1e400,-2E+999,{wide},1.5e3,-7],\"b\":1e-999}}\n{{\"c\":3e999"),
        "{\"a\":[null,null,null,1.5e3,-7],\"b\":1e-999}\n{\"c\":null",
    );
    // What is no number is none afterwards, and digits in other places are no numbers.
    check(
        "1e999 {\n{\"1e999\":1.2.3e9}\n",
        "1e999 {\n{\"1e999\":1.2.3e9}\n",
    );
}

#[test]
fn short_strings_are_never_cut() {
    let line = format!("{{\"{}\":\"{}\"}}", "k".repeat(500), "v".repeat(500));
    let mut out = String::new();
    Bounded::lines(line.as_bytes(), 0)
        .read_to_string(&mut out)
        .unwrap();
    assert_eq!(out, line);
}

#[test]
fn deep_values_are_null() {
    let deep = "[".repeat(1000) + "\"]\\\"\"" + &"]".repeat(1000);
    let out = passed(deep.as_bytes(), 100, false, 10);
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "[".repeat(64) + "null" + &"]".repeat(64)
    );
}

proptest! {
    /// What a strict parser takes is the same value afterwards.
    #[test]
    fn valid_json_keeps_its_value(text in any::<String>(), ascii in any::<bool>()) {
        let mut document = serde_json::to_string(&vec![&text]).unwrap();
        if ascii {
            document = document.encode_utf16().map(|unit| match unit {
                0x20..0x7f => char::from(unit as u8).to_string(),
                _ => format!("\\u{unit:04x}"),
            }).collect();
        }
        let out = passed(document.as_bytes(), 1 << 20, false, 3);
        let read: Vec<String> = serde_json::from_slice(&out).unwrap();
        prop_assert_eq!(&read[0], &text);
    }

    #[test]
    fn every_string_can_be_read_afterwards(
        bytes in prop::collection::vec(any::<u8>().prop_filter("ends the string", |b| *b != b'"'), 0..40),
        limit in 0..20_usize,
    ) {
        let mut document = b"[\"".to_vec();
        document.extend_from_slice(&bytes);
        // Two, so that a backslash before them does not take the end of the string.
        document.extend_from_slice(b" \"]");
        let out = passed(&document, limit, false, 7);
        let read: Vec<String> = serde_json::from_slice(&out).unwrap();
        prop_assert!(read[0].len() <= limit + 40);
    }
}
