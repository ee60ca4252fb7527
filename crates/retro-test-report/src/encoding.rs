//! Bytes of any encoding that result files come in, read as UTF-8.

use std::io::{self, BufRead, ErrorKind, Read};

use crate::ParseError;

/// How the bytes of a file stand for characters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Encoding {
    Utf8,
    Utf16Le,
    Utf16Be,
    /// Also what is read for ISO 8859-1, as browsers do.
    Windows1252,
}

/// The encoding that the first bytes of a file show, and how many of them are a byte order mark.
///
/// Bytes count for more than a declaration: `encoding="utf-16"` on a file of single bytes, which
/// .NET writes, is ignored. Unknown declared encodings are read as UTF-8, since markup is ASCII in
/// nearly all of them.
pub(crate) fn sniff(head: &[u8]) -> Result<(Encoding, usize), ParseError> {
    Ok(match head {
        [0xff, 0xfe, 0, 0, ..]
        | [0, 0, 0xfe, 0xff, ..]
        | [b'<', 0, 0, 0, ..]
        | [0, 0, 0, b'<', ..] => {
            return Err(ParseError::Encoding {
                encoding: "UTF-32".to_owned(),
            });
        }
        [0xef, 0xbb, 0xbf, ..] => (Encoding::Utf8, 3),
        [0xff, 0xfe, ..] => (Encoding::Utf16Le, 2),
        [0xfe, 0xff, ..] => (Encoding::Utf16Be, 2),
        [low, 0, low2, 0, ..] if *low != 0 && *low2 != 0 => (Encoding::Utf16Le, 0),
        [0, low, 0, low2, ..] if *low != 0 && *low2 != 0 => (Encoding::Utf16Be, 0),
        _ if declares_latin1(head) => (Encoding::Windows1252, 0),
        _ => (Encoding::Utf8, 0),
    })
}

fn declares_latin1(head: &[u8]) -> bool {
    let head = head.trim_ascii_start();
    if !head.starts_with(b"<?xml") {
        return false;
    }
    let end = memchr::memchr(b'>', head).unwrap_or(head.len()).min(200);
    let declaration = String::from_utf8_lossy(&head[..end]).to_ascii_lowercase();
    let name = declaration.split("encoding").nth(1).unwrap_or_default();
    let name = name.trim_start_matches([' ', '=', '"', '\'', '\t']);
    [
        "iso-8859-1",
        "iso8859-1",
        "iso_8859-1",
        "latin1",
        "latin-1",
        "windows-1252",
        "cp1252",
        "us-ascii",
        "ascii",
    ]
    .iter()
    .any(|known| {
        name.strip_prefix(known)
            .is_some_and(|rest| rest.starts_with(['"', '\'', ' ', '?']))
    })
}

/// The first bytes of a file as UTF-8, without a byte order mark.
pub(crate) fn decode_start(head: &[u8]) -> Result<Vec<u8>, ParseError> {
    let (encoding, mark) = sniff(head)?;
    let mut out = Vec::new();
    let mut carry = Vec::new();
    match encoding {
        Encoding::Utf8 => out.extend_from_slice(&head[mark..]),
        _ => decode(encoding, &head[mark..], &mut carry, &mut out),
    }
    Ok(out)
}

/// How many bytes are taken from the reader at once.
const CHUNK: usize = 64 * 1024;

/// Turns any [`Encoding`] into UTF-8 on the way; UTF-8 itself goes through unchecked.
///
/// It has a buffer of its own whatever the reader is, so that looking at what is buffered, which
/// is done several times for every tag and line, is no more than looking at a slice.
pub(crate) struct Decoded<R> {
    inner: R,
    encoding: Encoding,
    /// Bytes of a character whose other bytes are not read yet.
    carry: Vec<u8>,
    out: Vec<u8>,
    taken: usize,
}

impl<R: BufRead> Decoded<R> {
    /// Of bytes that were read already, of which the first `mark` are left out, and the others.
    pub(crate) fn new(start: Vec<u8>, mark: usize, inner: R, encoding: Encoding) -> Self {
        let mut decoded = Self {
            inner,
            encoding,
            carry: Vec::new(),
            out: start,
            taken: mark,
        };
        if encoding != Encoding::Utf8 {
            let start = std::mem::take(&mut decoded.out);
            let start = start.get(mark..).unwrap_or_default();
            decode(encoding, start, &mut decoded.carry, &mut decoded.out);
            decoded.taken = 0;
        }
        decoded
    }

    fn refill(&mut self) -> io::Result<()> {
        self.out.clear();
        self.taken = 0;
        while self.out.is_empty() {
            let bytes = match self.inner.fill_buf() {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if bytes.is_empty() {
                if !self.carry.is_empty() {
                    self.carry.clear();
                    self.out.extend_from_slice("\u{fffd}".as_bytes());
                }
                break;
            }
            let bytes = &bytes[..bytes.len().min(CHUNK)];
            match self.encoding {
                Encoding::Utf8 => self.out.extend_from_slice(bytes),
                other => decode(other, bytes, &mut self.carry, &mut self.out),
            }
            let used = bytes.len();
            self.inner.consume(used);
        }
        Ok(())
    }
}

impl<R: BufRead> BufRead for Decoded<R> {
    #[inline]
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.taken >= self.out.len() {
            self.refill()?;
        }
        Ok(self.out.get(self.taken..).unwrap_or_default())
    }

    #[inline]
    fn consume(&mut self, amount: usize) {
        self.taken += amount;
    }
}

impl<R: BufRead> Read for Decoded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut bytes = self.fill_buf()?;
        let count = bytes.read(into)?;
        self.consume(count);
        Ok(count)
    }
}

fn decode(encoding: Encoding, bytes: &[u8], carry: &mut Vec<u8>, out: &mut Vec<u8>) {
    let mut push = |c: char| out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    if encoding == Encoding::Windows1252 {
        bytes.iter().for_each(|&byte| push(windows_1252(byte)));
        return;
    }
    carry.extend_from_slice(bytes);
    let unit = |pair: &[u8]| match encoding {
        Encoding::Utf16Be => u16::from_be_bytes([pair[0], pair[1]]),
        _ => u16::from_le_bytes([pair[0], pair[1]]),
    };
    let mut whole = carry.len() - carry.len() % 2;
    if whole >= 2 && (0xd800..0xdc00).contains(&unit(&carry[whole - 2..])) {
        whole -= 2;
    }
    let units = carry[..whole].chunks_exact(2).map(unit);
    for c in char::decode_utf16(units) {
        push(c.unwrap_or('\u{fffd}'));
    }
    carry.drain(..whole);
}

fn windows_1252(byte: u8) -> char {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž',
        '\u{8f}', '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}',
        'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => HIGH[usize::from(byte - 0x80)],
        other => char::from(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    fn check(bytes: &[u8], expected: &str) {
        // A buffer of one byte finds every character that is cut between two reads.
        for capacity in [1, 2, 3, 4096] {
            let (encoding, mark) = sniff(bytes).unwrap();
            for start in [mark, mark + (bytes.len() - mark) / 2, bytes.len()] {
                let (start, rest) = bytes.split_at(start);
                let reader = BufReader::with_capacity(capacity, rest);
                let mut text = String::new();
                Decoded::new(start.to_vec(), mark, reader, encoding)
                    .read_to_string(&mut text)
                    .unwrap();
                assert_eq!(text, expected);
            }
        }
    }

    fn utf16(text: &str, order: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(order).collect()
    }

    #[test]
    fn every_encoding_is_read_as_the_same_text() {
        check(b"ok 1", "ok 1");
        check("\u{feff}ok \u{1f4a9}".as_bytes(), "ok \u{1f4a9}");
        check(
            &utf16("\u{feff}<a>é\u{1f4a9}</a>", u16::to_le_bytes),
            "<a>é\u{1f4a9}</a>",
        );
        check(
            &utf16("\u{feff}<a>é\u{1f4a9}</a>", u16::to_be_bytes),
            "<a>é\u{1f4a9}</a>",
        );
        check(&utf16("<a>é</a>", u16::to_le_bytes), "<a>é</a>");
        check(&utf16("<a>é</a>", u16::to_be_bytes), "<a>é</a>");
        check(
            b"<?xml version='1.0' encoding='ISO-8859-1'?>\xe9\x80",
            "<?xml version='1.0' encoding='ISO-8859-1'?>é€",
        );
        check(
            "<?xml version=\"1.0\" encoding=\"utf-16\"?>é".as_bytes(),
            "<?xml version=\"1.0\" encoding=\"utf-16\"?>é",
        );
        check(&[0xff, 0xfe, b'a', 0, b'b'], "a\u{fffd}");
    }

    #[test]
    fn utf_32_is_refused_by_name() {
        let error = sniff(&[0xff, 0xfe, 0, 0, b'<', 0, 0, 0]).unwrap_err();
        assert!(error.to_string().contains("UTF-32"), "{error}");
    }
}
