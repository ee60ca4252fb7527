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
use self::line::{Line, classify, is_binary_failure, test_after_output, without_colours};
use crate::ParseError;
use crate::kept_text::lossy;
use crate::lines::Lines;
use crate::output::Output;

/// Reads a stream; whether there was any test run in it.
pub(crate) fn read<R: BufRead>(reader: R, out: &mut Output<'_>) -> Result<bool, ParseError> {
    let mut lines = Lines::new(reader, out.options.max_text.max(4096));
    let mut run = Run {
        out,
        number: 0,
        suite: Vec::new(),
        binary: None,
        phase: Phase::Tests,
        death: None,
        after_blank: true,
        recognised: false,
    };
    while let Some(line) = lines.next()? {
        run.number += 1;
        let line = lossy(line);
        run.line(&without_colours(&line));
    }
    let death = run.death.take();
    run.died(death.as_deref());
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
#[derive(Clone, Copy, PartialEq)]
enum Phase {
    /// One line per test.
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

struct Run<'o, 's> {
    out: &'o mut Output<'s>,
    number: u64,
    /// The suite of the next binary.
    suite: Vec<String>,
    binary: Option<Binary>,
    phase: Phase,
    /// Cargo's first words on the binary's death, when more may follow.
    death: Option<String>,
    after_blank: bool,
    recognised: bool,
}

impl Run<'_, '_> {
    fn line(&mut self, line: &str) {
        let after_blank = std::mem::replace(&mut self.after_blank, line.trim().is_empty());
        let kind = classify(line);
        if self.death.is_some() {
            match kind {
                Line::BinaryFailed(why) => return self.died(Some(why)),
                _ if matches!(line.trim(), "" | "Caused by:") => return,
                _ => {
                    let death = self.death.take();
                    self.died(death.as_deref());
                }
            }
        }
        if let Line::Binary(suite) = kind {
            self.died(Some("another binary began"));
            self.recognised = true;
            self.suite = suite;
            return;
        }
        let Some(binary) = &mut self.binary else {
            return self.between(kind);
        };
        match self.phase {
            Phase::Tests => self.in_tests(line, kind, after_blank),
            Phase::Inner => {
                binary.output(line);
                if matches!(kind, Line::Result(_)) {
                    self.phase = Phase::Tests;
                }
            }
            Phase::Successes => match kind {
                Line::Failures => self.phase = Phase::Details,
                Line::Result(result) => self.finish(result),
                _ => {}
            },
            Phase::Details => self.in_details(line, kind),
            Phase::MaybeNames | Phase::Names => self.in_names(line, kind),
        }
    }

    fn in_tests(&mut self, line: &str, kind: Line<'_>, after_blank: bool) {
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
                self.died(Some("another binary began"));
                self.begin(Some(count));
            }
            Line::Test(test) => {
                binary.resolve(self.out);
                let (rest, ended) = (test.rest, test.ended.is_some());
                binary.test(test, self.out);
                if !ended && is_binary_failure(rest) {
                    self.death = Some(rest.to_owned());
                } else if !ended && let Some((_, inner)) = test_after_output(rest) {
                    binary.test(inner, self.out);
                }
            }
            Line::Failures => {
                binary.resolve(self.out);
                self.phase = Phase::Details;
            }
            Line::Successes => {
                binary.resolve(self.out);
                self.phase = Phase::Successes;
            }
            Line::Result(result) => {
                binary.resolve(self.out);
                self.finish(result);
            }
            Line::BinaryFailed(why) => self.death = Some(why.to_owned()),
            Line::QuietFailure(name) if !binary.has_open() => binary.quiet_failure(name),
            Line::Note => {}
            _ => match test_after_output(line) {
                Some((output, test)) => {
                    // When the open test has its result, the output is the next one's.
                    if !binary.has_result() {
                        binary.output(output);
                    }
                    binary.resolve(self.out);
                    binary.test(test, self.out);
                }
                None => binary.output(line),
            },
        }
    }

    fn in_details(&mut self, line: &str, kind: Line<'_>) {
        let Some(binary) = &mut self.binary else {
            return;
        };
        match kind {
            Line::Failures => self.phase = Phase::MaybeNames,
            Line::Block(name) if binary.begin_block(name, self.out) => {}
            _ => binary.block_line(line),
        }
    }

    fn in_names(&mut self, line: &str, kind: Line<'_>) {
        let Some(binary) = &mut self.binary else {
            return;
        };
        let name = line
            .strip_prefix("    ")
            .map(str::trim_end)
            .filter(|name| !name.is_empty());
        match (kind, name) {
            (Line::Result(result), _) => self.finish(result),
            (_, Some(name)) if self.phase == Phase::Names || binary.is_failed(name) => {
                self.phase = Phase::Names;
                binary.listed(name, self.out);
            }
            (Line::BinaryFailed(why), _) => self.death = Some(why.to_owned()),
            (kind, _) if self.phase == Phase::MaybeNames && !line.trim().is_empty() => {
                // That was no list but a part of a test's output, and so is this.
                binary.block_line("failures:");
                self.phase = Phase::Details;
                self.in_details(line, kind);
            }
            _ => {}
        }
    }

    /// A line outside of any binary's output.
    fn between(&mut self, kind: Line<'_>) {
        match kind {
            Line::Start(count) => self.begin(Some(count)),
            // Lines picked out of a longer output, without the one that announces them.
            Line::Test(test) if test.ended.is_some() => {
                self.begin(None);
                if let Some(binary) = &mut self.binary {
                    binary.test(test, self.out);
                }
            }
            Line::Result(result) => {
                self.begin(None);
                self.finish(result);
            }
            _ => {}
        }
    }

    fn begin(&mut self, announced: Option<u64>) {
        self.recognised = true;
        self.phase = Phase::Tests;
        let limit = self.out.options.max_text;
        self.binary = Some(Binary::new(self.suite.clone(), announced, limit));
    }

    fn finish(&mut self, result: line::ResultLine) {
        self.phase = Phase::Tests;
        if let Some(binary) = self.binary.take() {
            binary.finish(self.number, result, self.out);
        }
    }

    fn died(&mut self, death: Option<&str>) {
        self.phase = Phase::Tests;
        self.death = None;
        if let Some(mut binary) = self.binary.take() {
            binary.resolve(self.out);
            binary.died(self.number, death, self.out);
        }
    }
}
