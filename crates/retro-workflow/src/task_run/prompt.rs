//! What an executor is told.

use std::fmt::Write as _;

use retro_domain::TaskRun;

/// The prompt of a run: the task in its own words, and what is expected of whoever does it.
///
/// The task's texts are quoted line by line, so that nothing in them passes for what stands around them.
pub fn prompt(run: &TaskRun, result_file: &str) -> String {
    let task = &run.context;
    let mut text = format!("# {}\n\n", one_line(&task.title));
    let _ = writeln!(
        text,
        "Task {}, run {}.",
        one_line(&task.task_id),
        run.run_number
    );
    if let Some(spec) = &task.spec_name {
        let _ = writeln!(text, "It belongs to the specification {}.", one_line(spec));
    }
    if let Some(branch) = &run.git.branch_name {
        let _ = writeln!(text, "The branch {branch} is checked out.");
    }
    if !task.description.trim().is_empty() {
        let _ = write!(
            text,
            "\n## What is to be done\n\n{}",
            quoted(&task.description)
        );
    }
    if !task.acceptance_criteria.is_empty() {
        text.push_str("\n## What must be true when it is done\n\n");
        for criterion in &task.acceptance_criteria {
            let _ = writeln!(text, "- {}", one_line(criterion));
        }
    }
    let _ = write!(
        text,
        "\n## How it is handed in\n\n\
         Changes in the work tree are committed for you; commits that you make yourself stay. Do not push.\n\
         Say what you did in the file {result_file}: lines `Summary: TEXT` and `File: PATH`, nothing else;\n\
         `Pushed-Commit: HASH` where you pushed something all the same.\n"
    );
    text
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn quoted(text: &str) -> String {
    text.lines().fold(String::new(), |mut quoted, line| {
        let _ = writeln!(quoted, "> {line}");
        quoted
    })
}
