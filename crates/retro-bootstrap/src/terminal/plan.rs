//! The plan, before anything runs.

use std::collections::HashMap;
use std::fmt::{Display, Write};

use retro_domain::CacheKey;
use retro_workflow::Plan;

use super::{Paint, clip, commit_line, duration, one_line};

/// Two or three lines: what will run on what, and how long that may take on so many workers, when they
/// are on this machine.
pub fn plan(plan: &Plan, because: &str, workers: Option<usize>, paint: Paint) -> String {
    let mut text = String::new();
    // Rules may have other suites for older commits.
    let newest = plan.commits.last();
    if let Some(suite) = newest.and_then(|newest| plan.suites.get(&newest.suite)) {
        let build = suite.build.as_ref().map(|build| format!("{} && ", build));
        let command = format!("{}{}", build.unwrap_or_default(), suite.run);
        let _ = writeln!(
            text,
            "suite {}: {} {}",
            paint.id(one_line(&plan.suite_name)),
            clip(&one_line(&command), 100),
            paint.dim(format!("({})", one_line(because))),
        );
    }
    let commits = count(plan.commits.len(), "commit");
    let trees = count(plan.distinct, "distinct tree");
    let mut last = format!("plan: {commits} -> {trees}: {} known, ", plan.cached.len());
    let _ = write!(last, "{} to run", plan.jobs.len());
    if let Some(workers) = workers.filter(|_| !plan.jobs.is_empty()) {
        let _ = write!(last, " on {}", count(workers, "worker"));
        match plan.estimate(workers) {
            Some(time) => drop(write!(last, ", about {}", duration(time))),
            None => last.push_str(", no estimate yet"),
        }
    }
    let _ = writeln!(text, "{last}");
    text
}

/// Every commit of the plan and what becomes of it, newest first.
pub fn planned_commits(plan: &Plan) -> String {
    let to_run: HashMap<CacheKey, usize> =
        plan.jobs.iter().map(|job| (job.key, job.commit)).collect();
    let mut text = String::new();
    for (index, commit) in plan.commits.iter().enumerate().rev() {
        let (fate, with) = match to_run.get(&commit.key) {
            Some(&at) if at == index => ("run", String::new()),
            Some(&at) => {
                let same = plan.commits[at].commit.short();
                ("same tree", format!(" (runs as {same})"))
            }
            None => ("known", String::new()),
        };
        let line = commit_line(commit, Paint(false));
        let _ = writeln!(text, "{fate:<9} {line}{with}");
    }
    text
}

/// A number with its noun.
pub fn count(number: impl Display + PartialEq + From<u8>, noun: &str) -> String {
    let plural = if number == 1.into() { "" } else { "s" };
    format!("{number} {noun}{plural}")
}
