//! `git retro results`: what result files hold, without a repository or a run.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter};
use std::path::Path;

use retro_bootstrap::{ExitCode, Failure};
use retro_domain::TestCase;
use retro_test_report::{
    Collected, Format, Options, ParseError, ReportSink, Summary, Warning, parse, write_csv,
    write_ctrf, write_junit,
};
use retro_workflow::document::{ReportDocument, ReportsDocument};

use crate::cli::{ResultsArgs, ResultsFormat};
use crate::output::{json, print, say};
use crate::render::{Paint, case_lines, count, one_line};

pub(crate) fn run(args: &ResultsArgs, paint: Paint) -> Result<ExitCode, Failure> {
    let format = args.read_as.as_deref().map(format_named).transpose()?;
    let options = Options {
        subtests: args.subtests,
        ..Options::default()
    };
    let mut exit = ExitCode::Fine;
    match args.format {
        ResultsFormat::Human => {
            for file in &args.files {
                let mut page = Page::new(paint, args.all);
                let ended = open(file).and_then(|from| parse(from, format, &options, &mut page));
                exit = worse(exit, &ended);
                print(&page.finish(file, &ended))?;
            }
        }
        ResultsFormat::Json => {
            let mut files = Vec::new();
            for file in &args.files {
                let (read, ended) = collect(file, format, &options);
                exit = worse(exit, &ended);
                complain(file, &ended);
                files.push(ReportDocument::new(file, &read, &ended));
            }
            print(&json(
                &ReportsDocument::new(files),
                crate::cli::Format::Json,
            )?)?;
        }
        ResultsFormat::Junit | ResultsFormat::Ctrf | ResultsFormat::Csv => {
            let (mut cases, mut suites) = (Vec::new(), Vec::new());
            for file in &args.files {
                let (read, ended) = collect(file, format, &options);
                exit = worse(exit, &ended);
                complain(file, &ended);
                cases.extend(read.cases);
                suites.extend(ended.map(|summary| summary.suites).unwrap_or_default());
            }
            let to = BufWriter::new(io::stdout().lock());
            let written = match args.format {
                ResultsFormat::Junit => write_junit(to, &cases, &suites),
                ResultsFormat::Ctrf => write_ctrf(to, &cases, &suites),
                _ => write_csv(to, &cases),
            };
            match written {
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                    let failure = Failure::from_error(ExitCode::Incomplete, &error);
                    return Err(failure.context("standard output cannot be written"));
                }
                _ => {}
            }
        }
    }
    Ok(exit)
}

fn format_named(name: &str) -> Result<Format, Failure> {
    Format::from_name(name).ok_or_else(|| {
        let known: Vec<&str> = Format::ALL.into_iter().map(Format::name).collect();
        Failure::usage(format!("--as {name:?}: there is no such format"))
            .with_hint(format!("the formats are: {}", known.join(", ")))
    })
}

/// A file, or standard input for `-`.
fn open(file: &str) -> Result<Box<dyn BufRead>, ParseError> {
    if file == "-" {
        return Ok(Box::new(io::stdin().lock()));
    }
    if Path::new(file).is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory).into());
    }
    Ok(Box::new(BufReader::new(File::open(file)?)))
}

fn collect(
    file: &str,
    format: Option<Format>,
    options: &Options,
) -> (Collected, Result<Summary, ParseError>) {
    let mut read = Collected::default();
    let ended = open(file).and_then(|from| parse(from, format, options, &mut read));
    (read, ended)
}

/// A file that is no report is wrong input; one that ends early is incomplete.
fn worse(exit: ExitCode, ended: &Result<Summary, ParseError>) -> ExitCode {
    match ended {
        Err(_) => ExitCode::Usage,
        Ok(summary) if summary.truncated && exit == ExitCode::Fine => ExitCode::Incomplete,
        Ok(_) => exit,
    }
}

/// Says on standard error what the data cannot say.
fn complain(file: &str, ended: &Result<Summary, ParseError>) {
    match ended {
        Err(error) => say(format_args!("error: {file}: {error}")),
        Ok(summary) if summary.truncated => {
            say(format_args!("warning: {file}: {TRUNCATED}"));
        }
        Ok(_) => {}
    }
}

const TRUNCATED: &str = "the report ends before its end; tests may be missing";

/// What is shown of one file. Passed and skipped tests are counted and forgotten.
struct Page {
    paint: Paint,
    all: bool,
    tests: String,
    warnings: String,
    /// Tests that are not shown for want of room.
    more: usize,
    shown: usize,
}

/// So many failed tests of one file are shown unless all are asked for.
const MOST_SHOWN: usize = 50;

impl Page {
    fn new(paint: Paint, all: bool) -> Self {
        Self {
            paint,
            all,
            tests: String::new(),
            warnings: String::new(),
            more: 0,
            shown: 0,
        }
    }

    fn finish(self, file: &str, ended: &Result<Summary, ParseError>) -> String {
        let mut text = format!("{}: ", one_line(file));
        match ended {
            Err(error) => {
                let _ = writeln!(text, "{} {error}", self.paint.bad("error:"));
            }
            Ok(summary) => {
                let counts = summary.counts;
                let total = count(counts.total(), "test");
                let _ = write!(text, "{}, {total}", summary.format.title());
                let parts = [
                    (counts.passed, "passed"),
                    (counts.failed, "failed"),
                    (counts.errored, "errored"),
                    (counts.skipped, "skipped"),
                    (counts.flaky, "flaky"),
                    (summary.subtests.total(), "subtests"),
                ];
                let parts: Vec<String> = parts
                    .into_iter()
                    .filter(|(number, _)| *number > 0)
                    .map(|(number, name)| format!("{number} {name}"))
                    .collect();
                if !parts.is_empty() {
                    let _ = write!(text, ": {}", parts.join(", "));
                }
                text.push('\n');
            }
        }
        text += &self.tests;
        if self.more > 0 {
            let _ = writeln!(text, "  … and {} more (--all shows them)", self.more);
        }
        if let Ok(summary) = ended {
            if let Some(failure) = &summary.run_failure {
                let label = self.paint.bad("the run failed:");
                let _ = writeln!(text, "  {label} {}", one_line(failure));
            }
            if summary.truncated {
                let _ = writeln!(text, "  {} {TRUNCATED}", self.paint.doubtful("truncated:"));
            }
        }
        text + &self.warnings
    }
}

impl ReportSink for Page {
    fn case(&mut self, case: &TestCase) {
        if !self.all && !case.outcome.is_failure() && !case.flaky {
            return;
        }
        if !self.all && self.shown == MOST_SHOWN {
            self.more += 1;
            return;
        }
        self.shown += 1;
        self.tests += &case_lines(case, self.paint);
    }

    fn warning(&mut self, warning: Warning) {
        let label = self.paint.doubtful("warning:");
        let _ = writeln!(
            self.warnings,
            "  {label} {}",
            one_line(&warning.to_string())
        );
    }
}
