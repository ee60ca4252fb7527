//! The attributes of a tag.

use std::borrow::Cow;
use std::slice;

use super::marks::{Mark, Marks, is_special};
use super::references::resolve;
use crate::kept_text::clean;

/// Goes over the attributes of a tag in one pass, duplicates and malformed ones included.
pub(crate) struct Attributes<'a> {
    tag: &'a [u8],
    /// The whole tag as a text: to check it at once is faster than one value after the other.
    text: Option<&'a str>,
    /// Those whose places are known.
    marks: slice::Iter<'a, Mark>,
    /// What is to be looked through.
    rest: &'a [u8],
}

impl<'a> Attributes<'a> {
    /// Of a tag's content after its name.
    pub(crate) fn new(rest: &'a [u8]) -> Self {
        Self {
            tag: rest,
            text: None,
            marks: [].iter(),
            rest,
        }
    }

    /// The element's name without its prefix, and the attributes, of a whole tag.
    pub(crate) fn of_tag(tag: &'a [u8], marks: &'a Marks) -> (&'a [u8], Self) {
        if let Some(((from, to), marks)) = marks.of_tag() {
            let name = tag.get(from..to).unwrap_or_default();
            let attributes = Self {
                tag,
                text: std::str::from_utf8(tag).ok(),
                marks: marks.iter(),
                rest: b"",
            };
            return (name, attributes);
        }
        let name_end = tag
            .iter()
            .position(|b| b.is_ascii_whitespace() || *b == b'/')
            .unwrap_or(tag.len());
        let (name, rest) = tag.split_at(name_end);
        (local_name(name), Self::new(rest))
    }

    /// The next attribute's name without its prefix, and its value.
    #[inline]
    pub(crate) fn next_value(&mut self) -> Option<(&'a [u8], Value<'a>)> {
        let text = self.text;
        let mark = self.marks.as_slice().first().filter(|mark| mark.is_plain);
        let (name, raw) = self.next()?;
        let text = text.zip(mark).and_then(|(text, mark)| {
            let (from, to) = mark.value;
            text.get(from..to)
        });
        Some((name, Value { raw, text }))
    }

    /// The value as text: references resolved, white space of any kind a space.
    pub(crate) fn text(value: &[u8]) -> String {
        Self::cow(value).into_owned()
    }

    /// As [`text`](Self::text), the value itself where it stands for nothing else.
    pub(crate) fn cow(value: &[u8]) -> Cow<'_, str> {
        if !is_special(value)
            && let Ok(text) = std::str::from_utf8(value)
        {
            return Cow::Borrowed(text);
        }
        Cow::Owned(Self::resolved(value))
    }

    fn resolved(value: &[u8]) -> String {
        let plain: Vec<u8> = value
            .iter()
            .map(|&b| if matches!(b, b'\n' | b'\t') { b' ' } else { b })
            .collect();
        clean(resolve(&plain).into_owned())
    }
}

impl<'a> Iterator for Attributes<'a> {
    /// The name without its prefix, and the raw value.
    type Item = (&'a [u8], &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if let Some(mark) = self.marks.next() {
            let part = |(from, to): (usize, usize)| self.tag.get(from..to).unwrap_or_default();
            return Some((part(mark.name), part(mark.value)));
        }
        if self.rest.is_empty() {
            return None;
        }
        self.next_of_rest()
    }
}

impl<'a> Attributes<'a> {
    fn next_of_rest(&mut self) -> Option<(&'a [u8], &'a [u8])> {
        let start = self
            .rest
            .iter()
            .position(|b| !b.is_ascii_whitespace() && *b != b'/')?;
        let rest = &self.rest[start..];
        let name_end = rest
            .iter()
            .position(|b| b.is_ascii_whitespace() || *b == b'=')
            .unwrap_or(rest.len());
        let name = &rest[..name_end];
        let after_name = rest[name_end..].trim_ascii_start();
        let Some(after_equals) = after_name.strip_prefix(b"=") else {
            self.rest = after_name;
            return Some((local_name(name), b""));
        };
        let value = after_equals.trim_ascii_start();
        let (value, rest) = match value.first() {
            Some(&quote @ (b'"' | b'\'')) => {
                let value = &value[1..];
                let end = memchr::memchr(quote, value).unwrap_or(value.len());
                (&value[..end], value.get(end + 1..).unwrap_or_default())
            }
            _ => {
                let end = value
                    .iter()
                    .position(u8::is_ascii_whitespace)
                    .unwrap_or(value.len());
                let (value, rest) = value.split_at(end);
                // The slash of an empty element is no part of a value without quotes.
                let is_last = rest.is_empty();
                (
                    value
                        .strip_suffix(b"/")
                        .filter(|_| is_last)
                        .unwrap_or(value),
                    rest,
                )
            }
        };
        self.rest = rest;
        Some((local_name(name), value))
    }
}

/// The value of an attribute.
#[derive(Clone, Copy)]
pub(crate) struct Value<'a> {
    pub(crate) raw: &'a [u8],
    /// The same as a text, where it is known to stand for nothing else.
    text: Option<&'a str>,
}

impl<'a> Value<'a> {
    /// The value as text, see [`Attributes::text`].
    pub(crate) fn cow(&self) -> Cow<'a, str> {
        match self.text {
            Some(text) => Cow::Borrowed(text),
            _ => Attributes::cow(self.raw),
        }
    }

    /// Adds the value as text.
    #[inline]
    pub(crate) fn append_to(&self, text: &mut String) {
        match self.text {
            Some(value) => text.push_str(value),
            _ => text.push_str(&Attributes::cow(self.raw)),
        }
    }
}

/// A name without its name space prefix.
pub(crate) fn local_name(name: &[u8]) -> &[u8] {
    memchr::memrchr(b':', name).map_or(name, |at| &name[at + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rest: &str, expected: &[(&str, &str)]) {
        let seen: Vec<(String, String)> = Attributes::new(rest.as_bytes())
            .map(|(name, value)| (Attributes::text(name), Attributes::text(value)))
            .collect();
        let seen: Vec<(&str, &str)> = seen.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(seen, expected, "{rest}");
    }

    #[test]
    fn attributes_are_read_well_formed_or_not() {
        check(" a=\"1\" b='2'", &[("a", "1"), ("b", "2")]);
        check(" a = \"x > y\"/", &[("a", "x > y")]);
        check(
            " x:a=\"&lt;&amp;\" a=\"l1\nl2\"",
            &[("a", "<&"), ("a", "l1 l2")],
        );
        check(" bare a=1 b", &[("bare", ""), ("a", "1"), ("b", "")]);
        check(" a=1/x b=2/", &[("a", "1/x"), ("b", "2")]);
        check(" a=\"open", &[("a", "open")]);
        check(" a=", &[("a", "")]);
        check(" / ", &[]);
        check(" ='x' \"", &[("", "x"), ("\"", "")]);
    }
}
