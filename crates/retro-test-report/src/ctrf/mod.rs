//! Common Test Report Format: one JSON document, read test by test.

mod tally;
mod test;

use std::fmt;
use std::io::{self, BufRead};

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;

use self::tally::Tally;
use crate::json::{Bounded, Node, NodeRoom, NodeSeed};
use crate::output::Output;
use crate::{ClaimedCounts, ParseError, SuiteMetadata};

/// Whether a document begins like a report.
pub(crate) fn is_evidence(start: &[u8]) -> bool {
    if !start.trim_ascii_start().starts_with(b"{") {
        return false;
    }
    let has = |key: &str| {
        let quoted = format!("\"{key}\"");
        memchr::memmem::find(start, quoted.as_bytes()).map(|at| at + quoted.len())
    };
    let value = |at: usize| {
        start[at..]
            .trim_ascii_start()
            .strip_prefix(b":")
            .map(<[u8]>::trim_ascii_start)
    };
    let is_named = has("reportFormat")
        .and_then(value)
        .is_some_and(|value| value.starts_with(b"\"CTRF\""));
    let is_object = has("results")
        .and_then(value)
        .is_some_and(|value| value.starts_with(b"{"));
    // Any of them may be large, so that the others are far into the document.
    let parts = ["tests", "tool", "summary", "environment"];
    let known = parts.iter().filter(|key| has(key).is_some()).count();
    is_named || is_object && known >= 2
}

/// Reads a document; whether it has tests, or says that it is such a report.
pub(crate) fn read<R: BufRead>(reader: R, out: &mut Output<'_>) -> Result<bool, ParseError> {
    let limit = out.options.max_text;
    let bounded = Bounded::document(reader, limit);
    let mut document = serde_json::Deserializer::from_reader(bounded);
    // The depth of what arrives is bounded already.
    let mut report = Report {
        out,
        recognised: false,
        tool: Node::Null,
        summary: Node::Null,
        environment: Node::Null,
        seen: Tally::default(),
    };
    let read = Root(&mut report).deserialize(&mut document);
    let read = read.and_then(|()| document.end());
    report.finish();
    let Report {
        out, recognised, ..
    } = report;
    match read {
        Ok(()) => {}
        Err(error) if error.classify() == Category::Eof => out.summary.truncated = true,
        Err(error) if error.classify() == Category::Io => {
            return Err(ParseError::Io(io::Error::from(error)));
        }
        Err(_) if !recognised => {}
        Err(error) => {
            return Err(ParseError::Malformed {
                line: error.line() as u64,
                why: error.to_string(),
            });
        }
    }
    Ok(recognised)
}

struct Report<'o, 's> {
    out: &'o mut Output<'s>,
    recognised: bool,
    tool: Node,
    summary: Node,
    environment: Node,
    /// The tests by their statuses.
    seen: Tally,
}

impl Report<'_, '_> {
    /// The room of a test.
    fn node(&self) -> NodeRoom {
        NodeRoom::new(self.out.options.max_text)
    }

    /// The room of what is said of all tests.
    fn small_node(&self) -> NodeRoom {
        NodeRoom::small(self.out.options.max_text)
    }

    fn test(&mut self, node: Node, room: &NodeRoom) {
        if !matches!(node, Node::Map(_)) {
            self.out
                .warn(None, "an entry of the tests is no object and was left out");
            return;
        }
        if room.left_out > 0 {
            let why = format!("{} values of one test are left out", room.left_out);
            self.out.warn(None, why);
        }
        self.seen.add(&node);
        let (case, warning) = test::case(node, self.out.options.max_text);
        if let Some(warning) = warning {
            self.out.warn(None, warning);
        }
        self.out.case(case);
    }

    fn finish(&mut self) {
        if !self.recognised {
            return;
        }
        let summary = &mut self.summary;
        let claimed = Tally::claimed(summary);
        let start = summary.take("start").number();
        let stop = summary.take("stop").number();
        if let Some(differences) = claimed.differences(&self.seen) {
            self.out.warn(None, differences);
            self.out.summary.truncated |=
                claimed.tests().unwrap_or(0) > self.seen.tests().unwrap_or(0);
        }
        let mut environment = std::mem::take(&mut self.environment);
        let hostname = ["hostname", "host"]
            .iter()
            .find_map(|key| environment.take(key).text());
        let mut properties = test::properties(environment);
        properties.extend(
            self.tool
                .take("version")
                .text()
                .map(|text| ("tool version".to_owned(), text)),
        );
        self.out.suite(SuiteMetadata {
            path: self.tool.take("name").text().into_iter().collect(),
            started: start.and_then(test::moment),
            duration: stop
                .zip(start)
                .and_then(|(stop, start)| test::millis(stop - start)),
            hostname,
            claimed: ClaimedCounts {
                tests: claimed.tests(),
                failures: claimed.failed(),
                errors: None,
                skipped: claimed.skipped(),
            },
            properties,
            ..SuiteMetadata::default()
        });
    }
}

/// Reads the keys of one object, each by what `Self::Key` makes of it.
macro_rules! object {
    ($name:ident, $self:ident, $key:ident, $map:ident, $body:expr) => {
        struct $name<'r, 'o, 's>(&'r mut Report<'o, 's>);

        impl<'de> DeserializeSeed<'de> for $name<'_, '_, '_> {
            type Value = ();

            fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
                from.deserialize_map(self)
            }
        }

        impl<'de> Visitor<'de> for $name<'_, '_, '_> {
            type Value = ();

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>($self, mut $map: A) -> Result<(), A::Error> {
                while let Some($key) = $map.next_key::<String>()? {
                    $body
                }
                Ok(())
            }
        }
    };
}

object!(Root, self, key, map, {
    match &*key {
        "results" => map.next_value_seed(Results(self.0))?,
        "reportFormat" => {
            let mut room = self.0.small_node();
            let format = map.next_value_seed(NodeSeed(&mut room))?.text();
            self.0.recognised |= format.as_deref() == Some("CTRF");
        }
        _ => {
            map.next_value::<IgnoredAny>()?;
        }
    }
});

object!(Results, self, key, map, {
    let mut room = self.0.small_node();
    match &*key {
        "tests" => map.next_value_seed(Tests(self.0))?,
        "tool" => self.0.tool = map.next_value_seed(NodeSeed(&mut room))?,
        "summary" => self.0.summary = map.next_value_seed(NodeSeed(&mut room))?,
        "environment" => self.0.environment = map.next_value_seed(NodeSeed(&mut room))?,
        _ => {
            map.next_value::<IgnoredAny>()?;
        }
    }
});

struct Tests<'r, 'o, 's>(&'r mut Report<'o, 's>);

impl<'de> DeserializeSeed<'de> for Tests<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Tests<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of tests")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        self.0.recognised = true;
        loop {
            let mut room = self.0.node();
            match list.next_element_seed(NodeSeed(&mut room))? {
                Some(test) => self.0.test(test, &room),
                None => return Ok(()),
            }
        }
    }
}
