//! Texts of JSON and TOML to values.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::MAX_DOCUMENT_BYTES;
use super::document_error::{Faults, shown};
use crate::config::in_plain_words;

/// Whether the text is of a size that a document has.
pub(super) fn is_of_size(text: &str, faults: &Faults) -> bool {
    if text.len() > MAX_DOCUMENT_BYTES {
        faults.refuse("", "it is larger than 1 MiB");
        return false;
    }
    true
}

/// The value of a JSON text. A key that is there twice is a fault, since one of them would be ignored.
pub(super) fn json(text: &str, faults: &Faults) -> Option<Value> {
    match serde_json::from_str::<Strict>(text) {
        Ok(Strict(value)) => Some(value),
        Err(error) => {
            let message = error.to_string();
            let end = message.rfind(" at line ").unwrap_or(message.len());
            faults.refuse(place(error.line(), error.column()), &message[..end]);
            None
        }
    }
}

/// The value of a TOML text; dates are texts.
pub(super) fn toml(text: &str, faults: &Faults) -> Option<Value> {
    match toml::from_str::<toml::Table>(text) {
        Ok(table) => Some(Value::Object(object(table))),
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start.min(text.len()));
            let before = text.get(..at).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            let column = before
                .rsplit('\n')
                .next()
                .unwrap_or_default()
                .chars()
                .count()
                + 1;
            faults.refuse(place(line, column), in_plain_words(error.message()));
            None
        }
    }
}

/// A place in a text.
pub(super) fn place(line: usize, column: usize) -> String {
    format!("line {line}, column {column}")
}

fn object(table: toml::Table) -> Map<String, Value> {
    table
        .into_iter()
        .map(|(key, value)| (key, plain(value)))
        .collect()
}

fn plain(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => Value::from(number),
        // What JSON has no number for is none where a number is asked for.
        toml::Value::Float(number) => serde_json::Number::from_f64(number)
            .map_or_else(|| Value::String(number.to_string()), Value::Number),
        toml::Value::Boolean(on) => Value::Bool(on),
        toml::Value::Datetime(date) => Value::String(date.to_string()),
        toml::Value::Array(items) => items.into_iter().map(plain).collect(),
        toml::Value::Table(table) => Value::Object(object(table)),
    }
}

/// A value of JSON in which no key is there twice.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, on: bool) -> Result<Value, E> {
        Ok(Value::Bool(on))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::from(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::from(number))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::from(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Strict(item)) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            if object.contains_key(&key) {
                let what = format!("the key {} is there twice", shown(&key));
                return Err(de::Error::custom(what));
            }
            let Strict(value) = map.next_value()?;
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}
