//! One service message: `##teamcity[name key='value' …]`.

use std::borrow::Cow;

/// What a message begins with.
pub(super) const START: &str = "##teamcity[";

/// A message. Values stay as they are written until they are asked for.
#[derive(Debug, PartialEq)]
pub(super) struct Message<'a> {
    pub(super) name: &'a str,
    attributes: &'a str,
    /// Whether its end is there.
    pub(super) is_whole: bool,
}

/// The first message of a line: what is before it, the message, what is after it.
pub(super) fn find(line: &str) -> Option<(&str, Message<'_>, &str)> {
    let at = line.find(START)?;
    let rest = &line[at + START.len()..];
    let start = rest.trim_start();
    let name = start.len()
        - start
            .trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.')
            .len();
    let (name, attributes) = start.split_at(name);
    if name.is_empty() {
        return None;
    }
    let end = end_of_values(attributes, &mut false);
    let message = Message {
        name,
        attributes: &attributes[..end.unwrap_or(attributes.len())],
        is_whole: end.is_some(),
    };
    let after = end.map_or("", |end| &attributes[end + 1..]);
    Some((&line[..at], message, after))
}

impl<'a> Message<'a> {
    /// The value of an attribute, unescaped.
    pub(super) fn get(&self, key: &str) -> Option<Cow<'a, str>> {
        let (_, value) = self.all().find(|(name, _)| *name == key)?;
        Some(unescaped(value))
    }

    /// The value of a message that has one without a name: `##teamcity[name 'value']`.
    #[cfg(test)]
    pub(super) fn only(&self) -> Option<Cow<'a, str>> {
        self.get("")
    }

    fn all(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let mut rest = self.attributes;
        std::iter::from_fn(move || {
            let (key, value) = rest.split_once('\'')?;
            let end = unescaped_place(value, |byte| byte == b'\'');
            let end = end.unwrap_or(value.len());
            rest = value.get(end + 1..).unwrap_or_default();
            Some((key.trim().trim_end_matches('=').trim_end(), &value[..end]))
        })
    }
}

/// The bracket that ends a message. `in_value` says whether the text begins, and then whether it
/// ends, inside of a value.
pub(super) fn end_of_values(text: &str, in_value: &mut bool) -> Option<usize> {
    unescaped_place(text, |byte| match byte {
        b'\'' => {
            *in_value = !*in_value;
            false
        }
        _ => !*in_value,
    })
}

/// The first quote or bracket that is not escaped and that is wanted.
fn unescaped_place(text: &str, mut is_wanted: impl FnMut(u8) -> bool) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    loop {
        at += memchr::memchr3(b'|', b'\'', b']', bytes.get(at..)?)?;
        match bytes[at] {
            // Nor is what follows looked at.
            b'|' => at += 2,
            byte if is_wanted(byte) => return Some(at),
            _ => at += 1,
        }
    }
}

fn unescaped(value: &str) -> Cow<'_, str> {
    if !value.contains('|') {
        return Cow::Borrowed(value);
    }
    let mut text = String::with_capacity(value.len());
    let mut units = Vec::new();
    let mut rest = value;
    while let Some((plain, escape)) = rest.split_once('|') {
        if !plain.is_empty() {
            flush(&mut units, &mut text);
            text.push_str(plain);
        }
        if let Some((unit, after)) = unit(escape) {
            units.push(unit);
            rest = after;
            continue;
        }
        flush(&mut units, &mut text);
        let mut chars = escape.chars();
        match chars.next() {
            Some('n') => text.push('\n'),
            Some('r') => text.push('\r'),
            Some('x') => text.push('\u{85}'),
            Some('l') => text.push('\u{2028}'),
            Some('p') => text.push('\u{2029}'),
            Some(other) => text.push(other),
            None => {}
        }
        rest = chars.as_str();
    }
    flush(&mut units, &mut text);
    text.push_str(rest);
    Cow::Owned(text.replace("\r\n", "\n"))
}

/// `0xABCD`: one UTF-16 unit.
fn unit(escape: &str) -> Option<(u16, &str)> {
    let rest = escape.strip_prefix("0x")?;
    let digits = rest
        .get(..4)
        .filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
    Some((u16::from_str_radix(digits, 16).ok()?, &rest[4..]))
}

fn flush(units: &mut Vec<u16>, text: &mut String) {
    if !units.is_empty() {
        text.push_str(&String::from_utf16_lossy(units).replace('\0', "\u{fffd}"));
        units.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_found_in_a_line_of_other_text() {
        let line = "text##teamcity[testStarted name='a |'b|' |[1|]' flowId = '2' x='] '] rest";
        let (before, message, after) = find(line).unwrap();
        assert_eq!(
            (before, message.name, after),
            ("text", "testStarted", " rest")
        );
        assert!(message.is_whole);
        assert_eq!(message.get("name").as_deref(), Some("a 'b' [1]"));
        assert_eq!(message.get("flowId").as_deref(), Some("2"));
        assert_eq!(message.get("x").as_deref(), Some("] "));
        assert_eq!(message.get("other"), None);
        let (_, cut, _) = find("##teamcity[testFailed name='a").unwrap();
        assert!(!cut.is_whole);
        let (_, single, _) = find("##teamcity[progressMessage 'it is']").unwrap();
        assert_eq!(single.only().as_deref(), Some("it is"));
        assert_eq!(find("##teamcity[]"), None);
    }

    #[test]
    fn escapes_are_undone() {
        for (written, meant) in [
            ("a|nb|r||", "a\nb\r|"),
            ("|0x00e9|0xd83d|0xde00", "é😀"),
            ("|0xd83d-", "\u{fffd}-"),
            ("|0x12", "0x12"),
            ("|x|l|p|q|", "\u{85}\u{2028}\u{2029}q"),
        ] {
            assert_eq!(unescaped(written), meant, "{written}");
        }
    }
}
