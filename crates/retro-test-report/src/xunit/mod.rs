//! xUnit.net, versions 1 (`<class>`), 2 (`<collection>`) and 3.
//!
//! A test is named by its assembly, its class, its name and its parameters. Collections say who
//! runs beside whom and are no part of a name.

mod assembly;
mod test;

use std::io::BufRead;

use self::assembly::OpenAssembly;
use self::test::OpenTest;
use crate::ParseError;
use crate::dotnet::{self, Draft, Elements, Place, Role};
use crate::kept_text::first_line;
use crate::odd::short;
use crate::open_suite::OpenSuite;
use crate::output::Output;
use crate::xml::{Attributes, ReferenceText};

/// The most bytes of the message of an error outside of tests.
const ERROR_MESSAGE: usize = 4096;

/// What an open group costs, with its name for messages.
const GROUP: usize = 600;

/// Reads a document; whether it was an xUnit.net report at all.
pub(crate) fn read<R: BufRead>(reader: R, out: &mut Output<'_>) -> Result<bool, ParseError> {
    dotnet::read(reader, &mut Report::default(), out)
}

/// Whether the start tag of an `<assembly>` is one of a report. Other formats have that name too.
pub(crate) fn is_assembly_of_report(attributes: Attributes<'_>) -> bool {
    attributes.take(100).any(|(name, _)| {
        matches!(
            name,
            b"test-framework" | b"run-date" | b"run-time" | b"total" | b"passed"
        )
    })
}

/// The elements that mean something.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Kind {
    Assemblies,
    Assembly,
    /// `<collection>` (2, 3) and `<class>` (1).
    Group,
    Test,
    Failure,
    Reason,
    Message,
    Trace,
    Output,
    Trait,
    Error,
    Warning,
    Attachment,
    Other,
}

#[derive(Default)]
struct Report {
    /// What `<assemblies>` says; at most one is open.
    whole: OpenSuite,
    assemblies: Vec<OpenAssembly>,
    groups: Vec<OpenSuite>,
    tests: Vec<OpenTest>,
    /// How many bytes the assemblies and groups that are open hold.
    held: usize,
}

impl Elements for Report {
    type Kind = Kind;

    fn kind(name: &[u8], parent: Option<Kind>) -> Kind {
        match name {
            b"assemblies" => Kind::Assemblies,
            b"assembly" => Kind::Assembly,
            b"collection" | b"class" => Kind::Group,
            b"test" => Kind::Test,
            b"failure" => Kind::Failure,
            b"reason" => Kind::Reason,
            b"message" if matches!(parent, Some(Kind::Failure | Kind::Reason)) => Kind::Message,
            b"stack-trace" if parent == Some(Kind::Failure) => Kind::Trace,
            b"output" => Kind::Output,
            b"trait" => Kind::Trait,
            b"error" => Kind::Error,
            b"warning" => Kind::Warning,
            b"attachment" => Kind::Attachment,
            _ => Kind::Other,
        }
    }

    fn role(kind: Kind) -> Role {
        match kind {
            Kind::Assemblies | Kind::Assembly | Kind::Test => Role::Structure,
            Kind::Reason
            | Kind::Message
            | Kind::Trace
            | Kind::Output
            | Kind::Warning
            | Kind::Attachment => Role::Text,
            _ => Role::Plain,
        }
    }

    fn is_evidence(kind: Kind, attributes: Attributes<'_>) -> bool {
        match kind {
            Kind::Assembly => is_assembly_of_report(attributes),
            _ => matches!(kind, Kind::Assemblies | Kind::Test),
        }
    }

    fn may_be_inside(kind: Kind, holder: Kind) -> bool {
        // Version 1 has the reason in an element of its own.
        kind == Kind::Message && holder == Kind::Reason
    }

    fn limit(&self, kind: Kind, max_text: usize) -> Option<usize> {
        match kind {
            _ if !self.tests.is_empty() => Some(max_text),
            Kind::Output => None,
            _ => Some(max_text.min(ERROR_MESSAGE)),
        }
    }

    fn open(&mut self, kind: Kind, attributes: Attributes<'_>, place: &mut Place<'_, '_, Kind>) {
        match kind {
            Kind::Assemblies => self.whole = assembly::whole(attributes, place),
            Kind::Assembly => {
                let assembly = OpenAssembly::new(attributes, place);
                self.held += assembly.size();
                self.assemblies.push(assembly);
            }
            Kind::Group => {
                self.held += GROUP;
                self.groups.push(assembly::group(attributes, place));
            }
            Kind::Test => {
                let around = self.tests.last().map_or(0, OpenTest::held);
                self.tests.push(OpenTest::new(around, attributes, place));
            }
            Kind::Failure => {
                let exception = attributes
                    .filter(|(name, _)| *name == b"exception-type")
                    .map(|(_, value)| Attributes::text(value))
                    .find(|text| !text.is_empty());
                if let Some(test) = self.tests.last_mut() {
                    let failure = test.draft.failure();
                    failure.kind = failure.kind.take().or(exception);
                } else if let Some(assembly) = self.assemblies.last_mut() {
                    assembly.exception = exception.as_deref().map(short);
                }
            }
            Kind::Trait => {
                let (name, value) = name_and_value(attributes);
                if let Some(test) = self.tests.last_mut() {
                    test.draft.property(name, value);
                }
            }
            Kind::Error => {
                if let Some(assembly) = self.assemblies.last_mut() {
                    assembly.begin_error(attributes);
                }
            }
            Kind::Attachment => {
                if let Some(test) = self.tests.last_mut() {
                    test.begin_attachment(attributes);
                }
            }
            _ => {}
        }
    }

    fn close(&mut self, kind: Kind, text: Option<ReferenceText>, place: &mut Place<'_, '_, Kind>) {
        match kind {
            Kind::Assemblies => {
                std::mem::take(&mut self.whole).end(place.out);
            }
            Kind::Assembly => {
                if let Some(assembly) = self.assemblies.pop() {
                    self.held -= assembly.size();
                    assembly.close(place);
                }
            }
            Kind::Group => self.close_group(place),
            Kind::Test => self.close_test(place),
            // Without a failure inside, what it said about itself is all there is.
            Kind::Error => {
                if let Some(assembly) = self.assemblies.last_mut() {
                    assembly.end_error(None, place);
                }
            }
            Kind::Output => {
                let Some(text) = text else { return };
                if let Some(test) = self.tests.last_mut() {
                    test.draft.stdout(text);
                } else if let Some(assembly) = self.assemblies.last_mut()
                    && let Some(text) = text.finish()
                {
                    assembly
                        .suite
                        .output(false, text, place.out.options.max_text);
                }
            }
            _ => {
                if let Some(text) = text.and_then(ReferenceText::finish_trimmed) {
                    self.told(kind, text, place);
                }
            }
        }
    }

    fn open_case(&self) -> Option<&Draft> {
        self.tests.first().map(|test| &test.draft)
    }

    fn held(&self) -> usize {
        self.held + self.tests.last().map_or(0, |test| test.draft.around)
    }

    fn finish(&mut self, out: &mut Output<'_>) {
        while let Some(assembly) = self.assemblies.pop() {
            assembly.cut(out);
        }
    }
}

impl Report {
    fn told(&mut self, kind: Kind, text: String, place: &mut Place<'_, '_, Kind>) {
        let Some(test) = self.tests.last_mut() else {
            if kind != Kind::Message {
                return;
            }
            let Some(assembly) = self.assemblies.last_mut() else {
                return;
            };
            if assembly.is_in_error() {
                assembly.end_error(Some(&text), place);
            } else {
                // A class of version 1 whose fixture failed.
                let class = self
                    .groups
                    .last()
                    .and_then(|group| group.metadata.path.last());
                let name = class.map_or("a class", String::as_str);
                let why = first_line(&text).unwrap_or_default();
                place
                    .out
                    .run_failure(format!("{name} failed outside of its tests: {why}"));
            }
            return;
        };
        match (kind, place.parent) {
            (Kind::Message, Some(Kind::Reason)) | (Kind::Reason, _) => {
                _ = test.draft.reason.get_or_insert(text);
            }
            (Kind::Message, _) => _ = test.draft.failure().message.get_or_insert(text),
            (Kind::Trace, _) => _ = test.draft.failure().trace.get_or_insert(text),
            (Kind::Warning, _) => test.draft.property("warning", text),
            (Kind::Attachment, _) => test.end_attachment(text),
            _ => {}
        }
    }

    fn close_test(&mut self, place: &mut Place<'_, '_, Kind>) {
        let Some(test) = self.tests.pop() else { return };
        let assembly = self.assemblies.last_mut();
        let name = assembly.as_deref().and_then(|assembly| assembly.name());
        let case = test.finish(name, place);
        if let Some(group) = self.groups.last_mut() {
            group.add(case.outcome, case.flaky);
        }
        if let Some(assembly) = assembly {
            assembly.suite.add(case.outcome, case.flaky);
        }
        place.out.case(case);
    }

    fn close_group(&mut self, place: &mut Place<'_, '_, Kind>) {
        let Some(group) = self.groups.pop() else {
            return;
        };
        self.held -= GROUP;
        if let Some(claim) = group.false_claim() {
            place.warn(claim);
        }
    }
}

fn name_and_value(attributes: Attributes<'_>) -> (String, String) {
    let (mut name, mut value) = (String::new(), String::new());
    for (key, raw) in attributes {
        match key {
            b"name" if name.is_empty() => name = Attributes::text(raw),
            b"value" => value = Attributes::text(raw),
            _ => {}
        }
    }
    (name, value)
}
