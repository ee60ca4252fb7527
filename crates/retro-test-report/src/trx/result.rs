//! One `<UnitTestResult>`, or a result of another kind of test.

use retro_domain::{Outcome, OutcomeCounts, TestCase, TestId};

use super::Kind;
use super::definitions::{Definition, key_of, method_of, parts_of, within_class};
use crate::dotnet::{Draft, Place, class_and_name, parameters_after};
use crate::odd::quoted;
use crate::xml::Attributes;

/// A result whose end was not read yet.
#[derive(Debug)]
pub(super) struct OpenResult {
    pub(super) draft: Draft,
    pub(super) test: Option<u128>,
    outcome: Option<String>,
    pub(super) computer: Option<String>,
    pub(super) is_data_row: bool,
    is_data_driven: bool,
    /// Ordered tests and the like, each of whose results counts.
    is_aggregation: bool,
    /// The results inside, if any.
    pub(super) rows: OutcomeCounts,
}

/// A case without its names, which are in its definition.
pub(super) struct Unnamed {
    pub(super) test: Option<u128>,
    pub(super) case: TestCase,
}

/// What the words of an outcome say; `None` for unknown words.
pub(super) fn outcome_of(word: &str) -> Option<Outcome> {
    Some(match word.to_ascii_lowercase().as_str() {
        "passed" | "passedbutrunaborted" | "completed" | "warning" | "success" => Outcome::Passed,
        "failed" => Outcome::Failed,
        // A test that was in progress at the end of the run did not come to its own.
        "error" | "timeout" | "aborted" | "disconnected" | "inprogress" => Outcome::Errored,
        "notexecuted" | "notrunnable" | "inconclusive" | "pending" | "skipped" | "ignored" => {
            Outcome::Skipped
        }
        _ => return None,
    })
}

impl OpenResult {
    pub(super) fn new(
        is_aggregation: bool,
        around: usize,
        attributes: Attributes<'_>,
        place: &mut Place<'_, '_, Kind>,
    ) -> Self {
        let mut result = Self {
            draft: Draft::new(place.line, &place.out.options),
            test: None,
            outcome: None,
            computer: None,
            is_data_row: false,
            is_data_driven: false,
            is_aggregation,
            rows: OutcomeCounts::default(),
        };
        result.draft.around = around;
        for (key, raw) in attributes {
            let text = || Some(Attributes::text(raw)).filter(|text| !text.trim().is_empty());
            match key {
                b"testName" => result.draft.name = result.draft.name.take().or_else(text),
                b"testId" => result.test = Some(key_of(raw)),
                b"outcome" => result.outcome = text(),
                b"computerName" => result.computer = text(),
                b"resultType" => {
                    result.is_data_row = raw == b"DataDrivenDataRow";
                    result.is_data_driven = raw == b"DataDrivenTest";
                }
                b"duration" => {
                    if let Some(odd) = result.draft.took(&Attributes::text(raw)) {
                        place.warn(odd);
                    }
                }
                _ => {}
            }
        }
        result
    }

    /// How many bytes it holds, and the results around it.
    pub(super) fn held(&self) -> usize {
        let outcome = self.outcome.as_ref().map_or(0, String::len);
        self.draft.held() + outcome
    }

    /// What it counts as. Visual Studio leaves the outcome out when it is `Error`.
    fn outcome(&self, place: &mut Place<'_, '_, Kind>) -> Outcome {
        match self.outcome.as_deref() {
            None => Outcome::Errored,
            Some(word) => outcome_of(word).unwrap_or_else(|| {
                place.warn(format!("{} is no outcome", quoted(word)));
                Outcome::Errored
            }),
        }
    }

    /// Whether it only sums up the results inside it.
    fn is_container(&self, outcome: Outcome) -> bool {
        let rows_say_it = !outcome.is_failure() || self.rows.failures() > 0;
        !self.is_aggregation && self.rows.total() > 0 && rows_say_it
    }

    /// The finished case, or the outcome alone of what is only a container of others.
    pub(super) fn finish(mut self, place: &mut Place<'_, '_, Kind>) -> Result<Unnamed, Outcome> {
        let outcome = self.outcome(place);
        if self.is_container(outcome) {
            return Err(outcome);
        }
        self.draft.warn_left_out(place);
        let plain = ["Passed", "Failed", "Error", "NotExecuted"];
        let word = self.outcome.take();
        if word.is_none() {
            self.draft.reason = Some("the report gives no outcome".to_owned());
        }
        if let Some(word) = word.filter(|word| !plain.contains(&word.as_str())) {
            self.draft.property("outcome", word);
        }
        let name = self.draft.name.clone();
        let id = TestId::named(name.unwrap_or_else(|| "(unnamed)".to_owned()));
        let in_class = class_and_name(&id.name).map_or(id.name.as_str(), |(_, name)| name);
        let method = method_of(in_class).to_owned();
        let case = self.draft.finish(id, outcome, Some(&method));
        let test = self.test;
        Ok(Unnamed { test, case })
    }
}

impl Unnamed {
    /// The case with the names that its definition gives it, or those that its own name holds.
    pub(super) fn named(self, definition: Option<Definition<'_>>) -> TestCase {
        let mut case = self.case;
        let given = std::mem::take(&mut case.id.name);
        let (class, name) = match definition.and_then(|definition| definition.class) {
            Some(class) => (Some(class), within_class(&given, class)),
            None => class_and_name(&given)
                .map_or((None, given.as_str()), |(class, name)| (Some(class), name)),
        };
        let method = definition.and_then(|definition| definition.method);
        let parameters = method.and_then(|method| Some((method, parameters_after(name, method)?)));
        let (name, parameters) = match parameters {
            Some((method, parameters)) => (method, Some(parameters)),
            None => parts_of(name),
        };
        let storage = definition.and_then(|definition| definition.storage);
        case.id = TestId {
            suite: storage.map(ToOwned::to_owned).into_iter().collect(),
            class: class.map(ToOwned::to_owned),
            name: name.to_owned(),
            parameters: parameters.map(ToOwned::to_owned),
        };
        if let Some(definition) = definition {
            case.properties.extend_from_slice(definition.properties);
        }
        case
    }
}
