//! Whether a playbook can be run.

use std::collections::BTreeMap;

use super::playbook::{Condition, Hook, Playbook, PlaybookStep};
use super::validate::{inner_path_fault, names_no_program};

/// More steps than this are no playbook but a program.
const MAX_STEPS: usize = 200;
/// A step that fails more often will fail again.
const MAX_RETRIES: u32 = 10;
const MAX_NAME: usize = 50;

/// One thing that is wrong with a playbook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaybookFault {
    /// The field, with the step's name, or its place from 0 where it has none of its own:
    /// `steps.lint.command`, `steps[2].name`.
    pub field: String,
    /// What is wrong and what to do, for people.
    pub message: String,
}

/// How faults name a field of a step.
pub fn step_field(index: usize, name: &str, field: &str) -> String {
    match is_name(name) {
        true => format!("steps.{name}.{field}"),
        false => format!("steps[{index}].{field}"),
    }
}

fn is_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    !name.is_empty() && name.len() <= MAX_NAME && name.bytes().all(is_plain)
}

impl Playbook {
    /// Every fault at once, in the order of the steps; none in a playbook that can be run.
    pub fn check(&self) -> Vec<PlaybookFault> {
        let mut faults = Vec::new();
        if self.steps.is_empty() || self.steps.len() > MAX_STEPS {
            faults.push(PlaybookFault {
                field: "steps".to_owned(),
                message: format!("there are none, or more than {MAX_STEPS}"),
            });
        }
        let mut places: BTreeMap<&str, (Hook, usize)> = BTreeMap::new();
        for (index, step) in self.steps.iter().enumerate() {
            places.entry(&step.name).or_insert((step.hook, index));
        }
        for (index, step) in self.steps.iter().enumerate().take(MAX_STEPS) {
            let first = places.get(step.name.as_str()).map(|(_, first)| *first);
            let is_second = first != Some(index);
            let name = if is_second { "" } else { &step.name };
            let mut refuse = |field: &str, message: String| {
                let field = step_field(index, name, field);
                faults.push(PlaybookFault { field, message });
            };
            if is_second {
                refuse(
                    "name",
                    "another step has this name already; choose another".to_owned(),
                );
            }
            check_step(step, &mut refuse);
            check_conditions(step, index, &places, &mut refuse);
        }
        faults
    }
}

fn check_step(step: &PlaybookStep, refuse: &mut impl FnMut(&str, String)) {
    if !is_name(&step.name) {
        refuse(
            "name",
            format!(
                "it is missing, longer than {MAX_NAME}, or has something else in it than letters, \
                 digits, - and _"
            ),
        );
    }
    if !step.hook.has_work_tree() {
        let side = step.hook.to_string();
        refuse(
            side.split(' ').next().unwrap_or_default(),
            format!(
                "there is no work tree {}; steps run from after prepare to before clean_up",
                step.hook
            ),
        );
    }
    if names_no_program(&step.command) {
        refuse("command", "it names no program".to_owned());
    }
    if let Some(fault) = inner_path_fault(&step.work_dir, true) {
        refuse("work-dir", fault.to_owned());
    }
    if step.timeout.is_some_and(|time| time.is_zero()) {
        refuse(
            "timeout",
            "it is 0; give a time, or leave it away".to_owned(),
        );
    }
    if step.retries > MAX_RETRIES {
        refuse("retries", format!("there are more than {MAX_RETRIES}"));
    }
}

fn check_conditions(
    step: &PlaybookStep,
    index: usize,
    places: &BTreeMap<&str, (Hook, usize)>,
    refuse: &mut impl FnMut(&str, String),
) {
    for path in step.files() {
        if let Some(fault) = inner_path_fault(path, false) {
            refuse("when", format!("the path {path:?}: {fault}"));
        }
    }
    for condition in &step.conditions {
        let Condition::StepIs(other, _) = condition else {
            continue;
        };
        match places.get(other.as_str()) {
            None => refuse("when", format!("there is no step {other:?}")),
            Some(place) if *place >= (step.hook, index) => refuse(
                "when",
                format!("the step {other:?} has its turn later; name one that comes before"),
            ),
            Some(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::phase::TaskPhase;
    use super::super::playbook::{HookSide, StepOutcome};
    use super::*;
    use crate::CommandLine;

    fn step(name: &str) -> PlaybookStep {
        PlaybookStep {
            name: name.to_owned(),
            hook: Hook::new(HookSide::After, TaskPhase::Execute),
            conditions: Vec::new(),
            command: CommandLine::Shell("true".to_owned()),
            work_dir: String::new(),
            env_allow: Vec::new(),
            env: Default::default(),
            timeout: None,
            retries: 0,
            fail_fast: true,
        }
    }

    /// The fields that have faults in a playbook with a step after a good one.
    fn check(change: impl FnOnce(&mut PlaybookStep), expected: &[&str]) {
        let mut second = step("second");
        change(&mut second);
        let playbook = Playbook {
            description: None,
            steps: vec![step("first"), second, step("third")],
        };
        let faults = playbook.check();
        let fields: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(fields, expected, "{faults:?}");
    }

    #[test]
    fn each_field_of_a_step_is_looked_at() {
        let hook = |side, phase| Hook::new(side, phase);
        check(|_| {}, &[]);
        check(|step| step.name = "first".into(), &["steps[1].name"]);
        check(|step| step.name = "a b".into(), &["steps[1].name"]);
        check(|step| step.name = "x".repeat(51), &["steps[1].name"]);
        check(
            |step| step.hook = hook(HookSide::Before, TaskPhase::Prepare),
            &["steps.second.before"],
        );
        check(
            |step| step.hook = hook(HookSide::After, TaskPhase::CleanUp),
            &["steps.second.after"],
        );
        check(
            |step| {
                step.command = CommandLine::Argv(Vec::new());
                step.work_dir = "../x".into();
                step.timeout = Some(Duration::ZERO);
                step.retries = 11;
            },
            &[
                "steps.second.command",
                "steps.second.work-dir",
                "steps.second.timeout",
                "steps.second.retries",
            ],
        );
    }

    #[test]
    fn conditions_look_into_the_work_tree_and_back() {
        let when =
            |condition: Condition| move |step: &mut PlaybookStep| step.conditions = vec![condition];
        let is = |name: &str| Condition::StepIs(name.to_owned(), StepOutcome::Passed);
        check(when(is("first")), &[]);
        for name in ["second", "third", "fourth"] {
            check(when(is(name)), &["steps.second.when"]);
        }
        check(
            |step| {
                step.hook = Hook::new(HookSide::Before, TaskPhase::Push);
                step.conditions = vec![is("third")];
            },
            &[],
        );
        for path in ["", "/etc/passwd", "../x", ".git/config"] {
            check(
                when(Condition::FileIsMissing(path.into())),
                &["steps.second.when"],
            );
        }
    }

    #[test]
    fn a_playbook_has_steps() {
        let fields = |steps: usize| {
            let steps = (0..steps).map(|index| step(&format!("s{index}"))).collect();
            let playbook = Playbook {
                description: None,
                steps,
            };
            playbook.check().len()
        };
        assert_eq!(
            (fields(0), fields(1), fields(200), fields(201)),
            (1, 0, 0, 1)
        );
    }
}
