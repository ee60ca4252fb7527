//! What a test says about itself after its line: a YAML block, or comments.
//!
//! No YAML parser takes part. Blocks that are not YAML are common, and a block must never stop the
//! stream: the text is kept as it is, and a few well-known keys are picked out of it by line.

use std::borrow::Cow;
use std::time::Duration;

use retro_domain::Location;

use crate::kept_text::{KeptText, first_line};
use crate::numbers::plain_millis;

/// The block after one test.
#[derive(Debug)]
pub(super) struct Diagnostics {
    limit: usize,
    text: KeptText,
    pub(super) message: Option<String>,
    pub(super) kind: Option<String>,
    pub(super) duration: Option<Duration>,
    file: Option<String>,
    line: Option<u32>,
    /// Whether it says anything but how long the test took and what it is.
    is_telling: bool,
    /// The indentation of its outermost keys.
    base: Option<usize>,
    /// A key whose value is on the lines that follow, deeper than it.
    open_key: OpenKey,
    /// Whether its block was closed: what comes after it is about something else.
    is_closed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum OpenKey {
    None,
    Message,
    /// A message that may be a map with its own `message`.
    MessageOrMap,
    /// The map of a message, with its indentation.
    Map(usize),
    At,
}

impl Diagnostics {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            text: KeptText::new(limit),
            message: None,
            kind: None,
            duration: None,
            file: None,
            line: None,
            is_telling: false,
            base: None,
            open_key: OpenKey::None,
            is_closed: false,
        }
    }

    /// The end of the YAML block.
    pub(super) fn close(&mut self) {
        self.is_closed = true;
    }

    /// Forgets everything but the memory.
    pub(super) fn reset(&mut self) {
        let text = std::mem::take(&mut self.text);
        *self = Self::new(self.limit);
        self.text = text.emptied(self.limit);
    }

    /// Adds one line of a YAML block, without the block's own indentation.
    pub(super) fn yaml_line(&mut self, line: &str) {
        self.text.push_line(line.as_bytes());
        let content = line.trim();
        if content.is_empty() {
            return;
        }
        let indent = line.len() - line.trim_start().len();
        let base = *self.base.get_or_insert(indent);
        if indent > base {
            match self.open_key {
                OpenKey::Message => {
                    self.message = first_line(content);
                    self.open_key = OpenKey::None;
                }
                OpenKey::MessageOrMap => {
                    let is_key = |key: &str| key.bytes().all(|b| b.is_ascii_lowercase());
                    let is_map = content.split_once(':').is_some_and(|(key, _)| is_key(key));
                    self.message = first_line(content);
                    self.open_key = match is_map {
                        true => OpenKey::Map(indent),
                        false => OpenKey::None,
                    };
                    self.in_map(indent, content);
                }
                OpenKey::Map(_) => self.in_map(indent, content),
                OpenKey::At => self.place(content),
                OpenKey::None => {}
            }
            return;
        }
        self.open_key = OpenKey::None;
        if content.starts_with('{') {
            self.json(content);
            return;
        }
        let Some((key, value)) = content.split_once(':') else {
            self.is_telling = true;
            return;
        };
        let value = value.trim();
        self.is_telling |= !matches!(key, "duration_ms" | "type");
        match key {
            "message" | "error" if self.message.is_none() => match value {
                "" => self.open_key = OpenKey::MessageOrMap,
                value if begins_block(value) => self.open_key = OpenKey::Message,
                _ => self.message = first_line(&unquoted(value)),
            },
            "duration_ms" => {
                self.duration = plain_millis(value.as_bytes()).or_else(|| {
                    let millis = unquoted(value).parse::<f64>().ok()?;
                    Duration::try_from_secs_f64(millis / 1e3).ok()
                });
            }
            "name" => self.kind = text_of(value),
            "at" if value.is_empty() => self.open_key = OpenKey::At,
            "at" | "location" => self.location_text(&unquoted(value)),
            _ => self.place(content),
        }
    }

    /// A line of the map that a message is.
    fn in_map(&mut self, indent: usize, content: &str) {
        if self.open_key != OpenKey::Map(indent) {
            return;
        }
        match content
            .split_once(':')
            .map(|(key, value)| (key, value.trim()))
        {
            Some(("message", value)) if value.is_empty() || begins_block(value) => {
                self.open_key = OpenKey::Message;
            }
            Some(("message", value)) => {
                self.message = first_line(&unquoted(value));
                self.open_key = OpenKey::None;
            }
            Some(("name", value)) => {
                self.kind = text_of(value);
                self.message.clone_from(&self.kind);
            }
            _ => {}
        }
    }

    /// Adds one comment, unless the test said all in a block before.
    pub(super) fn comment(&mut self, comment: &str) {
        if self.is_closed {
            return;
        }
        self.is_telling = true;
        self.text.push_line(comment.as_bytes());
        if self.message.is_none() {
            self.message = first_line(comment);
        }
        if self.file.is_none() {
            let (file, line) = match comment.rsplit_once(" line ") {
                // `at t/a.t line 3.`, `(in test file a.bats, line 3)`
                Some((before, after)) => {
                    let digits = after.trim_end_matches(['.', ')', ' ']);
                    let file = before.trim_start_matches("at ").trim_end_matches(',');
                    (
                        file.strip_prefix("(in test file ").unwrap_or(file),
                        digits.parse().ok(),
                    )
                }
                None => ("", None),
            };
            if line.is_some() && !file.is_empty() && !file.contains(' ') {
                (self.file, self.line) = (Some(file.to_owned()), line);
            }
        }
    }

    /// `file:` and `line:`, on lines of their own or below `at:`.
    fn place(&mut self, content: &str) {
        match content.split_once(':') {
            Some(("file" | "fileName", value)) if self.file.is_none() => {
                self.file = text_of(value.trim());
            }
            Some(("line" | "lineNumber", value)) if self.line.is_none() => {
                self.line = unquoted(value.trim()).parse().ok();
            }
            _ => {}
        }
    }

    /// `file:line:column`, also in parentheses after a function's name.
    fn location_text(&mut self, text: &str) {
        let inner = text
            .rsplit_once('(')
            .map_or(text, |(_, inner)| inner.trim_end_matches(')'));
        let mut file = inner;
        let mut numbers = Vec::new();
        while let Some((rest, Ok(number))) = file
            .rsplit_once(':')
            .map(|(rest, last)| (rest, last.parse::<u32>()))
        {
            numbers.push(number);
            file = rest;
            if numbers.len() == 2 {
                break;
            }
        }
        if let Some(&line) = numbers.last()
            && !file.is_empty()
        {
            (self.file, self.line) = (Some(file.to_owned()), Some(line));
        }
    }

    /// A block that is one line of JSON.
    fn json(&mut self, line: &str) {
        self.is_telling = true;
        self.message = self
            .message
            .take()
            .or_else(|| first_line(&json_text(line, "message")?));
        self.file = self.file.take().or_else(|| json_text(line, "file"));
        self.line = self.line.or_else(|| {
            let (_, after) = line.split_once("\"line\":")?;
            let digits = after.trim_start();
            let end = digits
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(digits.len());
            digits[..end].parse().ok()
        });
    }

    pub(super) fn location(&mut self) -> Option<Location> {
        let file = self.file.take()?;
        Some(Location {
            file,
            line: self.line,
        })
    }

    /// Takes the whole text out, unless it says nothing worth keeping.
    pub(super) fn take_detail(&mut self) -> Option<String> {
        if self.is_telling {
            std::mem::take(&mut self.text).finish_trimmed()
        } else {
            None
        }
    }
}

fn unquoted(value: &str) -> Cow<'_, str> {
    for quote in ['\'', '"'] {
        if let Some(inner) = value
            .strip_prefix(quote)
            .and_then(|rest| rest.strip_suffix(quote))
        {
            if !inner.contains([quote, '\\']) {
                return Cow::Borrowed(inner);
            }
            return Cow::Owned(match quote {
                '\'' => inner.replace("''", "'").replace("\\'", "'"),
                _ => inner.replace("\\\"", "\"").replace("\\n", "\n"),
            });
        }
    }
    Cow::Borrowed(value)
}

/// The value, unless it is empty.
fn text_of(value: &str) -> Option<String> {
    Some(unquoted(value).into_owned()).filter(|text| !text.is_empty())
}

/// The string that follows the first `"key":`, with the common escapes undone.
fn json_text(line: &str, key: &str) -> Option<String> {
    let (_, after) = line.split_once(&format!("\"{key}\":"))?;
    let mut chars = after.trim_start().strip_prefix('"')?.chars();
    let mut text = String::new();
    while let Some(c) = chars.next() {
        match c {
            '"' => return Some(text),
            '\\' => match chars.next()? {
                'n' => text.push('\n'),
                't' => text.push('\t'),
                other => text.push(other),
            },
            other => text.push(other),
        }
    }
    None
}

/// Whether a value of YAML is the text of the lines below.
fn begins_block(value: &str) -> bool {
    matches!(value, "|" | "|-" | ">" | ">-" | "|+" | ">+")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(lines: &[&str], message: Option<&str>, place: Option<(&str, Option<u32>)>) {
        let mut diagnostics = Diagnostics::new(1000);
        lines.iter().for_each(|line| diagnostics.yaml_line(line));
        assert_eq!(diagnostics.message.as_deref(), message, "{lines:?}");
        let expected = place.map(|(file, line)| Location {
            file: file.into(),
            line,
        });
        assert_eq!(diagnostics.location(), expected, "{lines:?}");
    }

    #[test]
    fn well_known_keys_are_picked_out() {
        check(&["message: 'it''s bad'"], Some("it's bad"), None);
        check(&["  message: |-", "    one", "    two"], Some("one"), None);
        check(&["error: >-", "  one"], Some("one"), None);
        check(
            &["file: t/a.t", "line: 14"],
            None,
            Some(("t/a.t", Some(14))),
        );
        check(
            &["at:", "  line: 3", "  file: a.js"],
            None,
            Some(("a.js", Some(3))),
        );
        check(
            &["at: Test.<anonymous> (/p/a.js:5:7)"],
            None,
            Some(("/p/a.js", Some(5))),
        );
        check(
            &["location: '/p/a.js:5:7'"],
            None,
            Some(("/p/a.js", Some(5))),
        );
        check(&["data:", "  message: inner"], None, None);
        check(
            &["{\"message\":\"a \\\"b\\\"\\nc\",\"at\":{\"file\":\"./m.js\",\"line\":1}}"],
            Some("a \"b\""),
            Some(("./m.js", Some(1))),
        );
        check(&["this is : not yaml: :%%%", "%", ": "], None, None);
    }

    #[test]
    fn a_block_of_durations_is_not_worth_keeping() {
        let mut diagnostics = Diagnostics::new(1000);
        diagnostics.yaml_line("duration_ms: 12.5");
        diagnostics.yaml_line("type: 'test'");
        assert_eq!(diagnostics.duration, Some(Duration::from_micros(12_500)));
        assert_eq!(diagnostics.take_detail(), None);
    }

    #[test]
    fn comments_tell_messages_and_places() {
        for (comments, file) in [
            (["  Failed test 'a'", "at t/a.t line 3."], "t/a.t"),
            (
                ["(in test file t/a.bats, line 3)", "`false' failed"],
                "t/a.bats",
            ),
        ] {
            let mut diagnostics = Diagnostics::new(1000);
            comments
                .iter()
                .for_each(|comment| diagnostics.comment(comment));
            let location = diagnostics.location().unwrap();
            assert_eq!((location.file.as_str(), location.line), (file, Some(3)));
            assert_eq!(diagnostics.message.as_deref(), Some(comments[0].trim()));
        }
    }
}
