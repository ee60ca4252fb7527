//! Texts that are kept up to a limit.

use std::borrow::Cow;
use std::ops::Range;

/// A text that holds more memory than this is not filled again.
pub(crate) const MOST_KEPT_MEMORY: usize = 64 * 1024;

/// Collects bytes up to a limit and says at the end how many were left out.
#[derive(Debug, Default)]
pub(crate) struct KeptText {
    bytes: Vec<u8>,
    limit: usize,
    dropped: u64,
}

impl KeptText {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            bytes: Vec::new(),
            limit,
            dropped: 0,
        }
    }

    /// An empty one in the memory of a text that is not needed.
    pub(crate) fn filling(self, mut spare: String) -> Self {
        spare.clear();
        Self {
            bytes: spare.into_bytes(),
            ..self
        }
    }

    /// The same without a text, unless it holds much memory.
    pub(crate) fn emptied(self, limit: usize) -> Self {
        let mut bytes = self.bytes;
        bytes.clear();
        if bytes.capacity() > MOST_KEPT_MEMORY {
            bytes = Vec::new();
        }
        Self {
            bytes,
            limit,
            dropped: 0,
        }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let room = self.limit.saturating_sub(self.bytes.len());
        // After the first cut nothing fits any more, so that what is kept has no gaps.
        let fits = if self.dropped > 0 {
            0
        } else {
            bytes.len().min(room)
        };
        self.bytes.extend_from_slice(&bytes[..fits]);
        self.dropped += (bytes.len() - fits) as u64;
    }

    /// As [`push`](Self::push), of what many texts may keep together.
    pub(crate) fn push_within(&mut self, bytes: &[u8], left: &mut usize) {
        let before = self.bytes.len();
        let fits = bytes.len().min(*left);
        self.push(&bytes[..fits]);
        self.dropped += (bytes.len() - fits) as u64;
        *left -= self.bytes.len() - before;
    }

    /// Where to put at most so many bytes, when all of them fit.
    pub(crate) fn room_for(&mut self, bytes: usize) -> Option<&mut Vec<u8>> {
        let room = self.limit.saturating_sub(self.bytes.len());
        (self.dropped == 0 && bytes <= room).then_some(&mut self.bytes)
    }

    pub(crate) fn push_line(&mut self, line: &[u8]) {
        if let Some(bytes) = self.room_for(line.len() + 1) {
            bytes.extend_from_slice(line);
            bytes.push(b'\n');
            return;
        }
        self.push(line);
        self.push(b"\n");
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether something did not fit.
    pub(crate) fn is_cut(&self) -> bool {
        self.dropped > 0
    }

    /// Lets go of what is kept, and gives its size.
    pub(crate) fn give_way(&mut self) -> usize {
        let size = std::mem::take(&mut self.bytes).len();
        self.dropped += size as u64;
        size
    }

    /// Takes the text out and leaves an empty one; `None` when it is blank.
    pub(crate) fn take(&mut self) -> Option<String> {
        if self.bytes.is_empty() {
            return None;
        }
        let limit = self.limit;
        std::mem::replace(self, Self::new(limit)).finish()
    }

    /// The text, or `None` when it is blank. Bytes that are not UTF-8 and NUL become U+FFFD;
    /// line ends become `\n`.
    pub(crate) fn finish(mut self) -> Option<String> {
        if self.dropped > 0 {
            drop_partial_character(&mut self.bytes);
        }
        let mut text = clean(self.bytes);
        if self.dropped > 0 {
            text.push_str(&format!("\n[cut here: {} more bytes]", self.dropped));
        }
        let blank = text.bytes().all(|b| b.is_ascii_whitespace());
        (!blank).then_some(text)
    }

    /// As [`finish`](Self::finish), without blank lines before and white space after.
    pub(crate) fn finish_trimmed(self) -> Option<String> {
        self.finish().map(|mut text| {
            let kept = kept_range(&text);
            text.truncate(kept.end);
            text.drain(..kept.start);
            text
        })
    }
}

/// Adds another text on a new line, up to a limit for both.
pub(crate) fn append(to: &mut Option<String>, text: String, most: usize) {
    match to {
        // One that was cut already ends with its mark.
        Some(before) if before.len() > most => {}
        Some(before) if before.len() + text.len() < most => {
            before.push('\n');
            before.push_str(&text);
        }
        Some(before) => {
            let mut kept = KeptText::new(most);
            for part in [before.as_str(), "\n", text.as_str()] {
                kept.push(part.as_bytes());
            }
            *to = kept.finish();
        }
        None => *to = Some(text),
    }
}

/// A text that was read as a whole, up to a limit. What it says itself of a cut is counted in.
pub(crate) fn shortened(mut text: String, limit: usize) -> String {
    if text.len() <= limit + 100 {
        return text;
    }
    let at = text.floor_char_boundary(limit);
    let mut dropped = (text.len() - at) as u64;
    let mark = text[at..].rsplit_once(" [cut here: ");
    if let Some((_, mark)) = mark
        && let Some(earlier) = mark.strip_suffix(" more bytes]")
        && let Ok(earlier) = earlier.parse::<u64>()
    {
        dropped = (dropped - mark.len() as u64 - 12).saturating_add(earlier);
    }
    text.truncate(at);
    text.push_str(&format!("\n[cut here: {dropped} more bytes]"));
    text
}

/// The first line that is not blank, without white space around it; at most 500 characters.
pub(crate) fn first_line(text: &str) -> Option<String> {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    if line.len() <= 500 {
        return Some(line.to_owned());
    }
    Some(line.chars().take(500).collect())
}

/// A failure's detail, after the whole of a message that is too long for one line.
pub(crate) fn with_whole_message(message: Option<&str>, detail: Option<String>) -> Option<String> {
    let whole = message
        .map(trimmed)
        .filter(|m| m.trim().contains('\n') || m.len() > 500);
    match (whole, detail) {
        (Some(whole), Some(detail)) if !detail.contains(whole) => {
            Some(format!("{whole}\n{detail}"))
        }
        (Some(whole), None) => Some(whole.to_owned()),
        (_, detail) => detail,
    }
}

/// Without blank lines before and white space after.
pub(crate) fn trimmed(text: &str) -> &str {
    &text[kept_range(text)]
}

fn kept_range(text: &str) -> Range<usize> {
    let text = text.trim_end();
    let blank = text.len() - text.trim_start().len();
    let start = text[..blank].rfind('\n').map_or(0, |at| at + 1);
    start..text.len()
}

/// Bytes as a text, see [`KeptText::finish`] for what is replaced.
pub(crate) fn clean(bytes: Vec<u8>) -> String {
    let text = String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    match memchr::memchr2(b'\r', 0, text.as_bytes()) {
        Some(_) => text.replace("\r\n", "\n").replace('\0', "\u{fffd}"),
        None => text,
    }
}

/// Bytes as a text; those that are not UTF-8 become U+FFFD.
pub(crate) fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    // The check alone looks at many bytes at once, which the replacing of bad ones does not.
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(bytes),
    }
}

/// Drops the bytes of a character whose last ones are missing.
pub(crate) fn drop_partial_character(bytes: &mut Vec<u8>) {
    let tail = bytes
        .iter()
        .rev()
        .take(3)
        .take_while(|&&b| b & 0xc0 == 0x80)
        .count();
    if let Some(lead) = bytes.len().checked_sub(tail + 1) {
        let wanted = match bytes[lead] {
            0xc0..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0.. => 4,
            _ => return,
        };
        if tail + 1 < wanted {
            bytes.truncate(lead);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(limit: usize, parts: &[&str], expected: Option<&str>) {
        let mut text = KeptText::new(limit);
        for part in parts {
            text.push(part.as_bytes());
        }
        assert_eq!(text.finish().as_deref(), expected, "{limit} {parts:?}");
    }

    #[test]
    fn a_text_is_cut_at_its_limit_between_characters_and_says_so() {
        check(10, &["abc"], Some("abc"));
        check(3, &["abc"], Some("abc"));
        check(3, &["ab", "cd", "e"], Some("abc\n[cut here: 2 more bytes]"));
        check(4, &["abcé"], Some("abc\n[cut here: 1 more bytes]"));
        check(3, &["😀", "x"], Some("\n[cut here: 2 more bytes]"));
        check(10, &[" \n\t "], None);
        check(10, &["a\r\nb\0"], Some("a\nb\u{fffd}"));
    }

    #[test]
    fn texts_are_added_up_to_a_limit_for_all() {
        let mut all = None;
        for (text, expected) in [
            ("ab", "ab"),
            ("cd", "ab\ncd"),
            ("efgh", "ab\ncd\ne\n[cut here: 3 more bytes]"),
            ("i", "ab\ncd\ne\n[cut here: 3 more bytes]"),
        ] {
            append(&mut all, text.to_owned(), 7);
            assert_eq!(all.as_deref(), Some(expected));
        }
    }

    #[test]
    fn a_text_that_was_cut_is_cut_again() {
        let short = |text: &str| shortened(text.to_owned(), 2);
        assert_eq!(short("é and no more"), "é and no more");
        let long = "é".repeat(60);
        assert_eq!(short(&long), "é\n[cut here: 118 more bytes]");
        assert_eq!(
            short(&format!("{long} [cut here: 7 more bytes]")),
            "é\n[cut here: 125 more bytes]"
        );
    }

    #[test]
    fn trimming_keeps_the_indentation_of_the_first_line() {
        assert_eq!(trimmed("\n \n  a\n b \n"), "  a\n b");
        assert_eq!(trimmed("a"), "a");
        assert_eq!(trimmed(" \n "), "");
        assert_eq!(first_line("\n  x y \nz"), Some("x y".to_owned()));
    }
}
