//! `git retro export`: results for other tools.

use std::fs::File;
use std::io::{BufWriter, Write};

use retro_bootstrap::terminal::store_failure;
use retro_bootstrap::{ExitCode, Failure};
use retro_store::{ResultStore, RunRecord, RunStore};
use retro_workflow::export::{self, Exported};

use crate::cli::{ExportArgs, ExportFormat};
use crate::context::{Context, runtime};

pub(crate) fn run(context: &Context, args: &ExportArgs) -> Result<ExitCode, Failure> {
    let stores = context.stores()?;
    let (runs, results): (&dyn RunStore, &dyn ResultStore) = (&*stores.runs, &*stores.results);
    let runtime = runtime()?;
    let run = runtime.block_on(super::the_run(context, runs, &args.run))?;
    let mut target: Box<dyn Write> = match &args.output {
        None => Box::new(BufWriter::new(std::io::stdout().lock())),
        Some(path) => Box::new(BufWriter::new(File::create(path).map_err(|error| {
            Failure::from_error(ExitCode::Usage, &error)
                .context(format!("{} cannot be written", path.display()))
        })?)),
    };
    match runtime.block_on(write(&run, results, args.format, &mut *target)) {
        Ok(()) => Ok(ExitCode::Fine),
        Err(Trouble::Failure(failure)) => Err(failure),
        Err(Trouble::Io(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => {
            Ok(ExitCode::Fine)
        }
        Err(Trouble::Io(error)) => Err(Failure::from_error(ExitCode::Incomplete, &error)),
    }
}

enum Trouble {
    Failure(Failure),
    Io(std::io::Error),
}

impl From<std::io::Error> for Trouble {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

async fn write(
    run: &RunRecord,
    results: &dyn ResultStore,
    format: ExportFormat,
    target: &mut dyn Write,
) -> Result<(), Trouble> {
    let stored = |error| Trouble::Failure(store_failure(error));
    match format {
        ExportFormat::Junit => target.write_all(export::JUNIT_HEAD.as_bytes())?,
        ExportFormat::Csv => target.write_all(export::CSV_HEADER.as_bytes())?,
        ExportFormat::Jsonl => {}
    }
    for commit in &run.commits {
        let summary = results
            .summaries(&[commit.key])
            .await
            .map_err(stored)?
            .pop()
            .flatten();
        let Some(summary) = summary else { continue };
        let cases = results
            .cases(&commit.key)
            .await
            .map_err(stored)?
            .unwrap_or_default();
        let exported = Exported {
            commit,
            summary: &summary,
            cases: &cases,
        };
        let text = match format {
            ExportFormat::Junit => export::junit(&exported),
            ExportFormat::Csv => export::csv(&exported),
            ExportFormat::Jsonl => export::jsonl(&exported).map_err(std::io::Error::from)?,
        };
        target.write_all(text.as_bytes())?;
    }
    if format == ExportFormat::Junit {
        target.write_all(export::JUNIT_TAIL.as_bytes())?;
    }
    target.flush()?;
    Ok(())
}
