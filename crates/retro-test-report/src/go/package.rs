//! Tests of one package that have no end yet.

use std::collections::BTreeMap;

use retro_domain::{Attachment, Outcome, TestCase, TestId};

use super::failure::{describe, is_reason};
use super::line::{Bench, Line, classify};
use crate::kept_text::KeptText;
use crate::open_room::OpenRoom;

/// What is said when outputs are more than there is room for.
pub(super) const OVER: &str =
    "what tests of one package print is more than can wait for their end; some of it is left out";

/// Tests without an end by name. In boxes, for a map has room for many and a package may have one.
pub(super) type OpenTests = BTreeMap<String, Box<OpenTest>>;

/// A test without an end.
#[derive(Debug)]
pub(super) struct OpenTest {
    pub(super) output: KeptText,
    /// Lines that may say why it failed, of those that there was no room for.
    reasons: KeptText,
    pub(super) properties: Vec<(String, String)>,
    pub(super) attachments: Vec<Attachment>,
    pub(super) is_paused: bool,
    /// The room that properties and attachments take.
    room: usize,
}

/// What a property or an attachment takes beside its texts.
const ITEM: usize = 64;

/// The most properties, and the most attachments, of one test.
const MOST_PROPERTIES: usize = 1_000;

/// The most bytes of lines that say why a test failed, beyond what its output keeps.
const MOST_REASONS: usize = 4_096;

/// The most bytes of one of them.
const LONGEST_PROPERTY: usize = 4_096;

impl OpenTest {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            output: KeptText::new(limit),
            reasons: KeptText::new(MOST_REASONS),
            properties: Vec::new(),
            attachments: Vec::new(),
            is_paused: false,
            room: 0,
        }
    }

    /// Gives back the room that the test takes under a name.
    pub(super) fn leave(&self, name: &str, room: &mut OpenRoom) {
        room.leave(name.len(), self.output.len());
        room.reasons += self.reasons.len();
        room.give(self.room);
    }

    /// Whether there is room for one more item in a list, and takes it.
    fn has_room(&mut self, bytes: usize, listed: usize, room: &mut OpenRoom) -> bool {
        let fits = bytes <= LONGEST_PROPERTY && listed < MOST_PROPERTIES;
        let fits = fits && room.take(bytes + ITEM);
        self.room += if fits { bytes + ITEM } else { 0 };
        fits
    }

    pub(super) fn property(&mut self, key: &str, value: &str, room: &mut OpenRoom) {
        if self.has_room(key.len() + value.len(), self.properties.len(), room) {
            self.properties.push((key.to_owned(), value.to_owned()));
        }
    }

    pub(super) fn artifacts(&mut self, path: &str, room: &mut OpenRoom) {
        // The name is a part of the path.
        if self.has_room(path.len(), self.attachments.len(), room) {
            self.attachments.push(Attachment {
                name: path.rsplit(['/', '\\']).next().unwrap_or(path).to_owned(),
                path: path.to_owned(),
            });
        }
    }

    /// The case it becomes. `message` is for what did not end by itself.
    pub(super) fn case(self, name: &str, outcome: Outcome, message: Option<String>) -> TestCase {
        let mut case = TestCase::new(TestId::named(name), outcome);
        let mut output = self.output.finish();
        if let (Some(output), Some(reasons)) = (&mut output, self.reasons.finish()) {
            output.push('\n');
            output.push_str(&reasons);
        }
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

impl PackageEnding<'_> {
    /// Why a test has no end.
    pub(super) fn why(self, left: Left) -> Option<String> {
        let said = match (self, left) {
            (_, Left::Out | Left::Passed) => return None,
            (Self::Failed(why), _) => why.unwrap_or("the package failed"),
            _ => "the output stops while it runs",
        };
        let state = match left {
            Left::Paused => "did not resume",
            _ => "did not end",
        };
        Some(format!("the test {state}: {said}"))
    }
}

/// What becomes of a test without an end.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Left {
    /// Nobody is told of it.
    Out,
    Passed,
    /// It did not end.
    Running,
    /// It did not end, and was waiting when its package did.
    Paused,
}

impl Left {
    /// The outcome, of what is not left out.
    pub(super) fn outcome(self) -> Option<Outcome> {
        match self {
            Self::Out => None,
            Self::Passed => Some(Outcome::Passed),
            Self::Running | Self::Paused => Some(Outcome::Errored),
        }
    }
}

/// What becomes of tests without an end, by name.
pub(super) fn left_open(tests: &OpenTests, ending: PackageEnding<'_>) -> Vec<(String, Left)> {
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
            PackageEnding::Passed if is_benchmark && has_inner => Left::Out,
            PackageEnding::Passed => Left::Passed,
            PackageEnding::Failed(_) if test.is_paused => Left::Paused,
            PackageEnding::Failed(_) | PackageEnding::Cut(true) => Left::Running,
            PackageEnding::Cut(false) => Left::Out,
        }
    };
    tests
        .iter()
        .map(|(name, test)| (name.clone(), judge(name, test)))
        .collect()
}

/// Adds a line of output, or a piece of one, to a test as far as there is room; `end` is what
/// comes after it. Beyond the room, what may say why the test failed has one of its own. Gives
/// whether the room was too small.
pub(super) fn add_output(test: &mut OpenTest, text: &str, end: &str, room: &mut OpenRoom) -> bool {
    let parts = [text.as_bytes(), end.as_bytes()];
    let is_over = !test.output.is_cut() && text.len() + end.len() > room.texts;
    for part in parts {
        test.output.push_within(part, &mut room.texts);
    }
    if test.output.is_cut() {
        // What is indented goes on with the line before.
        let goes_on = test.reasons.len() > 0 && text.starts_with([' ', '\t']);
        if goes_on || is_reason(text) {
            for part in parts {
                test.reasons.push_within(part, &mut room.reasons);
            }
        }
    }
    is_over
}
