//! The text of Rust's test harness, as `cargo test` prints it.
//!
//! One stream holds several binaries after each other, documentation tests among them. Cargo names
//! a binary on standard error; when that is part of the stream, the name is the suite of its tests,
//! and otherwise their suite is empty.

mod binary;
mod line;

use std::io::BufRead;

use self::binary::Binary;
pub(crate) use self::binary::documentation_test;
pub(crate) use self::line::without_colours;
use self::line::{
    DOC_TESTS, Line, classify, is_binary_failure, is_documentation_failure, test_after_output,
};
use crate::ParseError;
use crate::foreign::Foreign;
use crate::kept_text::lossy;
use crate::lines::Lines;
use crate::output::Output;

/// How the line begins that announces the tests of a binary.
const START: &str = "running ";

/// Reads a stream; whether there was any test run in it.
pub(crate) fn read<R: BufRead>(reader: R, out: &mut Output<'_>) -> Result<bool, ParseError> {
    let mut lines = Lines::new(reader, out.options.max_text.max(4096));
    let mut run = Run::default();
    let mut number = 0;
    while let Some((line, has_end)) = lines.next_and_end()? {
        number += 1;
        let line = lossy(line);
        let line = without_colours(&line);
        // The start of what comes after a binary's name is nothing that came.
        let is_start = !has_end && (START.starts_with(&*line) || line.starts_with(START));
        if !is_start {
            run.line(number, &line, out);
        }
    }
    run.end(out);
    Ok(run.recognised)
}

/// Whether a line can only be of a test run.
pub(crate) fn is_evidence(line: &[u8]) -> bool {
    let line = String::from_utf8_lossy(&line[..line.len().min(1000)]);
    match classify(&without_colours(&line)) {
        Line::Start(_) | Line::Result(_) | Line::Binary(_) => true,
        Line::Test(test) => test.ended.is_some(),
        _ => false,
    }
}

/// The suite that a line of Cargo's names: the binary that runs next.
pub(crate) fn binary_name(line: &str) -> Option<Vec<String>> {
    match classify(&without_colours(line)) {
        Line::Binary(suite) => Some(suite),
        _ => None,
    }
}

/// Cargo's words on a binary that failed or died.
pub(crate) fn binary_death(line: &str) -> Option<String> {
    match classify(&without_colours(line)) {
        Line::BinaryFailed(why) => Some(why.to_owned()),
        _ => None,
    }
}

/// Which part of a binary's output is being read.
#[derive(Clone, Copy, PartialEq, Default)]
enum Phase {
    /// One line per test.
    #[default]
    Tests,
    /// The output of another harness that a test runs.
    Inner,
    /// What passed tests printed, which is not kept.
    Successes,
    /// Blocks of what failed tests printed.
    Details,
    /// After a `failures:` in the details, which may be part of them.
    MaybeNames,
    /// The names of the failed tests.
    Names,
}

/// The text that was read so far.
#[derive(Default)]
pub(crate) struct Run {
    number: u64,
    /// The suite of the next binary.
    suite: Vec<String>,
    binary: Option<Binary>,
    phase: Phase,
    /// Cargo's first words on the binary's death, when more may follow.
    death: Option<String>,
    after_blank: bool,
    /// How many binaries Cargo named, and how many of them began.
    named: u64,
    begun: u64,
    /// Whether nothing came after the name of the latest.
    is_named_last: bool,
    /// The failure of a binary that Cargo named and that printed nothing of the harness.
    silent_failure: Option<String>,
    foreign: Foreign,
    recognised: bool,
}

impl Run {
    /// Reads the next line, which has no colours.
    pub(crate) fn line(&mut self, number: u64, line: &str, out: &mut Output<'_>) {
        self.number = number;
        let is_blank = line.trim().is_empty();
        let after_blank = std::mem::replace(&mut self.after_blank, is_blank);
        self.is_named_last &= is_blank;
        let kind = classify(line);
        if self.death.is_some() {
            match kind {
                Line::BinaryFailed(why) => return self.died(Some(why), out),
                _ if matches!(line.trim(), "" | "Caused by:") => return,
                _ => {
                    let death = self.death.take();
                    self.died(death.as_deref(), out);
                }
            }
        }
        if let Line::Binary(suite) = kind {
            self.died(Some("another binary began"), out);
            self.recognised = true;
            self.named += 1;
            self.is_named_last = true;
            self.suite = suite;
            return;
        }
        let Some(binary) = &mut self.binary else {
            return self.between(line, kind, out);
        };
        match self.phase {
            Phase::Tests => self.in_tests(line, kind, after_blank, out),
            Phase::Inner => {
                binary.output(line);
                if matches!(kind, Line::Result(_)) {
                    self.phase = Phase::Tests;
                }
            }
            Phase::Successes => match kind {
                Line::Failures => self.phase = Phase::Details,
                Line::Result(result) => self.finish(result, out),
                _ => {}
            },
            Phase::Details => self.in_details(line, kind, out),
            Phase::MaybeNames | Phase::Names => self.in_names(line, kind, out),
        }
    }

    fn in_tests(&mut self, line: &str, kind: Line<'_>, after_blank: bool, out: &mut Output<'_>) {
        let Some(binary) = &mut self.binary else {
            return;
        };
        match kind {
            // Where Cargo names the binaries, one that it does not name is a test's own.
            Line::Start(_) if binary.has_open() || !self.suite.is_empty() => {
                binary.output(line);
                self.phase = Phase::Inner;
            }
            Line::Start(count) if after_blank => {
                self.died(Some("another binary began"), out);
                self.begin(Some(count), out);
            }
            Line::Test(test) => {
                binary.resolve(out);
                let (rest, ended) = (test.rest, test.ended.is_some());
                binary.test(test, out);
                if !ended && is_binary_failure(rest) {
                    self.death = Some(rest.to_owned());
                } else if !ended && let Some((_, inner)) = test_after_output(rest) {
                    binary.test(inner, out);
                }
            }
            Line::Failures => {
                binary.resolve(out);
                self.phase = Phase::Details;
            }
            Line::Successes => {
                binary.resolve(out);
                self.phase = Phase::Successes;
            }
            Line::Result(result) => {
                binary.resolve(out);
                self.finish(result, out);
            }
            Line::BinaryFailed(why) => self.death = Some(why.to_owned()),
            Line::QuietFailure(name) if !binary.has_open() => binary.quiet_failure(name, out),
            Line::Note => {}
            _ => match test_after_output(line) {
                Some((output, test)) => {
                    // When the open test has its result, the output is the next one's.
                    if !binary.has_result() {
                        binary.output(output);
                    }
                    binary.resolve(out);
                    binary.test(test, out);
                }
                None => binary.output(line),
            },
        }
    }

    fn in_details(&mut self, line: &str, kind: Line<'_>, out: &mut Output<'_>) {
        let Some(binary) = &mut self.binary else {
            return;
        };
        match kind {
            Line::Failures => self.phase = Phase::MaybeNames,
            // Some tools leave the details out, and print the names alone.
            Line::Result(result) if !binary.has_block() => self.finish(result, out),
            Line::Block(name) if binary.begin_block(name, out) => {}
            _ => binary.block_line(line),
        }
    }

    fn in_names(&mut self, line: &str, kind: Line<'_>, out: &mut Output<'_>) {
        let Some(binary) = &mut self.binary else {
            return;
        };
        let name = line
            .strip_prefix("    ")
            .map(str::trim_end)
            .filter(|name| !name.is_empty());
        match (kind, name) {
            (Line::Result(result), _) => self.finish(result, out),
            // Without details before it, the line is no part of any.
            (_, Some(name))
                if self.phase == Phase::Names || !binary.has_block() || binary.is_failed(name) =>
            {
                self.phase = Phase::Names;
                binary.listed(name, out);
            }
            (Line::BinaryFailed(why), _) => self.death = Some(why.to_owned()),
            (kind, _) if self.phase == Phase::MaybeNames && !line.trim().is_empty() => {
                // That was no list but a part of a test's output, and so is this.
                binary.block_line("failures:");
                self.phase = Phase::Details;
                self.in_details(line, kind, out);
            }
            _ => {}
        }
    }

    /// A line outside of any binary's output.
    fn between(&mut self, line: &str, kind: Line<'_>, out: &mut Output<'_>) {
        match kind {
            Line::Start(count) => self.begin(Some(count), out),
            // Lines picked out of a longer output, without the one that announces them.
            Line::Test(test) if test.ended.is_some() => {
                self.begin(None, out);
                if let Some(binary) = &mut self.binary {
                    binary.test(test, out);
                }
            }
            Line::Result(result) => {
                self.begin(None, out);
                self.finish(result, out);
            }
            Line::BinaryFailed(why) if self.named > self.begun => {
                let name = self.suite.first().map_or("a test binary", String::as_str);
                self.silent_failure
                    .get_or_insert_with(|| format!("{name}: {why}"));
            }
            _ if is_documentation_failure(line) && self.waits_for_documentation() => {
                let name = self.suite.first().map_or("a crate", String::as_str);
                self.silent_failure.get_or_insert_with(|| {
                    format!("the documentation tests of {name}: {}", line.trim())
                });
            }
            _ => self.foreign.look(self.number, line, out),
        }
    }

    /// Whether Cargo named documentation tests last, and a binary did not begin.
    fn waits_for_documentation(&self) -> bool {
        self.named > self.begun && self.suite.get(1).is_some_and(|kind| kind == DOC_TESTS)
    }

    fn begin(&mut self, announced: Option<u64>, out: &Output<'_>) {
        self.recognised = true;
        self.begun += 1;
        self.phase = Phase::Tests;
        let limit = out.options.max_text;
        self.binary = Some(Binary::new(self.suite.clone(), announced, limit));
    }

    fn finish(&mut self, result: line::ResultLine, out: &mut Output<'_>) {
        self.phase = Phase::Tests;
        if let Some(binary) = self.binary.take() {
            binary.finish(self.number, result, out);
        }
    }

    /// The binary that was named last began, and writes something else.
    pub(crate) fn began_elsewhere(&mut self, out: &mut Output<'_>) {
        self.died(Some("another binary began"), out);
        self.begun += 1;
    }

    /// The end of the stream.
    pub(crate) fn end(&mut self, out: &mut Output<'_>) {
        let death = self.death.take();
        self.died(death.as_deref(), out);
        // Cargo's own lines may all stand before or after what the binaries printed.
        if self.named <= self.begun {
            return;
        }
        if let Some(failure) = self.silent_failure.take() {
            out.run_failure(failure);
        } else if self.is_named_last {
            out.summary.truncated = true;
            let why = "the file ends after the name of a test binary";
            out.warn(self.number, why);
        }
    }

    fn died(&mut self, death: Option<&str>, out: &mut Output<'_>) {
        self.phase = Phase::Tests;
        self.death = None;
        if let Some(mut binary) = self.binary.take() {
            binary.resolve(out);
            binary.died(self.number, death, out);
        }
    }
}
