//! JSON made harmless before a parser sees it.

use std::io::{self, BufRead, ErrorKind, Read};

/// Values deeper than this become `null`.
const MAX_DEPTH: u32 = 64;

/// How much is written ahead of what is read.
const AHEAD: usize = 16 * 1024;

/// Strings of less than this are never cut: a name or a key is no text.
const LEAST: usize = 64 * 1024;

/// The most digits of a number. Half of it is far from the largest number there is.
const MOST_DIGITS: usize = 300;

/// Passes JSON on with bounds a parser does not have: strings beyond a limit are cut, with a mark
/// that says so; values nested too deeply and numbers too large become `null`; control characters, bytes that are not
/// UTF-8 and lone surrogates, which a strict parser refuses, are replaced.
///
/// With `lines`, every line that begins with `{` is a document of its own, and other lines pass
/// unchanged.
pub(crate) struct Bounded<R> {
    inner: R,
    lines: bool,
    limit: usize,
    out: Vec<u8>,
    taken: usize,
    place: Place,
    depth: u32,
    /// Bytes of the string that were passed on, and those that were not.
    kept: usize,
    dropped: u64,
    /// Bytes of one character that is not complete.
    partial: Vec<u8>,
    /// The first half of a character in two escapes.
    high: Option<[u8; 4]>,
    /// A number whose end was not read.
    number: Vec<u8>,
    at_end: bool,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Place {
    /// Before the first byte of a line that is not white space.
    LineStart,
    /// In a line that is no JSON.
    Noise,
    Value,
    Number,
    String,
    Escape,
    /// In `\uXXXX`: the digits so far.
    Unicode([u8; 4], u8),
    /// In a value that is left out, at this depth below it; within a string, after a backslash.
    Deep(u32, bool, bool),
}

impl<R: BufRead> Bounded<R> {
    pub(crate) fn lines(inner: R, limit: usize) -> Self {
        Self::new(inner, limit.max(LEAST), true)
    }

    pub(crate) fn document(inner: R, limit: usize) -> Self {
        Self::new(inner, limit.max(LEAST), false)
    }

    fn new(inner: R, limit: usize, lines: bool) -> Self {
        Self {
            inner,
            lines,
            limit,
            out: Vec::new(),
            taken: 0,
            place: if lines {
                Place::LineStart
            } else {
                Place::Value
            },
            depth: 0,
            kept: 0,
            dropped: 0,
            partial: Vec::new(),
            high: None,
            number: Vec::new(),
            at_end: false,
        }
    }

    fn refill(&mut self) -> io::Result<()> {
        self.out.clear();
        self.taken = 0;
        while self.out.is_empty() && !self.at_end {
            let buffer = match self.inner.fill_buf() {
                Ok(buffer) => buffer,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            self.at_end = buffer.is_empty();
            // What is copied stands still while the state changes.
            let part = buffer[..buffer.len().min(AHEAD)].to_vec();
            self.inner.consume(part.len());
            self.pass(&part);
        }
        if self.at_end {
            self.end_number();
        }
        Ok(())
    }

    fn pass(&mut self, mut part: &[u8]) {
        while let Some((&byte, rest)) = part.split_first() {
            let plain = self.plain(part);
            if plain > 0 {
                if self.place == Place::String {
                    self.text(&part[..plain]);
                } else if !matches!(self.place, Place::Deep(..)) {
                    self.out.extend_from_slice(&part[..plain]);
                }
                part = &part[plain..];
                continue;
            }
            self.byte(byte);
            part = rest;
        }
    }

    /// How many bytes can be taken as they are.
    fn plain(&self, part: &[u8]) -> usize {
        let end = match self.place {
            Place::Noise => memchr::memchr(b'\n', part),
            Place::String if self.partial.is_empty() && self.high.is_none() => part
                .iter()
                .position(|&b| b == b'"' || b == b'\\' || !(b' '..0x80).contains(&b)),
            Place::Value => part.iter().position(|b| {
                matches!(
                    b,
                    b'"' | b'{' | b'[' | b'}' | b']' | b'\n' | 0 | b'-' | b'0'..=b'9'
                )
            }),
            _ => return 0,
        };
        end.unwrap_or(part.len())
    }

    fn byte(&mut self, byte: u8) {
        if self.place == Place::Number {
            if matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E') {
                // One more than fits says that it is too long.
                if self.number.len() <= MOST_DIGITS {
                    self.number.push(byte);
                }
                return;
            }
            self.end_number();
        }
        if byte == b'\n' && self.lines {
            // No string of JSON holds a line end: here a new document may begin.
            self.end_characters();
            self.out.push(byte);
            (self.place, self.depth) = (Place::LineStart, 0);
            (self.kept, self.dropped) = (0, 0);
            return;
        }
        match self.place {
            Place::LineStart if byte.is_ascii_whitespace() => self.out.push(byte),
            Place::LineStart if byte == b'{' => {
                self.place = Place::Value;
                self.value_byte(byte);
            }
            Place::LineStart | Place::Noise => {
                self.place = Place::Noise;
                self.out.push(byte);
            }
            Place::Value | Place::Number => self.value_byte(byte),
            Place::String => self.string_byte(byte),
            Place::Escape => self.escape_byte(byte),
            Place::Unicode(mut digits, count) => {
                if !byte.is_ascii_hexdigit() {
                    // What is no escape stands for itself, as a path on Windows does.
                    self.place = Place::String;
                    self.end_high();
                    self.unit(b"\\\\", 1);
                    self.text(b"u");
                    self.text(&digits[..usize::from(count)]);
                    return self.string_byte(byte);
                }
                digits[usize::from(count)] = byte;
                self.place = Place::Unicode(digits, count + 1);
                if count == 3 {
                    self.place = Place::String;
                    self.unicode(digits);
                }
            }
            Place::Deep(depth, in_string, escaped) => {
                self.deep_byte(byte, depth, in_string, escaped)
            }
        }
    }

    fn value_byte(&mut self, byte: u8) {
        match byte {
            b'"' => {
                self.place = Place::String;
                (self.kept, self.dropped) = (0, 0);
            }
            b'{' | b'[' if self.depth == MAX_DEPTH => {
                self.place = Place::Deep(1, false, false);
                self.out.extend_from_slice(b"null");
                return;
            }
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            b'-' | b'0'..=b'9' => {
                self.place = Place::Number;
                self.number.push(byte);
                return;
            }
            // Padding, at the end of some files.
            0 => return,
            _ => {}
        }
        self.out.push(byte);
    }

    /// A parser refuses a whole document for a number that is too large.
    fn end_number(&mut self) {
        if self.place != Place::Number {
            return;
        }
        self.place = Place::Value;
        let text = std::str::from_utf8(&self.number).unwrap_or_default();
        // One that is malformed is the parser's to refuse.
        let is_large = text.len() > MOST_DIGITS
            || text.contains(['e', 'E']) && text.parse().is_ok_and(f64::is_infinite);
        let passed = if is_large { "null" } else { text };
        self.out.extend_from_slice(passed.as_bytes());
        self.number.clear();
    }

    fn deep_byte(&mut self, byte: u8, depth: u32, in_string: bool, escaped: bool) {
        self.place = match byte {
            _ if escaped => Place::Deep(depth, in_string, false),
            b'\\' if in_string => Place::Deep(depth, true, true),
            b'"' => Place::Deep(depth, !in_string, false),
            b'{' | b'[' if !in_string => Place::Deep(depth.saturating_add(1), false, false),
            b'}' | b']' if !in_string && depth == 1 => Place::Value,
            b'}' | b']' if !in_string => Place::Deep(depth - 1, false, false),
            _ => self.place,
        };
    }

    fn string_byte(&mut self, byte: u8) {
        match byte {
            b'"' => {
                self.end_characters();
                if self.dropped > 0 {
                    let mark = format!(" [cut here: {} more bytes]", self.dropped);
                    self.out.extend_from_slice(mark.as_bytes());
                }
                self.out.push(byte);
                self.place = Place::Value;
            }
            b'\\' => {
                self.end_partial();
                self.place = Place::Escape;
            }
            ..b' ' => {
                self.end_characters();
                let digits = format!("\\u{byte:04x}");
                self.unit(digits.as_bytes(), 1);
            }
            0x80.. => {
                self.end_high();
                if byte & 0xc0 != 0x80 {
                    self.end_partial();
                }
                self.partial.push(byte);
                match std::str::from_utf8(&self.partial) {
                    Ok(_) => {
                        let whole = std::mem::take(&mut self.partial);
                        self.unit(&whole, whole.len());
                    }
                    Err(error) if error.error_len().is_none() => {}
                    Err(_) => self.end_partial(),
                }
            }
            _ => {
                self.end_characters();
                self.unit(&[byte], 1);
            }
        }
    }

    fn escape_byte(&mut self, byte: u8) {
        self.place = Place::String;
        match byte {
            b'u' => self.place = Place::Unicode([0; 4], 0),
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {
                self.end_high();
                self.unit(&[b'\\', byte], 1);
            }
            _ => {
                // An escape that JSON does not have stands for itself, as a path on Windows does.
                self.end_high();
                self.unit(b"\\\\", 1);
                self.string_byte(byte);
            }
        }
    }

    fn unicode(&mut self, digits: [u8; 4]) {
        let value = digits.iter().fold(0_u32, |value, digit| {
            value * 16 + char::from(*digit).to_digit(16).unwrap_or(0)
        });
        let escape = |digits: [u8; 4]| [&b"\\u"[..], &digits].concat();
        match (self.high.take(), value) {
            (Some(high), 0xdc00..=0xdfff) => {
                let pair = [escape(high), escape(digits)].concat();
                self.unit(&pair, 4);
            }
            (earlier, 0xd800..=0xdbff) => {
                if earlier.is_some() {
                    self.replace();
                }
                self.high = Some(digits);
            }
            (earlier, _) => {
                if earlier.is_some() {
                    self.replace();
                }
                if (0xdc00..=0xdfff).contains(&value) {
                    self.replace();
                } else {
                    self.unit(&escape(digits), 1);
                }
            }
        }
    }

    fn end_characters(&mut self) {
        self.end_partial();
        self.end_high();
    }

    fn end_partial(&mut self) {
        if !self.partial.is_empty() {
            self.partial.clear();
            self.replace();
        }
    }

    fn end_high(&mut self) {
        if self.high.take().is_some() {
            self.replace();
        }
    }

    fn replace(&mut self) {
        self.unit("\u{fffd}".as_bytes(), 3);
    }

    /// One character of a string, in the bytes that write it; `counts` as so many bytes.
    fn unit(&mut self, bytes: &[u8], counts: usize) {
        if self.dropped == 0 && self.kept + counts <= self.limit {
            self.kept += counts;
            self.out.extend_from_slice(bytes);
        } else {
            self.dropped += counts as u64;
        }
    }

    /// Plain characters of a string.
    fn text(&mut self, bytes: &[u8]) {
        let room = if self.dropped == 0 {
            self.limit.saturating_sub(self.kept)
        } else {
            0
        };
        let fits = bytes.len().min(room);
        self.kept += fits;
        self.dropped += (bytes.len() - fits) as u64;
        self.out.extend_from_slice(&bytes[..fits]);
    }
}

impl<R: BufRead> BufRead for Bounded<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.taken == self.out.len() {
            self.refill()?;
        }
        Ok(&self.out[self.taken..])
    }

    fn consume(&mut self, amount: usize) {
        self.taken = (self.taken + amount).min(self.out.len());
    }
}

impl<R: BufRead> Read for Bounded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let count = available.len().min(into.len());
        into[..count].copy_from_slice(&available[..count]);
        self.consume(count);
        Ok(count)
    }
}

#[cfg(test)]
#[path = "bounded_tests.rs"]
mod tests;
