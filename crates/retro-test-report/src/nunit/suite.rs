//! One `<test-suite>`, or the element around them all.

use super::Kind;
use super::case::outcome_of;
use crate::dotnet::{Place, base_name};
use crate::kept_text::first_line;
use crate::numbers;
use crate::odd::Odd;
use crate::open_suite::{self, count};
use crate::output::Output;
use crate::xml::Attributes;

/// Suites deeper than this are left out of the names of tests.
const DEEPEST_NAME: usize = 100;

/// Names of classes longer than this are not put together from those of suites.
const LONGEST_CLASS: usize = 2_000;

/// Types of suites that are parts of a class name. All others hold classes.
const INSIDE_CLASSES: [&str; 12] = [
    "Namespace",
    "TestSuite",
    "TestFixture",
    "SetUpFixture",
    "GenericFixture",
    "ParameterizedFixture",
    "ParameterizedTest",
    "ParameterizedMethod",
    "ParameterizedMethodSuite",
    "GenericMethod",
    "Theory",
    "Default",
];

/// A suite whose end was not read yet.
#[derive(Debug, Default)]
pub(super) struct OpenSuite {
    /// It is named when one of the levels is its own.
    pub(super) open: open_suite::OpenSuite,
    name: Option<String>,
    /// What it says about itself.
    pub(super) message: Option<String>,
    failed: bool,
    site: Option<String>,
    /// Whether it, or a suite inside, failed the run already.
    pub(super) told_failure: bool,
}

/// The part of a suite in the names of what is inside.
#[derive(Debug)]
pub(super) struct Level {
    pub(super) name: String,
    /// Whether it is around classes, not a part of their names.
    pub(super) holds_classes: bool,
    /// Its name after those of the levels around it, down from the last that holds classes.
    pub(super) qualified: Option<String>,
    /// Whether classes are inside, not tests.
    pub(super) is_namespace: bool,
}

impl OpenSuite {
    pub(super) fn new(
        kind: Kind,
        attributes: Attributes<'_>,
        levels: &mut Vec<Level>,
        place: &mut Place<'_, '_, Kind>,
    ) -> Self {
        let mut suite = Self::default();
        let is_root = kind == Kind::Root;
        // Its name is also kept as a level, alone and after those around it.
        let attributes = suite.open.affords(attributes, 3, place.out);
        let (mut odd, mut type_name, mut date) = (Odd::default(), None, None);
        let (mut result, mut label, mut success) = (None, None, None);
        let (mut not_run, mut skipped, mut inconclusive) = (None, None, None);
        let metadata = &mut suite.open.metadata;
        for (key, raw) in attributes {
            let text = || Attributes::text(raw);
            match key {
                b"name" => suite.name = Some(text()).filter(|name| !name.trim().is_empty()),
                b"type" => type_name = Some(text()),
                b"result" => result = Some(text()),
                b"label" => label = Some(text()),
                b"success" => success = Some(text()),
                b"site" => suite.site = Some(text()),
                b"total" => metadata.claimed.tests = count(&text(), &mut odd),
                b"failed" | b"failures" => metadata.claimed.failures = count(&text(), &mut odd),
                b"errors" => metadata.claimed.errors = count(&text(), &mut odd),
                b"not-run" => not_run = count(&text(), &mut odd),
                b"skipped" => skipped = count(&text(), &mut odd),
                b"inconclusive" => inconclusive = count(&text(), &mut odd),
                b"date" => date = Some(text()),
                b"start-time" => {
                    metadata.started = numbers::timestamp(&text());
                    if metadata.started.is_none() && !raw.trim_ascii().is_empty() {
                        odd.push(format!("{:?} is no point in time", text()));
                    }
                }
                // NUnit 2 says here when the whole began, and how long a part of it took.
                b"time" if is_root => {
                    let at = format!("{} {}", date.as_deref().unwrap_or_default(), text());
                    metadata.started = numbers::timestamp(&at);
                    if metadata.started.is_none() && date.is_some() {
                        odd.push(format!("{at:?} is no point in time"));
                    }
                }
                b"time" | b"duration" => {
                    metadata.duration = numbers::duration(&text());
                    if metadata.duration.is_none() && !raw.trim_ascii().is_empty() {
                        odd.push(format!("{:?} is no duration", text()));
                    }
                }
                _ => {}
            }
        }
        let claimed_skipped = not_run.or(skipped);
        metadata.claimed.skipped =
            claimed_skipped.map(|n| n.saturating_add(inconclusive.unwrap_or(0)));
        odd.tell(place.line, place.out);
        suite.failed = match result
            .as_deref()
            .and_then(|word| outcome_of(word, label.as_deref()))
        {
            Some(outcome) => outcome.is_failure(),
            None => success.is_some_and(|word| word.eq_ignore_ascii_case("false")),
        };
        if !is_root {
            suite.open.named = suite.add_level(type_name.as_deref(), levels, place);
        }
        suite
    }

    /// Works out its part in the names of what is inside; whether it has one.
    fn add_level(
        &self,
        type_name: Option<&str>,
        levels: &mut Vec<Level>,
        place: &mut Place<'_, '_, Kind>,
    ) -> bool {
        let Some(name) = self.name.as_deref() else {
            return false;
        };
        if levels.len() >= DEEPEST_NAME {
            place.warn(format!(
                "suites more than {DEEPEST_NAME} deep are left out of the names of tests"
            ));
            return false;
        }
        let is_file = || {
            let lower = name.to_ascii_lowercase();
            name.contains(['/', '\\'])
                || [".dll", ".exe", ".nunit", ".csproj"]
                    .iter()
                    .any(|end| lower.ends_with(end))
        };
        let holds_classes = match type_name {
            Some(known) => !INSIDE_CLASSES.contains(&known),
            None => is_file(),
        };
        let around = levels.last();
        if holds_classes {
            let name = base_name(name);
            // An assembly may be a suite in itself.
            let is_new = around.is_none_or(|around| around.name != name);
            if is_new {
                levels.push(Level {
                    name: name.to_owned(),
                    holds_classes,
                    qualified: None,
                    is_namespace: false,
                });
            }
            return is_new;
        }
        let outer = around.and_then(|around| around.qualified.as_deref());
        let qualified = match outer {
            // The names of the fixtures inside are whole.
            Some(outer) if matches!(type_name, Some("ParameterizedFixture" | "GenericFixture")) => {
                outer.to_owned()
            }
            Some(outer) if !name.starts_with(&format!("{outer}.")) => format!("{outer}.{name}"),
            _ => name.to_owned(),
        };
        levels.push(Level {
            name: name.to_owned(),
            holds_classes,
            qualified: Some(qualified).filter(|name| name.len() <= LONGEST_CLASS),
            is_namespace: type_name == Some("Namespace"),
        });
        true
    }

    pub(super) fn environment(&mut self, attributes: Attributes<'_>, out: &mut Output<'_>) {
        for (key, raw) in attributes {
            match key {
                b"machine-name" => {
                    let name = Attributes::text(raw);
                    if self.open.takes(name.len(), out) {
                        self.open.metadata.hostname = Some(name);
                    }
                }
                // These say where and by whom, not with what.
                b"cwd" | b"user" | b"user-domain" => {}
                _ => self
                    .open
                    .property(Attributes::text(key), Attributes::text(raw), out),
            }
        }
    }

    /// What failed here outside of the cases, if something did that no case and no suite inside
    /// says.
    pub(super) fn failed_by_itself(&self) -> Option<String> {
        if !self.failed {
            return None;
        }
        let says = |word: &str| {
            let message = self.message.as_deref().unwrap_or_default();
            self.site.as_deref() == Some(word) || message.trim_start().starts_with(word)
        };
        let is_explained = self.told_failure || self.open.counts().failures() > 0;
        let after_its_cases = says("TearDown") || says("OneTimeTearDown");
        if is_explained && !after_its_cases {
            return None;
        }
        let name = self.name.as_deref().map_or("the report", base_name);
        let why = self.message.as_deref().and_then(first_line);
        let why = why.unwrap_or_else(|| "no message".to_owned());
        Some(format!("{name} failed outside of its tests: {why}"))
    }
}
