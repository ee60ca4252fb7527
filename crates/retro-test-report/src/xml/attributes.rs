//! The attributes of a tag.

use std::borrow::Cow;

use super::references::resolve;
use crate::kept_text::clean;

/// Goes over the attributes of a tag in one pass, duplicates and malformed ones included.
pub(crate) struct Attributes<'a> {
    rest: &'a [u8],
}

impl<'a> Attributes<'a> {
    /// Of a tag's content after its name.
    pub(crate) fn new(rest: &'a [u8]) -> Self {
        Self { rest }
    }

    /// The value as text: references resolved, white space of any kind a space.
    pub(crate) fn text(value: &[u8]) -> String {
        Self::cow(value).into_owned()
    }

    /// Adds the value as text, see [`text`](Self::text).
    pub(crate) fn append(value: &[u8], text: &mut String) {
        text.push_str(&Self::cow(value));
    }

    /// As [`text`](Self::text), the value itself where it stands for nothing else.
    pub(crate) fn cow(value: &[u8]) -> Cow<'_, str> {
        // Looks at every byte without a branch, which is faster than to stop at the first one.
        let special = |any, &b: &u8| any | (b < b' ') | (b == b'&');
        if !value.iter().fold(false, special)
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

    fn next(&mut self) -> Option<Self::Item> {
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
                value.split_at(end)
            }
        };
        self.rest = rest;
        Some((local_name(name), value))
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
        check(" a=\"open", &[("a", "open")]);
        check(" a=", &[("a", "")]);
        check(" / ", &[]);
        check(" ='x' \"", &[("", "x"), ("\"", "")]);
    }
}
