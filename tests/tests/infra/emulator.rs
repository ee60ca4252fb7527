//! The template deployed into the emulator, and its very state machines executed there, each task of
//! theirs a process. `tests/servers/stack_check.py` holds what is tried.

use crate::template;

fn check(scenario: &str) {
    let script = template::script("stack_check.py");
    template::run("python", &[script.as_ref(), scenario.as_ref()]);
}

#[test]
fn the_template_deploys() {
    check("deploy");
}

#[test]
fn an_inline_batch_completes() {
    check("inline");
}

#[test]
fn a_distributed_batch_in_the_input_completes() {
    check("listed");
}

#[test]
fn a_distributed_batch_in_a_file_completes() {
    check("stored");
}

#[test]
fn each_of_60_jobs_of_an_inline_batch_ends_in_spite_of_every_fault() {
    check("inline-faults");
}

#[test]
fn each_of_60_jobs_of_a_distributed_batch_ends_in_spite_of_every_fault() {
    check("stored-faults");
}

#[test]
fn the_jobs_of_an_aborted_batch_end() {
    check("aborted");
}

#[test]
fn a_reconcile_ends_the_jobs_of_dead_owners_only() {
    check("owners");
}

#[test]
fn a_batch_whose_items_cannot_be_read_fails_and_its_jobs_end() {
    check("no-items");
}

#[test]
fn a_task_is_refused_what_its_role_does_not_allow() {
    check("permissions");
}

#[test]
fn with_any_repository_allowed_batches_and_events_are_refused_to_tasks_and_state_machines() {
    check("widest");
}
