use retro_bootstrap::config::{DEFAULTS, KEYS, RESERVED_VARIABLES};

use crate::sandbox::Sandbox;

const PAGE: &str = include_str!("../../../../docs/configuration.md");

#[test]
fn the_page_has_a_row_for_every_key_with_default_variable_and_flag() {
    let defaults: toml::Table = toml::from_str(DEFAULTS).expect("TOML");
    for key in KEYS {
        let value = match key.name.split_once('.') {
            None => &defaults[key.name],
            Some((table, name)) => &defaults[table][name],
        };
        let flag = key.flag.map(|flag| format!(" `{flag}`"));
        let row = format!(
            "| `{}` | `{value}` | `{}` |{} |",
            key.name,
            key.variable(),
            flag.unwrap_or_default(),
        );
        assert!(PAGE.contains(&row), "docs/configuration.md lacks {row}");
    }
}

#[test]
fn the_page_names_every_variable_with_another_purpose() {
    for (name, _) in RESERVED_VARIABLES {
        assert!(
            PAGE.contains(&format!("`{name}`")),
            "docs/configuration.md lacks {name}"
        );
    }
}

#[test]
fn every_example_of_the_page_loads() {
    let blocks: Vec<&str> = PAGE
        .split("```toml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    assert!(blocks.len() >= 5, "only {} examples", blocks.len());
    for block in blocks {
        Sandbox::with(block).variable("HOME", "/home/a").good();
    }
}

#[test]
fn the_page_names_every_key_of_the_schema() {
    let schema = retro_bootstrap::schema();
    let tables = [
        "SuiteTable",
        "RuleTable",
        "OverlayTable",
        "OldRunnerTable",
        "TaskTable",
        "ExecutorTable",
        "BuildTable",
        "DeployTable",
        "PullRequestTable",
        "ApprovalTable",
    ];
    for table in tables {
        let pointer = format!("/$defs/{table}/properties");
        let properties = schema.pointer(&pointer).and_then(|found| found.as_object());
        for key in properties.expect("a table of the schema").keys() {
            assert!(
                PAGE.contains(&format!("`{key}`")),
                "docs/configuration.md lacks {key}"
            );
        }
    }
}
