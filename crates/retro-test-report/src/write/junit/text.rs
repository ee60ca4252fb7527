//! Text inside XML.

use std::fmt::Write as _;

use retro_domain::Timestamp;

pub(super) fn indent(text: &mut String, depth: usize) {
    text.extend(std::iter::repeat_n("  ", depth));
}

pub(super) fn with_text(text: &mut String, element: &str, content: &str) {
    let _ = write!(text, "<{element}>");
    escaped(text, content, false);
    let _ = write!(text, "</{element}>");
}

pub(super) fn attribute(text: &mut String, name: &str, value: &str) {
    let _ = write!(text, " {name}=\"");
    escaped(text, value, true);
    text.push('"');
}

pub(super) fn escaped(text: &mut String, value: &str, in_attribute: bool) {
    for c in value.chars() {
        match c {
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '&' => text.push_str("&amp;"),
            '"' if in_attribute => text.push_str("&quot;"),
            // Readers make blanks of these in attributes, and a line feed of every line's end.
            '\t' | '\n' if in_attribute => drop(write!(text, "&#{};", u32::from(c))),
            '\r' => text.push_str("&#13;"),
            c if is_forbidden(c) => text.push('\u{fffd}'),
            c => text.push(c),
        }
    }
}

/// Characters that no XML 1.0 document may hold, even escaped.
fn is_forbidden(c: char) -> bool {
    matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

/// Whether XML can hold a text as it is: readers may take a carriage return for a line's end.
pub(super) fn is_plain(text: &str) -> bool {
    text.chars().all(|c| c != '\r' && !is_forbidden(c))
}

/// Such as `2026-11-21T15:04:05.25Z`; `None` for years that no calendar has.
pub(super) fn date_time(at: Timestamp) -> Option<String> {
    let at = jiff::Timestamp::from_millisecond(at.unix_millis()).ok()?;
    Some(at.to_string())
}
