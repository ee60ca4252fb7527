//! One `<test>`.

use retro_domain::{Location, Outcome, TestCase, TestId};

use super::Kind;
use crate::dotnet::{Draft, Place, parameters_after, split_parameters};
use crate::odd::{quoted, short};
use crate::xml::Attributes;

/// A test whose end was not read yet.
#[derive(Debug)]
pub(super) struct OpenTest {
    pub(super) draft: Draft,
    class: Option<String>,
    method: Option<String>,
    result: Option<String>,
    /// The name of the attachment that is open, and the type of its content if it is binary.
    attachment: Option<(String, Option<String>)>,
}

impl OpenTest {
    /// Reads a start tag. `around` is what the tests around it hold.
    pub(super) fn new(
        around: usize,
        attributes: Attributes<'_>,
        place: &mut Place<'_, '_, Kind>,
    ) -> Self {
        let mut test = Self {
            draft: Draft::new(place.line, &place.out.options),
            class: None,
            method: None,
            result: None,
            attachment: None,
        };
        let (mut file, mut line) = (None, None);
        for (key, raw) in attributes {
            let text = || Some(Attributes::text(raw)).filter(|text| !text.trim().is_empty());
            match key {
                b"name" => test.draft.name = test.draft.name.take().or_else(text),
                b"type" => test.class = text(),
                b"method" => test.method = text(),
                b"result" => test.result = text(),
                b"time" => {
                    if let Some(odd) = test.draft.took(&Attributes::text(raw)) {
                        place.warn(odd);
                    }
                }
                b"source-file" => file = text(),
                b"source-line" => line = text().and_then(|text| text.trim().parse().ok()),
                _ => {}
            }
        }
        test.draft.location = file.map(|file| Location { file, line });
        test.draft.around = around;
        test
    }

    /// How many bytes it holds, and the tests around it.
    pub(super) fn held(&self) -> usize {
        let attachment = self.attachment.as_ref();
        let attachment =
            attachment.map(|(name, kind)| name.len() + kind.as_ref().map_or(0, String::len));
        let texts = [&self.class, &self.method, &self.result];
        let texts = texts.into_iter().flatten().map(String::len).sum::<usize>();
        self.draft.held() + texts + attachment.unwrap_or(0)
    }

    pub(super) fn begin_attachment(&mut self, attributes: Attributes<'_>) {
        let (mut name, mut content) = (String::new(), None);
        for (key, raw) in attributes {
            match key {
                b"name" => name = Attributes::text(raw),
                b"media-type" => content = Some(Attributes::text(raw)),
                _ => {}
            }
        }
        self.attachment = Some((name, content));
    }

    /// Attachments are no files but texts in the report, so they become properties.
    pub(super) fn end_attachment(&mut self, text: String) {
        let Some((name, content)) = self.attachment.take() else {
            return;
        };
        let value = match content {
            Some(content) => format!("({content}, {} bytes in base64)", text.len()),
            None => text,
        };
        self.draft.property(format!("attachment {name}"), value);
    }

    fn outcome(&self, place: &mut Place<'_, '_, Kind>) -> Outcome {
        let word = self.result.as_deref().unwrap_or_default();
        let said = match word.to_ascii_lowercase().as_str() {
            "pass" | "passed" => Outcome::Passed,
            "fail" | "failed" => Outcome::Failed,
            "skip" | "skipped" | "notrun" => Outcome::Skipped,
            "error" => Outcome::Errored,
            // A writer that gives no result gives its consequences.
            "" if self.draft.failure.is_some() => Outcome::Failed,
            "" if self.draft.reason.is_some() => Outcome::Skipped,
            "" => {
                place.warn(format!("{} has no result", short(self.draft.shown())));
                Outcome::Errored
            }
            _ => {
                place.warn(format!("{} is no result", quoted(word)));
                Outcome::Errored
            }
        };
        let failed = self.draft.failure.is_some().then_some(Outcome::Failed);
        said.max(failed.unwrap_or(said))
    }

    /// The finished test of an assembly.
    pub(super) fn finish(
        mut self,
        assembly: Option<&str>,
        place: &mut Place<'_, '_, Kind>,
    ) -> TestCase {
        let outcome = self.outcome(place);
        if self.result.as_deref() == Some("NotRun") {
            self.draft.property("result", "NotRun".to_owned());
        }
        let given = self.draft.name.clone().or(self.method.clone());
        let given = given.unwrap_or_else(|| "(unnamed)".to_owned());
        let class = self.class.take();
        let name = class
            .as_deref()
            .and_then(|class| given.strip_prefix(class)?.strip_prefix('.'))
            .unwrap_or(&given);
        let (name, parameters) = match self.method.take() {
            Some(method) => name_of(name, method),
            None => {
                let (name, parameters) = split_parameters(name);
                (name.to_owned(), parameters.map(ToOwned::to_owned))
            }
        };
        self.draft.warn_left_out(place);
        let id = TestId {
            suite: assembly.map(ToOwned::to_owned).into_iter().collect(),
            class,
            name,
            parameters,
        };
        self.draft.finish(id, outcome, None)
    }
}

/// The name and the parameters of a test of a method. A name for show, from `DisplayName`, may be
/// that of several methods, and one method may have several: both are told.
fn name_of(shown: &str, method: String) -> (String, Option<String>) {
    if shown == method {
        return (method, None);
    }
    if let Some(parameters) = parameters_after(shown, &method) {
        let parameters = parameters.to_owned();
        return (method, Some(parameters));
    }
    // Runners can write spaces for the underscores of a method.
    let (start, parameters) = split_after(shown, method.len());
    let is_method = start.len() == method.len() && start.replace(' ', "_") == method;
    let parameters = match is_method {
        true => parameters,
        false => Some(shown),
    };
    let parameters = parameters.map(ToOwned::to_owned);
    (method, parameters)
}

/// A name cut after so many bytes, and what is in brackets behind.
fn split_after(name: &str, len: usize) -> (&str, Option<&str>) {
    match name.split_at_checked(len) {
        Some((start, rest)) => match rest.strip_prefix('(').and_then(|it| it.strip_suffix(')')) {
            Some(parameters) => (start, Some(parameters)),
            None => (if rest.is_empty() { start } else { name }, None),
        },
        None => (name, None),
    }
}
