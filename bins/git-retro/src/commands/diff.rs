//! `git retro diff`: the tests of two commits side by side.

use std::fmt::Write;

use retro_analysis::{State, diff};
use retro_bootstrap::terminal::{self, Format, commit_line, json, one_line, print, store_failure};
use retro_bootstrap::{ExitCode, Failure};
use retro_domain::TestId;
use retro_store::{ResultStore, ResultSummary, RunCommit, RunRecord, RunStore};
use retro_workflow::document::DifferenceDocument;

use super::show::{commit_named, known};
use crate::cli::DiffArgs;
use crate::context::{Context, runtime};

pub(crate) fn run(context: &Context, args: &DiffArgs) -> Result<ExitCode, Failure> {
    runtime()?.block_on(compare(context, args))
}

async fn compare(context: &Context, args: &DiffArgs) -> Result<ExitCode, Failure> {
    let stores = context.stores()?;
    let (runs, results): (&dyn RunStore, &dyn ResultStore) = (&*stores.runs, &*stores.results);
    let (from, to) = (
        commit_named(context, &args.from)?,
        commit_named(context, &args.to)?,
    );
    let from = known(context, runs, results, &from).await?;
    let to = known(context, runs, results, &to).await?;
    let (a, b) = pair(from, to, args.suite.as_deref())?;
    let table = results
        .outcomes(&[a.1.key, b.1.key])
        .await
        .map_err(store_failure)?;
    let mut rows = table.rows.into_iter();
    let mut state = |summary: &ResultSummary| {
        let row = rows.next().flatten();
        if summary.verdict.is_tested() {
            State::Tested(row.unwrap_or_default())
        } else {
            State::Untestable
        }
    };
    let (left, right) = (state(&a.1), state(&b.1));
    let found = diff(&table.tests, &left, &right);
    let same_suite = a.0.suite == b.0.suite;
    let text = match args.format {
        Format::Human => {
            let paint = context.paint();
            let mut text = String::new();
            for (mark, (commit, summary)) in [("from", &a), ("to  ", &b)] {
                let verdict = one_line(&terminal::verdict(summary));
                let _ = writeln!(text, "{mark} {}  {verdict}", commit_line(commit, paint));
            }
            if !same_suite {
                let warning = paint.doubtful("not the same command, settings or tools:");
                let _ = writeln!(
                    text,
                    "{warning} {} was changed between the two, which may explain what differs",
                    one_line(&a.1.suite_name)
                );
            }
            if !found.comparable {
                text.push_str("the two cannot be compared: one of them gave no results\n");
            }
            list(&mut text, &paint.bad("broke"), &found.broke, &table.tests);
            list(
                &mut text,
                &paint.bad("new, failing"),
                &found.new_failures,
                &table.tests,
            );
            list(&mut text, &paint.good("fixed"), &found.fixed, &table.tests);
            list(
                &mut text,
                "still failing",
                &found.still_failing,
                &table.tests,
            );
            list(&mut text, "flaky", &found.flaky, &table.tests);
            list(
                &mut text,
                "not reported (the command failed)",
                &found.lost,
                &table.tests,
            );
            list(
                &mut text,
                "newly skipped",
                &found.newly_skipped,
                &table.tests,
            );
            list(
                &mut text,
                "no longer skipped",
                &found.no_longer_skipped,
                &table.tests,
            );
            list(&mut text, "new", &found.appeared, &table.tests);
            list(&mut text, "gone", &found.disappeared, &table.tests);
            text
        }
        format => {
            let (from, to) = (a.0.commit.to_string(), b.0.commit.to_string());
            let suite = (a.1.suite_name.clone(), same_suite);
            let document = DifferenceDocument::new((from, to), suite, &table.tests, &found);
            json(&document, format)?
        }
    };
    print(&text)?;
    Ok(ExitCode::Fine)
}

type Known = (RunRecord, RunCommit, ResultSummary);

/// One commit of a comparison and its result.
type Side = (RunCommit, ResultSummary);

/// The newest results of both commits that come from the same suite.
fn pair(from: Vec<Known>, to: Vec<Known>, suite: Option<&str>) -> Result<(Side, Side), Failure> {
    let wanted = |found: &Known| suite.is_none_or(|name| found.2.suite_name == name);
    // The same commands where there are results of them, else the same name.
    type Alike = fn(&Known, &Known) -> bool;
    let tiers: [Alike; 2] = [
        |a, b| a.1.suite == b.1.suite && a.2.suite_name == b.2.suite_name,
        |a, b| a.2.suite_name == b.2.suite_name,
    ];
    for alike in tiers {
        for found in to.iter().filter(|found| wanted(found)) {
            if let Some(other) = from.iter().find(|other| alike(other, found)) {
                let side = |(_, commit, summary): &Known| (commit.clone(), summary.clone());
                return Ok((side(other), side(found)));
            }
        }
    }
    Err(
        Failure::usage("the two commits have no result of the same suite")
            .with_hint("run one suite on both: git retro run FROM TO --suite NAME"),
    )
}

fn list(text: &mut String, label: &str, places: &[usize], tests: &[TestId]) {
    if places.is_empty() {
        return;
    }
    let _ = writeln!(text, "{label}: {}", places.len());
    for &place in places {
        let _ = writeln!(text, "  {}", one_line(&tests[place].to_string()));
    }
}
