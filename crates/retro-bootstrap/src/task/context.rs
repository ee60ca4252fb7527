//! Tasks from files and messages.

use retro_domain::{TaskContext, TaskPlace, TaskSettings};
use serde_json::Value;

use super::document_error::{DocumentError, Faults};
use super::fields::Fields;
use super::json_text::{is_of_size, json, toml};
use super::settings::take_settings;
use super::suites::{SuiteChoice, resolve, take_suites};
use crate::config::Settings;

/// A task that was read, and whose suites have still to be looked up in its project.
#[derive(Debug)]
pub struct TaskDocument {
    name: String,
    context: TaskContext,
    suites: SuiteChoice,
}

/// Reads a task for a project: JSON where the name ends in `.json` or the text begins with a brace,
/// else TOML. `name` is also what errors call it.
///
/// What the task does not say stays unset; [`TaskSettings::over`] joins it with
/// [`Settings::task`](crate::Settings::task), and [`retro_domain::validate`] says what is missing.
///
/// # Errors
///
/// Everything that is wrong, by field: no document, unknown fields, values of another type, suites
/// that the project does not have, more than a MiB.
pub fn read_context(
    text: &str,
    name: &str,
    project: &Settings,
) -> Result<TaskContext, DocumentError> {
    let faults = Faults::default();
    let document = parse(text, name, &faults).and_then(|value| read(value, name, &faults));
    let context = document.map(|document| document.join(project, &faults));
    faults.or(name, context)
}

impl TaskDocument {
    /// Reads a task whose project is not known yet, as [`read_context`] does.
    ///
    /// # Errors
    ///
    /// As [`read_context`], but for suites that the project does not have.
    pub fn parse(text: &str, name: &str) -> Result<Self, DocumentError> {
        let faults = Faults::default();
        let document = parse(text, name, &faults).and_then(|value| read(value, name, &faults));
        faults.or(name, document)
    }

    /// Reads a task that is part of something else, such as a message.
    ///
    /// # Errors
    ///
    /// As [`TaskDocument::parse`], but for the text.
    pub fn from_value(value: Value, name: &str) -> Result<Self, DocumentError> {
        let faults = Faults::default();
        let document = read(value, name, &faults);
        faults.or(name, document)
    }

    /// The task without its suites.
    pub fn context(&self) -> &TaskContext {
        &self.context
    }

    /// The task in its project.
    ///
    /// # Errors
    ///
    /// When it names suites that the project does not have.
    pub fn for_project(self, project: &Settings) -> Result<TaskContext, DocumentError> {
        let (faults, name) = (Faults::default(), self.name.clone());
        let context = self.join(project, &faults);
        faults.or(&name, Some(context))
    }

    pub(super) fn join(self, project: &Settings, faults: &Faults) -> TaskContext {
        let mut context = self.context;
        context.settings.suites = resolve(self.suites, project, faults);
        context
    }
}

/// The value of a text.
pub(super) fn parse(text: &str, name: &str, faults: &Faults) -> Option<Value> {
    if !is_of_size(text, faults) {
        return None;
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let is_json =
        name.to_ascii_lowercase().ends_with(".json") || text.trim_start().starts_with('{');
    match is_json {
        true => json(text, faults),
        false => toml(text, faults),
    }
}

pub(super) fn read(value: Value, name: &str, faults: &Faults) -> Option<TaskDocument> {
    let mut task = Fields::of(value, "", faults)?;
    let context = TaskContext {
        task_id: task.text("task_id").unwrap_or_default(),
        spec_name: task.text("spec_name"),
        title: task.text("title").unwrap_or_default(),
        description: task.text("description").unwrap_or_default(),
        acceptance_criteria: task.texts("acceptance_criteria").unwrap_or_default(),
        dependencies: task.texts("dependencies").unwrap_or_default(),
        required_skill: task.text("required_skill"),
        place: take_place(&mut task),
        slot_id: task.text("slot_id"),
        branch_name: task.text("branch_name"),
        settings: TaskSettings::default(),
    };
    let settings = take_settings(&mut task);
    let suites = take_suites(&mut task, faults);
    task.finish();
    Some(TaskDocument {
        name: name.to_owned(),
        context: TaskContext {
            settings,
            ..context
        },
        suites,
    })
}

fn take_place(task: &mut Fields<'_>) -> Option<TaskPlace> {
    match (task.text("slot_path"), task.text("repo_url")) {
        (Some(_), Some(_)) => {
            task.refuse("repo_url", "there is a slot_path as well; name one place");
            None
        }
        (Some(path), None) => Some(TaskPlace::Slot(path)),
        (None, Some(url)) => Some(TaskPlace::Repository(url)),
        (None, None) => None,
    }
}

#[cfg(test)]
#[path = "context_tests.rs"]
pub(crate) mod tests;
