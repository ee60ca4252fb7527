//! Whether a task can be run.

use std::collections::BTreeSet;
use std::time::Duration;

use super::commit_message::COMMIT_FACTS;
use super::context::{TaskContext, TaskPlace};
use super::settings::{PREVIEW_FACTS, PULL_REQUEST_FACTS, TaskSettings};
use super::template::Template;
use crate::CommandLine;

const MAX_LINE: usize = 300;
const MAX_TEXT: usize = 256 * 1024;
const MAX_ITEMS: usize = 500;

/// One thing that is wrong with a task, or worth knowing of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The field, as it is named in files: `task_id`, `build.command`.
    pub field: &'static str,
    /// What is wrong and what to do, for people.
    pub message: String,
}

/// Everything there is to say about a task.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Checked {
    /// What keeps it from being run.
    pub faults: Vec<Fault>,
    /// What does not.
    pub warnings: Vec<Fault>,
}

impl Checked {
    /// Whether it can be run.
    pub fn is_valid(&self) -> bool {
        self.faults.is_empty()
    }

    fn refuse(&mut self, field: &'static str, message: impl Into<String>) {
        let message = message.into();
        self.faults.push(Fault { field, message });
    }

    fn refuse_if(&mut self, is_wrong: bool, field: &'static str, message: &str) {
        if is_wrong {
            self.refuse(field, message);
        }
    }

    fn warn(&mut self, field: &'static str, message: &str) {
        let message = message.to_owned();
        self.warnings.push(Fault { field, message });
    }

    /// A line that must say something.
    fn line(&mut self, field: &'static str, text: &str) {
        if text.trim().is_empty() {
            self.refuse(field, "it is missing or blank; say what it is");
        } else if text.chars().any(char::is_control) {
            self.refuse(
                field,
                "it has a line break or a control character in it; make it one line",
            );
        } else if text.chars().count() > MAX_LINE {
            self.refuse(field, format!("it is longer than {MAX_LINE} characters"));
        }
    }

    fn optional_line(&mut self, field: &'static str, text: Option<&String>) {
        if let Some(text) = text {
            self.line(field, text);
        }
    }

    fn command(&mut self, field: &'static str, command: &CommandLine) {
        self.refuse_if(names_no_program(command), field, "it names no program");
    }

    fn time(&mut self, field: &'static str, time: Option<Duration>) {
        if time.is_some_and(|time| time.is_zero()) {
            self.refuse(
                field,
                "it is 0; give a positive number of seconds, or leave it away",
            );
        }
    }

    fn template(&mut self, field: &'static str, text: Option<&str>, known: &[&str]) {
        if let Some(Err(error)) = text.map(|text| Template::parse(text, known)) {
            self.refuse(field, error.to_string());
        }
    }

    fn inner_path(&mut self, field: &'static str, path: &str, may_be_root: bool) {
        if let Some(fault) = inner_path_fault(path, may_be_root) {
            self.refuse(field, fault);
        }
    }
}

pub(super) fn names_no_program(command: &CommandLine) -> bool {
    let first = match command {
        CommandLine::Argv(argv) => argv.first().map(String::as_str),
        CommandLine::Shell(line) => Some(line.as_str()),
    };
    first.is_none_or(|first| first.trim().is_empty())
}

/// What keeps a path from being one in the work tree.
pub(super) fn inner_path_fault(path: &str, may_be_root: bool) -> Option<&'static str> {
    let mut parts = path.split('/');
    if path.is_empty() {
        return (!may_be_root).then_some("it is empty; name a path in the repository");
    }
    if path.contains(['\0', '\\']) || parts.any(|part| matches!(part, "" | "." | "..")) {
        return Some(
            "it must be a path within the repository, without . and .. and at most one / in a row",
        );
    }
    path.split('/')
        .any(|part| part.eq_ignore_ascii_case(".git"))
        .then_some("it leads into .git, where nothing of a task has a place")
}

/// Checks a task with what holds for it (see [`TaskSettings::over`]): every fault at once, in the
/// order of the fields.
///
/// A specification, a skill and a branch may be left away; one that is given must not be blank. That
/// there are no acceptance criteria or no playbook are warnings.
pub fn validate(context: &TaskContext) -> Checked {
    let mut checked = Checked::default();
    checked.line("task_id", &context.task_id);
    checked.optional_line("spec_name", context.spec_name.as_ref());
    checked.line("title", &context.title);
    let description = &context.description;
    checked.refuse_if(
        description.trim().is_empty(),
        "description",
        "it is missing or blank; say what is to be done",
    );
    checked.refuse_if(
        description.len() > MAX_TEXT || description.contains('\0'),
        "description",
        "it is longer than 256 KiB, or has a zero byte in it",
    );
    check_lists(context, &mut checked);
    checked.optional_line("required_skill", context.required_skill.as_ref());
    check_place(context, &mut checked);
    checked.optional_line("slot_id", context.slot_id.as_ref());
    match (&context.branch_name, context.branch(1)) {
        (Some(_), Err(error)) => checked.refuse("branch_name", error.to_string()),
        (None, Err(error)) => checked.refuse("run_branch_prefix", error.to_string()),
        (_, Ok(_)) => {}
    }
    check_settings(&context.settings, &mut checked);
    checked
}

fn check_lists(context: &TaskContext, checked: &mut Checked) {
    let criteria = &context.acceptance_criteria;
    if criteria.is_empty() {
        checked.warn(
            "acceptance_criteria",
            "there are none; nobody can tell when it is done",
        );
    }
    checked.refuse_if(
        criteria.len() > MAX_ITEMS || criteria.iter().any(|one| one.trim().is_empty()),
        "acceptance_criteria",
        "there are more than 500, or one of them is blank",
    );
    let dependencies = &context.dependencies;
    checked.refuse_if(
        dependencies.len() > MAX_ITEMS || dependencies.iter().any(|one| one.trim().is_empty()),
        "dependencies",
        "there are more than 500, or one of them is blank",
    );
    checked.refuse_if(
        dependencies.contains(&context.task_id),
        "dependencies",
        "the task depends on itself",
    );
    let distinct: BTreeSet<&String> = dependencies.iter().collect();
    if distinct.len() < dependencies.len() {
        checked.warn("dependencies", "one of them is named twice");
    }
}

fn check_place(context: &TaskContext, checked: &mut Checked) {
    match &context.place {
        None => checked.refuse(
            "slot_path",
            "there is neither a slot nor a repository; name one",
        ),
        Some(TaskPlace::Slot(path)) => checked.refuse_if(
            !path.starts_with('/') || path.contains('\0') || path.split('/').any(|p| p == ".."),
            "slot_path",
            "it must be an absolute path without ..",
        ),
        Some(place @ TaskPlace::Repository(url)) => {
            checked.refuse_if(
                url.trim().is_empty() || url.chars().any(char::is_control),
                "repo_url",
                "it is blank, or has a control character in it",
            );
            // The address is not repeated here: it holds a secret.
            checked.refuse_if(
                place.holds_credentials(),
                "repo_url",
                "it has a password or a token in it, which would be stored with the run; give it \
                 apart",
            );
        }
    }
}

fn check_settings(settings: &TaskSettings, checked: &mut Checked) {
    let template = settings.commit_template.as_deref();
    checked.template("commit_template", template, &COMMIT_FACTS);
    checked.time("timeout_seconds", settings.timeout);
    match &settings.playbook_path {
        Some(path) => checked.inner_path("playbook_path", path, false),
        None => checked.warn("playbook_path", "there is none; the usual phases are run"),
    }
    match &settings.executor {
        Some(executor) => {
            checked.command("executor.command", &executor.command);
            checked.time("executor.timeout_seconds", executor.timeout);
        }
        None => checked.refuse(
            "executor",
            "there is none; name the command that does the work",
        ),
    }
    if let Some(build) = settings.build.on() {
        checked.command("build.command", &build.command);
        checked.inner_path("build.work_dir", &build.work_dir, true);
        checked.time("build.timeout_seconds", build.timeout);
    }
    check_suites(settings, checked);
    if let Some(deploy) = settings.deploy.on() {
        checked.inner_path("deploy.output", &deploy.output, false);
        let preview_url = deploy.preview_url.as_deref();
        checked.template("deploy.preview_url", preview_url, &PREVIEW_FACTS);
    }
    if let Some(request) = settings.pull_request.on() {
        let facts = &PULL_REQUEST_FACTS;
        checked.template("pull_request.title", request.title.as_deref(), facts);
        checked.template("pull_request.body", request.body.as_deref(), facts);
        if matches!(settings.push, super::Switch::Off) {
            checked.refuse(
                "pull_request",
                "pushing is off, and there is no pull request without",
            );
        }
    }
    let approval = settings.approval.on();
    checked.time(
        "approval.deadline_seconds",
        approval.map(|wanted| wanted.deadline),
    );
}

fn check_suites(settings: &TaskSettings, checked: &mut Checked) {
    let suites = settings.suites.on().map(Vec::as_slice).unwrap_or_default();
    let mut names = BTreeSet::new();
    for suite in suites {
        checked.line("suites.name", &suite.name);
        checked.command("suites.run", &suite.run);
        if !names.insert(&suite.name) {
            checked.refuse("suites.name", format!("{:?} is there twice", suite.name));
        }
    }
}

#[cfg(test)]
#[path = "validate_tests.rs"]
mod tests;
