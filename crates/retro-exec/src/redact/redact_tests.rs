//! Nothing of a secret stays, however it comes.

use proptest::prelude::*;

use super::*;

fn redactor(secrets: &[(&str, &str)]) -> Redactor {
    let secrets: Vec<_> = secrets
        .iter()
        .map(|(name, value)| (*name, SecretText::new(*value)))
        .collect();
    Redactor::new(secrets.iter().map(|(name, value)| (*name, value)))
}

/// Redacts a stream that comes in these pieces.
fn streamed<'a>(redactor: &Redactor, pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<u8>, u64) {
    let (mut left, mut stream) = (Vec::new(), redactor.stream());
    for piece in pieces {
        stream.take(piece, |part| left.extend_from_slice(part));
    }
    let places = stream.finish(|part| left.extend_from_slice(part));
    (left, places)
}

/// A slow and simple way to say where forms are: every place of every form.
fn covered(values: &[&str], text: &[u8]) -> Vec<bool> {
    let mut covered = vec![false; text.len()];
    for form in values.iter().flat_map(|value| forms::forms(value)) {
        for (start, window) in text.windows(form.len()).enumerate() {
            if window == form.as_slice() {
                covered[start..start + form.len()].fill(true);
            }
        }
    }
    covered
}

#[test]
fn a_secret_is_replaced_by_its_name() {
    let known = redactor(&[("TOKEN", "hunter22"), ("KEY", "line one\nline two\n")]);
    let check = |text: &str, expected: &str| {
        assert_eq!(known.text(text), expected);
        assert_eq!(streamed(&known, [text.as_bytes()]).0, expected.as_bytes());
    };
    check("", "");
    check("nothing", "nothing");
    check("hunter22", "[redacted: TOKEN]");
    check("a hunter22b", "a [redacted: TOKEN]b");
    check("hunter22hunter22", "[redacted: TOKEN][redacted: TOKEN]");
    check("hunter2hunter2 and hunter", "hunter2hunter2 and hunter");
    check(
        "https://me:hunter22@host/",
        "https://me:[redacted: TOKEN]@host/",
    );
    check("line one\nline two", "[redacted: KEY]");
    check("line two, line one", "[redacted: KEY], [redacted: KEY]");
    check(
        "{\"key\":\"line one\\nline two\"}",
        "{\"key\":\"[redacted: KEY]\"}",
    );
    // `me:hunter22` and `hunter22`, each with a line's end.
    check("bWU6aHVudGVyMjIK", "bWU6[redacted: TOKEN]IK");
    check("aHVudGVyMjIK", "[redacted: TOKEN]IK");
    assert!(matches!(known.text("nothing"), Cow::Borrowed("nothing")));
}

#[test]
fn overlapping_secrets_leave_nothing() {
    let known = redactor(&[("A", "abcdefgh"), ("B", "efghijkl"), ("C", "abcdefghij")]);
    let check = |text: &str, expected: &str| assert_eq!(known.text(text), expected);
    check("abcdefghijkl!", "[redacted: C]!");
    check("abcdefghi", "[redacted: A]i");
    check("zefghijklm", "z[redacted: B]m");
    let periodic = redactor(&[("A", "aaaaaa")]);
    assert_eq!(periodic.text(&"a".repeat(1000)), "[redacted: A]");
    assert_eq!(periodic.text("aaaaa aaaaaa"), "aaaaa [redacted: A]");
}

#[test]
fn the_first_name_of_equal_values_is_used() {
    let known = redactor(&[("FIRST", "hunter22"), ("SECOND", "hunter22\n")]);
    assert_eq!(known.text("hunter22"), "[redacted: FIRST]");
}

#[test]
fn a_name_that_holds_a_secret_is_not_shown() {
    let known = redactor(&[("TOKEN", "first-secret"), ("my-hunter22", "hunter22")]);
    assert_eq!(known.text("hunter22"), "[redacted: secret 2]");
    assert!(!format!("{known:?}").contains("hunter22"));
}

#[test]
fn short_values_are_reported_and_left() {
    let known = redactor(&[("PIN", "12345"), ("TOKEN", "hunter22"), ("EMPTY", "")]);
    assert_eq!(known.too_short(), ["PIN", "EMPTY"]);
    assert_eq!(known.text("12345 hunter22"), "12345 [redacted: TOKEN]");
    let none = redactor(&[("PIN", "12345")]);
    assert!(none.is_empty() && none.text("12345") == "12345");
    assert_eq!(none, Redactor::default());
    assert_ne!(known, redactor(&[("TOKEN", "hunter22")]));
    assert_eq!(known, known.clone());
}

#[test]
fn broken_base64_of_a_long_secret_is_found() {
    let value: String = (0..200)
        .map(|n| char::from(b'!' + (n * 7 % 90) as u8))
        .collect();
    let known = redactor(&[("KEY", &value)]);
    for length in [64, 76] {
        let lines = base64_lines(&value, length);
        let left = known.text(&lines);
        // What is left is too short to be a form, and less than a line.
        for line in left.lines() {
            assert!(line.starts_with("[redacted: KEY]"), "{left}");
        }
    }
}

/// Standard base64 without padding, by the definition.
fn encoded_whole(text: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits: String = text.bytes().map(|byte| format!("{byte:08b}")).collect();
    let groups = bits
        .as_bytes()
        .chunks(6)
        .map(|group| format!("{:0<6}", String::from_utf8_lossy(group)));
    groups
        .map(|group| char::from(ALPHABET[usize::from_str_radix(&group, 2).unwrap()]))
        .collect()
}

fn base64_lines(value: &str, length: usize) -> String {
    let one = encoded_whole(value);
    let lines: Vec<_> = one
        .as_bytes()
        .chunks(length)
        .map(String::from_utf8_lossy)
        .collect();
    lines.join("\n")
}

#[test]
fn nothing_is_held_back_that_is_decided() {
    let known = redactor(&[("TOKEN", "hunter22")]);
    let (mut stream, mut left) = (known.stream(), Vec::new());
    for (piece, expected) in [
        ("a line\n", "a line\n"),
        ("hun", "a line\n"),
        ("ting", "a line\nhunting"),
        (" hunter2", "a line\nhunting "),
        ("2", "a line\nhunting [redacted: TOKEN]"),
    ] {
        stream.take(piece.as_bytes(), |part| left.extend_from_slice(part));
        assert_eq!(String::from_utf8_lossy(&left), expected);
    }
    assert_eq!(stream.finish(|_| panic!("nothing is left")), 1);
}

#[test]
fn bytes_that_are_no_text_pass() {
    let known = redactor(&[("TOKEN", "hunter22")]);
    let left = known.bytes(b"\xff\xfehunter22\0\x80");
    assert_eq!(left.as_ref(), b"\xff\xfe[redacted: TOKEN]\0\x80");
}

/// Few letters, so that secrets overlap each other and themselves.
fn small_secret() -> impl Strategy<Value = String> {
    "[ab]{6,9}|[ab\n]{6,20}|[a\"/ é]{6,8}"
}

fn pieces_of(text: &[u8], lengths: &[usize]) -> Vec<Vec<u8>> {
    let (mut pieces, mut rest) = (Vec::new(), text);
    for length in lengths {
        let (piece, more) = rest.split_at((*length).min(rest.len()));
        pieces.push(piece.to_vec());
        rest = more;
    }
    pieces.push(rest.to_vec());
    pieces
}

proptest! {
    /// What is left is what no form covers, and a placeholder for each run of overlapping ones.
    #[test]
    fn exactly_the_forms_are_replaced(
        secrets in proptest::collection::vec(small_secret(), 1..4),
        text in proptest::collection::vec(
            prop_oneof![
                "[ab]{0,12}".prop_map(String::into_bytes),
                "[ -~\n]{0,40}".prop_map(String::into_bytes),
                (0u8..4, 0u8..100).prop_map(|(secret, form)| vec![secret, form]),
            ],
            0..8,
        ),
        lengths in proptest::collection::vec(0usize..9, 0..60),
    ) {
        let values: Vec<&str> = secrets.iter().map(String::as_str).collect();
        // Pieces of two bytes stand for forms of secrets.
        let text: Vec<u8> = text.into_iter().flat_map(|piece| match piece[..] {
            [secret @ 0..4, form @ 0..100] => {
                let forms = forms::forms(values[usize::from(secret) % values.len()]);
                forms.get(usize::from(form) % forms.len().max(1)).map(|form| form.to_vec()).unwrap_or_default()
            }
            _ => piece,
        }).collect();
        let known = redactor(&values.iter().map(|value| ("N", *value)).collect::<Vec<_>>());
        let (whole, places) = streamed(&known, [&text[..]]);
        let covered = covered(&values, &text);
        let kept: Vec<u8> = text.iter().zip(&covered).filter(|(_, covered)| !**covered).map(|(byte, _)| *byte).collect();
        let without = String::from_utf8_lossy(&whole).replace("[redacted: N]", "");
        prop_assert_eq!(without, String::from_utf8_lossy(&kept));
        prop_assert_eq!(places > 0, covered.contains(&true));
        let pieces = pieces_of(&text, &lengths);
        let split = streamed(&known, pieces.iter().map(Vec::as_slice));
        prop_assert_eq!(&split, &(whole.clone(), places));
        let bytes: Vec<&[u8]> = text.chunks(1).collect();
        prop_assert_eq!(&streamed(&known, bytes), &(whole.clone(), places));
        prop_assert!(known.bytes(&text) == whole);
    }

    /// Among long texts without and with secrets, where the sieve skips most of what there is.
    #[test]
    fn no_form_survives_among_much_else(
        secret in "[A-Za-z0-9+/=_-]{6,60}",
        before in "[ -~]{0,90}",
        after in "[ -~]{0,90}",
        form in 0usize..100,
        cut in 0usize..200,
    ) {
        let forms = forms::forms(&secret);
        let form = &forms[form % forms.len()];
        let text = [before.as_bytes(), form, after.as_bytes()].concat();
        let known = redactor(&[("N", &secret)]);
        let (first, second) = text.split_at(cut.min(text.len()));
        let (left, places) = streamed(&known, [first, second]);
        prop_assert!(places > 0);
        for form in &forms {
            prop_assert!(!left.windows(form.len()).any(|window| window == form.as_slice()));
        }
    }

    /// A secret inside what is encoded leaves none of its whole groups, whatever stands around it.
    #[test]
    fn base64_is_found_at_every_shift(secret in "[a-z0-9]{6,40}", before in "[a-z]{0,7}", after in "[a-z]{0,7}") {
        let all = format!("{before}{secret}{after}");
        let encoded = encoded_whole(&all);
        let left = redactor(&[("N", &secret)]).text(&encoded).into_owned();
        let kept = left.replace("[redacted: N]", "").len() * 6;
        // The bytes around it, and at most a character on each side.
        prop_assert!(left.contains("[redacted: N]"));
        prop_assert!(kept <= (before.len() + after.len()) * 8 + 3 * 6, "{encoded} {left}");
    }
}
