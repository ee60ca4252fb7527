//! The start tag of a `<testsuite>`, or of the element around them all.

use crate::numbers;
use crate::open_suite::{OpenSuite, count};
use crate::xml::Attributes;

/// Reads the start tag. Gives the suite, its name, and what is odd about it.
pub(super) fn open(attributes: Attributes<'_>) -> (OpenSuite, Option<String>, Vec<String>) {
    let (mut suite, mut name, mut odd) = (OpenSuite::default(), None, Vec::new());
    let metadata = &mut suite.metadata;
    for (key, raw) in attributes {
        let slot = match key {
            b"name" => &mut name,
            b"file" | b"filepath" => &mut suite.file,
            b"hostname" => &mut metadata.hostname,
            _ => &mut None,
        };
        let text = || Attributes::text(raw);
        match key {
            b"tests" => metadata.claimed.tests = count(&text(), &mut odd),
            b"failures" => metadata.claimed.failures = count(&text(), &mut odd),
            b"errors" => metadata.claimed.errors = count(&text(), &mut odd),
            b"skipped" | b"skip" => metadata.claimed.skipped = count(&text(), &mut odd),
            b"disabled" => suite.disabled = count(&text(), &mut odd).unwrap_or(0),
            b"timestamp" => {
                metadata.started = numbers::timestamp(&text());
                if metadata.started.is_none() && !raw.trim_ascii().is_empty() {
                    odd.push(format!("{:?} is no point in time", text()));
                }
            }
            b"time" | b"duration" => {
                metadata.duration = numbers::duration(&text());
                if metadata.duration.is_none() && !raw.trim_ascii().is_empty() {
                    odd.push(format!("{:?} is no duration", text()));
                }
            }
            _ if slot.is_none() => *slot = Some(text()).filter(|text| !text.is_empty()),
            _ => {}
        }
    }
    (suite, name, odd)
}
