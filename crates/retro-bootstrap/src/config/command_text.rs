//! Commands in configuration files: a list of arguments, or a line for `sh -c`.

use std::fmt;

use retro_domain::CommandLine;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// A command that is not empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CommandText(pub(super) CommandLine);

impl<'de> Deserialize<'de> for CommandText {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(CommandVisitor).map(Self)
    }
}

struct CommandVisitor;

impl<'de> Visitor<'de> for CommandVisitor {
    type Value = CommandLine;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of arguments or a shell line")
    }

    fn visit_str<E: de::Error>(self, line: &str) -> Result<CommandLine, E> {
        if line.trim().is_empty() {
            return Err(E::custom("the command is empty"));
        }
        no_nul(line)?;
        Ok(CommandLine::Shell(line.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<CommandLine, A::Error> {
        let mut argv: Vec<String> = Vec::new();
        while let Some(word) = seq.next_element::<String>()? {
            no_nul(&word)?;
            argv.push(word);
        }
        match argv.first() {
            None => Err(de::Error::custom("the command is empty: name a program")),
            Some(program) if program.trim().is_empty() => {
                Err(de::Error::custom("the program's name is empty"))
            }
            Some(_) => Ok(CommandLine::Argv(argv)),
        }
    }
}

fn no_nul<E: de::Error>(text: &str) -> Result<(), E> {
    if text.contains('\0') {
        return Err(E::custom("a command cannot contain NUL"));
    }
    Ok(())
}

impl JsonSchema for CommandText {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Command".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A list of arguments, or a line that `sh -c` runs.",
            "anyOf": [
                { "type": "string", "minLength": 1 },
                { "type": "array", "items": { "type": "string" }, "minItems": 1 },
            ],
        })
    }
}
