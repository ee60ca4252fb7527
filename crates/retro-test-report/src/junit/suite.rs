//! One `<testsuite>`, or the element around them all.

use retro_domain::{Outcome, OutcomeCounts};

use super::Odd;
use crate::numbers;
use crate::xml::Attributes;
use crate::{ClaimedCounts, SuiteMetadata};

/// The most properties kept of one suite.
const MOST_PROPERTIES: usize = 1_000;

/// A suite whose end was not read yet.
#[derive(Debug, Default)]
pub(super) struct OpenSuite {
    /// Whether its name became a part of the path of what is inside.
    pub(super) named: bool,
    pub(super) file: Option<String>,
    pub(super) metadata: SuiteMetadata,
    /// The cases directly inside.
    pub(super) own: OutcomeCounts,
    /// The cases of the suites inside.
    pub(super) inner: OutcomeCounts,
}

impl OpenSuite {
    /// Reads the start tag. Gives the suite and its name.
    pub(super) fn new(attributes: Attributes<'_>, odd: &mut Odd) -> (Self, Option<String>) {
        let (mut suite, mut name) = (Self::default(), None);
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
                b"tests" => metadata.claimed.tests = count(&text(), odd),
                b"failures" => metadata.claimed.failures = count(&text(), odd),
                b"errors" => metadata.claimed.errors = count(&text(), odd),
                b"skipped" | b"skip" => metadata.claimed.skipped = count(&text(), odd),
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
        (suite, name)
    }

    pub(super) fn property(&mut self, name: String, value: String) {
        if self.metadata.properties.len() < MOST_PROPERTIES {
            self.metadata.properties.push((name, value));
        }
    }

    /// Whether there is anything to tell about it.
    pub(super) fn is_worth_telling(&self) -> bool {
        let bare = SuiteMetadata {
            path: self.metadata.path.clone(),
            ..SuiteMetadata::default()
        };
        self.named || self.metadata != bare
    }

    pub(super) fn counts(&self) -> OutcomeCounts {
        let mut all = self.own;
        all += self.inner;
        all
    }

    /// How the counts it claims differ from its cases, if they do. Writers differ in whether inner
    /// suites and skipped tests belong to `tests`, and errors to `failures`: any reading will do.
    pub(super) fn false_claim(&self) -> Option<String> {
        let ClaimedCounts {
            tests,
            failures,
            errors,
            skipped,
        } = self.metadata.claimed;
        let all = self.counts();
        let fits = |claim: Option<u64>, of: fn(OutcomeCounts) -> [u64; 2]| {
            claim.is_none_or(|n| of(all).contains(&n) || of(self.own).contains(&n))
        };
        let mut wrong = Vec::new();
        if !fits(tests, |c| [c.total(), c.total() - c.skipped]) {
            wrong.push(format!("{} tests, has {}", tests.unwrap_or(0), all.total()));
        }
        if !fits(failures, |c| [c.failed, c.failures()]) {
            wrong.push(format!(
                "{} failures, has {}",
                failures.unwrap_or(0),
                all.failed
            ));
        }
        if !fits(errors, |c| [c.errored, c.errored]) {
            wrong.push(format!(
                "{} errors, has {}",
                errors.unwrap_or(0),
                all.errored
            ));
        }
        if !fits(skipped, |c| [c.skipped, c.skipped]) {
            wrong.push(format!(
                "{} skipped, has {}",
                skipped.unwrap_or(0),
                all.skipped
            ));
        }
        let name = self
            .metadata
            .path
            .last()
            .map_or("the report", String::as_str);
        (!wrong.is_empty()).then(|| format!("{name} claims {}", wrong.join("; ")))
    }

    pub(super) fn add(&mut self, outcome: Outcome, flaky: bool) {
        self.own.add(outcome, flaky);
    }
}

fn count(text: &str, odd: &mut Odd) -> Option<u64> {
    let count = text.trim().parse().ok();
    if count.is_none() && !text.trim().is_empty() {
        odd.push(format!("{text:?} is no count"));
    }
    count
}
