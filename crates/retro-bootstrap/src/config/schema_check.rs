//! Keys that mean nothing, and tables that are none, found before anything else is read.

use std::ops::Range;

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::choice::closest;

/// Something that does not fit the schema.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Misfit {
    pub(super) span: Range<usize>,
    /// What is wrong.
    pub(super) what: String,
    /// What may have been meant.
    pub(super) hint: String,
}

/// The first thing, in the order of the file, whose key the schema does not know, or that is not a
/// table or list where the schema has one. Single values are left to those who read them.
pub(super) fn first_misfit(table: &DeTable<'_>, schema: &Value) -> Option<Misfit> {
    let mut found = Vec::new();
    Walk { root: schema }.table(table, schema, "", &mut found);
    found.into_iter().min_by_key(|misfit| misfit.span.start)
}

struct Walk<'a> {
    root: &'a Value,
}

impl<'a> Walk<'a> {
    fn table(&self, table: &DeTable<'_>, schema: &'a Value, path: &str, found: &mut Vec<Misfit>) {
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
                    self.value(value, inner, &inner_path, found);
                }
                None => found.push(Misfit {
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
        value: &Spanned<DeValue<'_>>,
        schema: &'a Value,
        path: &str,
        found: &mut Vec<Misfit>,
    ) {
        let schema = self.form(self.resolve(schema), value.get_ref());
        let mut misfit = |hint: String| {
            found.push(Misfit {
                span: value.span(),
                what: format!("{path} has the wrong type: {}", value.get_ref().type_str()),
                hint,
            });
        };
        let is_table = |schema: &Value| schema.get("properties").is_some();
        let items = schema.get("items").map(|items| self.resolve(items));
        match (value.get_ref(), items) {
            (DeValue::Table(table), None) => self.table(table, schema, path, found),
            (DeValue::Array(array), Some(items)) => {
                for item in array.iter() {
                    self.value(item, items, path, found);
                }
            }
            (_, Some(items)) if is_table(items) => {
                misfit(format!("write each as a table below [[{path}]]"));
            }
            (_, None) if is_table(schema) => misfit(format!("write its keys below [{path}]")),
            _ => {}
        }
    }

    /// The form that a value of several ones has, by its type.
    fn form(&self, schema: &'a Value, value: &DeValue<'_>) -> &'a Value {
        let Some(forms) = schema.get("anyOf").and_then(Value::as_array) else {
            return schema;
        };
        let wanted = match value {
            DeValue::Table(_) => "properties",
            DeValue::Array(_) => "items",
            _ => return schema,
        };
        let mut forms = forms.iter().map(|form| self.resolve(form));
        let found = forms.find(|form| form.get(wanted).is_some());
        found.unwrap_or(schema)
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
            for table in ["slots", "gc", "aws", "task"] {
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
