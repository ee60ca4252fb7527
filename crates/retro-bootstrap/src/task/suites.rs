//! The suites in a task.

use retro_domain::{Suite, Switch};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::document_error::Faults;
use super::fields::{Fields, refuse_unknown};
use crate::config::{Settings, SuiteConfig, SuiteName, SuiteTable, in_plain_words};

/// The keys of a suite, as `retro.toml` has them.
const SUITE_KEYS: [&str; 12] = [
    "name",
    "build",
    "run",
    "results",
    "timeout",
    "build-timeout",
    "skip-exit-codes",
    "env-allow",
    "env",
    "retries",
    "work-dir",
    "toolchain",
];

/// The suites of a task before its project is known.
#[derive(Debug)]
pub(super) enum SuiteChoice {
    Unset,
    Off,
    OfProject,
    These(Vec<(String, OneSuite)>),
}

/// One suite, by its name or as a whole.
#[derive(Debug)]
pub(super) enum OneSuite {
    Named(String),
    Whole(Box<SuiteTable>),
}

/// Takes the suites out of the fields of a task.
pub(super) fn take_suites(task: &mut Fields<'_>, faults: &Faults) -> SuiteChoice {
    let items = match task.take("suites") {
        None => return SuiteChoice::Unset,
        Some(Value::Bool(false)) => return SuiteChoice::Off,
        Some(Value::Bool(true)) => return SuiteChoice::OfProject,
        Some(Value::Array(items)) => items,
        Some(_) => {
            let message = "it is no list; give names of the project's suites and whole ones, true \
                           or false";
            task.refuse("suites", message);
            return SuiteChoice::Unset;
        }
    };
    let mut suites = Vec::new();
    for (index, item) in items.into_iter().enumerate() {
        let field = task.field(&format!("suites[{index}]"));
        let suite = match item {
            Value::String(name) => match SuiteName::try_from(name) {
                Ok(SuiteName(name)) => Some(OneSuite::Named(name)),
                Err(_) => {
                    faults.refuse(&field, "it is no name of a suite: one line, not empty");
                    None
                }
            },
            Value::Object(table) => {
                read_suite(table, &field, faults).map(|table| OneSuite::Whole(Box::new(table)))
            }
            _ => {
                faults.refuse(&field, "it is neither a name nor a table; give one of them");
                None
            }
        };
        suites.extend(suite.map(|suite| (field, suite)));
    }
    SuiteChoice::These(suites)
}

/// A whole suite. Each key is read by itself, so that every fault is found.
fn read_suite(table: Map<String, Value>, path: &str, faults: &Faults) -> Option<SuiteTable> {
    let is_known = |key: &str| SUITE_KEYS.contains(&key);
    let unknown = table.keys().filter(|key| !is_known(key));
    refuse_unknown(unknown, &SUITE_KEYS, path, faults);
    let mut is_good = table.keys().all(|key| is_known(key));
    for key in ["name", "run"] {
        if !table.contains_key(key) {
            faults.refuse(format!("{path}.{key}"), "it is missing");
            is_good = false;
        }
    }
    for (key, value) in table.iter().filter(|(key, _)| is_known(key)) {
        let mut alone = Map::new();
        for required in ["name", "run"] {
            alone.insert(required.to_owned(), Value::String("x".to_owned()));
        }
        alone.insert(key.clone(), value.clone());
        if let Err(error) = SuiteTable::deserialize(Value::Object(alone)) {
            faults.refuse(format!("{path}.{key}"), in_plain_words(&error.to_string()));
            is_good = false;
        }
    }
    let read = is_good.then(|| SuiteTable::deserialize(Value::Object(table)).ok());
    read.flatten()
}

/// The suites of a task in its project.
pub(super) fn resolve(
    choice: SuiteChoice,
    project: &Settings,
    faults: &Faults,
) -> Switch<Vec<Suite>> {
    let these = match choice {
        SuiteChoice::Unset => return Switch::Unset,
        SuiteChoice::Off => return Switch::Off,
        SuiteChoice::OfProject if project.suites.is_empty() => return Switch::Unset,
        SuiteChoice::OfProject => {
            let suites = project.suites.iter().map(SuiteConfig::to_suite);
            return Switch::On(suites.collect());
        }
        SuiteChoice::These(these) => these,
    };
    let mut suites = Vec::with_capacity(these.len());
    for (field, suite) in these {
        match suite {
            OneSuite::Whole(table) => suites.push(project.suite_of(*table)),
            OneSuite::Named(name) => match project.suite_called(&name) {
                Ok(suite) => suites.push(suite),
                Err((what, hint)) => faults.refuse(field, format!("{what}; {hint}")),
            },
        }
    }
    Switch::On(suites)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_are_those_of_the_schema() {
        let schema = crate::schema();
        let properties = &schema["$defs"]["SuiteTable"]["properties"];
        let mut known: Vec<&str> = SUITE_KEYS.to_vec();
        known.sort_unstable();
        let found: Vec<&String> = properties
            .as_object()
            .into_iter()
            .flatten()
            .map(|(key, _)| key)
            .collect();
        assert_eq!(found, known);
    }
}
