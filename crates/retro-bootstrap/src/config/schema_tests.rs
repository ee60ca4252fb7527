use std::path::Path;

use super::*;

/// Where the checked-in schema is.
fn checked_in() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/retro.schema.json")
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the one test that rewrites a checked-in file asks for leave by a variable"
)]
fn the_checked_in_schema_is_current() {
    let text = format!(
        "{}\n",
        serde_json::to_string_pretty(&schema()).expect("a schema is JSON")
    );
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(checked_in(), &text).expect("docs/ is there");
    }
    let found = std::fs::read_to_string(checked_in()).unwrap_or_default();
    assert!(
        found == text,
        "docs/retro.schema.json is out of date; run the tests once with UPDATE_SCHEMA=1"
    );
}

#[test]
fn nothing_in_the_schema_allows_null() {
    fn check(value: &Value, path: &str) {
        assert_ne!(value, "null", "{path}");
        match value {
            Value::Object(map) => map
                .iter()
                .for_each(|(key, value)| check(value, &format!("{path}/{key}"))),
            Value::Array(items) => items.iter().for_each(|item| check(item, path)),
            _ => {}
        }
    }
    check(&schema(), "");
}

#[test]
fn every_key_of_a_layer_is_in_the_schema_and_the_other_way_round() {
    let schema = schema();
    let mut known: Vec<String> = Vec::new();
    let properties = |pointer: &str| -> Vec<(String, Value)> {
        let found = schema.pointer(pointer).and_then(Value::as_object);
        let map = found.unwrap_or_else(|| panic!("no {pointer} in the schema"));
        map.iter().map(|(k, v)| (k.clone(), v.clone())).collect()
    };
    for (key, value) in properties("/properties") {
        match value.get("$ref").and_then(Value::as_str) {
            Some(
                "#/$defs/SlotsTable"
                | "#/$defs/GcTable"
                | "#/$defs/AwsTable"
                | "#/$defs/OverlayTable"
                | "#/$defs/TaskTable",
            ) => {
                let reference = value["$ref"].as_str().unwrap_or_default();
                let inner = format!("{}/properties", reference.trim_start_matches('#'));
                known.extend(properties(&inner).iter().map(|(k, _)| format!("{key}.{k}")));
            }
            _ => known.push(key),
        }
    }
    known.retain(|key| key != "test_runners");
    known.sort();
    let mut expected: Vec<String> = super::super::KEYS
        .iter()
        .map(|key| key.name.to_owned())
        .chain(
            super::super::keys::FILE_KEYS
                .iter()
                .map(|key| (*key).to_owned()),
        )
        .collect();
    expected.sort();
    assert_eq!(known, expected);
}
