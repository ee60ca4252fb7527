//! Durations as people write them: `90s`, `10m`, `1h30m`, `none`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// A duration, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
pub(crate) struct DurationText(pub(crate) Option<Duration>);

const UNITS: [(&str, u64); 6] = [
    ("w", 7 * 24 * 3_600_000),
    ("d", 24 * 3_600_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

impl FromStr for DurationText {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = |why: &str| {
            format!("{text:?} is not a duration ({why}); write 90s, 10m, 1h30m or none")
        };
        if text == "none" {
            return Ok(Self(None));
        }
        let mut rest = text;
        let mut millis: u64 = 0;
        let mut last_unit = u64::MAX;
        while !rest.is_empty() {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let (number, tail) = rest.split_at(digits);
            let letters = tail.bytes().take_while(u8::is_ascii_alphabetic).count();
            let (unit, tail) = tail.split_at(letters);
            if number.is_empty() {
                return Err(bad("a number is missing"));
            }
            if unit.is_empty() {
                return Err(bad(if tail.is_empty() {
                    "the unit is missing"
                } else {
                    "only digits and units belong in it"
                }));
            }
            let Some((_, unit)) = UNITS.iter().find(|(name, _)| *name == unit) else {
                return Err(bad("the units are w, d, h, m, s and ms"));
            };
            if *unit >= last_unit {
                return Err(bad("units go from large to small, each once"));
            }
            last_unit = *unit;
            millis = number
                .parse::<u64>()
                .ok()
                .and_then(|number| number.checked_mul(*unit))
                .and_then(|part| millis.checked_add(part))
                .ok_or_else(|| bad("it is too long"))?;
            rest = tail;
        }
        match millis {
            0 if text.is_empty() => Err(bad("it is empty")),
            0 => Err(bad("it is zero; none means no limit")),
            _ => Ok(Self(Some(Duration::from_millis(millis)))),
        }
    }
}

impl fmt::Display for DurationText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(duration) = self.0 else {
            return f.write_str("none");
        };
        let mut millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        for (name, unit) in UNITS {
            if millis >= unit {
                write!(f, "{}{name}", millis / unit)?;
                millis %= unit;
            }
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for DurationText {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Reader)
    }
}

struct Reader;

impl Visitor<'_> for Reader {
    type Value = DurationText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a duration such as \"90s\"")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<DurationText, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<DurationText, E> {
        Err(E::custom(format!(
            "{number} has no unit; write \"{number}s\" for seconds"
        )))
    }
}

impl From<DurationText> for String {
    fn from(duration: DurationText) -> Self {
        duration.to_string()
    }
}

impl JsonSchema for DurationText {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A duration such as 90s, 10m or 1h30m (units w, d, h, m, s, ms), or none.",
            "pattern": "^(none|([0-9]+(w|d|h|m|s|ms))+)$",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<Option<u64>, &str>) {
        match (text.parse::<DurationText>(), expected) {
            (Ok(DurationText(found)), Ok(millis)) => {
                assert_eq!(found, millis.map(Duration::from_millis), "{text:?}");
            }
            (Err(error), Err(part)) => assert!(error.contains(part), "{text:?}: {error}"),
            (found, expected) => panic!("{text:?}: {found:?}, expected {expected:?}"),
        }
    }

    #[test]
    fn durations_are_read() {
        check("90s", Ok(Some(90_000)));
        check("10m", Ok(Some(600_000)));
        check("1h30m", Ok(Some(5_400_000)));
        check("1d2h3m4s5ms", Ok(Some(93_784_005)));
        check("2w", Ok(Some(14 * 86_400_000)));
        check("none", Ok(None));
    }

    #[test]
    fn what_is_no_duration_is_said_to_be_none() {
        check("", Err("empty"));
        check("90", Err("unit is missing"));
        check("s", Err("number is missing"));
        check("10 m", Err("only digits and units"));
        check("1.5h", Err("only digits and units"));
        check("-1s", Err("number is missing"));
        check("5min", Err("units are"));
        check("1m1h", Err("large to small"));
        check("1s1s", Err("large to small"));
        check("0s", Err("zero"));
        check("99999999999999999999s", Err("too long"));
        check("99999999999999999w", Err("too long"));
        check("١s", Err("number is missing"));
    }

    #[test]
    fn a_duration_is_written_as_it_is_read() {
        for text in ["none", "1h30m", "90d", "1s500ms", "2w"] {
            let read: DurationText = text.parse().expect("a duration");
            let again: DurationText = read.to_string().parse().expect("its own text");
            assert_eq!(read, again);
        }
    }
}
