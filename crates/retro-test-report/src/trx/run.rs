//! What a report says about the run as a whole.

use std::time::Duration;

use retro_domain::Outcome;

use super::Kind;
use super::result::outcome_of;
use crate::dotnet::Place;
use crate::kept_text::first_line;
use crate::numbers;
use crate::odd::{Odd, quoted};
use crate::open_suite::{OpenSuite, count};
use crate::output::Output;
use crate::xml::Attributes;

/// The run, until its end was read.
#[derive(Debug, Default)]
pub(super) struct Run {
    pub(super) suite: OpenSuite,
    outcome: Option<String>,
    /// The outcome and the text of the message that is open.
    info: Option<(Option<String>, String)>,
    /// The first message that speaks of a failure.
    failure: Option<String>,
    /// As `failure`, of messages that a failed test may have caused.
    noise: Option<String>,
}

impl Run {
    pub(super) fn name(&mut self, attributes: Attributes<'_>, place: &mut Place<'_, '_, Kind>) {
        for (key, raw) in attributes {
            if key == b"name" {
                let name = Attributes::text(raw);
                let room = &mut place.out.suite_room;
                self.suite.property("name".to_owned(), name, room);
            }
        }
    }

    pub(super) fn computer(&mut self, name: Option<String>) {
        let hostname = &mut self.suite.metadata.hostname;
        if hostname.is_none() {
            *hostname = name;
        }
    }

    pub(super) fn times(&mut self, attributes: Attributes<'_>, place: &mut Place<'_, '_, Kind>) {
        let (mut start, mut finish) = (None, None);
        for (key, raw) in attributes {
            let slot = match key {
                b"start" => &mut start,
                b"finish" => &mut finish,
                _ => continue,
            };
            let text = Attributes::text(raw);
            *slot = numbers::timestamp(&text);
            if slot.is_none() && !text.trim().is_empty() {
                place.warn(format!("{} is no point in time", quoted(&text)));
            }
        }
        let metadata = &mut self.suite.metadata;
        metadata.started = start;
        let millis = start
            .zip(finish)
            .map(|(start, finish)| finish.unix_millis().saturating_sub(start.unix_millis()));
        metadata.duration = millis
            .and_then(|millis| u64::try_from(millis).ok())
            .map(Duration::from_millis);
    }

    pub(super) fn summary(&mut self, attributes: Attributes<'_>) {
        for (key, raw) in attributes {
            if key == b"outcome" {
                self.outcome = Some(Attributes::text(raw));
            }
        }
    }

    pub(super) fn counters(&mut self, attributes: Attributes<'_>, place: &mut Place<'_, '_, Kind>) {
        let mut odd = Odd::default();
        let claimed = &mut self.suite.metadata.claimed;
        for (key, raw) in attributes {
            let value = || Attributes::text(raw);
            match key {
                b"total" => claimed.tests = count(&value(), &mut odd),
                b"failed" => claimed.failures = count(&value(), &mut odd),
                b"error" | b"timeout" | b"aborted" | b"disconnected" | b"inProgress" => {
                    let more = count(&value(), &mut odd).unwrap_or(0);
                    claimed.errors = Some(claimed.errors.unwrap_or(0).saturating_add(more));
                }
                // Those of tests that did not run are always zero in what `vstest` writes.
                _ => {}
            }
        }
        odd.tell(place.line, place.out);
    }

    pub(super) fn begin_info(&mut self, attributes: Attributes<'_>) {
        let mut outcome = None;
        for (key, raw) in attributes {
            if key == b"outcome" {
                outcome = Some(Attributes::text(raw));
            }
        }
        self.info = Some((outcome, String::new()));
    }

    pub(super) fn info_text(&mut self, text: String) {
        if let Some((_, kept)) = &mut self.info {
            *kept = text;
        }
    }

    pub(super) fn end_info(&mut self, place: &mut Place<'_, '_, Kind>) {
        let Some((outcome, text)) = self.info.take() else {
            return;
        };
        let shown = first_line(&text).unwrap_or_else(|| "no message".to_owned());
        let failed = outcome.as_deref().and_then(outcome_of);
        if failed.is_some_and(Outcome::is_failure) {
            // Runners report every failed test as an error of the run, too.
            if shown.ends_with("[FAIL]") {
                self.noise.get_or_insert(shown);
            } else {
                self.failed(shown);
            }
        } else if !shown.ends_with("[SKIP]") {
            place.warn(format!("the run says: {shown}"));
        }
    }

    /// Notes a failure outside of the tests; the first one is told.
    pub(super) fn failed(&mut self, text: String) {
        self.failure.get_or_insert(text);
    }

    /// The end of the run, on a line, or of a document that was cut off before.
    pub(super) fn close(self, line: Option<u64>, out: &mut Output<'_>) {
        if let Some(claim) = self.suite.false_claim().filter(|_| line.is_some()) {
            out.warn(line, claim);
        }
        if let Some(warning) = self.suite.left_out() {
            out.warn(line, warning);
        }
        let is_explained = self.suite.counts().failures() > 0;
        let outcome = self.outcome.as_deref().unwrap_or_default();
        let failed = match outcome_of(outcome) {
            Some(Outcome::Failed) => !is_explained,
            Some(Outcome::Errored) => true,
            _ => outcome == "PassedButRunAborted",
        };
        let noise = self.noise.filter(|_| !is_explained);
        if let Some(why) = self.failure.or(noise) {
            out.run_failure(format!("the run failed outside of its tests: {why}"));
        } else if failed {
            out.run_failure(format!("the run as a whole is {outcome}"));
        }
        self.suite.end(out);
    }
}
