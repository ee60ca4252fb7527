//! `git retro test`: tests over history.

use std::fmt::Write;

use retro_analysis::Seen;
use retro_bootstrap::terminal::{
    Format, Paint, commit_line, duration, json, one_line, print, store_failure,
};
use retro_bootstrap::{ExitCode, Failure};
use retro_store::{CaseSummary, ResultStore, RunStore};
use retro_workflow::document::{HistoryDocument, TestHistory};
use retro_workflow::{RunView, view_run};

use crate::cli::TestArgs;
use crate::context::{Context, runtime};

/// More tests than this are not shown at once.
const MOST_TESTS: usize = 50;

/// So many marks to a line.
const STRIP_WIDTH: usize = 60;

pub(crate) fn run(context: &Context, args: &TestArgs) -> Result<ExitCode, Failure> {
    runtime()?.block_on(show(context, args))
}

async fn show(context: &Context, args: &TestArgs) -> Result<ExitCode, Failure> {
    let stores = context.stores()?;
    let (runs, results): (&dyn RunStore, &dyn ResultStore) = (&*stores.runs, &*stores.results);
    let run = super::the_run(context, runs, &args.run).await?;
    let view = view_run(run, results).await.map_err(store_failure)?;
    let tests = super::the_tests(&view, &args.name, MOST_TESTS + 1)?;
    if tests.len() > MOST_TESTS {
        context.warn(&format!(
            "more than {MOST_TESTS} tests match; the first of them follow"
        ));
    }
    let keys: Vec<_> = view.run.commits.iter().map(|commit| commit.key).collect();
    let mut text = String::new();
    let mut documents = Vec::new();
    for test in tests.iter().take(MOST_TESTS) {
        let Some(place) = super::place_of(&view, test) else {
            continue;
        };
        let cases = results.history(test, &keys).await.map_err(store_failure)?;
        match args.format {
            Format::Human => text += &page(&view, place, &cases, context.paint()),
            _ => documents.push(TestHistory::new(&view, place, &cases)),
        }
    }
    if args.format != Format::Human {
        let document = HistoryDocument::new(view.run.id.to_string(), documents);
        text = json(&document, args.format)?;
    }
    print(&text)?;
    Ok(ExitCode::Fine)
}

/// One test: a strip of marks from the oldest commit to the newest, then the commits, newest first.
fn page(view: &RunView, place: usize, cases: &[Option<CaseSummary>], paint: Paint) -> String {
    let mut text = String::new();
    let seen: Vec<Seen> = (0..view.run.commits.len())
        .map(|commit| view.history.seen(commit, place))
        .collect();
    let _ = writeln!(text, "{}", one_line(&view.test(place).to_string()));
    text.push_str("  oldest to newest: . passed, F failed, ~ flaky, s skipped, ? no result\n");
    for row in seen.chunks(STRIP_WIDTH) {
        let strip: String = row.iter().map(|&seen| mark(seen)).collect();
        let _ = writeln!(text, "  {}", strip.trim_end());
    }
    for (at, commit) in view.run.commits.iter().enumerate().rev() {
        let name = match seen[at] {
            Seen::Passed => paint.good(format!("{:<10}", seen[at].name())),
            Seen::Failed => paint.bad(format!("{:<10}", seen[at].name())),
            other => paint.doubtful(format!("{:<10}", other.name())),
        };
        let took = cases
            .get(at)
            .copied()
            .flatten()
            .and_then(|case| case.duration);
        let took = took.map(duration).unwrap_or_default();
        let _ = writeln!(text, "  {name} {took:>9} {}", commit_line(commit, paint));
    }
    text.push('\n');
    text
}

fn mark(seen: Seen) -> char {
    match seen {
        Seen::Passed => '.',
        Seen::Failed => 'F',
        Seen::Flaky => '~',
        Seen::Skipped => 's',
        Seen::Absent => ' ',
        Seen::Lost | Seen::Untestable | Seen::TimedOut | Seen::NotRun => '?',
    }
}
