//! Tests of one package that have no end yet.

use std::collections::BTreeMap;

use retro_domain::{Attachment, Outcome, TestCase, TestId};

use super::failure::describe;
use super::line::{Bench, Line, classify};
use crate::kept_text::KeptText;
use crate::open_room::OpenRoom;

/// A test without an end.
#[derive(Debug)]
pub(super) struct OpenTest {
    pub(super) output: KeptText,
    pub(super) properties: Vec<(String, String)>,
    pub(super) attachments: Vec<Attachment>,
    pub(super) is_paused: bool,
}

/// The most properties, and the most attachments, of one test.
const MOST_PROPERTIES: usize = 1_000;

/// The most bytes of one of them.
const LONGEST_PROPERTY: usize = 4_096;

impl OpenTest {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            output: KeptText::new(limit),
            properties: Vec::new(),
            attachments: Vec::new(),
            is_paused: false,
        }
    }

    pub(super) fn property(&mut self, key: &str, value: &str) {
        let fits = key.len() + value.len() <= LONGEST_PROPERTY;
        if fits && self.properties.len() < MOST_PROPERTIES {
            self.properties.push((key.to_owned(), value.to_owned()));
        }
    }

    pub(super) fn artifacts(&mut self, path: &str) {
        if path.len() <= LONGEST_PROPERTY && self.attachments.len() < MOST_PROPERTIES {
            self.attachments.push(Attachment {
                name: path.rsplit(['/', '\\']).next().unwrap_or(path).to_owned(),
                path: path.to_owned(),
            });
        }
    }

    /// The case it becomes. `message` is for what did not end by itself.
    pub(super) fn case(self, name: &str, outcome: Outcome, message: Option<String>) -> TestCase {
        let mut case = TestCase::new(TestId::named(name), outcome);
        let output = self.output.finish();
        case.message = message;
        case.properties = self.properties;
        case.attachments = self.attachments;
        if name.starts_with("Benchmark")
            && let Some(text) = &output
        {
            let figures = text.lines().filter_map(|line| match classify(line) {
                Line::Bench(Bench { figures, .. }) => {
                    Some(("bench".to_owned(), figures.to_owned()))
                }
                _ => None,
            });
            case.properties.extend(figures.take(MOST_PROPERTIES));
        }
        describe(&mut case, output);
        case
    }
}

/// How the package of tests without an end ended.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum PackageEnding<'a> {
    Passed,
    /// With what it said about it.
    Failed(Option<&'a str>),
    /// Not at all: the report ends. Whether it ends with a whole line.
    Cut(bool),
}

/// The outcome of a test without an end and why; `None` when it is left out.
pub(super) type Judged = Option<(Outcome, Option<String>)>;

/// What becomes of tests without an end, by name.
pub(super) fn left_open(
    tests: &BTreeMap<String, OpenTest>,
    ending: PackageEnding<'_>,
) -> Vec<(String, Judged)> {
    let judge = |name: &String, test: &OpenTest| {
        let is_benchmark = name.starts_with("Benchmark");
        // Names sort so that the tests inside another one follow it, but for some in between.
        let inner = format!("{name}/");
        let has_inner = tests
            .range(inner.clone()..)
            .next()
            .is_some_and(|(next, _)| next.starts_with(&inner));
        match ending {
            // A benchmark has no end of its own, and one of others measures nothing.
            PackageEnding::Passed if is_benchmark && has_inner => None,
            PackageEnding::Passed => Some((Outcome::Passed, None)),
            PackageEnding::Failed(why) => {
                let why = why.unwrap_or("the package failed");
                let state = if test.is_paused {
                    "did not resume"
                } else {
                    "did not end"
                };
                Some((Outcome::Errored, Some(format!("the test {state}: {why}"))))
            }
            PackageEnding::Cut(false) => None,
            PackageEnding::Cut(true) => {
                let why = "the test did not end: the output stops while it runs";
                Some((Outcome::Errored, Some(why.to_owned())))
            }
        }
    };
    tests
        .iter()
        .map(|(name, test)| (name.clone(), judge(name, test)))
        .collect()
}

/// Adds output to a test as far as there is room.
pub(super) fn add_output(test: &mut OpenTest, text: &str, room: &mut OpenRoom) {
    test.output.push_within(text.as_bytes(), &mut room.texts);
}
