//! One `<test-case>`.

use retro_domain::{Outcome, TestCase, TestId};

use super::Kind;
use super::suite::Levels;
use crate::dotnet::{Draft, Place, class_and_name, parameters_after, split_parameters};
use crate::odd::quoted;
use crate::xml::Attributes;

/// A case whose end was not read yet.
#[derive(Debug)]
pub(super) struct OpenCase {
    pub(super) draft: Draft,
    full_name: Option<String>,
    class: Option<String>,
    method: Option<String>,
    result: Option<String>,
    label: Option<String>,
    executed: Option<bool>,
    success: Option<bool>,
    run_state: Option<String>,
    pub(super) has_reason: bool,
}

/// What the words of a result say; `None` for unknown words.
pub(super) fn outcome_of(result: &str, label: Option<&str>) -> Option<Outcome> {
    let label = label.unwrap_or_default().to_ascii_lowercase();
    Some(match result.to_ascii_lowercase().as_str() {
        "passed" | "success" | "warning" => Outcome::Passed,
        "failed" | "failure" => match label.as_str() {
            "error" | "invalid" | "cancelled" => Outcome::Errored,
            _ => Outcome::Failed,
        },
        "error" | "cancelled" | "invalid" => Outcome::Errored,
        "skipped" | "ignored" | "inconclusive" | "explicit" | "notrunnable" | "notrun" => {
            Outcome::Skipped
        }
        _ => return None,
    })
}

impl OpenCase {
    /// Reads a start tag. `around` is what the cases around it hold.
    pub(super) fn new(
        around: usize,
        attributes: Attributes<'_>,
        place: &mut Place<'_, '_, Kind>,
    ) -> Self {
        let mut case = Self {
            draft: Draft::new(place.line, &place.out.options),
            full_name: None,
            class: None,
            method: None,
            result: None,
            label: None,
            executed: None,
            success: None,
            run_state: None,
            has_reason: false,
        };
        case.draft.around = around;
        let is_true = |text: &str| match text.trim().to_ascii_lowercase().as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        };
        for (key, raw) in attributes {
            let text = || Some(Attributes::text(raw)).filter(|text| !text.trim().is_empty());
            match key {
                b"name" => case.draft.name = case.draft.name.take().or_else(text),
                b"fullname" => case.full_name = text(),
                b"classname" => case.class = text(),
                b"methodname" => case.method = text(),
                b"result" => case.result = text(),
                b"label" => case.label = text(),
                b"executed" => case.executed = text().as_deref().and_then(is_true),
                b"success" => case.success = text().as_deref().and_then(is_true),
                b"runstate" => case.run_state = text(),
                b"time" | b"duration" => {
                    if let Some(odd) = case.draft.took(&Attributes::text(raw)) {
                        place.warn(odd);
                    }
                }
                b"description" | b"asserts" | b"site" => {
                    let key = String::from_utf8_lossy(key).into_owned();
                    if let Some(text) = text().filter(|text| text != "0") {
                        case.draft.property(key, text);
                    }
                }
                _ => {}
            }
        }
        case
    }

    /// How many bytes it holds, and the cases around it.
    pub(super) fn held(&self) -> usize {
        let texts = [
            &self.full_name,
            &self.class,
            &self.method,
            &self.result,
            &self.label,
            &self.run_state,
        ];
        let texts = texts.into_iter().flatten().map(String::len).sum::<usize>();
        self.draft.held() + texts
    }

    fn outcome(&self, place: &mut Place<'_, '_, Kind>) -> Outcome {
        let said = self
            .result
            .as_deref()
            .map(|word| (word, outcome_of(word, self.label.as_deref())));
        let said = match said {
            Some((word, None)) => {
                place.warn(format!("{} is no result", quoted(word)));
                Some(Outcome::Errored)
            }
            Some((_, known)) => known,
            None if self.success == Some(false) && self.executed != Some(false) => {
                Some(Outcome::Failed)
            }
            None if self.success == Some(true) && self.executed != Some(false) => {
                Some(Outcome::Passed)
            }
            None => None,
        };
        let failed = self.draft.failure.is_some().then_some(Outcome::Failed);
        let did_not_run = self.executed == Some(false)
            || said.is_none()
                && (self.has_reason && self.executed.is_none()
                    || self.run_state.as_deref().is_some_and(|state| {
                        matches!(state, "Ignored" | "Skipped" | "NotRunnable")
                    }));
        let skipped = did_not_run.then_some(Outcome::Skipped);
        let told = said.max(failed).max(skipped);
        let is_named = self.draft.name.is_some() || self.full_name.is_some();
        if told.is_none() && !is_named {
            // What says neither its name nor its result may be of another format.
            place.warn("a test has no name and no result");
            return Outcome::Errored;
        }
        told.unwrap_or(Outcome::Passed)
    }

    /// The finished case inside of these levels.
    pub(super) fn finish(mut self, levels: &Levels, place: &mut Place<'_, '_, Kind>) -> TestCase {
        let outcome = self.outcome(place);
        for (name, word) in [
            ("result", self.result.take()),
            ("label", self.label.take()),
            ("runstate", self.run_state.take()),
        ] {
            let plain = [
                "Passed", "Success", "Failed", "Failure", "Error", "Skipped", "Runnable",
            ];
            if let Some(word) = word.filter(|word| !plain.contains(&word.as_str())) {
                self.draft.property(name, word);
            }
        }
        self.draft.warn_left_out(place);
        let id = self.id(levels);
        let method = self.method.as_deref();
        self.draft.finish(id, outcome, method)
    }

    fn id(&mut self, levels: &Levels) -> TestId {
        let given = self.draft.name.clone().or(self.full_name.clone());
        let given = given.unwrap_or_else(|| "(unnamed)".to_owned());
        let (class, name) = self.class_and_name(&given, levels);
        let method = self.method.as_deref();
        let parameters = method.and_then(|method| Some((method, parameters_after(&name, method)?)));
        let (name, parameters) = match parameters {
            Some((method, parameters)) => (method, Some(parameters)),
            None => split_parameters(&name),
        };
        let (name, parameters) = (name.to_owned(), parameters.map(ToOwned::to_owned));
        TestId {
            suite: levels.suite_of(class.is_some()),
            class,
            name,
            parameters,
        }
    }

    fn class_and_name(&self, given: &str, levels: &Levels) -> (Option<String>, String) {
        if let Some(full) = self.full_name.as_deref() {
            // The class in a full name has the arguments of its fixture, which `classname` lacks.
            let class = full
                .strip_suffix(given)
                .and_then(|rest| rest.strip_suffix('.'))
                .filter(|class| !class.is_empty());
            if let Some(class) = class {
                return (Some(class.to_owned()), given.to_owned());
            }
        }
        if let Some(class) = self.class.as_deref() {
            let name = given
                .strip_prefix(class)
                .and_then(|rest| rest.strip_prefix('.'));
            return (Some(class.to_owned()), name.unwrap_or(given).to_owned());
        }
        let (class, name) = Self::split_by_suites(given, levels);
        let class = class.map(|class| levels.with_arguments(&class).unwrap_or(class));
        (class, name)
    }

    /// NUnit 2 has full names only, and the suites say where the class ends.
    fn split_by_suites(given: &str, levels: &Levels) -> (Option<String>, String) {
        for level in levels.near() {
            for class in [level.qualified.as_deref(), Some(level.name.as_str())] {
                let Some(class) = class else { continue };
                let name = given
                    .strip_prefix(class)
                    .and_then(|rest| rest.strip_prefix('.'))
                    .filter(|name| !name.is_empty());
                let Some(name) = name else { continue };
                if level.is_namespace
                    && let Some((inner, name)) = class_and_name(name)
                {
                    return (Some(format!("{class}.{inner}")), name.to_owned());
                }
                return (Some(class.to_owned()), name.to_owned());
            }
        }
        match class_and_name(given) {
            Some((class, name)) => (Some(class.to_owned()), name.to_owned()),
            None => (None, given.to_owned()),
        }
    }
}
