//! Character references and predefined entities.

use std::borrow::Cow;

use crate::kept_text::KeptText;

/// The longest reference worth waiting for, such as `&#x0010FFFF;`.
const LONGEST: usize = 16;

/// A text that arrives in pieces, with its references resolved.
#[derive(Debug, Default)]
pub(crate) struct ReferenceText {
    kept: KeptText,
    /// The start of a reference whose end is not read yet.
    partial: Vec<u8>,
}

impl ReferenceText {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            kept: KeptText::new(limit),
            partial: Vec::new(),
        }
    }

    /// The same, in the memory of a text that is not needed.
    pub(crate) fn filling(mut self, spare: String) -> Self {
        self.kept = self.kept.filling(spare);
        self
    }

    /// Adds a piece of character data, in which references count.
    pub(crate) fn push(&mut self, mut piece: &[u8]) {
        if !self.partial.is_empty() {
            let wanted = LONGEST - self.partial.len().min(LONGEST);
            let taken = memchr::memchr(b';', piece)
                .map_or(piece.len(), |at| at + 1)
                .min(wanted);
            self.partial.extend_from_slice(&piece[..taken]);
            piece = &piece[taken..];
            if self.partial.ends_with(b";") || self.partial.len() >= LONGEST {
                let mut partial = std::mem::take(&mut self.partial);
                resolve_into(&partial, |part| self.kept.push(part));
                partial.clear();
                self.partial = partial;
            }
        }
        // Only what follows the last `&` can be a reference that is not whole yet.
        let tail = piece.len().saturating_sub(LONGEST - 1);
        let open = memchr::memrchr(b'&', &piece[tail..])
            .map(|at| tail + at)
            .filter(|&at| memchr::memchr(b';', &piece[at..]).is_none());
        if let Some(at) = open {
            self.partial.extend_from_slice(&piece[at..]);
            piece = &piece[..at];
        }
        // What a reference stands for is never longer than the reference.
        match self.kept.room_for(piece.len()) {
            Some(kept) => resolve_into(piece, |part| kept.extend_from_slice(part)),
            None => resolve_into(piece, |part| self.kept.push(part)),
        }
    }

    /// Adds a piece in which nothing is a reference.
    pub(crate) fn push_literal(&mut self, piece: &[u8]) {
        self.flush();
        self.kept.push(piece);
    }

    fn flush(&mut self) {
        if !self.partial.is_empty() {
            let partial = std::mem::take(&mut self.partial);
            self.kept.push(&partial);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.kept.len()
    }

    pub(crate) fn finish(mut self) -> Option<String> {
        self.flush();
        self.kept.finish()
    }

    pub(crate) fn finish_trimmed(mut self) -> Option<String> {
        self.flush();
        self.kept.finish_trimmed()
    }
}

/// `raw` with its references resolved. What is no reference that can be resolved stays as it is:
/// a bare `&`, an entity that the document defines. Numbers of no character become U+FFFD.
pub(crate) fn resolve(raw: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'&', raw).is_none() {
        return Cow::Borrowed(raw);
    }
    let mut out = Vec::with_capacity(raw.len());
    resolve_into(raw, |part| out.extend_from_slice(part));
    Cow::Owned(out)
}

/// As [`resolve`], part by part.
fn resolve_into(raw: &[u8], mut push: impl FnMut(&[u8])) {
    let mut done = 0;
    for at in memchr::memchr_iter(b'&', raw) {
        let window = &raw[at + 1..raw.len().min(at + LONGEST)];
        let found = window.iter().position(|&b| b == b';');
        if let Some((c, len)) = found.and_then(|len| Some((character(&window[..len])?, len))) {
            push(&raw[done..at]);
            match u8::try_from(c) {
                Ok(byte) if byte.is_ascii() => push(&[byte]),
                _ => push(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
            done = at + len + 2;
        }
    }
    push(&raw[done..]);
}

fn character(name: &[u8]) -> Option<char> {
    match name {
        b"lt" => Some('<'),
        b"gt" => Some('>'),
        b"amp" => Some('&'),
        b"quot" => Some('"'),
        b"apos" => Some('\''),
        [b'#', b'x' | b'X', digits @ ..] => number(digits, 16),
        [b'#', digits @ ..] => number(digits, 10),
        _ => None,
    }
}

fn number(digits: &[u8], radix: u32) -> Option<char> {
    let digits = std::str::from_utf8(digits).ok()?;
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    let code = u32::from_str_radix(digits, radix).unwrap_or(u32::MAX);
    Some(
        char::from_u32(code)
            .filter(|&c| c != '\0')
            .unwrap_or('\u{fffd}'),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(raw: &str, expected: &str) {
        assert_eq!(String::from_utf8_lossy(&resolve(raw.as_bytes())), expected);
        // However a text is cut into pieces, it is the same text.
        for cut in 0..=raw.len() {
            let mut text = ReferenceText::new(1000);
            text.push(&raw.as_bytes()[..cut]);
            text.push(&raw.as_bytes()[cut..]);
            assert_eq!(text.finish().as_deref(), Some(expected), "cut at {cut}");
        }
    }

    #[test]
    fn references_are_resolved_and_everything_else_stays() {
        check("a &lt;b&gt; &amp;amp; &quot;&apos;", "a <b> &amp; \"'");
        check("&#65;&#x1b;&#X41;", "A\u{1b}A");
        check("&#0;&#xD800;&#99999999;", "\u{fffd}\u{fffd}\u{fffd}");
        check(
            "a & b && &unknown; &; &#; &#x; &#12z; &",
            "a & b && &unknown; &; &#; &#x; &#12z; &",
        );
        check(
            "&lol1;&averyveryverylongentityname;",
            "&lol1;&averyveryverylongentityname;",
        );
    }
}
