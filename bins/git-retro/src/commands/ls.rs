//! `git retro ls`: the runs.

use std::fmt::Write;

use retro_bootstrap::terminal::{
    Format, count, is_abandoned, json, one_line, print, store_failure,
};
use retro_bootstrap::{ExitCode, Failure};
use retro_store::{RunRecord, RunStore};
use retro_workflow::document::{RunLine, RunsDocument};

use crate::cli::LsArgs;
use crate::context::{Context, runtime};

pub(crate) fn run(context: &Context, args: &LsArgs) -> Result<ExitCode, Failure> {
    let stores = context.stores()?;
    let store: &dyn RunStore = &*stores.runs;
    let repo = match args.all {
        true => None,
        false => Some(context.repo()?),
    };
    let runs = runtime()?
        .block_on(store.runs(repo.as_ref(), args.limit))
        .map_err(store_failure)?;
    let lines: Vec<RunLine> = runs.iter().map(line).collect();
    if args.format != Format::Human {
        print(&json(&RunsDocument::new(lines), args.format)?)?;
        return Ok(ExitCode::Fine);
    }
    if lines.is_empty() && args.limit > 0 {
        context.warn("no run yet; `git retro run` makes one");
    }
    let mut text = String::new();
    for line in lines {
        let started = line
            .started_at
            .get(..16)
            .unwrap_or(&line.started_at)
            .replace('T', " ");
        let commits = count(line.commits, "commit");
        let repo = if args.all {
            format!("{} ", one_line(&line.repo))
        } else {
            String::new()
        };
        let _ = writeln!(
            text,
            "{} {started} {:<11} {commits:>13}  {repo}{}",
            line.id,
            line.status,
            one_line(&line.request)
        );
    }
    print(&text)?;
    Ok(ExitCode::Fine)
}

/// The line of a run, with what its record cannot know.
pub(super) fn line(run: &RunRecord) -> RunLine {
    let mut line = RunLine::new(run);
    if is_abandoned(run) {
        line.status = "abandoned";
    }
    line
}
