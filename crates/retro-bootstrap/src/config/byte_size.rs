//! Sizes as people write them: `64MiB`, `10GB`, `none`.

use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A number of bytes, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct ByteSize(pub(super) Option<u64>);

const UNITS: [(&str, u64); 9] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("B", 1),
];

impl FromStr for ByteSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self(None));
        }
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let unit = unit.strip_prefix(' ').unwrap_or(unit);
        UNITS
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(unit))
            .and_then(|(_, unit)| number.parse::<u64>().ok()?.checked_mul(*unit))
            .filter(|bytes| *bytes > 0)
            .map(|bytes| Self(Some(bytes)))
            .ok_or_else(|| {
                format!("{text:?} is not a size; write a whole number and a unit, such as 64MiB or 10GB, or none")
            })
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(bytes) = self.0 else {
            return f.write_str("none");
        };
        let exact = UNITS.iter().find(|(_, unit)| bytes % unit == 0);
        let (name, unit) = exact.unwrap_or(&("B", 1));
        write!(f, "{}{name}", bytes / unit)
    }
}

impl TryFrom<String> for ByteSize {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<ByteSize> for String {
    fn from(size: ByteSize) -> Self {
        size.to_string()
    }
}

impl JsonSchema for ByteSize {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ByteSize".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A size such as 64MiB or 10GB (units B, kB, MB, GB, TB, KiB, MiB, GiB, TiB), or none.",
            "pattern": "^(none|[0-9]+ ?([kKMGTmgt]([iI])?)?[bB])$",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<Option<u64>>) {
        assert_eq!(
            text.parse().ok().map(|ByteSize(bytes)| bytes),
            expected,
            "{text:?}"
        );
    }

    #[test]
    fn sizes_are_read() {
        check("64MiB", Some(Some(64 << 20)));
        check("10 GB", Some(Some(10_000_000_000)));
        check("1kb", Some(Some(1000)));
        check("512B", Some(Some(512)));
        check("none", Some(None));
        for text in [
            "",
            "64",
            "MiB",
            "0B",
            "1.5GB",
            "-1B",
            "99999999999TiB",
            "1XB",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn a_size_is_written_as_it_is_read() {
        for text in ["64MiB", "10GB", "1000kB", "1B", "none", "1025B"] {
            let read: ByteSize = text.parse().expect("a size");
            assert_eq!(read.to_string().parse(), Ok(read));
        }
    }
}
