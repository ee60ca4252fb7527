//! What the bodies of requests must look like.

use serde_json::{Map, Value};

use crate::ServedRequest;

/// What a field holds.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Text,
    Bool,
    Texts,
    Numbers,
    OneOf(&'static [&'static str]),
}

/// A field of a body.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) is_required: bool,
}

pub(super) const fn required(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        is_required: true,
    }
}

pub(super) const fn optional(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        is_required: false,
    }
}

/// A body that has the fields it must have, and none that it must not have. The real ones pass over
/// fields they do not know; a client that sends one has mistaken its name.
pub(super) fn read(
    request: &ServedRequest,
    fields: &[Field],
) -> Result<Map<String, Value>, String> {
    if request.header("content-type") != Some("application/json") {
        return Err("the body is not said to be JSON".to_owned());
    }
    let body: Value =
        serde_json::from_slice(&request.body).map_err(|_| "Problems parsing JSON".to_owned())?;
    let Value::Object(object) = body else {
        return Err("the body is no object".to_owned());
    };
    for name in object.keys() {
        if !fields.iter().any(|field| field.name == name) {
            return Err(format!("{name} is not a permitted key"));
        }
    }
    for field in fields {
        match object.get(field.name) {
            None if field.is_required => return Err(format!("{} wasn't supplied", field.name)),
            Some(value) if !fits(value, field.kind) => {
                return Err(format!("{} is not of its type", field.name));
            }
            _ => {}
        }
    }
    Ok(object)
}

fn fits(value: &Value, kind: Kind) -> bool {
    let all = |value: &Value, fits: fn(&Value) -> bool| {
        value
            .as_array()
            .is_some_and(|values| values.iter().all(fits))
    };
    match kind {
        Kind::Text => value.is_string(),
        Kind::Bool => value.is_boolean(),
        Kind::Texts => all(value, Value::is_string),
        Kind::Numbers => all(value, Value::is_u64),
        Kind::OneOf(known) => value.as_str().is_some_and(|text| known.contains(&text)),
    }
}

pub(super) fn text<'a>(object: &'a Map<String, Value>, name: &str) -> &'a str {
    object.get(name).and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn texts(object: &Map<String, Value>, name: &str) -> Vec<String> {
    let values = object.get(name).and_then(Value::as_array);
    let texts = values.into_iter().flatten().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}
