//! NUnit 2 and 3, and what other tools write in their formats (Unity, Pester).
//!
//! A test is named by its class, its name and its parameters. Suites for namespaces and fixtures
//! say nothing that the class does not say, so only what is around them (the assembly) is part of
//! a name, unless a test has no class.

mod case;
mod suite;

use std::io::BufRead;

use self::case::OpenCase;
use self::suite::{Level, OpenSuite};
use crate::ParseError;
use crate::dotnet::{self, Draft, Elements, Place, Role};
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
    /// The named ones among them, down to a depth.
    levels: Vec<Level>,
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
                let suite = OpenSuite::new(kind, attributes, &mut self.levels, place);
                self.suites.push(suite);
            }
            Kind::Case => self.cases.push(OpenCase::new(attributes, place)),
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
                    suite.environment(attributes, place.out);
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

    fn innermost_case(&mut self) -> Option<&mut Draft> {
        self.cases.last_mut().map(|it| &mut it.draft)
    }

    fn finish(&mut self, out: &mut Output<'_>) {
        // Suites that were cut off have a path and a beginning worth telling.
        while let Some(suite) = self.pop_suite(out) {
            if suite.open.is_worth_telling() {
                out.suite(suite.open.metadata);
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
            suite.open.property(name, value, out);
        }
    }

    /// Takes a message, a trace or the path of an attachment.
    fn told(&mut self, kind: Kind, text: String, place: &mut Place<'_, '_, Kind>) {
        let Some(case) = self.cases.last_mut() else {
            if let Some(suite) = self.suites.last_mut()
                && kind == Kind::Message
                && suite.message.is_none()
                && suite.open.takes(text.len(), place.out)
            {
                suite.message = Some(text);
            }
            return;
        };
        let draft = &mut case.draft;
        match (kind, place.parent) {
            (Kind::FilePath, _) => draft.attachment(&text),
            (Kind::Message, Some(Kind::Reason)) => _ = draft.reason.get_or_insert(text),
            (Kind::Message, _) => _ = draft.failure().message.get_or_insert(text),
            (Kind::Trace, _) => _ = draft.failure().trace.get_or_insert(text),
            _ => {}
        }
    }

    fn pop_suite(&mut self, out: &mut Output<'_>) -> Option<OpenSuite> {
        let mut suite = self.suites.pop()?;
        suite.open.leave(out);
        if suite.open.named {
            suite
                .open
                .is_at(self.levels.iter().map(|level| &level.name), out);
            self.levels.pop();
        }
        Some(suite)
    }

    fn close_suite(&mut self, place: &mut Place<'_, '_, Kind>) {
        let Some(mut suite) = self.pop_suite(place.out) else {
            return;
        };
        if let Some(claim) = suite.open.false_claim() {
            place.warn(claim);
        }
        if let Some(reason) = suite.failed_by_itself() {
            place.out.run_failure(reason);
            suite.told_failure = true;
        }
        if let Some(around) = self.suites.last_mut() {
            around.open.inner += suite.open.counts();
            around.told_failure |= suite.told_failure;
        }
        if suite.open.is_worth_telling() {
            place.out.suite(suite.open.metadata);
        }
    }
}
