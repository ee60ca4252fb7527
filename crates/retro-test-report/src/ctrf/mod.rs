//! Common Test Report Format: one JSON document, read test by test.

mod tally;
mod test;

use std::fmt;
use std::io::{self, BufRead};

use retro_domain::TestCase;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;

use self::tally::Tally;
use crate::json::{Bounded, Node, NodeRoom, NodeSeed};
use crate::output::Output;
use crate::write::extra;
use crate::write::whole::{DocumentExtra, ROOM, SUITES, SuiteExtra};
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
    // The depth of what arrives is bounded already.
    let mut documents = serde_json::Deserializer::from_reader(bounded);
    let mut recognised = false;
    let mut room = limit.saturating_mul(ROOM);
    let read = loop {
        let mut report = Report::new(out, &mut room);
        let read = Root(&mut report).deserialize(&mut documents);
        report.finish();
        let is_other = read.is_ok() && recognised && !report.recognised;
        recognised |= report.recognised;
        if is_other {
            out.warn(None, "a document after the report is no CTRF report");
        }
        match read {
            // One document may follow another.
            Ok(()) if documents.end().is_err() => {}
            read => break read,
        }
    };
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

/// One document.
struct Report<'o, 's> {
    out: &'o mut Output<'s>,
    recognised: bool,
    tool: Node,
    summary: Node,
    environment: Node,
    extra: Node,
    /// How many bytes may still be kept of suites in `extra`.
    room: &'o mut usize,
    /// The tests by their statuses.
    seen: Tally,
}

impl<'o, 's> Report<'o, 's> {
    fn new(out: &'o mut Output<'s>, room: &'o mut usize) -> Self {
        Self {
            out,
            recognised: false,
            tool: Node::Null,
            summary: Node::Null,
            environment: Node::Null,
            extra: Node::Null,
            room,
            seen: Tally::default(),
        }
    }

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
        let read = test::read(node, self.out.options.max_text);
        if let Some(warning) = read.warning {
            self.out.warn(None, warning);
        }
        match read.note {
            None => self.out.case(read.case),
            Some(note) => note.tell(self.out),
        }
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
        if self.take_kept() {
            return;
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

impl Report<'_, '_> {
    /// Tells what a writer of ours kept of suites; whether one wrote the document.
    fn take_kept(&mut self) -> bool {
        let document = self.extra.take(extra::NAME).text();
        let Some(document) =
            document.and_then(|text| serde_json::from_str::<DocumentExtra>(&text).ok())
        else {
            return false;
        };
        for text in self.extra.take(SUITES).texts() {
            let room = self.room.checked_sub(text.len());
            let kept = room.and_then(|_| serde_json::from_str::<SuiteExtra>(&text).ok());
            let Some(kept) = kept else {
                self.out
                    .warn(None, "what is kept of a suite cannot be read");
                continue;
            };
            *self.room = room.unwrap_or(0);
            let mut suite = SuiteMetadata::default();
            kept.put_back(&mut suite);
            self.out.suite(suite);
        }
        document.tell(self.out);
        self.out.is_restored = true;
        true
    }
}

/// A test alone.
pub(crate) fn read_test(text: &[u8]) -> Option<TestCase> {
    let mut room = NodeRoom::new(text.len());
    let mut document = serde_json::Deserializer::from_slice(text);
    let node = NodeSeed(&mut room).deserialize(&mut document).ok()?;
    Some(test::read(node, text.len()).case)
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
        "extra" => self.0.extra = map.next_value_seed(NodeSeed(&mut room))?,
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
