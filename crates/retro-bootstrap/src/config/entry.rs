//! Settings with a short form: `false`, a text or a list in the place of a table.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, DeserializeOwned, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// A setting that is a table, or something shorter.
pub(super) trait Entry: Sized {
    /// Its name in the JSON schema.
    const NAME: &'static str;
    /// What it may be, for people.
    const EXPECTED: &'static str;
    /// The forms beside the table, as a JSON schema has them.
    const SHORT: &'static [&'static str];
    /// The table.
    type Table: DeserializeOwned + JsonSchema;
    /// What a list has, where it may be one.
    type Item: DeserializeOwned + JsonSchema;

    fn of_switch(_on: bool) -> Option<Self> {
        None
    }

    fn of_text(_text: &str) -> Option<Result<Self, String>> {
        None
    }

    fn of_list(_items: Vec<Self::Item>) -> Option<Result<Self, String>> {
        None
    }

    fn of_table(table: Self::Table) -> Self;
}

/// A setting in any of its forms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Short<T>(pub(super) T);

impl<'de, T: Entry> Deserialize<'de> for Short<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Reader(PhantomData)).map(Self)
    }
}

struct Reader<T>(PhantomData<T>);

impl<'de, T: Entry> Visitor<'de> for Reader<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }

    fn visit_bool<E: de::Error>(self, on: bool) -> Result<T, E> {
        T::of_switch(on).ok_or_else(|| E::invalid_value(de::Unexpected::Bool(on), &self))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        match T::of_text(text) {
            Some(read) => read.map_err(E::custom),
            None => Err(E::invalid_type(de::Unexpected::Str(text), &self)),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<T, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        match T::of_list(items) {
            Some(read) => read.map_err(de::Error::custom),
            None => Err(de::Error::invalid_type(de::Unexpected::Seq, &self)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::Table::deserialize(de::value::MapAccessDeserializer::new(map)).map(T::of_table)
    }
}

impl<T: Entry> JsonSchema for Short<T> {
    fn schema_name() -> Cow<'static, str> {
        T::NAME.into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut forms = Vec::new();
        for form in T::SHORT {
            forms.push(match *form {
                "array" => {
                    let items = generator.subschema_for::<T::Item>();
                    json_schema!({ "type": "array", "items": items })
                }
                form => json_schema!({ "type": form }),
            });
        }
        forms.push(generator.subschema_for::<T::Table>());
        let expected = T::EXPECTED;
        let description = format!("{}{}.", expected[..1].to_uppercase(), &expected[1..]);
        json_schema!({ "description": description, "anyOf": forms })
    }
}
