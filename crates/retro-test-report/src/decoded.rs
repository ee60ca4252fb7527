//! Bytes of any encoding that result files come in, read as UTF-8.

use std::cell::Cell;
use std::io::{self, BufRead, ErrorKind, Read};

use crate::ParseError;
use crate::encoding::{Encoding, Sniffed, sniff};

/// The first bytes of a file as UTF-8, without a byte order mark.
pub(crate) fn decode_start(head: &[u8], sniffed: &Sniffed) -> Vec<u8> {
    let head = head.get(sniffed.mark..).unwrap_or_default();
    match sniffed.encoding {
        Encoding::Utf8 => head.to_vec(),
        Encoding::Other(other) => {
            let mut out = Vec::new();
            decode(
                &mut other.new_decoder_without_bom_handling(),
                head,
                &mut out,
                false,
            );
            out
        }
    }
}

/// As [`decode_start`], of bytes of which nothing is known yet.
pub(crate) fn sniff_and_decode(head: &[u8]) -> Result<Vec<u8>, ParseError> {
    Ok(decode_start(head, &sniff(head)?))
}

/// What was noticed about the bytes of a file while they were read.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    /// The first byte, from 1, that is none of its encoding; 0 when only that there is one is known.
    first: Cell<Option<u64>>,
}

impl Faults {
    fn note(&self, at: u64) {
        self.first.set(self.first.get().or(Some(at)));
    }

    /// What to warn of.
    pub(crate) fn warning(&self, encoding: Encoding) -> Option<String> {
        let at = match self.first.get()? {
            0 => String::new(),
            at => format!(", the first at byte {at}"),
        };
        let name = match encoding {
            Encoding::Utf8 => "UTF-8",
            Encoding::Other(other) => other.name(),
        };
        Some(format!(
            "the file has bytes that are not {name}{at}: each became U+FFFD, and names that differ in nothing \
             else became the same; if its encoding is another one, convert it: iconv -f ENCODING -t UTF-8"
        ))
    }
}

/// The file declares an encoding that is not known, and its bytes are not UTF-8.
#[derive(Debug, thiserror::Error)]
#[error("encoded as {0}")]
struct Undecodable(String);

/// The error of reading bytes that could not be decoded, told by the name of their encoding.
pub(crate) fn name_encoding(error: ParseError) -> ParseError {
    let ParseError::Io(error) = error else {
        return error;
    };
    match error.downcast::<Undecodable>() {
        Ok(Undecodable(encoding)) => ParseError::Encoding { encoding },
        Err(error) => ParseError::Io(error),
    }
}

/// How many bytes are taken from the reader at once.
const CHUNK: usize = 64 * 1024;

enum How {
    /// As they are. What is not UTF-8 is noticed, and replaced where a text is made of it.
    Utf8(Check),
    Decoder(encoding_rs::Decoder),
}

/// Turns any [`Encoding`] into UTF-8 on the way; UTF-8 itself goes through as it is.
///
/// It has a buffer of its own whatever the reader is, so that looking at what is buffered, which
/// is done several times for every tag and line, is no more than looking at a slice.
pub(crate) struct Decoded<'f, R> {
    inner: R,
    how: How,
    /// The name of an encoding that is not known.
    unknown: Option<String>,
    faults: &'f Faults,
    at_end: bool,
    out: Vec<u8>,
    taken: usize,
}

impl<'f, R: BufRead> Decoded<'f, R> {
    /// Of bytes that were read already, and those that follow.
    pub(crate) fn new(start: Vec<u8>, sniffed: Sniffed, inner: R, faults: &'f Faults) -> Self {
        let mark = sniffed.mark.min(start.len());
        let mut decoded = Self {
            inner,
            how: match sniffed.encoding {
                Encoding::Utf8 => How::Utf8(Check::default()),
                Encoding::Other(other) => How::Decoder(other.new_decoder_without_bom_handling()),
            },
            unknown: sniffed.unknown,
            faults,
            at_end: false,
            out: Vec::new(),
            taken: 0,
        };
        match &mut decoded.how {
            How::Utf8(check) => {
                check.look(&start, faults);
                (decoded.out, decoded.taken) = (start, mark);
                if decoded.refused().is_some() {
                    decoded.out.clear();
                }
            }
            How::Decoder(decoder) => {
                if decode(decoder, &start[mark..], &mut decoded.out, false) {
                    faults.note(0);
                }
            }
        }
        decoded
    }

    /// The encoding that is not known, when something shows that it is not UTF-8.
    fn refused(&self) -> Option<&String> {
        let is_other = self.faults.first.get().is_some();
        self.unknown.as_ref().filter(|_| is_other)
    }

    fn refill(&mut self) -> io::Result<()> {
        self.out.clear();
        self.taken = 0;
        while self.out.is_empty() && !self.at_end {
            let bytes = match self.inner.fill_buf() {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            self.at_end = bytes.is_empty();
            let bytes = &bytes[..bytes.len().min(CHUNK)];
            match &mut self.how {
                How::Utf8(check) if self.at_end => check.end(self.faults),
                How::Utf8(check) => {
                    self.out.extend_from_slice(bytes);
                    check.look(&self.out, self.faults);
                }
                How::Decoder(decoder) => {
                    if decode(decoder, bytes, &mut self.out, self.at_end) {
                        self.faults.note(0);
                    }
                }
            }
            let used = bytes.len();
            self.inner.consume(used);
        }
        // What turned out to be something else is not handed out.
        if let Some(name) = self.refused() {
            let error = Undecodable(name.clone());
            self.out.clear();
            return Err(io::Error::other(error));
        }
        Ok(())
    }
}

impl<R: BufRead> BufRead for Decoded<'_, R> {
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

impl<R: BufRead> Read for Decoded<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut bytes = self.fill_buf()?;
        let count = bytes.read(into)?;
        self.consume(count);
        Ok(count)
    }
}

/// Adds bytes as UTF-8; whether some of them had to be replaced.
fn decode(
    decoder: &mut encoding_rs::Decoder,
    mut bytes: &[u8],
    out: &mut Vec<u8>,
    last: bool,
) -> bool {
    let mut replaced = false;
    loop {
        let from = out.len();
        let room = decoder.max_utf8_buffer_length(bytes.len());
        out.resize(from + room.unwrap_or(CHUNK), 0);
        let (result, read, written, errors) = decoder.decode_to_utf8(bytes, &mut out[from..], last);
        out.truncate(from + written);
        replaced |= errors;
        bytes = &bytes[read..];
        if result == encoding_rs::CoderResult::InputEmpty {
            return replaced;
        }
    }
}

/// Looks for the first bytes that are not UTF-8, in pieces that may end inside a character.
#[derive(Default)]
struct Check {
    /// The beginning of a character.
    partial: Vec<u8>,
    /// How many bytes were looked at.
    seen: u64,
    is_done: bool,
}

impl Check {
    fn look(&mut self, mut bytes: &[u8], faults: &Faults) {
        if self.is_done {
            return;
        }
        while let Some((&byte, rest)) = bytes.split_first()
            && !self.partial.is_empty()
        {
            self.partial.push(byte);
            match std::str::from_utf8(&self.partial) {
                Ok(_) => self.partial.clear(),
                Err(error) if error.error_len().is_none() => {}
                Err(_) => return self.found(self.seen + 1 - self.partial.len() as u64, faults),
            }
            self.seen += 1;
            bytes = rest;
        }
        // Most files are ASCII, which can be told at the speed of memory.
        if !bytes.is_ascii()
            && let Err(error) = std::str::from_utf8(bytes)
        {
            let valid = error.valid_up_to();
            if error.error_len().is_some() {
                return self.found(self.seen + valid as u64, faults);
            }
            self.partial.extend_from_slice(&bytes[valid..]);
        }
        self.seen += bytes.len() as u64;
    }

    fn end(&mut self, faults: &Faults) {
        if !self.partial.is_empty() {
            self.found(self.seen - self.partial.len() as u64, faults);
        }
    }

    /// Notes the place of a byte, from 0.
    fn found(&mut self, at: u64, faults: &Faults) {
        self.is_done = true;
        self.partial.clear();
        faults.note(at + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    /// Reads bytes in pieces of every kind, and gives the first byte that was none.
    fn check(bytes: &[u8], expected: &str) -> Option<u64> {
        let mut first = None;
        // A buffer of one byte finds every character that is cut between two reads.
        for capacity in [1, 2, 3, 4096] {
            let sniffed = sniff(bytes).unwrap();
            let mark = sniffed.mark;
            for start in [mark, mark + (bytes.len() - mark) / 2, bytes.len()] {
                let (start, rest) = bytes.split_at(start);
                let reader = BufReader::with_capacity(capacity, rest);
                let faults = Faults::default();
                let mut text = Vec::new();
                Decoded::new(start.to_vec(), sniffed.clone(), reader, &faults)
                    .read_to_end(&mut text)
                    .unwrap();
                assert_eq!(String::from_utf8_lossy(&text), expected);
                first = Some(faults.first.get());
            }
        }
        first.flatten()
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
            b"<?xml version='1.0' encoding='Shift_JIS'?>\x95\x5c",
            "<?xml version='1.0' encoding='Shift_JIS'?>表",
        );
        check(
            "<?xml version=\"1.0\" encoding=\"utf-16\"?>é".as_bytes(),
            "<?xml version=\"1.0\" encoding=\"utf-16\"?>é",
        );
        assert_eq!(check(&[0xff, 0xfe, b'a', 0, b'b'], "a\u{fffd}"), Some(0));
    }

    #[test]
    fn the_first_byte_that_is_not_utf_8_is_noticed() {
        for (bytes, expected) in [
            (&b"plain"[..], None),
            ("a \u{e9} \u{1f4a9}".as_bytes(), None),
            (b"ab\xff", Some(3)),
            (b"ab\xffcd\xff", Some(3)),
            (b"\xe9t\xe9", Some(1)),
            (b"a\xf0\x9f\x92", Some(2)),
            (b"a\xf0\x9fb", Some(2)),
            (b"\xef\xbb\xbf\xc3(", Some(4)),
        ] {
            let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
            let text = String::from_utf8_lossy(text);
            assert_eq!(check(bytes, &text), expected, "{text}");
        }
    }

    #[test]
    fn an_unknown_encoding_is_read_as_long_as_it_is_utf_8() {
        let read = |bytes: &[u8]| {
            let faults = Faults::default();
            let sniffed = sniff(bytes).unwrap();
            let mut text = String::new();
            let mut decoded = Decoded::new(Vec::new(), sniffed, bytes, &faults);
            let read = decoded.read_to_string(&mut text);
            read.map_err(|error| name_encoding(error.into()).to_string())
        };
        let head = "<?xml version='1.0' encoding='cp850'?>";
        assert!(read(format!("{head}é").as_bytes()).is_ok());
        let error = read(&[head.as_bytes(), b"\x82"].concat()).unwrap_err();
        assert!(error.contains("iconv -f cp850 -t UTF-8"), "{error}");
    }
}
