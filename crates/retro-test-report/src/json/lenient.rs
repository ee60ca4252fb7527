//! Values of whatever type a writer chose.

use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

/// A value of JSON, kept as far as its [`NodeRoom`] goes. Numbers and truth values are texts.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) enum Node {
    #[default]
    Null,
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

/// How much of one value is kept.
#[derive(Debug)]
pub(crate) struct NodeRoom {
    /// Values, however small.
    values: u32,
    /// Bytes of long texts; short ones are bounded by the number of values.
    bytes: usize,
    /// How many values were left out.
    pub(crate) left_out: u64,
}

/// What there is always room for: names count as texts here.
const LEAST: usize = 64 * 1024;

/// What counts as a short text.
const SHORT: usize = 200;

impl NodeRoom {
    pub(crate) fn new(max_text: usize) -> Self {
        Self {
            values: 50_000,
            bytes: max_text.max(LEAST).saturating_mul(6),
            left_out: 0,
        }
    }

    /// For a value that there is one of, and that says little.
    pub(crate) fn small(max_text: usize) -> Self {
        Self {
            values: 5_000,
            bytes: max_text.max(LEAST),
            left_out: 0,
        }
    }

    fn text(&mut self, text: String) -> Node {
        if text.len() > SHORT {
            match self.bytes.checked_sub(text.len()) {
                Some(left) => self.bytes = left,
                None => {
                    self.left_out += 1;
                    return Node::Null;
                }
            }
        }
        Node::Text(text)
    }
}

/// Reads a [`Node`]. The depth of what it reads is bounded by [`Bounded`](super::Bounded).
pub(crate) struct NodeSeed<'r>(pub(crate) &'r mut NodeRoom);

impl<'de> DeserializeSeed<'de> for NodeSeed<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Node, D::Error> {
        if self.0.values == 0 {
            self.0.left_out += 1;
            return from.deserialize_ignored_any(IgnoredAny).map(|_| Node::Null);
        }
        self.0.values -= 1;
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for NodeSeed<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Text(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Text(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Text(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Text(value.to_string()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(self.0.text(text.replace('\0', "\u{fffd}")))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while self.0.values > 0 {
            match list.next_element_seed(NodeSeed(self.0))? {
                Some(item) => items.push(item),
                None => return Ok(Node::List(items)),
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {
            self.0.left_out += 1;
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while self.0.values > 0 {
            let Some(key) = map.next_key::<String>()? else {
                return Ok(Node::Map(entries));
            };
            match self.0.text(key) {
                // Pictures in a text are no text that anyone reads.
                Node::Text(key) if key != "screenshot" => {
                    let value = map.next_value_seed(NodeSeed(self.0))?;
                    entries.push((key, value));
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
            self.0.left_out += 1;
        }
        Ok(Node::Map(entries))
    }
}

impl Node {
    /// The text of a key, without taking it out.
    pub(crate) fn peek(&self, key: &str) -> Option<&str> {
        let Self::Map(entries) = self else {
            return None;
        };
        match entries.iter().find(|(name, _)| name == key) {
            Some((_, Self::Text(text))) => Some(text),
            _ => None,
        }
    }

    /// Takes the value of a key out.
    pub(crate) fn take(&mut self, key: &str) -> Node {
        let Self::Map(entries) = self else {
            return Self::Null;
        };
        let found = entries.iter().position(|(name, _)| name == key);
        found.map_or(Self::Null, |at| std::mem::take(&mut entries[at].1))
    }

    /// The text, when it is one that is not blank.
    pub(crate) fn text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text).filter(|text| !text.trim().is_empty()),
            _ => None,
        }
    }

    pub(crate) fn number(self) -> Option<f64> {
        self.text()?
            .trim()
            .parse()
            .ok()
            .filter(|n: &f64| n.is_finite())
    }

    /// The texts of a list, or the one that it is.
    pub(crate) fn texts(self) -> Vec<String> {
        match self {
            Self::List(items) => items.into_iter().filter_map(Self::text).collect(),
            other => other.text().into_iter().collect(),
        }
    }

    pub(crate) fn items(self) -> Vec<Node> {
        match self {
            Self::List(items) => items,
            _ => Vec::new(),
        }
    }

    pub(crate) fn entries(self) -> Vec<(String, Node)> {
        match self {
            Self::Map(entries) => entries,
            _ => Vec::new(),
        }
    }

    /// One line that is the same for equal values, whatever the order of keys.
    pub(crate) fn compact(mut self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&mut self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Text(text) => out.push_str(text),
            Self::List(items) => {
                out.push('[');
                for (at, item) in items.iter_mut().enumerate() {
                    out.push_str(if at > 0 { ", " } else { "" });
                    item.write(out);
                }
                out.push(']');
            }
            Self::Map(entries) => {
                entries.sort_by(|a, b| a.0.cmp(&b.0));
                for (at, (key, value)) in entries.iter_mut().enumerate() {
                    out.push_str(if at > 0 { ", " } else { "" });
                    out.push_str(key);
                    out.push('=');
                    let is_deep = matches!(value, Self::Map(_));
                    out.push_str(if is_deep { "{" } else { "" });
                    value.write(out);
                    out.push_str(if is_deep { "}" } else { "" });
                }
            }
        }
    }
}

/// A number, or a text that is one. A unit at its end is left out.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(crate) struct Number(pub(crate) Option<f64>);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut room = NodeRoom::new(SHORT);
        let text = NodeSeed(&mut room).deserialize(from)?.text();
        let number = text.and_then(|text| {
            let text = text.trim();
            text.strip_suffix('s').unwrap_or(text).parse().ok()
        });
        Ok(Self(number.filter(|number: &f64| number.is_finite())))
    }
}
