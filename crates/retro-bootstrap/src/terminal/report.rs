//! The end of a run: what is printed, and the exit code.

use retro_domain::Verdict;
use retro_git::GitError;
use retro_store::{ResultStore, RunStore, StoreError};
use retro_workflow::document::RunDocument;
use retro_workflow::{LookBackError, LookBackReport, RunView, StopCause, view_run};

use super::{Format, Paint, json, messages, print, summary};
use crate::config::FailOn;
use crate::{ExitCode, Failure, LocalStores};

/// How the end of a run is told.
#[derive(Clone, Copy, Debug)]
pub struct ReportOptions {
    /// How it is printed.
    pub format: Format,
    /// In which colours.
    pub paint: Paint,
    /// What makes the exit code one of findings.
    pub fail_on: FailOn,
    /// What to type next names the run, since it is not the latest.
    pub name_run: bool,
}

/// Prints what the run and everything known before say about the range, and decides the exit code.
///
/// # Errors
///
/// What ended the run, when it could not go on; when the stores cannot be read, and when standard
/// output cannot be written.
pub async fn show_report(
    stores: &LocalStores,
    report: LookBackReport,
    options: ReportOptions,
) -> Result<ExitCode, Failure> {
    let runs: &dyn RunStore = &*stores.runs;
    let results: &dyn ResultStore = &*stores.results;
    let stored = runs.run(&report.run).await.map_err(store_failure)?;
    let run = stored.ok_or_else(|| {
        Failure::new(
            ExitCode::Incomplete,
            format!("run {} is not stored", report.run),
        )
    })?;
    let view = view_run(run, results).await.map_err(store_failure)?;
    match options.format {
        Format::Human => {
            let messages = messages(&view, results).await.map_err(store_failure)?;
            let (name_run, paint) = (options.name_run, options.paint);
            print(&summary(&view, Some(&report), &messages, name_run, paint))?;
        }
        format => print(&json(&RunDocument::new(&view), format)?)?,
    }
    let exit = exit_code(&view, &report, options.fail_on);
    match report.stopped {
        Some(StopCause::Fatal(error)) => Err(look_back_failure(error)),
        _ => Ok(exit),
    }
}

/// Trouble outranks findings, and findings outrank having nothing to show.
fn exit_code(view: &RunView, report: &LookBackReport, fail_on: FailOn) -> ExitCode {
    match report.stopped {
        Some(StopCause::Interrupted) => return ExitCode::Interrupted,
        Some(StopCause::TimeLimit | StopCause::Fatal(_)) => return ExitCode::Incomplete,
        // Whether the failure is new was not found out, because it was to end the run.
        Some(StopCause::FailFast) if fail_on != FailOn::None => return ExitCode::Findings,
        Some(StopCause::FailFast) => return ExitCode::Fine,
        None => {}
    }
    // A result can be missing although its job was done: somebody removed it meanwhile.
    if !report.failed.is_empty() || view.summaries.iter().any(Option::is_none) {
        return ExitCode::Incomplete;
    }
    let tested = view
        .summaries
        .iter()
        .flatten()
        .any(|summary| summary.verdict.is_tested());
    let failures = view.summaries.iter().flatten().any(|summary| {
        summary.verdict == Verdict::TestsFailed || summary.verdict == Verdict::TimedOut
    });
    let new = view.findings.has_new_failures();
    let flaky = !view.findings.flaky.is_empty();
    let found = match fail_on {
        FailOn::None => false,
        FailOn::New => new,
        FailOn::Any => failures,
        FailOn::Flaky => new || flaky,
    };
    match (found, tested) {
        (true, _) => ExitCode::Findings,
        (false, true) => ExitCode::Fine,
        (false, false) => ExitCode::NothingRan,
    }
}

/// A store's error as people see it.
pub fn store_failure(error: StoreError) -> Failure {
    Failure::from_error(ExitCode::Incomplete, &error)
}

/// An error of looking back as people see it.
pub fn look_back_failure(error: LookBackError) -> Failure {
    let (exit, hint) = match &error {
        LookBackError::EmptyRange { .. } => (
            ExitCode::NothingRan,
            Some("widen the range, or loosen --since, --until, --path or --merges"),
        ),
        LookBackError::Rule { .. } => (
            ExitCode::Usage,
            Some("mend the [[rules]] entry of the configuration that has this range"),
        ),
        LookBackError::Git(GitError::BadRevision { .. } | GitError::NotARepository { .. }) => {
            (ExitCode::Usage, None)
        }
        LookBackError::Output { .. } => (
            ExitCode::Incomplete,
            Some("free some space, or name another place with --cache-dir"),
        ),
        LookBackError::Command { .. } => (
            ExitCode::Usage,
            Some("install the program, or name another command"),
        ),
        LookBackError::Store(StoreError::Full { .. }) => (
            ExitCode::Incomplete,
            Some("free some space (`git retro gc` removes old results)"),
        ),
        _ => (ExitCode::Incomplete, None),
    };
    let failure = Failure::from_error(exit, &error);
    match hint {
        Some(hint) => failure.with_hint(hint),
        None => failure,
    }
}
