//! `git retro why`: the story of one test.

use std::fmt::Write;

use retro_analysis::{Standing, Transition, TurnKind, story};
use retro_bootstrap::terminal::{
    self, Format, Paint, commit_line, json, one_line, print, store_failure,
};
use retro_bootstrap::{ExitCode, Failure};
use retro_domain::TestId;
use retro_store::{ResultStore, RunStore};
use retro_workflow::document::StoryDocument;
use retro_workflow::{RunView, view_run};

use crate::cli::WhyArgs;
use crate::context::{Context, runtime};

pub(crate) fn run(context: &Context, args: &WhyArgs) -> Result<ExitCode, Failure> {
    runtime()?.block_on(explain(context, args))
}

async fn explain(context: &Context, args: &WhyArgs) -> Result<ExitCode, Failure> {
    let stores = context.stores()?;
    let (runs, results): (&dyn RunStore, &dyn ResultStore) = (&*stores.runs, &*stores.results);
    let run = super::the_run(context, runs, &args.run).await?;
    let view = view_run(run, results).await.map_err(store_failure)?;
    let tests = meant(super::the_tests(&view, &args.test, usize::MAX)?, &args.test);
    let [test] = tests.as_slice() else {
        let names: Vec<String> = tests
            .iter()
            .take(10)
            .map(|test| one_line(&test.to_string()))
            .collect();
        return Err(
            Failure::usage(format!("{:?} fits more than one test", args.test))
                .with_hint(format!("name one of them:\n{}", names.join("\n"))),
        );
    };
    let Some(place) = super::place_of(&view, test) else {
        return Err(Failure::usage(format!(
            "{test} is not in run {}",
            view.run.id
        )));
    };
    let told = story(&view.history, place);
    if args.format != Format::Human {
        print(&json(&StoryDocument::new(&view, test, &told), args.format)?)?;
        return Ok(ExitCode::Fine);
    }
    let paint = context.paint();
    let mut text = format!("{}\n", one_line(&test.to_string()));
    for head in &told.heads {
        let standing = match head.standing {
            Standing::Passing => paint.good("passing"),
            Standing::Failing => paint.bad("failing"),
            Standing::Disputed => paint.doubtful("passing on one side, failing on another"),
            Standing::Unknown => paint.doubtful("not known"),
        };
        let _ = writeln!(
            text,
            "{standing} at {}",
            commit_line(view.commit(head.commit), paint)
        );
    }
    for turn in told.turns.iter().rev() {
        text += &turn_page(&view, turn.kind, &turn.transition, paint);
    }
    if let Some(&first) = told.failing_from_start.first() {
        let line = commit_line(view.commit(first), paint);
        let _ = writeln!(text, "\n{} {line}", paint.bad("failing from the start:"));
        text.push_str(match view.begins_with_history() {
            true => "  there is nothing older\n",
            false => "  nothing older is in this run; widen the range to see where it began\n",
        });
    }
    if !told.flaky.is_empty() {
        let _ = writeln!(text, "\n{}", paint.doubtful("flaky at"));
        for &commit in told.flaky.iter().rev() {
            let _ = writeln!(text, "  {}", commit_line(view.commit(commit), paint));
        }
    }
    if told.turns.is_empty() && told.failing_from_start.is_empty() {
        let _ = writeln!(
            text,
            "no change in {} of run {}",
            terminal::count(view.run.commits.len(), "commit"),
            view.run.id
        );
    }
    print(&text)?;
    Ok(ExitCode::Fine)
}

/// Of several tests, the one that has exactly this name, or whose name ends in it after a `::`.
fn meant(tests: Vec<TestId>, pattern: &str) -> Vec<TestId> {
    let ends = |name: &str| {
        name.strip_suffix(pattern)
            .is_some_and(|before| before.is_empty() || before.ends_with("::"))
    };
    let tiers: [&dyn Fn(&TestId) -> bool; 2] = [&|test| test.to_string() == pattern, &|test| {
        ends(&test.to_string())
    }];
    for fits in tiers {
        let mut fitting = tests.iter().filter(|test| fits(test));
        if let (Some(only), None) = (fitting.next(), fitting.next()) {
            return vec![only.clone()];
        }
    }
    tests
}

fn turn_page(view: &RunView, kind: TurnKind, turn: &Transition, paint: Paint) -> String {
    let (label, first, last) = match kind {
        TurnKind::Broke => (paint.bad("BROKE"), "first bad", "last good"),
        TurnKind::Fixed => (paint.good("FIXED"), "first good", "last bad"),
        TurnKind::AppearedFailing => (paint.bad("NEW, FAILING"), "first seen", "not yet there"),
    };
    let mut text = format!("\n{label}\n");
    let mut line = |name: &str, place: usize| {
        let _ = writeln!(
            text,
            "  {name:<14} {}",
            commit_line(view.commit(place), paint)
        );
    };
    line(first, turn.commit);
    for &place in turn.gap().iter().rev() {
        line("no result", place);
    }
    for &place in turn.before.iter().rev() {
        line(last, place);
    }
    if turn.suspects.len() > 1 {
        let _ = writeln!(
            text,
            "  the culprit is one of {} commits",
            turn.suspects.len()
        );
    }
    if turn
        .suspects
        .iter()
        .any(|&place| view.commit(place).skips_ancestors)
    {
        text.push_str("  or a commit between them that the range leaves out\n");
    }
    if turn.open_ended {
        text.push_str("  or a commit before this range\n");
    }
    if turn.unreliable {
        text.push_str("  the test is flaky in this range, so chance may have made this turn\n");
    }
    text
}
