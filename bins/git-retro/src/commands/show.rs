//! `git retro show`: a run, or what is known of a commit.

use std::fmt::Write;

use retro_bootstrap::terminal::{
    self, Format, Paint, commit_line, duration, json, one_line, print, store_failure,
};
use retro_bootstrap::{ExitCode, Failure, LocalStores};
use retro_domain::{CommitId, TestCase};
use retro_git::History;
use retro_store::{JobStore, ResultStore, ResultSummary, RunCommit, RunRecord, RunStore};
use retro_workflow::document::{CommitDocument, CommitResult, RunDocument};
use retro_workflow::{find_run, results_of_commit, view_run};

use crate::cli::ShowArgs;
use crate::context::{Context, runtime};

pub(crate) fn run(context: &Context, args: &ShowArgs) -> Result<ExitCode, Failure> {
    runtime()?.block_on(show(context, args))
}

async fn show(context: &Context, args: &ShowArgs) -> Result<ExitCode, Failure> {
    let stores = context.stores()?;
    let (runs, results): (&dyn RunStore, &dyn ResultStore) = (&*stores.runs, &*stores.results);
    let run = find_run(runs, &context.repo()?, &args.what)
        .await
        .map_err(store_failure)?;
    if let Some(run) = run {
        return show_run(context, args, run, &stores).await;
    }
    if args.what == "latest" {
        super::the_run(context, runs, "latest").await?;
    }
    let commit = commit_named(context, &args.what)?;
    let found = known(context, runs, results, &commit).await?;
    let mut documents = Vec::new();
    let mut text = String::new();
    for (run, member, summary) in &found {
        let cases = if args.all {
            results.cases(&summary.key).await
        } else {
            results.failures(&summary.key).await
        };
        let cases = cases.map_err(store_failure)?.unwrap_or_default();
        match args.format {
            Format::Human => text += &page(run, member, summary, &cases, context.paint()),
            _ => documents.push(CommitResult::new(run, member, summary, &cases)),
        }
    }
    if args.format != Format::Human {
        text = json(&CommitDocument::new(documents), args.format)?;
    }
    print(&text)?;
    Ok(ExitCode::Fine)
}

async fn show_run(
    context: &Context,
    args: &ShowArgs,
    run: RunRecord,
    stores: &LocalStores,
) -> Result<ExitCode, Failure> {
    let (jobs, results): (&dyn JobStore, &dyn ResultStore) = (&*stores.jobs, &*stores.results);
    let mut view = view_run(run, results).await.map_err(store_failure)?;
    view.explain(jobs).await.map_err(store_failure)?;
    if args.format != Format::Human {
        let mut document = RunDocument::new(&view);
        document.run = super::ls::line(&view.run);
        print(&json(&document, args.format)?)?;
        return Ok(ExitCode::Fine);
    }
    let paint = context.paint();
    let messages = terminal::messages(&view, results)
        .await
        .map_err(store_failure)?;
    let mut text = terminal::summary(&view, None, &messages, args.what != "latest", paint);
    text.push('\n');
    let commits = view.run.commits.iter().zip(&view.summaries);
    for (place, (commit, summary)) in commits.enumerate().rev() {
        let state = |paint: Paint| match summary {
            None if view.not_done.contains_key(&place) => paint.bad("not done"),
            None => paint.dim("not run"),
            Some(summary) => short_state(summary, paint),
        };
        // Colours take no room on the screen.
        let room = 22_usize.saturating_sub(state(Paint(false)).chars().count());
        let line = commit_line(commit, paint);
        let _ = writeln!(text, "{}{:room$} {line}", state(paint), "");
    }
    print(&text)?;
    Ok(ExitCode::Fine)
}

fn short_state(summary: &ResultSummary, paint: Paint) -> String {
    use retro_domain::Verdict;
    let tests = summary.counts.total();
    match &summary.verdict {
        Verdict::Passed if tests == 0 => paint.good("passed"),
        Verdict::Passed => paint.good(format!("passed {tests}")),
        Verdict::TestsFailed if tests == 0 => paint.bad("failed"),
        Verdict::TestsFailed => {
            paint.bad(format!("failed {} of {tests}", summary.counts.failures()))
        }
        Verdict::Untestable(reason) => paint.doubtful(format!("untestable ({})", reason.name())),
        Verdict::TimedOut => paint.doubtful("timed out"),
    }
}

/// What is known of one commit from one run.
fn page(
    run: &RunRecord,
    commit: &RunCommit,
    summary: &ResultSummary,
    cases: &[TestCase],
    paint: Paint,
) -> String {
    let mut text = String::new();
    let counts = summary.counts;
    let _ = writeln!(text, "{}", commit_line(commit, paint));
    let _ = writeln!(
        text,
        "suite {}: {}",
        one_line(&summary.suite_name),
        one_line(&terminal::verdict(summary))
    );
    let _ = writeln!(
        text,
        "  {}: {} passed, {} failed, {} errored, {} skipped, {} flaky",
        terminal::count(counts.total(), "test"),
        counts.passed,
        counts.failed,
        counts.errored,
        counts.skipped,
        counts.flaky
    );
    let usage = summary.usage;
    let _ = writeln!(
        text,
        "  {}; {} of processor time, {} at most; {}; in run {}",
        duration(usage.wall),
        duration(usage.user + usage.system),
        terminal::bytes(usage.max_rss),
        one_line(&summary.ending),
        run.id
    );
    if summary.commit != commit.commit {
        let _ = writeln!(
            text,
            "  the same tree as {}, which was run",
            summary.commit.short()
        );
    }
    for note in &summary.notes {
        let _ = writeln!(text, "  note: {}", one_line(note));
    }
    for case in cases {
        text += &terminal::case_lines(case, paint);
    }
    text.push('\n');
    text
}

/// The commit that a person named.
pub(crate) fn commit_named(context: &Context, revision: &str) -> Result<CommitId, Failure> {
    let found = context.repository()?.resolve(revision);
    found.map(|info| info.id).map_err(|error| {
        Failure::from_error(ExitCode::Usage, &error)
            .with_hint("name a commit as git does, or a run as `git retro ls` prints it")
    })
}

/// Every known result of a commit; an error when there is none.
pub(crate) async fn known(
    context: &Context,
    runs: &dyn RunStore,
    results: &dyn ResultStore,
    commit: &CommitId,
) -> Result<Vec<(RunRecord, RunCommit, ResultSummary)>, Failure> {
    let found = results_of_commit(runs, results, &context.repo()?, commit).await;
    let found = found.map_err(store_failure)?;
    if found.is_empty() {
        return Err(
            Failure::usage(format!("no result is known of commit {}", commit.short()))
                .with_hint(format!("make one: git retro run {}", commit.short())),
        );
    }
    Ok(found)
}
