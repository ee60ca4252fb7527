//! Standard output: data, as people or programs want it. Standard error: words for people.

use std::io::Write;

use clap::ValueEnum;
use serde::Serialize;

use crate::{ExitCode, Failure};

/// Writes text to standard output. A reader that went away is no error: `| head` is common.
///
/// # Errors
///
/// When it cannot be written otherwise.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            let failure = Failure::from_error(ExitCode::Incomplete, &error);
            Err(failure.context("standard output cannot be written"))
        }
        _ => Ok(()),
    }
}

/// Writes a line to standard error. That nobody can read it (the terminal was closed, the reader of
/// a pipe went away) must not end a run.
pub fn say(line: impl std::fmt::Display) {
    drop(writeln!(std::io::stderr().lock(), "{line}"));
}

/// How a command prints its answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Human,
    /// One JSON document
    Json,
    /// One JSON document a line
    Jsonl,
}

/// A document as text, with a line end: on one line for `jsonl`, else laid out.
///
/// # Errors
///
/// When it is no document that JSON has.
pub fn json(document: &impl Serialize, format: Format) -> Result<String, Failure> {
    let text = match format {
        Format::Jsonl => serde_json::to_string(document),
        Format::Json | Format::Human => serde_json::to_string_pretty(document),
    };
    text.map(|text| text + "\n")
        .map_err(|error| Failure::from_error(ExitCode::Incomplete, &error))
}
