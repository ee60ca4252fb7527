//! `git retro log`: what a commit's commands wrote.

use std::io::Write;

use retro_bootstrap::terminal::{Format, bytes, json, one_line, print, say, store_failure};
use retro_bootstrap::{ExitCode, Failure};
use retro_domain::CommitId;
use retro_store::{ArtifactEntry, ArtifactStore, ResultStore, RunStore};
use retro_workflow::document::{LogDocument, LogFile};

use super::show::{commit_named, known};
use crate::cli::LogArgs;
use crate::context::{Context, runtime};

pub(crate) fn run(context: &Context, args: &LogArgs) -> Result<ExitCode, Failure> {
    runtime()?.block_on(show(context, args))
}

async fn show(context: &Context, args: &LogArgs) -> Result<ExitCode, Failure> {
    let stores = context.stores()?;
    let (runs, results): (&dyn RunStore, &dyn ResultStore) = (&*stores.runs, &*stores.results);
    let commit = commit_named(context, &args.commit)?;
    let found = known(context, runs, results, &commit).await?;
    let wanted = |name: &str| args.suite.as_deref().is_none_or(|suite| suite == name);
    let Some((_, _, summary)) = found
        .into_iter()
        .find(|(_, _, summary)| wanted(&summary.suite_name))
    else {
        return Err(Failure::usage(format!(
            "{} was not run with that suite",
            commit.short()
        )));
    };
    let artifacts: &dyn ArtifactStore = &*stores.artifacts;
    let manifest = match &summary.artifacts {
        Some(scope) => artifacts.manifest(scope).await.map_err(store_failure)?,
        None => None,
    };
    let (Some(manifest), Some(scope)) = (manifest, &summary.artifacts) else {
        return Err(Failure::new(
            ExitCode::Incomplete,
            format!("the logs of {} are no longer there", commit.short()),
        )
        .with_hint(again(&commit)));
    };
    if args.list && args.format == Format::Human {
        let mut text = String::new();
        for entry in &manifest.entries {
            text += &format!("{:>10}  {}\n", bytes(entry.size), one_line(&entry.name));
        }
        print(&text)?;
        return Ok(ExitCode::Fine);
    }
    let logs = manifest.entries.iter().filter(|entry| match &args.file {
        Some(name) => entry.name == *name,
        None if args.list => true,
        None => entry.name.ends_with(".stdout") || entry.name.ends_with(".stderr"),
    });
    let logs: Vec<&ArtifactEntry> = logs.collect();
    if logs.is_empty() {
        if let Some(name) = &args.file {
            let known: Vec<&str> = manifest
                .entries
                .iter()
                .map(|entry| entry.name.as_str())
                .collect();
            return Err(
                Failure::usage(format!("{} has no file {name:?}", commit.short()))
                    .with_hint(format!("it has: {}", known.join(", "))),
            );
        }
        context.warn("the commands wrote nothing");
    }
    let mut out = std::io::stdout().lock();
    let mut files = Vec::new();
    for entry in logs {
        let name = entry.name.as_str();
        if args.list {
            files.push(LogFile::new(entry, None));
            continue;
        }
        let content = artifacts.read(scope, name).await.map_err(|error| {
            let failure = store_failure(error);
            match &failure.hint {
                Some(_) => failure,
                None => failure.with_hint(again(&commit)),
            }
        })?;
        let content = content.unwrap_or_default();
        if args.format != Format::Human {
            files.push(LogFile::new(entry, Some(&content)));
            continue;
        }
        if args.file.is_none() {
            let size = bytes(u64::try_from(content.len()).unwrap_or(u64::MAX));
            say(format_args!("== {} ({size})", one_line(name)));
        }
        match out.write_all(&content).and_then(|()| out.flush()) {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => break,
            Err(error) => return Err(Failure::from_error(ExitCode::Incomplete, &error)),
            Ok(()) => {}
        }
    }
    drop(out);
    if args.format != Format::Human {
        print(&json(&LogDocument::new(&summary, files), args.format)?)?;
    }
    Ok(ExitCode::Fine)
}

/// What brings back logs that are lost.
fn again(commit: &CommitId) -> String {
    format!(
        "make them again: git retro run --no-cache {}",
        commit.short()
    )
}
