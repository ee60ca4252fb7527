//! Reading tables field by field, so that every fault is found.
//!
//! No message here repeats a value: it may be a secret.

use std::collections::BTreeMap;
use std::time::Duration;

use retro_domain::CommandLine;
use serde_json::{Map, Value};

use super::document_error::{Faults, shown};
use crate::config::{AllowedVariable, CommandText, DurationText, VariableName, closest};

/// Ten years: a longer time is a mistake.
const MAX_SECONDS: f64 = 315_360_000.0;

/// A table of which field after field is taken.
pub(super) struct Fields<'f> {
    table: Map<String, Value>,
    path: String,
    known: Vec<&'static str>,
    faults: &'f Faults,
}

impl<'f> Fields<'f> {
    /// The fields of a value, at this path of its document; a fault and none when it is no table.
    pub(super) fn of(value: Value, path: &str, faults: &'f Faults) -> Option<Self> {
        match value {
            Value::Object(table) => Some(Self {
                table,
                path: path.to_owned(),
                known: Vec::new(),
                faults,
            }),
            other => {
                faults.refuse(path, format!("it is {}; give a table", kind(&other)));
                None
            }
        }
    }

    /// How faults name a field.
    pub(super) fn field(&self, key: &str) -> String {
        match self.path.as_str() {
            "" => key.to_owned(),
            path => format!("{path}.{key}"),
        }
    }

    pub(super) fn refuse(&self, key: &str, message: impl Into<String>) {
        self.faults.refuse(self.field(key), message);
    }

    /// Whether something is wrong with a field already.
    pub(super) fn has_fault(&self, key: &str) -> bool {
        self.faults.has_below(&self.field(key))
    }

    fn refuse_kind(&self, key: &str, found: &Value, expected: &str) {
        self.refuse(key, format!("it is {}; give {expected}", kind(found)));
    }

    /// The value of a field; null is none.
    pub(super) fn take(&mut self, key: &'static str) -> Option<Value> {
        self.known.push(key);
        self.table.remove(key).filter(|value| !value.is_null())
    }

    pub(super) fn text(&mut self, key: &'static str) -> Option<String> {
        match self.take(key)? {
            Value::String(text) => Some(text),
            other => {
                self.refuse_kind(key, &other, "a text");
                None
            }
        }
    }

    pub(super) fn switch(&mut self, key: &'static str) -> Option<bool> {
        match self.take(key)? {
            Value::Bool(on) => Some(on),
            other => {
                self.refuse_kind(key, &other, "true or false");
                None
            }
        }
    }

    /// A small number from 0.
    pub(super) fn number(&mut self, key: &'static str) -> Option<u32> {
        let value = self.take(key)?;
        let number = value.as_u64().and_then(|number| number.try_into().ok());
        if number.is_none() {
            self.refuse_kind(key, &value, "a whole number from 0");
        }
        number
    }

    /// A number of seconds.
    pub(super) fn seconds(&mut self, key: &'static str) -> Option<Duration> {
        let value = self.take(key)?;
        let seconds = value
            .as_f64()
            .filter(|seconds| (0.0..=MAX_SECONDS).contains(seconds));
        if seconds.is_none() {
            let expected = "a positive number of seconds, of ten years at most";
            self.refuse_kind(key, &value, expected);
        }
        seconds.map(|seconds| Duration::from_millis((seconds * 1000.0).round() as u64))
    }

    /// A duration such as `10m`.
    pub(super) fn duration(&mut self, key: &'static str) -> Option<Duration> {
        let value = self.take(key)?;
        let Some(text) = value.as_str() else {
            self.refuse_kind(key, &value, "a duration such as \"10m\"");
            return None;
        };
        match text.parse() {
            Ok(DurationText(limit)) => limit,
            Err(error) => {
                self.refuse(key, error);
                None
            }
        }
    }

    pub(super) fn texts(&mut self, key: &'static str) -> Option<Vec<String>> {
        let value = self.take(key)?;
        self.texts_of(key, value)
    }

    /// A text, or several.
    pub(super) fn text_or_texts(&mut self, key: &'static str) -> Option<Vec<String>> {
        match self.take(key)? {
            Value::String(text) => Some(vec![text]),
            other => self.texts_of(key, other),
        }
    }

    fn texts_of(&self, key: &str, value: Value) -> Option<Vec<String>> {
        let Value::Array(items) = value else {
            self.refuse_kind(key, &value, "a list of texts");
            return None;
        };
        let mut texts = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            match item {
                Value::String(text) => texts.push(text),
                other => self.refuse_kind(&format!("{key}[{index}]"), &other, "a text"),
            }
        }
        Some(texts)
    }

    /// A command: a list of words, or a line for `sh -c`.
    pub(super) fn command(&mut self, key: &'static str) -> Option<CommandLine> {
        let value = self.take(key)?;
        self.command_of(key, value)
    }

    pub(super) fn command_of(&self, key: &str, value: Value) -> Option<CommandLine> {
        let read = match value {
            Value::String(line) => CommandText::line(&line),
            Value::Array(_) => CommandText::words(self.texts_of(key, value)?),
            other => {
                self.refuse_kind(key, &other, "a list of words or a line for the shell");
                return None;
            }
        };
        match read {
            Ok(CommandText(command)) => Some(command),
            Err(error) => {
                self.refuse(key, error);
                None
            }
        }
    }

    /// Names of variables that a command may see.
    pub(super) fn allowed(&mut self, key: &'static str) -> Vec<String> {
        let names = self.texts(key).unwrap_or_default();
        for (index, name) in names.iter().enumerate() {
            if let Err(error) = AllowedVariable::try_from(name.clone()) {
                self.refuse(&format!("{key}[{index}]"), error);
            }
        }
        names
    }

    /// Variables with fixed values.
    pub(super) fn variables(&mut self, key: &'static str) -> BTreeMap<String, String> {
        let mut variables = BTreeMap::new();
        for (name, value) in self.map(key) {
            if let Err(error) = VariableName::try_from(name.clone()) {
                self.refuse(key, error);
                continue;
            }
            match value {
                Value::String(value) if !value.contains('\0') => {
                    variables.insert(name, value);
                }
                Value::String(_) => {
                    self.refuse(&format!("{key}.{name}"), "it has a zero byte in it");
                }
                other => self.refuse_kind(&format!("{key}.{name}"), &other, "a text, in quotes"),
            }
        }
        variables
    }

    /// A table with keys of the user's own.
    pub(super) fn map(&mut self, key: &'static str) -> Map<String, Value> {
        match self.take(key) {
            None => Map::new(),
            Some(Value::Object(map)) => map,
            Some(other) => {
                self.refuse_kind(key, &other, "a table");
                Map::new()
            }
        }
    }

    pub(super) fn list(&mut self, key: &'static str) -> Option<Vec<Value>> {
        match self.take(key)? {
            Value::Array(items) => Some(items),
            other => {
                self.refuse_kind(key, &other, "a list");
                None
            }
        }
    }

    /// The fields of a table in a field.
    pub(super) fn table_of(&self, key: &str, value: Value) -> Option<Fields<'f>> {
        Fields::of(value, &self.field(key), self.faults)
    }

    /// Refuses what is left: it means nothing.
    pub(super) fn finish(self) {
        refuse_unknown(self.table.keys(), &self.known, &self.path, self.faults);
    }
}

/// Refuses keys that mean nothing, with what may have been meant.
pub(super) fn refuse_unknown<'k>(
    keys: impl Iterator<Item = &'k String>,
    known: &[&'static str],
    path: &str,
    faults: &Faults,
) {
    let mut is_listed = false;
    for key in keys {
        let hint = match faults.is_full() || key.len() > 100 {
            true => None,
            false => closest(key, known.iter().copied()),
        };
        let hint = match hint {
            Some(meant) => format!("; did you mean {meant:?}?"),
            None if is_listed => String::new(),
            None => {
                is_listed = true;
                format!("; there are {}", known.join(", "))
            }
        };
        faults.refuse(path, format!("the key {} is not known{hint}", shown(key)));
    }
}

/// What a value is, without saying it.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(true) => "true",
        Value::Bool(false) => "false",
        Value::Number(number) if number.as_f64().is_some_and(|number| number < 0.0) => {
            "a negative number"
        }
        Value::Number(number) if number.is_f64() => "a decimal number",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a table",
    }
}
