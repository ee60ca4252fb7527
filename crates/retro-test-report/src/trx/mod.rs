//! TRX, what Visual Studio, `vstest` and `dotnet test` write.
//!
//! The class of a test is not in its result but in its definition, which may come before or after.
//! Before, definitions are kept up to a limit. After, the cases wait for them up to a limit; when
//! there are more, they are handed over under what their own names say.

mod definitions;
mod result;
mod run;
mod waiting;

use std::io::BufRead;

use retro_domain::OutcomeCounts;

use self::definitions::Definitions;
use self::result::{OpenResult, Unnamed};
use self::run::Run;
use self::waiting::Waiting;
use crate::ParseError;
use crate::dotnet::{self, Draft, Elements, Place, Role};
use crate::output::Output;
use crate::xml::{Attributes, ReferenceText};

/// The most bytes of one text of a definition or a message of the run.
const SHORT_TEXT: usize = 4096;

/// Reads a document; whether it was a TRX report at all.
pub(crate) fn read<R: BufRead>(reader: R, out: &mut Output<'_>) -> Result<bool, ParseError> {
    dotnet::read(reader, &mut Report::default(), out)
}

/// Whether the attributes of a `<TestRun>` are those of a report; other tools have an element of
/// that name.
pub(crate) fn is_run_of_report(attributes: Attributes<'_>) -> bool {
    attributes.take(100).any(|(name, value)| match name {
        b"id" | b"name" | b"runUser" => true,
        _ => memchr::memmem::find(value, b"VisualStudio/TeamTest").is_some(),
    })
}

/// Whether a report has this element directly below its root; results are where their list is
/// missing.
pub(crate) fn is_part_of_run(name: &[u8]) -> bool {
    let is_result = name.ends_with(b"TestResult");
    is_result
        || matches!(
            name,
            b"Times"
                | b"TestSettings"
                | b"TestRunConfiguration"
                | b"Deployment"
                | b"Results"
                | b"ResultSummary"
                | b"TestDefinitions"
                | b"TestEntries"
                | b"TestLists"
        )
}

/// The elements that mean something.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Kind {
    TestRun,
    Times,
    Results,
    InnerResults,
    /// A result; true when it sums up tests that count themselves.
    Result(bool),
    Definitions,
    Definition,
    TestMethod,
    Category,
    Owner,
    Property,
    Key,
    Value,
    Description,
    Summary,
    Counters,
    RunInfo,
    RunInfoText,
    Stdout,
    Stderr,
    ErrorInfo,
    Message,
    Trace,
    TextMessages,
    TextMessage,
    /// Something with the path of a file.
    File,
    Other,
}

#[derive(Default)]
struct Report {
    run: Run,
    definitions: Definitions,
    results: Vec<OpenResult>,
    /// Finished cases whose definitions were not read yet.
    waiting: Waiting,
    /// Whether cases no longer wait: all definitions were read, or too many cases waited.
    no_waiting: bool,
    /// The key of the property that is open.
    key: Option<String>,
}

impl Elements for Report {
    type Kind = Kind;

    fn kind(name: &[u8], parent: Option<Kind>) -> Kind {
        let in_results = matches!(parent, Some(Kind::Results | Kind::InnerResults));
        match name {
            b"TestRun" => Kind::TestRun,
            b"Times" => Kind::Times,
            b"Results" => Kind::Results,
            b"InnerResults" => Kind::InnerResults,
            b"UnitTestResult" => Kind::Result(false),
            b"TestResultAggregation" if in_results => Kind::Result(true),
            _ if in_results && name.ends_with(b"TestResult") => Kind::Result(false),
            b"TestDefinitions" => Kind::Definitions,
            _ if parent == Some(Kind::Definitions) => Kind::Definition,
            b"TestMethod" => Kind::TestMethod,
            b"TestCategoryItem" => Kind::Category,
            b"Owner" => Kind::Owner,
            b"Property" => Kind::Property,
            b"Key" if parent == Some(Kind::Property) => Kind::Key,
            b"Value" if parent == Some(Kind::Property) => Kind::Value,
            b"Description" if parent == Some(Kind::Definition) => Kind::Description,
            b"ResultSummary" => Kind::Summary,
            b"Counters" => Kind::Counters,
            b"RunInfo" => Kind::RunInfo,
            b"Text" if parent == Some(Kind::RunInfo) => Kind::RunInfoText,
            b"StdOut" | b"DebugTrace" => Kind::Stdout,
            b"StdErr" => Kind::Stderr,
            b"ErrorInfo" => Kind::ErrorInfo,
            b"Message" if parent == Some(Kind::ErrorInfo) => Kind::Message,
            b"StackTrace" if parent == Some(Kind::ErrorInfo) => Kind::Trace,
            b"TextMessages" => Kind::TextMessages,
            b"Message" if parent == Some(Kind::TextMessages) => Kind::TextMessage,
            b"ResultFile" | b"A" => Kind::File,
            _ => Kind::Other,
        }
    }

    fn role(kind: Kind) -> Role {
        match kind {
            Kind::TestRun | Kind::Results | Kind::InnerResults | Kind::Result(_) => Role::Structure,
            Kind::Key
            | Kind::Value
            | Kind::Description
            | Kind::RunInfoText
            | Kind::Stdout
            | Kind::Stderr
            | Kind::Message
            | Kind::Trace
            | Kind::TextMessage => Role::Text,
            _ => Role::Plain,
        }
    }

    fn limit(&self, kind: Kind, max_text: usize) -> Option<usize> {
        match kind {
            _ if !self.results.is_empty() => Some(max_text),
            Kind::Stdout | Kind::Stderr => None,
            _ => Some(max_text.min(SHORT_TEXT)),
        }
    }

    fn open(&mut self, kind: Kind, attributes: Attributes<'_>, place: &mut Place<'_, '_, Kind>) {
        match kind {
            Kind::TestRun => self.run.name(attributes, place),
            Kind::Times => self.run.times(attributes, place),
            Kind::Result(is_aggregation) => {
                let around = self.results.last().map_or(0, OpenResult::held);
                let mut result = OpenResult::new(is_aggregation, around, attributes, place);
                self.run.computer(result.computer.take());
                self.results.push(result);
            }
            Kind::Definition => self.definitions.begin(attributes),
            Kind::TestMethod => self.definitions.method(attributes),
            Kind::Category => {
                if let Some(value) = attribute(attributes, b"TestCategory") {
                    self.property("category", value);
                }
            }
            Kind::Owner => {
                if let Some(value) = attribute(attributes, b"name") {
                    self.property("owner", value);
                }
            }
            Kind::Property => self.key = None,
            Kind::Summary => self.run.summary(attributes),
            Kind::Counters => self.run.counters(attributes, place),
            Kind::RunInfo => self.run.begin_info(attributes),
            Kind::ErrorInfo => {
                if let Some(result) = self.results.last_mut() {
                    result.draft.failure();
                }
            }
            Kind::File => {
                let mut attributes = attributes;
                let path = attributes.find(|(key, _)| matches!(*key, b"path" | b"href"));
                if let Some((_, path)) = path {
                    let path = Attributes::text(path);
                    match self.results.last_mut() {
                        Some(result) => result.draft.attachment(&path),
                        None => {
                            let room = &mut place.out.suite_room;
                            let name = "attachment".to_owned();
                            self.run.suite.property(name, path, room);
                        }
                    }
                }
            }
            _ => {}
        }
    }

    fn close(&mut self, kind: Kind, text: Option<ReferenceText>, place: &mut Place<'_, '_, Kind>) {
        match kind {
            Kind::TestRun => {
                self.hand_over(place.out);
                std::mem::take(&mut self.run).close(Some(place.line), place.out);
                (self.no_waiting, self.definitions) = (false, Definitions::default());
            }
            Kind::Result(_) => self.close_result(place),
            Kind::Definition => self.definitions.end(),
            Kind::Definitions => {
                self.hand_over(place.out);
                self.no_waiting = true;
                if self.definitions.properties_left_out > 0 {
                    place.warn(format!(
                        "{} properties of definitions are left out: one definition may have {} of them, and {} \
                         KiB of texts",
                        self.definitions.properties_left_out,
                        definitions::MOST_PROPERTIES,
                        definitions::MOST_TEXT >> 10
                    ));
                }
                if self.definitions.left_out > 0 {
                    place.warn(format!(
                        "definitions of more than {} MiB: {} are left out, and the names of their \
                         tests are those of their results",
                        definitions::MOST_BYTES >> 20,
                        self.definitions.left_out
                    ));
                }
            }
            Kind::RunInfo => self.run.end_info(place),
            Kind::Stdout | Kind::Stderr | Kind::TextMessage => {
                let Some(text) = text else { return };
                match self.results.last_mut() {
                    Some(result) if kind == Kind::Stderr => result.draft.stderr(text),
                    Some(result) => result.draft.stdout(text),
                    None => {
                        if let Some(text) = text.finish() {
                            let most = place.out.options.max_text;
                            self.run.suite.output(kind == Kind::Stderr, text, most);
                        }
                    }
                }
            }
            _ => {
                if let Some(text) = text.and_then(ReferenceText::finish_trimmed) {
                    self.told(kind, text);
                }
            }
        }
    }

    fn open_case(&self) -> Option<&Draft> {
        self.results.first().map(|result| &result.draft)
    }

    fn held(&self) -> usize {
        self.results.last().map_or(0, |result| result.draft.around)
    }

    /// Less than elsewhere, for results and definitions that wait for each other take much.
    const MOST_HELD: usize = 4 << 20;

    fn finish(&mut self, out: &mut Output<'_>) {
        self.hand_over(out);
        std::mem::take(&mut self.run).close(None, out);
    }
}

impl Report {
    fn told(&mut self, kind: Kind, text: String) {
        match kind {
            Kind::Key => self.key = Some(text),
            Kind::Value => {
                if let Some(key) = self.key.take() {
                    self.property(&key, text);
                }
            }
            Kind::Description => self.property("description", text),
            Kind::RunInfoText => self.run.info_text(text),
            Kind::Message | Kind::Trace => {
                let Some(result) = self.results.last_mut() else {
                    self.run.failed(text);
                    return;
                };
                let failure = result.draft.failure();
                let slot = match kind {
                    Kind::Message => &mut failure.message,
                    _ => &mut failure.trace,
                };
                slot.get_or_insert(text);
            }
            _ => {}
        }
    }

    /// A property of the result or the definition that is open.
    fn property(&mut self, name: &str, value: String) {
        if let Some(result) = self.results.last_mut() {
            result.draft.property(name, value);
        } else if self.definitions.is_open() {
            self.definitions.property(name, value);
        }
    }

    fn close_result(&mut self, place: &mut Place<'_, '_, Kind>) {
        let Some(result) = self.results.pop() else {
            return;
        };
        let rows = result.rows;
        match result.finish(place) {
            Ok(unnamed) => {
                let (outcome, flaky) = (unnamed.case.outcome, unnamed.case.flaky);
                self.run.suite.add(outcome, flaky);
                if let Some(around) = self.results.last_mut() {
                    around.rows.add(outcome, flaky);
                }
                self.deliver(unnamed, place);
            }
            // `vstest` counts such a container too.
            Err(outcome) => {
                let mut counts = OutcomeCounts::default();
                counts.add(outcome, false);
                self.run.suite.beside += counts;
                // Rows of rows are rows.
                if let Some(around) = self.results.last_mut() {
                    around.rows += rows;
                }
            }
        }
    }

    fn deliver(&mut self, unnamed: Unnamed, place: &mut Place<'_, '_, Kind>) {
        let is_known = || {
            let test = unnamed.test;
            test.is_none_or(|test| self.definitions.get(test).is_some())
        };
        // Cases are handed over in the order of the file.
        if self.no_waiting || self.waiting.is_empty() && is_known() {
            self.name_and_hand_over(unnamed, place.out);
            return;
        }
        self.waiting.push(&unnamed);
        if self.waiting.is_full() {
            place.warn(format!(
                "more than {} MiB of results come before their definitions: the names of tests are \
                 those of their results",
                waiting::MOST_BYTES >> 20
            ));
            self.hand_over(place.out);
            self.no_waiting = true;
            self.definitions.ignored = true;
        }
    }

    /// Hands over the cases that waited.
    fn hand_over(&mut self, out: &mut Output<'_>) {
        for unnamed in self.waiting.drain() {
            self.name_and_hand_over(unnamed, out);
        }
    }

    fn name_and_hand_over(&self, unnamed: Unnamed, out: &mut Output<'_>) {
        let definition = unnamed.test.and_then(|test| self.definitions.get(test));
        out.case(unnamed.named(definition));
    }
}

fn attribute(mut attributes: Attributes<'_>, name: &[u8]) -> Option<String> {
    let (_, value) = attributes.find(|(key, _)| *key == name)?;
    Some(Attributes::text(value)).filter(|text| !text.is_empty())
}
