//! How a blob becomes a file: line ends and `$Id$`, as attributes ask.

use std::borrow::Cow;
use std::collections::BTreeMap;

use git2::Oid;

use super::attributes::State;

/// What attributes ask to be done to a blob before it is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Conversion(u8);

impl Conversion {
    /// Line feeds become carriage return and line feed.
    pub(crate) const CRLF: u8 = 1;
    /// The same, only where the content looks like text that has none yet.
    pub(crate) const AUTO_CRLF: u8 = 2;
    /// `$Id$` is expanded.
    pub(crate) const IDENT: u8 = 4;
    /// The content is kept in Git LFS.
    pub(crate) const LFS: u8 = 8;
    /// It should have another encoding, which is not supported.
    pub(crate) const ENCODING: u8 = 16;

    /// What the attributes of a path ask for.
    pub(crate) fn new(attributes: &BTreeMap<Vec<u8>, State>) -> Self {
        let value = |name: &[u8]| match attributes.get(name) {
            Some(State::Value(value)) => Some(value.as_slice()),
            _ => None,
        };
        // `crlf` is what `text` was called of old.
        let text = [b"text".as_slice(), b"crlf"]
            .into_iter()
            .filter_map(|name| attributes.get(name))
            .find(|state| match state {
                State::Set | State::Unset => true,
                State::Unspecified => false,
                State::Value(value) => matches!(value.as_slice(), b"auto" | b"input"),
            });
        let mut flags = 0;
        let is_auto = matches!(text, Some(State::Value(value)) if value == b"auto");
        if text != Some(&State::Unset) && value(b"eol") == Some(b"crlf") {
            flags |= if is_auto { Self::AUTO_CRLF } else { Self::CRLF };
        }
        if attributes.get(b"ident".as_slice()) == Some(&State::Set) {
            flags |= Self::IDENT;
        }
        if value(b"filter") == Some(b"lfs") {
            flags |= Self::LFS;
        }
        let encoding = value(b"working-tree-encoding");
        if encoding.is_some_and(|name| {
            !name.eq_ignore_ascii_case(b"utf-8") && !name.eq_ignore_ascii_case(b"utf8")
        }) {
            flags |= Self::ENCODING;
        }
        Self(flags)
    }

    pub(crate) fn has(self, flag: u8) -> bool {
        self.0 & flag != 0
    }

    pub(crate) fn bits(self) -> u8 {
        self.0
    }

    pub(crate) fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    /// What is written for a blob.
    pub(crate) fn apply(self, id: Oid, blob: &[u8]) -> Cow<'_, [u8]> {
        let mut content = Cow::Borrowed(blob);
        if self.has(Self::IDENT)
            && let Some(expanded) = expand_ident(id, &content)
        {
            content = Cow::Owned(expanded);
        }
        if self.has(Self::CRLF | Self::AUTO_CRLF) {
            let stats = TextStats::of(&content);
            let touch = stats.lone_lf > 0
                && (self.has(Self::CRLF)
                    || (stats.lone_cr == 0 && stats.crlf == 0 && !stats.is_binary()));
            if touch {
                content = Cow::Owned(with_crlf(&content));
            }
        }
        content
    }
}

#[derive(Default)]
struct TextStats {
    nul: usize,
    lone_cr: usize,
    lone_lf: usize,
    crlf: usize,
    printable: usize,
    unprintable: usize,
}

impl TextStats {
    fn of(content: &[u8]) -> Self {
        let mut stats = Self::default();
        let mut bytes = content.iter().copied().peekable();
        while let Some(byte) = bytes.next() {
            match byte {
                b'\r' if bytes.next_if_eq(&b'\n').is_some() => stats.crlf += 1,
                b'\r' => stats.lone_cr += 1,
                b'\n' => stats.lone_lf += 1,
                0 => {
                    stats.nul += 1;
                    stats.unprintable += 1;
                }
                8 | b'\t' | 0x1b | 0x0c => stats.printable += 1,
                0..32 | 127 => stats.unprintable += 1,
                _ => stats.printable += 1,
            }
        }
        // The end-of-file mark of DOS does not make a text unprintable.
        if content.last() == Some(&0x1a) {
            stats.unprintable = stats.unprintable.saturating_sub(1);
        }
        stats
    }

    fn is_binary(&self) -> bool {
        self.lone_cr > 0 || self.nul > 0 || self.printable >> 7 < self.unprintable
    }
}

fn with_crlf(content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + content.len() / 16);
    let mut previous = 0;
    for &byte in content {
        if byte == b'\n' && previous != b'\r' {
            out.push(b'\r');
        }
        out.push(byte);
        previous = byte;
    }
    out
}

/// The content with `$Id$` and `$Id: ...$` filled in; `None` when there is none.
fn expand_ident(id: Oid, content: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut rest = content;
    let mut any = false;
    while let Some(dollar) = rest.iter().position(|&byte| byte == b'$') {
        let (before, after) = rest.split_at(dollar + 1);
        out.extend_from_slice(before);
        rest = after;
        if let Some(length) = keyword_length(rest) {
            out.extend_from_slice(format!("Id: {id} $").as_bytes());
            rest = &rest[length..];
            any = true;
        }
    }
    out.extend_from_slice(rest);
    any.then_some(out)
}

/// How long `Id$` or `Id: text$` at the front is; `None` when neither is there, or when the text is
/// that of another version control system.
fn keyword_length(text: &[u8]) -> Option<usize> {
    let rest = text.strip_prefix(b"Id")?;
    match rest.first()? {
        b'$' => Some(3),
        b':' => {
            let end = rest.iter().position(|&byte| byte == b'$')?;
            let inside = &rest[1..end];
            if inside.contains(&b'\n') {
                return None;
            }
            let foreign = inside
                .iter()
                .skip(1)
                .position(|&byte| byte == b' ')
                .is_some_and(|space| space + 1 < inside.len() - 1);
            (!foreign).then_some(2 + end + 1)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(flags: u8, blob: &str, expected: &str) {
        let id = crate::worktree::content::blob_id(blob.as_bytes());
        let written = Conversion(flags).apply(id, blob.as_bytes()).into_owned();
        let expected = expected.replace("<id>", &id.to_string());
        assert_eq!(String::from_utf8_lossy(&written), expected, "{blob:?}");
    }

    #[test]
    fn line_ends_are_made_as_asked() {
        check(Conversion::CRLF, "a\nb\r\nc", "a\r\nb\r\nc");
        check(Conversion::AUTO_CRLF, "a\nb\n", "a\r\nb\r\n");
        check(Conversion::AUTO_CRLF, "a\nb\r\n", "a\nb\r\n");
        check(Conversion::AUTO_CRLF, "a\0\n", "a\0\n");
        check(Conversion::CRLF, "", "");
    }

    #[test]
    fn idents_are_expanded_unless_they_are_foreign() {
        check(Conversion::IDENT, "x $Id$ y", "x $Id: <id> $ y");
        check(
            Conversion::IDENT,
            "$Id: old $ $Id$",
            "$Id: <id> $ $Id: <id> $",
        );
        check(Conversion::IDENT, "$Id: f.c,v 1.1 $", "$Id: f.c,v 1.1 $");
        check(Conversion::IDENT, "$Id: \n$ $Idx$", "$Id: \n$ $Idx$");
        check(Conversion::IDENT, "$Id", "$Id");
    }
}
