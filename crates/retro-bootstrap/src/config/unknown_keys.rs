//! Keys that mean nothing, found before anything else is read.

use std::ops::Range;

use serde_json::Value;
use toml::de::{DeTable, DeValue};

use super::choice::closest;

/// A key that its table does not have.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct UnknownKey {
    pub(super) span: Range<usize>,
    /// What is wrong.
    pub(super) what: String,
    /// What may have been meant.
    pub(super) hint: String,
}

/// The first key, in the order of the file, that the schema does not know.
pub(super) fn first_unknown_key(table: &DeTable<'_>, schema: &Value) -> Option<UnknownKey> {
    let mut found = Vec::new();
    Walk { root: schema }.table(table, schema, "", &mut found);
    found.into_iter().min_by_key(|unknown| unknown.span.start)
}

struct Walk<'a> {
    root: &'a Value,
}

impl<'a> Walk<'a> {
    fn table(
        &self,
        table: &DeTable<'_>,
        schema: &'a Value,
        path: &str,
        found: &mut Vec<UnknownKey>,
    ) {
        let schema = self.resolve(schema);
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
            // A map with keys of the user's own, such as the fixed environment.
            return;
        };
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            match properties.get(name) {
                Some(inner) => {
                    let inner_path = if path.is_empty() {
                        name.to_owned()
                    } else {
                        format!("{path}.{name}")
                    };
                    self.value(value.get_ref(), inner, &inner_path, found);
                }
                None => found.push(UnknownKey {
                    span: key.span(),
                    what: match path {
                        "" => format!("unknown key {name:?}"),
                        path => format!("unknown key {name:?} in {path}"),
                    },
                    hint: self.hint(name, path, properties.keys().map(String::as_str)),
                }),
            }
        }
    }

    fn value(
        &self,
        value: &DeValue<'_>,
        schema: &'a Value,
        path: &str,
        found: &mut Vec<UnknownKey>,
    ) {
        let schema = self.resolve(schema);
        match value {
            DeValue::Table(table) => self.table(table, schema, path, found),
            DeValue::Array(array) => {
                if let Some(items) = schema.get("items") {
                    for item in array.iter() {
                        self.value(item.get_ref(), items, path, found);
                    }
                }
            }
            _ => {}
        }
    }

    fn resolve(&self, schema: &'a Value) -> &'a Value {
        schema
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|reference| self.root.pointer(reference.trim_start_matches('#')))
            .unwrap_or(schema)
    }

    fn hint<'k>(
        &self,
        name: &str,
        path: &str,
        known: impl Iterator<Item = &'k str> + Clone,
    ) -> String {
        // After a table's header every key belongs to that table: a common slip in TOML.
        let top = self.root.pointer("/properties").and_then(Value::as_object);
        if !path.is_empty() && top.is_some_and(|top| top.contains_key(name)) {
            return format!("{name} belongs at the top of the file, before the first [table]");
        }
        if let Some(meant) = closest(name, known.clone()) {
            return format!("did you mean {meant:?}?");
        }
        if path.is_empty() {
            for table in ["slots", "gc"] {
                let inner = self.root.pointer(&format!("/properties/{table}"));
                let inner = inner.map(|inner| self.resolve(inner));
                if inner
                    .and_then(|inner| inner.get("properties")?.get(name))
                    .is_some()
                {
                    return format!("{name} belongs in [{table}]");
                }
            }
        }
        let known: Vec<&str> = known.filter(|name| *name != "test_runners").collect();
        format!("there are {}", known.join(", "))
    }
}
