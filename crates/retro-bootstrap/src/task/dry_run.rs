//! What a playbook would run.

use std::fmt::Write as _;

use retro_domain::{Hook, HookSide, Playbook, PlaybookStep, TaskPhase, TaskPlan};

use crate::config::duration_text;

/// What a run would do, in order: its phases, and the steps of its playbook between them. Control
/// characters are escaped; the text ends in a line break.
pub fn dry_run(plan: &TaskPlan, playbook: &Playbook) -> String {
    let mut text = String::new();
    for phase in TaskPhase::ALL {
        let is_planned = plan.has(phase);
        for side in [HookSide::Before, HookSide::After] {
            if side == HookSide::After && is_planned {
                let _ = writeln!(text, "{}", phase.name());
            }
            for step in playbook.steps_at(Hook::new(side, phase)) {
                write_step(&mut text, step, is_planned);
            }
        }
    }
    text
}

fn write_step(text: &mut String, step: &PlaybookStep, is_planned: bool) {
    let PlaybookStep { name, hook, .. } = step;
    let _ = writeln!(
        text,
        "  {} ({hook}): {}",
        plain(name),
        plain(&step.command.to_string())
    );
    if !is_planned {
        let _ = writeln!(
            text,
            "    not run: the task has no phase {}",
            hook.phase.name()
        );
        return;
    }
    for condition in &step.conditions {
        let _ = writeln!(text, "    if {}", plain(&condition.to_string()));
    }
    if !step.work_dir.is_empty() {
        let _ = writeln!(text, "    in {}", plain(&step.work_dir));
    }
    if step.timeout.is_some() {
        let _ = writeln!(text, "    for {} at most", duration_text(step.timeout));
    }
    match step.retries {
        0 => {}
        1 => text.push_str("    tried twice at most\n"),
        retries => {
            let _ = writeln!(text, "    tried {} times at most", retries + 1);
        }
    }
    if !step.fail_fast {
        text.push_str("    the run goes on when it fails\n");
    }
}

fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter.is_control() {
            true => plain.extend(letter.escape_default()),
            false => plain.push(letter),
        }
    }
    plain
}
