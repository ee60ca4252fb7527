//! NUnit 2 and 3, and what other tools write in their formats (Unity, Pester).
//!
//! A test is named by its class, its name and its parameters. Suites for namespaces and fixtures
//! say nothing that the class does not say, so only what is around them (the assembly) is part of
//! a name, unless a test has no class.

mod case;
mod suite;

use std::io::BufRead;

use self::case::OpenCase;
use self::suite::{Levels, OpenSuite};
use crate::ParseError;
use crate::dotnet::{self, Draft, Elements, Place, Role};
use crate::open_suite::DEEPEST_TOLD;
use crate::output::Output;
use crate::xml::{Attributes, ReferenceText};

/// The most bytes of a suite's own message.
const SUITE_MESSAGE: usize = 4096;

/// Reads a document; whether it was an NUnit report at all.
pub(crate) fn read<R: BufRead>(reader: R, out: &mut Output<'_>) -> Result<bool, ParseError> {
    dotnet::read(reader, &mut Report::default(), out)
}

/// The elements that mean something.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Kind {
    /// `<test-run>` (3) and `<test-results>` (2).
    Root,
    Suite,
    Case,
    Failure,
    Reason,
    Message,
    Trace,
    Output,
    Property,
    Category,
    Environment,
    FilePath,
    Other,
}

#[derive(Default)]
struct Report {
    suites: Vec<OpenSuite>,
    /// How many are inside of these, of which nothing is kept but a digest of their names.
    deeper: u64,
    /// Those that have a name.
    levels: Levels,
    cases: Vec<OpenCase>,
}

impl Elements for Report {
    type Kind = Kind;

    fn kind(name: &[u8], parent: Option<Kind>) -> Kind {
        match name {
            b"test-run" | b"test-results" => Kind::Root,
            b"test-suite" => Kind::Suite,
            b"test-case" => Kind::Case,
            b"failure" | b"error" => Kind::Failure,
            b"reason" => Kind::Reason,
            // The messages of `<assertion>` come again in the failure.
            b"message" if matches!(parent, Some(Kind::Failure | Kind::Reason)) => Kind::Message,
            b"stack-trace" if parent == Some(Kind::Failure) => Kind::Trace,
            b"output" => Kind::Output,
            b"property" => Kind::Property,
            b"category" => Kind::Category,
            b"environment" => Kind::Environment,
            b"filePath" => Kind::FilePath,
            _ => Kind::Other,
        }
    }

    fn role(kind: Kind) -> Role {
        match kind {
            Kind::Root | Kind::Suite | Kind::Case => Role::Structure,
            Kind::Message | Kind::Trace | Kind::Output | Kind::FilePath => Role::Text,
            _ => Role::Plain,
        }
    }

    fn limit(&self, kind: Kind, max_text: usize) -> Option<usize> {
        match kind {
            _ if !self.cases.is_empty() => Some(max_text),
            Kind::Output => None,
            _ => Some(max_text.min(SUITE_MESSAGE)),
        }
    }

    fn open(&mut self, kind: Kind, attributes: Attributes<'_>, place: &mut Place<'_, '_, Kind>) {
        match kind {
            Kind::Root | Kind::Suite => {
                let is_deep = self.suites.len() >= DEEPEST_TOLD;
                let suite = OpenSuite::new(kind, is_deep, attributes, &mut self.levels, place);
                if is_deep {
                    self.deeper += 1;
                    suite.open.forget(&mut place.out.suite_room);
                } else {
                    self.suites.push(suite);
                }
            }
            Kind::Case => {
                let around = self.cases.last().map_or(0, OpenCase::held);
                self.cases.push(OpenCase::new(around, attributes, place));
            }
            Kind::Failure => {
                if let Some(case) = self.cases.last_mut() {
                    case.draft.failure();
                }
            }
            Kind::Reason => {
                if let Some(case) = self.cases.last_mut() {
                    case.has_reason = true;
                }
            }
            Kind::Property | Kind::Category => self.property(kind, attributes, place.out),
            Kind::Environment => {
                if let Some(suite) = self.suites.last_mut() {
                    suite.environment(attributes, &mut place.out.suite_room);
                }
            }
            _ => {}
        }
    }

    fn close(&mut self, kind: Kind, text: Option<ReferenceText>, place: &mut Place<'_, '_, Kind>) {
        match kind {
            Kind::Root | Kind::Suite => self.close_suite(place),
            Kind::Case => {
                if let Some(case) = self.cases.pop() {
                    let case = case.finish(&self.levels, place);
                    if let Some(suite) = self.suites.last_mut() {
                        suite.open.add(case.outcome, case.flaky);
                    }
                    place.out.case(case);
                }
            }
            Kind::Output => {
                let Some(text) = text else { return };
                if let Some(case) = self.cases.last_mut() {
                    case.draft.stdout(text);
                } else if let Some(suite) = self.suites.last_mut()
                    && let Some(text) = text.finish()
                {
                    suite.open.output(false, text, place.out.options.max_text);
                }
            }
            Kind::Message | Kind::Trace | Kind::FilePath => {
                if let Some(text) = text.and_then(ReferenceText::finish_trimmed) {
                    self.told(kind, text, place);
                }
            }
            _ => {}
        }
    }

    fn open_case(&self) -> Option<&Draft> {
        self.cases.first().map(|case| &case.draft)
    }

    fn held(&self) -> usize {
        self.cases.last().map_or(0, |case| case.draft.around)
    }

    fn finish(&mut self, out: &mut Output<'_>) {
        // Suites that were cut off have a path and a beginning worth telling.
        while self.deeper > 0 || !self.suites.is_empty() {
            if let Some(suite) = self.pop_suite(out) {
                suite.open.end(out);
            }
        }
    }
}

impl Report {
    fn property(&mut self, kind: Kind, attributes: Attributes<'_>, out: &mut Output<'_>) {
        let (mut name, mut value) = (String::new(), String::new());
        for (key, raw) in attributes {
            match key {
                b"name" if name.is_empty() => name = Attributes::text(raw),
                b"value" => value = Attributes::text(raw),
                _ => {}
            }
        }
        if kind == Kind::Category {
            (name, value) = ("Category".to_owned(), name);
        }
        if let Some(case) = self.cases.last_mut() {
            case.draft.property(name, value);
        } else if let Some(suite) = self.suites.last_mut() {
            suite.open.property(name, value, &mut out.suite_room);
        }
    }

    /// Takes a message, a trace or the path of an attachment.
    fn told(&mut self, kind: Kind, text: String, place: &mut Place<'_, '_, Kind>) {
        let parent = place.parent;
        let Some(case) = self.cases.last_mut() else {
            if let Some(suite) = self.suites.last_mut()
                && kind == Kind::Message
                && suite.message.is_none()
            {
                suite.message = suite.open.keep(text, &mut place.out.suite_room);
            }
            return;
        };
        let draft = &mut case.draft;
        match (kind, parent) {
            (Kind::FilePath, _) => draft.attachment(&text),
            (Kind::Message, Some(Kind::Reason)) => _ = draft.reason.get_or_insert(text),
            (Kind::Message, _) => _ = draft.failure().message.get_or_insert(text),
            (Kind::Trace, _) => _ = draft.failure().trace.get_or_insert(text),
            _ => {}
        }
    }

    fn pop_suite(&mut self, out: &mut Output<'_>) -> Option<OpenSuite> {
        if self.deeper > 0 {
            self.deeper -= 1;
            self.levels.leave();
            out.summary.suites_left_out += 1;
            return None;
        }
        let mut suite = self.suites.pop()?;
        if suite.open.named {
            suite.open.metadata.path = self.levels.of_suite(out);
            self.levels.leave();
        }
        Some(suite)
    }

    fn close_suite(&mut self, place: &mut Place<'_, '_, Kind>) {
        let Some(mut suite) = self.pop_suite(place.out) else {
            return;
        };
        for warning in [suite.open.false_claim(), suite.open.left_out()] {
            warning.into_iter().for_each(|warning| place.warn(warning));
        }
        if let Some(reason) = suite.failed_by_itself() {
            place.out.run_failure(reason);
            suite.told_failure = true;
        }
        if let Some(around) = self.suites.last_mut() {
            around.open.inner += suite.open.counts();
            around.told_failure |= suite.told_failure;
        }
        suite.open.end(place.out);
    }
}
