//! `git retro results`: what result files hold, without a repository or a run.

mod page;
mod target;

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter};
use std::path::{Path, PathBuf};

use retro_bootstrap::terminal::{Paint, print, say};
use retro_bootstrap::{ExitCode, Failure};
use retro_test_report::{
    CsvWriter, CtrfWriter, Format, JunitWriter, Options, ParseError, ReportSink, Summary,
    parse_with,
};
use retro_workflow::document::ReportsWriter;

use self::page::Page;
use self::target::{Feed, InFile, Target};
use crate::cli::{ResultsArgs, ResultsFormat};

pub(crate) fn run(args: &ResultsArgs, paint: Paint) -> Result<ExitCode, Failure> {
    let reading = Reading {
        files: &args.files,
        format: args.read_as.as_deref().map(format_named).transpose()?,
        options: Options {
            subtests: args.subtests,
            ..Options::default()
        },
    };
    let mut exit = ExitCode::Fine;
    let to = || BufWriter::new(io::stdout().lock());
    let written = match args.format {
        ResultsFormat::Human => {
            for file in &args.files {
                let mut page = Page::new(paint, args.all);
                let ended = reading.read(file, &mut page);
                exit = worse(exit, &ended);
                print(&page.finish(&file.to_string_lossy(), &ended))?;
            }
            Ok(())
        }
        ResultsFormat::Json => {
            ReportsWriter::new(to()).and_then(|target| reading.write(target, &mut exit))
        }
        ResultsFormat::Ctrf => reading.write(CtrfWriter::new(to()), &mut exit),
        ResultsFormat::Csv => reading.write(CsvWriter::new(to()), &mut exit),
        ResultsFormat::Junit => reading.write(JunitWriter::new(to()), &mut exit),
    };
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let failure = Failure::from_error(ExitCode::Incomplete, &error);
            Err(failure.context("standard output cannot be written"))
        }
        _ => Ok(exit),
    }
}

fn format_named(name: &str) -> Result<Format, Failure> {
    Format::from_name(name).ok_or_else(|| {
        let known: Vec<&str> = Format::ALL.iter().map(|format| format.name()).collect();
        Failure::usage(format!("--as {name:?}: there is no such format"))
            .with_hint(format!("the formats are: {}", known.join(", ")))
    })
}

/// What is read, and how.
struct Reading<'a> {
    files: &'a [PathBuf],
    format: Option<Format>,
    options: Options,
}

impl Reading<'_> {
    fn read(&self, file: &Path, sink: &mut impl ReportSink) -> Result<Summary, ParseError> {
        let from = open(file)?;
        if !self.are_several() || is_stdin(file) {
            return parse_with(from, self.format, &self.options, sink);
        }
        let name = file.to_string_lossy();
        let mut sink = InFile { sink, file: &name };
        parse_with(from, self.format, &self.options, &mut sink)
    }

    fn are_several(&self) -> bool {
        self.files.len() > 1
    }

    /// Writes every file while it is read, each test when it is complete.
    fn write(&self, target: impl Target, exit: &mut ExitCode) -> io::Result<()> {
        let mut feed = Feed::new(target, self.are_several());
        for file in self.files {
            let name = file.to_string_lossy();
            feed.begin(&name);
            let ended = self.read(file, &mut feed);
            *exit = worse(*exit, &ended);
            complain(&name, &ended);
            feed.end(&name, ended);
        }
        feed.finish()
    }
}

fn is_stdin(file: &Path) -> bool {
    file == Path::new("-")
}

/// A file, or standard input for `-`.
fn open(file: &Path) -> Result<Box<dyn BufRead>, ParseError> {
    if is_stdin(file) {
        return Ok(Box::new(io::stdin().lock()));
    }
    if file.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory).into());
    }
    Ok(Box::new(BufReader::new(File::open(file)?)))
}

/// A file that is no report is wrong input; one that ends early is incomplete. How the tests ended, or
/// the run as a whole, is what was asked for, and no trouble.
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
