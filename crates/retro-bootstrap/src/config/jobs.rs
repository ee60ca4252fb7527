//! The number of workers: a positive number, or `auto`.

use std::fmt;
use std::num::NonZeroU32;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer};

/// How many commits run at once; none for as many as the machine likes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Jobs(pub(super) Option<NonZeroU32>);

impl<'de> Deserialize<'de> for Jobs {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(JobsVisitor)
    }
}

struct JobsVisitor;

impl Visitor<'_> for JobsVisitor {
    type Value = Jobs;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number from 1, or \"auto\"")
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Jobs, E> {
        u32::try_from(number)
            .ok()
            .and_then(NonZeroU32::new)
            .map(|jobs| Jobs(Some(jobs)))
            .ok_or_else(|| E::invalid_value(de::Unexpected::Signed(number), &self))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Jobs, E> {
        match text {
            "auto" => Ok(Jobs(None)),
            _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
        }
    }
}

impl JsonSchema for Jobs {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Jobs".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                { "type": "integer", "minimum": 1, "maximum": u32::MAX },
                { "const": "auto", "type": "string" },
            ],
        })
    }
}
