//! Commands in configuration files: a list of arguments, or a line for `sh -c`.

use std::fmt;

use retro_domain::CommandLine;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// A command that is not empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CommandText(pub(crate) CommandLine);

impl CommandText {
    /// A line that `sh -c` runs.
    pub(crate) fn line(line: &str) -> Result<Self, String> {
        if line.trim().is_empty() {
            return Err("the command is empty".to_owned());
        }
        no_nul(line)?;
        Ok(Self(CommandLine::Shell(line.to_owned())))
    }

    /// A program and its arguments.
    pub(crate) fn words(argv: Vec<String>) -> Result<Self, String> {
        argv.iter().try_for_each(|word| no_nul(word))?;
        match argv.first() {
            None => Err("the command is empty: name a program".to_owned()),
            Some(program) if program.trim().is_empty() => {
                Err("the program's name is empty".to_owned())
            }
            Some(_) => Ok(Self(CommandLine::Argv(argv))),
        }
    }
}

impl<'de> Deserialize<'de> for CommandText {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(CommandVisitor)
    }
}

struct CommandVisitor;

impl<'de> Visitor<'de> for CommandVisitor {
    type Value = CommandText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of arguments or a shell line")
    }

    fn visit_str<E: de::Error>(self, line: &str) -> Result<CommandText, E> {
        CommandText::line(line).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<CommandText, A::Error> {
        let mut argv: Vec<String> = Vec::new();
        while let Some(word) = seq.next_element::<String>()? {
            argv.push(word);
        }
        CommandText::words(argv).map_err(de::Error::custom)
    }
}

fn no_nul(text: &str) -> Result<(), String> {
    if text.contains('\0') {
        return Err("a command cannot contain NUL".to_owned());
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
