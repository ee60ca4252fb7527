//! The start tag of a `<testsuite>`, or of the element around them all.

use std::rc::Rc;

use crate::numbers;
use crate::odd::Odd;
use crate::open_suite::{OpenSuite, count};
use crate::output::Output;
use crate::xml::Attributes;

/// Reads the start tag. Gives the suite and its name.
pub(super) fn open(
    attributes: Attributes<'_>,
    odd: &mut Odd,
    out: &mut Output<'_>,
) -> (OpenSuite, Option<String>) {
    let mut suite = OpenSuite::default();
    let attributes = suite.affords(attributes, 1, out);
    let (mut name, mut file) = (None, None);
    let metadata = &mut suite.metadata;
    for (key, raw) in attributes {
        let slot = match key {
            b"name" => &mut name,
            b"file" | b"filepath" => &mut file,
            b"hostname" => &mut metadata.hostname,
            _ => &mut None,
        };
        let text = || Attributes::text(raw);
        match key {
            b"tests" => metadata.claimed.tests = count(&text(), odd),
            b"failures" => metadata.claimed.failures = count(&text(), odd),
            b"errors" => metadata.claimed.errors = count(&text(), odd),
            b"skipped" | b"skip" => metadata.claimed.skipped = count(&text(), odd),
            b"disabled" => suite.disabled = count(&text(), odd).unwrap_or(0),
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
    suite.file = file.map(Rc::from);
    (suite, name)
}
