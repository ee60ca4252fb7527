//! One `<test-suite>`, or the element around them all.

use super::Kind;
use super::case::outcome_of;
use crate::dotnet::{Place, base_name};
use crate::kept_text::first_line;
use crate::numbers;
use crate::odd::{Odd, quoted, short};
use crate::open_suite::{self, DEEPEST_TOLD, SuiteRoom, count};
use crate::output::Output;
use crate::suite_path::Depth;
use crate::xml::Attributes;

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
    /// For messages.
    name: Option<String>,
    /// What it says about itself.
    pub(super) message: Option<String>,
    failed: bool,
    /// Whether it says that it failed after its cases.
    failed_after: bool,
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

/// The suites that are open, by their names.
#[derive(Debug, Default)]
pub(super) struct Levels {
    named: Vec<Level>,
    depth: Depth,
    is_told: bool,
}

impl Levels {
    /// Those that have a part of their own in names.
    pub(super) fn named(&self) -> &[Level] {
        &self.named
    }

    /// The innermost ones inside of those that hold classes, from inside.
    pub(super) fn near(&self) -> impl Iterator<Item = &Level> {
        let named = self.named.iter().rev();
        named.take_while(|level| !level.holds_classes).take(4)
    }

    /// A class with the arguments of its fixture, which NUnit 2.5 has in the name of a suite only.
    pub(super) fn with_arguments(&self, class: &str) -> Option<String> {
        let (around, last) = match class.rsplit_once('.') {
            Some((_, last)) => class.split_at(class.len() - last.len()),
            None => ("", class),
        };
        let is_fixture = |level: &&Level| {
            let arguments = level.name.strip_prefix(last);
            arguments.is_some_and(|rest| rest.starts_with('('))
                && level.name.ends_with(')')
                && level.name.len() <= LONGEST_CLASS
        };
        let fixture = self.near().find(is_fixture)?;
        Some(format!("{around}{}", fixture.name))
    }

    fn enter(&mut self, level: Level, odd: &mut Odd) {
        if self.depth.enter(&level.name, odd) {
            self.named.push(level);
        }
    }

    /// Leaves the innermost one.
    pub(super) fn leave(&mut self) {
        let last = self.named.last().map(|level| level.name.as_str());
        if self.depth.leave(last) {
            self.named.pop();
        }
    }

    /// The suites in the name of a test. A class says what the suites inside its assembly say.
    pub(super) fn suite_of(&self, has_class: bool) -> Vec<String> {
        let told = |level: &&Level| level.holds_classes || !has_class;
        let names = self
            .named
            .iter()
            .filter(told)
            .map(|level| level.name.clone());
        names.chain(self.depth.rest()).collect()
    }

    /// The path of the innermost suite; of one that is not told, its name at most.
    pub(super) fn of_suite(&self, out: &Output<'_>) -> Vec<String> {
        if out.has_room_for_suite(self.depth.bytes()) {
            return self.suite_of(false);
        }
        let last = self.named.last().map(|level| short(&level.name));
        last.into_iter().collect()
    }
}

impl OpenSuite {
    pub(super) fn new(
        kind: Kind,
        is_deep: bool,
        attributes: Attributes<'_>,
        levels: &mut Levels,
        place: &mut Place<'_, '_, Kind>,
    ) -> Self {
        let mut suite = Self::default();
        let is_root = kind == Kind::Root;
        let (mut odd, mut type_name, mut date) = (Odd::default(), None, None);
        let (mut result, mut label, mut success) = (None, None, None);
        let (mut not_run, mut skipped, mut inconclusive) = (None, None, None);
        let mut whole_name = None;
        let metadata = &mut suite.open.metadata;
        for (key, raw) in attributes {
            let text = || Attributes::text(raw);
            match key {
                b"name" => whole_name = Some(text()).filter(|name| !name.trim().is_empty()),
                b"type" => type_name = Some(text()),
                b"result" => result = Some(text()),
                b"label" => label = Some(text()),
                b"success" => success = Some(text()),
                b"site" => suite.failed_after = matches!(raw, b"TearDown" | b"OneTimeTearDown"),
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
                        odd.push(format!("{} is no point in time", quoted(&text())));
                    }
                }
                // NUnit 2 says here when the whole began, and how long a part of it took.
                b"time" if is_root => {
                    let at = format!("{} {}", date.as_deref().unwrap_or_default(), text());
                    metadata.started = numbers::timestamp(&at);
                    if metadata.started.is_none() && date.is_some() {
                        odd.push(format!("{} is no point in time", quoted(&at)));
                    }
                }
                b"time" | b"duration" => {
                    metadata.duration = numbers::duration(&text());
                    if metadata.duration.is_none() && !raw.trim_ascii().is_empty() {
                        odd.push(format!("{} is no duration", quoted(&text())));
                    }
                }
                _ => {}
            }
        }
        let claimed_skipped = not_run.or(skipped);
        metadata.claimed.skipped =
            claimed_skipped.map(|n| n.saturating_add(inconclusive.unwrap_or(0)));
        suite.name = whole_name.as_deref().map(|name| short(base_name(name)));
        suite.failed = match result
            .as_deref()
            .and_then(|word| outcome_of(word, label.as_deref()))
        {
            Some(outcome) => outcome.is_failure(),
            None => success.is_some_and(|word| word.eq_ignore_ascii_case("false")),
        };
        let name = whole_name.filter(|_| !is_root);
        if is_deep {
            let level = Level {
                name: name.unwrap_or_default(),
                holds_classes: false,
                qualified: None,
                is_namespace: false,
            };
            levels.enter(level, &mut odd);
            if !std::mem::replace(&mut levels.is_told, true) {
                odd.push(format!(
                    "suites more than {DEEPEST_TOLD} deep are not told of, but for their tests"
                ));
            }
        } else if let Some(name) = name {
            suite.open.named = add_level(&name, type_name.as_deref(), levels, &mut odd);
        }
        odd.tell(place.line, place.out);
        suite
    }

    pub(super) fn environment(&mut self, attributes: Attributes<'_>, room: &mut SuiteRoom) {
        for (key, raw) in attributes {
            match key {
                b"machine-name" => {
                    self.open.metadata.hostname = self.open.keep(Attributes::text(raw), room);
                }
                // These say where and by whom, not with what.
                b"cwd" | b"user" | b"user-domain" => {}
                _ => self
                    .open
                    .property(Attributes::text(key), Attributes::text(raw), room),
            }
        }
    }

    /// What failed here outside of the cases, if something did that no case and no suite inside
    /// says.
    pub(super) fn failed_by_itself(&self) -> Option<String> {
        if !self.failed {
            return None;
        }
        let message = self.message.as_deref().unwrap_or_default().trim_start();
        let is_explained = self.told_failure || self.open.counts().failures() > 0;
        let after_its_cases = self.failed_after
            || message.starts_with("TearDown")
            || message.starts_with("OneTimeTearDown");
        if is_explained && !after_its_cases {
            return None;
        }
        let name = self.name.as_deref().unwrap_or("the report");
        let why = self.message.as_deref().and_then(first_line);
        let why = why.unwrap_or_else(|| "no message".to_owned());
        Some(format!("{name} failed outside of its tests: {why}"))
    }
}

/// Works out a suite's part in the names of what is inside; whether it has one.
fn add_level(name: &str, type_name: Option<&str>, levels: &mut Levels, odd: &mut Odd) -> bool {
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
    let around = levels.named().last();
    if holds_classes {
        let name = base_name(name);
        // An assembly may be a suite in itself.
        let is_new = around.is_none_or(|around| around.name != name);
        if is_new {
            let level = Level {
                name: name.to_owned(),
                holds_classes,
                qualified: None,
                is_namespace: false,
            };
            levels.enter(level, odd);
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
    let level = Level {
        name: name.to_owned(),
        holds_classes,
        qualified: Some(qualified).filter(|name| name.len() <= LONGEST_CLASS),
        is_namespace: type_name == Some("Namespace"),
    };
    levels.enter(level, odd);
    true
}
