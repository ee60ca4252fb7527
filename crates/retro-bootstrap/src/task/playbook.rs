//! Playbooks from files.

use std::collections::BTreeSet;

use retro_domain::{
    CommandLine, Condition, Hook, HookSide, Playbook, PlaybookStep, StepOutcome, TaskPhase,
    step_field,
};
use serde_json::Value;

use super::document_error::{DocumentError, Faults, shown};
use super::fields::Fields;
use super::json_text::{is_of_size, toml};
use crate::config::closest;

/// Reads a playbook: TOML, or YAML where its name ends in `.yaml` or `.yml`. `name` is also what errors
/// call it.
///
/// # Errors
///
/// Everything that is wrong, by field and by name of the step: no document, unknown keys, values of
/// another type, what [`Playbook::check`] says, more than a MiB.
pub fn read_playbook(text: &str, name: &str) -> Result<Playbook, DocumentError> {
    let faults = Faults::default();
    let playbook = parse(text, name, &faults).and_then(|value| read(value, &faults));
    if let Some(playbook) = &playbook {
        // What could not be read has a stand-in, which is not worth a fault of its own.
        let mut found = playbook.check();
        found.retain(|fault| !faults.has_below(&fault.field));
        for fault in found {
            faults.refuse(fault.field, fault.message);
        }
    }
    faults.or(name, playbook)
}

fn parse(text: &str, name: &str, faults: &Faults) -> Option<Value> {
    if !is_of_size(text, faults) {
        return None;
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let name = name.to_ascii_lowercase();
    if name.ends_with(".yaml") || name.ends_with(".yml") {
        return yaml(text, faults);
    }
    if name.ends_with(".toml") {
        return toml(text, faults);
    }
    faults.refuse(
        "",
        "its name says not what it is; let it end in .toml, .yaml or .yml",
    );
    None
}

#[cfg(feature = "yaml")]
fn yaml(text: &str, faults: &Faults) -> Option<Value> {
    super::yaml_text::yaml(text, faults)
}

#[cfg(not(feature = "yaml"))]
fn yaml(_: &str, faults: &Faults) -> Option<Value> {
    faults.refuse("", "YAML is not read by this program; write it as TOML");
    None
}

fn read(value: Value, faults: &Faults) -> Option<Playbook> {
    let mut fields = Fields::of(value, "", faults)?;
    let description = fields.text("description");
    let fail_fast = fields.switch("fail-fast").unwrap_or(true);
    let (mut steps, mut names) = (Vec::new(), BTreeSet::new());
    for (index, item) in fields
        .list("steps")
        .unwrap_or_default()
        .into_iter()
        .enumerate()
    {
        let name = item.get("name").and_then(Value::as_str).unwrap_or_default();
        // As the faults of the domain name it.
        let name = if names.insert(name.to_owned()) {
            name
        } else {
            ""
        };
        let path = step_field(index, name, "");
        let path = path.trim_end_matches('.');
        if let Some(step) = Fields::of(item, path, faults) {
            steps.push(read_step(step, fail_fast));
        }
    }
    fields.finish();
    Some(Playbook { description, steps })
}

fn read_step(mut fields: Fields<'_>, fail_fast: bool) -> PlaybookStep {
    let name = fields.text("name").unwrap_or_default();
    let hook = take_hook(&mut fields);
    let conditions = match fields.take("when") {
        None => Vec::new(),
        Some(when) => fields
            .table_of("when", when)
            .map(read_conditions)
            .unwrap_or_default(),
    };
    let command = fields.command("command");
    if command.is_none() && !fields.has_fault("command") {
        fields.refuse("command", "it is missing; say what is run");
    }
    let step = PlaybookStep {
        name,
        hook,
        conditions,
        command: command.unwrap_or(CommandLine::Argv(Vec::new())),
        work_dir: fields.text("work-dir").unwrap_or_default(),
        env_allow: fields.allowed("env-allow"),
        env: fields.variables("env"),
        timeout: fields.duration("timeout"),
        retries: fields.number("retries").unwrap_or_default(),
        fail_fast: fields.switch("fail-fast").unwrap_or(fail_fast),
    };
    fields.finish();
    step
}

fn take_hook(fields: &mut Fields<'_>) -> Hook {
    let before = fields
        .text("before")
        .map(|phase| (HookSide::Before, "before", phase));
    let after = fields
        .text("after")
        .map(|phase| (HookSide::After, "after", phase));
    let stand_in = Hook::new(HookSide::After, TaskPhase::Execute);
    let (side, key, name) = match (before, after) {
        (Some(hook), None) | (None, Some(hook)) => hook,
        (Some(_), Some(_)) => {
            fields.refuse("after", "there is a before as well; a step has one place");
            return stand_in;
        }
        (None, None) => {
            if !fields.has_fault("before") && !fields.has_fault("after") {
                fields.refuse("after", "say when it runs: after or before a phase");
            }
            return stand_in;
        }
    };
    match TaskPhase::from_name(&name.replace('-', "_")) {
        Some(phase) => Hook::new(side, phase),
        None => {
            let names = TaskPhase::ALL.map(TaskPhase::name);
            let hint = match closest(&shown(&name), names) {
                Some(meant) => format!("did you mean {meant:?}?"),
                None => format!("there are {}", names.join(", ")),
            };
            fields.refuse(key, format!("there is no phase {}; {hint}", shown(&name)));
            stand_in
        }
    }
}

fn read_conditions(mut when: Fields<'_>) -> Vec<Condition> {
    let mut conditions = Vec::new();
    let files = when.text_or_texts("files").unwrap_or_default();
    conditions.extend(files.into_iter().map(Condition::FileIsThere));
    let files = when.text_or_texts("no-files").unwrap_or_default();
    conditions.extend(files.into_iter().map(Condition::FileIsMissing));
    for (name, value) in when.map("variables") {
        conditions.push(match value {
            Value::String(value) => Condition::VariableIs(name, value),
            Value::Bool(true) => Condition::VariableIsSet(name),
            Value::Bool(false) => Condition::VariableIsUnset(name),
            _ => {
                let message = "it is neither a text, in quotes, nor true (it is set) or false";
                when.refuse(&format!("variables.{name}"), message);
                continue;
            }
        });
    }
    for (name, value) in when.map("steps") {
        let text = value.as_str().unwrap_or_default();
        match StepOutcome::from_name(&text.replace('-', "_")) {
            Some(outcome) => conditions.push(Condition::StepIs(name, outcome)),
            None => {
                let names = StepOutcome::ALL.map(|outcome| outcome.name().replace('_', "-"));
                let message = format!("it is none of {}", names.join(", "));
                when.refuse(&format!("steps.{name}"), message);
            }
        }
    }
    when.finish();
    conditions
}

#[cfg(all(test, feature = "yaml"))]
#[path = "playbook_tests.rs"]
mod tests;
