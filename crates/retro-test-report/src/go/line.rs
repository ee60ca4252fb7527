//! What one line of `go test` is.

use std::time::Duration;

use retro_domain::Outcome;

use crate::libtest::without_colours;
use crate::numbers::duration;

/// A line of `go test`.
#[derive(Debug, PartialEq)]
pub(super) enum Line<'a> {
    /// `=== RUN   NAME`, and `=== FUZZ`
    Run(&'a str),
    /// `=== CONT  NAME`, `=== NAME  NAME`: what follows is its output.
    Current(&'a str),
    /// `=== PAUSE NAME`
    Pause(&'a str),
    /// `=== ATTR  NAME KEY VALUE`
    Attribute(&'a str, &'a str, &'a str),
    /// `=== ARTIFACTS NAME PATH`
    Artifacts(&'a str, &'a str),
    /// `--- PASS: NAME (0.00s)`
    End(End<'a>),
    /// `BenchmarkName-8   1000   45.7 ns/op`
    Bench(Bench<'a>),
    /// `--- BENCH: NAME`, whose log follows.
    BenchLog(&'a str),
    /// `PASS` or `FAIL` alone: the end of a binary.
    Verdict(bool),
    /// `ok  PACKAGE 0.01s` and its like.
    Package(Package<'a>),
    /// `pkg: PACKAGE`
    PackageHeader(&'a str),
    /// `# PACKAGE` or `# PACKAGE [PACKAGE.test]`: what the compiler says follows.
    Build(&'a str),
    /// `coverage: 66.7% of statements`
    Coverage(&'a str),
    /// `exit status 1`
    ExitStatus,
    Other,
}

/// The end of a test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct End<'a> {
    pub(super) outcome: Outcome,
    pub(super) name: &'a str,
    pub(super) took: Option<Duration>,
}

/// What a benchmark measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bench<'a> {
    /// Without the number of processors.
    pub(super) name: &'a str,
    pub(super) figures: &'a str,
}

/// The end of a package.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Package<'a> {
    pub(super) name: &'a str,
    pub(super) ended: PackageEnd,
    pub(super) took: Option<Duration>,
    pub(super) coverage: Option<&'a str>,
    /// Whether the line itself says that there is no test, or that its results are older ones.
    pub(super) has_note: bool,
}

/// How a package ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum PackageEnd {
    Passed,
    Failed,
    /// Its tests did not compile, or were not found: `build failed`, `setup failed`.
    NotBuilt(&'static str),
    /// It has no tests.
    Skipped,
}

/// What a line is.
pub(super) fn classify(line: &str) -> Line<'_> {
    let line = line.trim_end();
    let line = line.strip_prefix('\u{16}').unwrap_or(line);
    match line.as_bytes().first() {
        Some(b'=') => marker(line).unwrap_or(Line::Other),
        Some(b' ' | b'\t' | b'-') => {
            let trimmed = line.trim_start();
            end_of_test(trimmed).unwrap_or_else(|| match bench_log(trimmed) {
                Some(name) => Line::BenchLog(name),
                None => uncovered_package(trimmed).unwrap_or(Line::Other),
            })
        }
        Some(b'B') => bench(line).unwrap_or(Line::Other),
        Some(b'o' | b'F' | b'?' | b'P') => match line {
            "PASS" => Line::Verdict(true),
            "FAIL" => Line::Verdict(false),
            _ => package(line).map_or(Line::Other, Line::Package),
        },
        Some(b'p') => line
            .strip_prefix("pkg: ")
            .filter(|name| is_name(name))
            .map_or(Line::Other, Line::PackageHeader),
        Some(b'#') => build(line).map_or(Line::Other, Line::Build),
        Some(b'c') => line
            .strip_prefix("coverage: ")
            .map_or(Line::Other, Line::Coverage),
        Some(b'e') if line.starts_with("exit status ") => Line::ExitStatus,
        _ => Line::Other,
    }
}

/// Whether a line can only be of `go test`.
pub(crate) fn is_evidence(line: &[u8]) -> bool {
    let line = String::from_utf8_lossy(&line[..line.len().min(1000)]);
    match classify(&without_colours(&line)) {
        Line::Run(_) | Line::End(_) | Line::Bench(_) => true,
        Line::Package(package) => package.name.bytes().any(|b| b.is_ascii_alphabetic()),
        _ => false,
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && !text.contains(char::is_whitespace)
}

fn marker(line: &str) -> Option<Line<'_>> {
    let rest = line.strip_prefix("=== ")?;
    let (word, rest) = rest.split_once(' ')?;
    let rest = rest.trim_start();
    if rest.is_empty() {
        return None;
    }
    let (name, value) = rest.split_once(' ').unwrap_or((rest, ""));
    Some(match word {
        "ATTR" => {
            let (key, value) = value.split_once(' ').unwrap_or((value, ""));
            Line::Attribute(name, key, value)
        }
        "ARTIFACTS" => Line::Artifacts(name, value),
        _ if !value.is_empty() => return None,
        "RUN" | "FUZZ" => Line::Run(name),
        "CONT" | "NAME" => Line::Current(name),
        "PAUSE" => Line::Pause(name),
        _ => return None,
    })
}

/// `--- PASS: NAME (0.00s)`, and nothing else.
fn end_of_test(line: &str) -> Option<Line<'_>> {
    let rest = line.strip_prefix("--- ")?;
    let (word, rest) = rest.split_once(": ")?;
    let outcome = match word {
        "PASS" => Outcome::Passed,
        "FAIL" => Outcome::Failed,
        "SKIP" => Outcome::Skipped,
        _ => return None,
    };
    let (name, took) = match rest.split_once(" (") {
        Some((name, took)) => (name, seconds(took.strip_suffix(')')?)?.into()),
        // A benchmark has no time here.
        None if rest.starts_with("Benchmark") => (without_procs(rest), None),
        None => return None,
    };
    is_name(name).then_some(Line::End(End {
        outcome,
        name,
        took,
    }))
}

/// The end of a test at the end of a line that begins with output.
pub(super) fn end_after_output(line: &str) -> Option<(&str, End<'_>)> {
    let line = line.trim_end();
    let at = line.rfind("--- ").filter(|&at| at > 0)?;
    match end_of_test(&line[at..])? {
        Line::End(end) => Some((&line[..at], end)),
        _ => None,
    }
}

fn bench_log(line: &str) -> Option<&str> {
    let name = line.strip_prefix("--- BENCH: ")?;
    is_name(name).then(|| without_procs(name))
}

/// `0.01s`, or `0.01 seconds` as Go before 1.5 wrote it.
fn seconds(text: &str) -> Option<Duration> {
    let number = text
        .strip_suffix(" seconds")
        .or_else(|| text.strip_suffix('s'))?;
    let is_number = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    duration(number).filter(|_| is_number)
}

/// `BenchmarkName-8   1000   45.7 ns/op …`
fn bench(line: &str) -> Option<Line<'_>> {
    let (name, rest) = line.split_once(char::is_whitespace)?;
    let figures = rest.trim();
    let mut words = figures.split_whitespace();
    let is_number = |word: Option<&str>| word.is_some_and(|word| word.parse::<f64>().is_ok());
    let measured = words.next().is_some_and(|n| n.parse::<u64>().is_ok())
        && is_number(words.next())
        && words.next().is_some();
    let is_benchmark = name.len() > "Benchmark".len() && name.starts_with("Benchmark");
    (measured && is_benchmark).then(|| {
        Line::Bench(Bench {
            name: without_procs(name),
            figures,
        })
    })
}

/// A benchmark's name without the number of processors it ran on, which differs from one machine
/// to the next.
pub(super) fn without_procs(name: &str) -> &str {
    match name.rsplit_once('-') {
        Some((name, procs)) if procs.parse::<u32>().is_ok() => name,
        _ => name,
    }
}

fn package(line: &str) -> Option<Package<'_>> {
    let (word, rest) = line.split_once(['\t', ' '])?;
    let is_wide = line.contains('\t') || rest.starts_with(' ');
    let rest = rest.trim_start();
    let (name, rest) = rest.split_once(char::is_whitespace)?;
    let rest = rest.trim();
    let (time, more) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let took = seconds(time);
    let ended = match word {
        "ok" if took.is_some() || time == "(cached)" => PackageEnd::Passed,
        "FAIL" if rest.starts_with("[build failed") => PackageEnd::NotBuilt("build failed"),
        "FAIL" if rest.starts_with("[setup failed") => PackageEnd::NotBuilt("setup failed"),
        "FAIL" if took.is_some() || time == "(cached)" => PackageEnd::Failed,
        "?" if rest.starts_with("[no test files]") => PackageEnd::Skipped,
        _ => return None,
    };
    // `ok 3 0.1s` of another tool has neither a tab nor a path.
    let is_package = is_wide || name.contains('/');
    let coverage = more.trim_start().strip_prefix("coverage: ");
    is_package.then(|| Package {
        name,
        ended,
        took,
        coverage: coverage.map(|text| text.split(" [no tests").next().unwrap_or(text).trim()),
        has_note: rest.contains("[no test"),
    })
}

/// A package without tests: its name between tabs, and `coverage: 0.0% of statements`.
fn uncovered_package(line: &str) -> Option<Line<'_>> {
    let (name, rest) = line.split_once('\t')?;
    let coverage = rest.trim().strip_prefix("coverage: ")?;
    is_name(name).then_some(Line::Coverage(coverage))
}

fn build(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("# ")?;
    // What `go vet` says has a heading of its own: `# [PACKAGE]`.
    if let Some(name) = rest
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        return is_name(name).then_some(name);
    }
    let (name, binary) = rest.split_once(' ').unwrap_or((rest, ""));
    let is_header = binary.is_empty() || binary.starts_with('[') && binary.ends_with(']');
    (is_header && is_name(name)).then_some(name)
}

#[cfg(test)]
#[path = "line_tests.rs"]
mod tests;
