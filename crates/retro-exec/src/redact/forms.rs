//! The forms in which a secret shows up in logs, documents and addresses.

use zeroize::Zeroizing;

use super::SHORTEST;

type Form = Zeroizing<Vec<u8>>;

/// The lengths of lines at which tools break base64: PEM's, and MIME's.
const LINES: [usize; 2] = [64, 76];

/// All forms of a value, without repetitions and none shorter than [`SHORTEST`]; none at all when the
/// value is.
pub(super) fn forms(value: &str) -> Vec<Form> {
    let whole = value.trim();
    if whole.len() < SHORTEST {
        return Vec::new();
    }
    let mut forms = Vec::new();
    for text in [whole].into_iter().chain(lines_of(whole)) {
        forms.push(Zeroizing::new(text.as_bytes().to_vec()));
        forms.extend(percent_styles().map(|style| style.encode(text)));
        forms.extend(JSON.iter().map(|style| style.encode(text)));
        for alphabet in [&STANDARD, &URL_SAFE] {
            forms.extend((0..3).map(|before| base64(text.as_bytes(), before, alphabet)));
        }
    }
    for alphabet in [&STANDARD, &URL_SAFE] {
        let encoded = base64(whole.as_bytes(), 0, alphabet);
        for length in LINES.into_iter().filter(|length| *length < encoded.len()) {
            let lines = encoded.chunks(length).filter(|line| line.len() >= SHORTEST);
            forms.extend(lines.map(|line| Zeroizing::new(line.to_vec())));
        }
    }
    forms.sort_unstable_by(|one, other| one.as_slice().cmp(other.as_slice()));
    forms.dedup();
    forms
}

/// The lines of a value of several, as far as they are long enough.
fn lines_of(whole: &str) -> impl Iterator<Item = &str> {
    let lines = whole.split(['\n', '\r']).map(str::trim);
    lines.filter(move |line| line.len() >= SHORTEST && line.len() < whole.len())
}

const STANDARD: [u8; 64] = *b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE: [u8; 64] = *b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The characters of a base64 text that these bytes alone decide, when `before` more bytes than a
/// multiple of three stand before them. What follows them, padding included, makes no difference.
fn base64(bytes: &[u8], before: usize, alphabet: &[u8; 64]) -> Form {
    let characters = (before * 8).div_ceil(6)..(before + bytes.len()) * 8 / 6;
    let mut encoded = Zeroizing::new(Vec::with_capacity(characters.len()));
    for character in characters {
        let bit = character * 6 - before * 8;
        let two = [0, 1].map(|next| bytes.get(bit / 8 + next).copied().unwrap_or(0));
        let six = u16::from_be_bytes(two) >> (10 - bit % 8) & 63;
        encoded.push(alphabet[usize::from(six)]);
    }
    encoded
}

const LOWER: &[u8; 16] = b"0123456789abcdef";
const UPPER: &[u8; 16] = b"0123456789ABCDEF";

/// A way of percent-encoding.
struct Percent {
    digits: &'static [u8; 16],
    /// What stands for itself, besides letters and digits.
    kept: &'static [u8],
    /// What a space becomes.
    space: &'static [u8],
}

/// What is kept, and what becomes of a space: by RFC 3986; in forms, by Python and Go, and by
/// browsers and Java; in paths, by Python and by Go; by `encodeURIComponent` and `encodeURI`; and in user
/// names, paths and queries of addresses that are parsed as browsers do.
const PERCENT_STYLES: [(&[u8], &[u8]); 10] = [
    (b"-._~", b"%20"),
    (b"-._~", b"+"),
    (b"-._*", b"+"),
    (b"-._~/", b"%20"),
    (b"-._~$&+=:@", b"%20"),
    (b"-._~!*'()", b"%20"),
    (b"-._~!*'();/?:@&=+$,#", b"%20"),
    (b"-._~!$%&'()*+,", b"%20"),
    (b"-._~!$%&'()*+,/:;=@[\\]|", b"%20"),
    (b"-._~!$%&()*+,/:;=@[\\]^`{|}?", b"%20"),
];

fn percent_styles() -> impl Iterator<Item = Percent> {
    let style = |digits| {
        PERCENT_STYLES.iter().map(move |(kept, space)| Percent {
            digits,
            kept,
            space,
        })
    };
    style(UPPER).chain(style(LOWER))
}

impl Percent {
    fn encode(&self, text: &str) -> Form {
        let mut encoded = Zeroizing::new(Vec::with_capacity(text.len() * 3));
        for byte in text.bytes() {
            if byte.is_ascii_alphanumeric() || self.kept.contains(&byte) {
                encoded.push(byte);
            } else if byte == b' ' {
                encoded.extend_from_slice(self.space);
            } else {
                encoded.push(b'%');
                encoded.push(self.digits[usize::from(byte >> 4)]);
                encoded.push(self.digits[usize::from(byte & 15)]);
            }
        }
        encoded
    }
}

/// A way of escaping the characters of a JSON string.
struct Json {
    digits: &'static [u8; 16],
    /// Whether all but ASCII is escaped.
    ascii: bool,
    /// What is escaped by its number though it need not be.
    numbered: &'static str,
    /// Whether a slash gets a backslash.
    slash: bool,
}

/// Only what must be; as Python does it, in both cases; as PHP does; as Go does; as .NET does.
const JSON: [Json; 7] = {
    const fn style(digits: &'static [u8; 16], ascii: bool, numbered: &'static str) -> Json {
        Json {
            digits,
            ascii,
            numbered,
            slash: false,
        }
    }
    const fn slashed(ascii: bool) -> Json {
        Json {
            slash: true,
            ..style(LOWER, ascii, "")
        }
    }
    [
        style(LOWER, false, ""),
        style(LOWER, true, ""),
        style(UPPER, true, ""),
        slashed(false),
        slashed(true),
        style(LOWER, false, "<>&\u{2028}\u{2029}"),
        style(UPPER, true, "\"'<>&+`"),
    ]
};

impl Json {
    fn encode(&self, text: &str) -> Form {
        let mut escaped = Zeroizing::new(Vec::with_capacity(text.len() * 6));
        for character in text.chars() {
            let short = match character {
                _ if self.numbered.contains(character) => None,
                '"' | '\\' => Some(character as u8),
                '/' if self.slash => Some(b'/'),
                '\n' => Some(b'n'),
                '\r' => Some(b'r'),
                '\t' => Some(b't'),
                '\u{8}' => Some(b'b'),
                '\u{c}' => Some(b'f'),
                _ => None,
            };
            let number = self.numbered.contains(character)
                || character < ' '
                || (self.ascii && character > '~');
            if let Some(letter) = short {
                escaped.extend_from_slice(&[b'\\', letter]);
            } else if number {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    escaped.extend_from_slice(b"\\u");
                    for shift in [12, 8, 4, 0] {
                        escaped.push(self.digits[usize::from(*unit >> shift & 15)]);
                    }
                }
            } else {
                escaped.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        escaped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(value: &str, form: &str) {
        let forms = forms(value);
        let found = forms
            .iter()
            .any(|known| known.as_slice() == form.as_bytes());
        assert!(found, "{value:?} has no form {form:?}");
    }

    #[test]
    fn a_plain_word_is_there_and_in_base64_at_three_shifts() {
        let check = |expected: &[&str]| {
            let texts: Vec<String> = forms("hunter22")
                .iter()
                .map(|form| String::from_utf8(form.to_vec()).unwrap())
                .collect();
            assert_eq!(texts, expected);
        };
        // `hunter22`, and what is surely of it in the base64 of `hunter22`, `.hunter22`, `..hunter22`.
        check(&["aHVudGVyMj", "h1bnRlcjIy", "hunter22", "odW50ZXIyM"]);
    }

    #[test]
    fn the_forms_of_escaping_are_those_in_use() {
        has("pass/word+1 é", "pass%2Fword%2B1%20%C3%A9");
        has("pass/word+1 é", "pass%2fword%2b1%20%c3%a9");
        has("pass/word+1 é", "pass/word+1%20%C3%A9");
        has("pass/word+1 é", "pass%2Fword%2B1+%C3%A9");
        has("a/b c~d*e", "a/b%20c~d%2Ae");
        has("a/b c~d*e", "a%2Fb+c~d%2Ae");
        has("a/b c~d*e", "a%2Fb+c%7Ed*e");
        has("a@b:c d$1", "a@b:c%20d$1");
        has("{p^w}`é\"", "%7Bp%5Ew%7D%60%C3%A9%22");
        has("pass'(word)!", "pass'(word)!");
        has("pass'(word)!", "pass%27%28word%29%21");
        has("pass\"word\\", "pass\\\"word\\\\");
        has("pass\"word\\", "pass\\u0022word\\\\");
        has("pass/word", "pass\\/word");
        has("päss\tword", "p\\u00e4ss\\tword");
        has("päss\tword", "p\\u00E4ss\\tword");
        has("𝄞 of music", "\\ud834\\udd1e of music");
        has("<pass&word>", "\\u003cpass\\u0026word\\u003e");
        has("\u{1}pass\u{1b}word", "\\u0001pass\\u001bword");
    }

    #[test]
    fn lines_and_the_whole_are_there_without_white_space_around_them() {
        let key = " -----BEGIN-----\r\nMIIEpAIBAAKC\n  abc\nAQEA1234\n\n";
        for form in ["-----BEGIN-----", "MIIEpAIBAAKC", "AQEA1234"] {
            has(key, form);
        }
        has(key, "-----BEGIN-----\r\nMIIEpAIBAAKC\n  abc\nAQEA1234");
        has(key, "-----BEGIN-----\\r\\nMIIEpAIBAAKC\\n  abc\\nAQEA1234");
        assert!(!forms(key).iter().any(|form| form.as_slice() == b"abc"));
    }

    #[test]
    fn short_values_have_no_forms() {
        for value in ["", "abcde", "  abcde\n\n"] {
            assert!(forms(value).is_empty(), "{value:?}");
        }
    }

    #[test]
    fn no_form_is_too_short_to_be_looked_for() {
        for value in ["abcdef", "äöü", "a\nbcdefgh\ni", &"0123456789".repeat(12)] {
            assert!(forms(value).iter().all(|form| form.len() >= SHORTEST));
        }
    }
}
