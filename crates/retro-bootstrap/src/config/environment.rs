//! The layer that `RETRO_*` variables make.

use std::collections::BTreeMap;
use std::ffi::OsString;

use toml::Value;

use super::choice::closest;
use super::config_error::{ConfigError, Place};
use super::keys::{KEYS, RESERVED_VARIABLES, Shape};
use super::layers::{Leaf, check_leaf};
use super::origin::Origin;

/// The values that the environment sets.
pub(super) fn environment_leaves(
    env: &BTreeMap<OsString, OsString>,
) -> Result<Vec<Leaf>, ConfigError> {
    let mut leaves = Vec::new();
    for (name, value) in env {
        let name = name.to_string_lossy();
        if !name.starts_with("RETRO_") || RESERVED_VARIABLES.iter().any(|(known, _)| *known == name)
        {
            continue;
        }
        let wrong = |what: String| ConfigError::new(Place::Environment(name.to_string()), what);
        let Some(key) = KEYS.iter().find(|key| key.variable() == name) else {
            let known: Vec<String> = KEYS.iter().map(|key| key.variable()).collect();
            let error = wrong(format!("{name} is no setting of git-retro"));
            return Err(match closest(&name, known.iter().map(String::as_str)) {
                Some(meant) => error.with_hint(format!("did you mean {meant}?")),
                None => error.with_hint("unset it; docs/configuration.md lists the variables"),
            });
        };
        let text = value
            .to_str()
            .ok_or_else(|| wrong("the value is not valid UTF-8".to_owned()))?;
        let value = value_of(key.shape, text).map_err(&wrong)?;
        check_leaf(key.name, &value).map_err(&wrong)?;
        leaves.push(Leaf {
            key: key.name,
            value,
            origin: Origin::Environment {
                name: name.into_owned(),
            },
        });
    }
    Ok(leaves)
}

fn value_of(shape: Shape, text: &str) -> Result<Value, String> {
    if text.is_empty() && shape != Shape::List {
        return Err("the value is empty; give one, or unset the variable".to_owned());
    }
    match shape {
        Shape::Number => text
            .parse()
            .map(Value::Integer)
            .map_err(|_| format!("{text:?} is not a whole number")),
        Shape::NumberOrText => Ok(text
            .parse()
            .map_or_else(|_| Value::String(text.to_owned()), Value::Integer)),
        Shape::Switch => match text {
            "true" | "1" => Ok(Value::Boolean(true)),
            "false" | "0" => Ok(Value::Boolean(false)),
            _ => Err(format!("{text:?} is neither true nor false")),
        },
        Shape::Text => Ok(Value::String(text.to_owned())),
        Shape::DecimalOrText => Ok(text
            .parse()
            .map_or_else(|_| Value::String(text.to_owned()), Value::Float)),
        Shape::Decimal => text
            .parse()
            .map(Value::Float)
            .map_err(|_| format!("{text:?} is not a number")),
        Shape::SwitchOrText | Shape::SwitchOrList if text == "true" || text == "1" => {
            Ok(Value::Boolean(true))
        }
        Shape::SwitchOrText | Shape::SwitchOrList if text == "false" || text == "0" => {
            Ok(Value::Boolean(false))
        }
        Shape::SwitchOrText => Ok(Value::String(text.to_owned())),
        Shape::List | Shape::SwitchOrList => Ok(Value::Array(
            text.split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .map(|part| Value::String(part.to_owned()))
                .collect(),
        )),
    }
}
