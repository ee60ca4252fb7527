//! The old layout of suites: `[[test_runners]]` with `name`, `command` and `output_dir`.

use toml::{Table, Value};

use super::origin::Origin;

/// The suites that the old runners describe, and a warning that shows how to write them now.
///
/// The runners have passed the schema; anything else is carried over as it is.
pub(super) fn translate(runners: Option<Value>, origin: &Origin) -> (Value, String) {
    let runners = match runners {
        Some(Value::Array(runners)) => runners,
        _ => Vec::new(),
    };
    let suites = runners.into_iter().map(translate_one).collect();
    let suites = Value::Array(suites);
    let mut new_form = Table::new();
    new_form.insert("suites".to_owned(), suites.clone());
    let new_form = toml::to_string(&new_form).unwrap_or_default();
    let warning = format!(
        "{origin}: [[test_runners]] is the old layout of [[suites]]; write it as\n\n{}",
        new_form.trim_end()
    );
    (suites, warning)
}

fn translate_one(runner: Value) -> Value {
    let Value::Table(mut old) = runner else {
        return runner;
    };
    let mut suite = Table::new();
    for (from, to) in [("name", "name"), ("command", "run")] {
        if let Some(value) = old.remove(from) {
            suite.insert(to.to_owned(), value);
        }
    }
    if let Some(Value::String(folder)) = old.remove("output_dir") {
        let parts: Vec<&str> = folder
            .split('/')
            .filter(|part| !part.is_empty() && *part != ".")
            .collect();
        let glob = parts
            .iter()
            .map(|part| globset::escape(part))
            .chain(["**".to_owned(), "*".to_owned()])
            .collect::<Vec<_>>()
            .join("/");
        let mut results = Table::new();
        results.insert("format".to_owned(), Value::String("auto".to_owned()));
        results.insert("path".to_owned(), Value::String(glob));
        suite.insert(
            "results".to_owned(),
            Value::Array(vec![Value::Table(results)]),
        );
    }
    Value::Table(suite)
}
