//! What one line of a Rust test run is.

use std::borrow::Cow;
use std::time::Duration;

use retro_domain::Outcome;

/// A line of a test run.
#[derive(Debug, PartialEq)]
pub(super) enum Line<'a> {
    /// The name of a test binary: the suite's path.
    Binary(Vec<String>),
    /// `running N tests`
    Start(u64),
    Test(TestLine<'a>),
    /// `NAME --- FAILED`, which quiet output has in place of a test's line.
    QuietFailure(&'a str),
    /// `test result: …`
    Result(ResultLine),
    /// `failures:`
    Failures,
    /// `successes:`
    Successes,
    /// `---- NAME stdout ----`
    Block(&'a str),
    /// Cargo's own words on a binary that failed or died.
    BinaryFailed(&'a str),
    /// A note of the harness that says nothing about results.
    Note,
    Other,
}

/// `test NAME ... REST`
#[derive(Debug, PartialEq)]
pub(super) struct TestLine<'a> {
    pub(super) name: &'a str,
    /// `should panic`, `compile fail` and the like, which follow the name.
    pub(super) mode: Option<&'a str>,
    /// `None` when `rest` is something else: output of the test, or nothing yet.
    pub(super) ended: Option<Ended>,
    pub(super) rest: &'a str,
}

/// How a test ended, by its line.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ended {
    pub(super) outcome: Outcome,
    pub(super) message: Option<String>,
    pub(super) duration: Option<Duration>,
    pub(super) bench: Option<String>,
}

/// The counts a binary ends with.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct ResultLine {
    pub(super) ok: bool,
    /// Tests that passed, and benchmarks that were measured.
    pub(super) passed: u64,
    pub(super) failed: u64,
    pub(super) ignored: u64,
    pub(super) took: Option<Duration>,
}

/// The last name of the suite of documentation tests.
pub(super) const DOC_TESTS: &str = "doc-tests";

/// What a line is. `line` has no colours.
pub(super) fn classify(line: &str) -> Line<'_> {
    let line = line.trim_end();
    if let Some(rest) = line.strip_prefix("test ") {
        if let Some(rest) = rest.strip_prefix("result: ") {
            return result_line(rest).map_or(Line::Other, Line::Result);
        }
        if let Some(test) = test_line(rest) {
            return Line::Test(test);
        }
        return if line.contains(" has been running for over ") {
            Line::Note
        } else {
            Line::Other
        };
    }
    match line {
        "failures:" => return Line::Failures,
        "successes:" => return Line::Successes,
        _ => {}
    }
    if let Some(rest) = line.strip_prefix("running ") {
        let count = rest
            .strip_suffix(" tests")
            .or_else(|| rest.strip_suffix(" test"));
        return count
            .and_then(|n| n.parse().ok())
            .map_or(Line::Other, Line::Start);
    }
    if let Some(rest) = line.strip_prefix("---- ") {
        let name = rest.strip_suffix(" ----").map(|name| {
            name.strip_suffix(" stdout")
                .or_else(|| name.strip_suffix(" stderr"))
                .unwrap_or(name)
        });
        return name.map_or(Line::Other, Line::Block);
    }
    if is_binary_failure(line) {
        return Line::BinaryFailed(line.trim());
    }
    if let Some(name) = line.strip_suffix(" --- FAILED") {
        return Line::QuietFailure(name);
    }
    binary(line.trim_start()).map_or(Line::Other, Line::Binary)
}

/// Whether these are Cargo's words on a binary that failed or died.
pub(super) fn is_binary_failure(text: &str) -> bool {
    text.starts_with("error: test failed") || text.contains("process didn't exit successfully")
}

/// Whether these are the compiler's or Cargo's last words on documentation tests.
pub(super) fn is_documentation_failure(line: &str) -> bool {
    line.starts_with("error: aborting due to ") || line.starts_with("error: doctest failed")
}

/// A test's line at the end of a line that begins with something else: output that did not end
/// with a line end.
pub(super) fn test_after_output(line: &str) -> Option<(&str, TestLine<'_>)> {
    let line = line.trim_end();
    let at = line.rfind("test ").filter(|&at| at > 0)?;
    let mut test = test_line(&line[at + "test ".len()..])?;
    if test.ended.is_none() && !test.name.contains(' ') {
        // Another thread wrote between the name and the result.
        test.ended = ended_after_output(test.rest);
    }
    test.ended.is_some().then(|| (&line[..at], test))
}

fn test_line(rest: &str) -> Option<TestLine<'_>> {
    let (name, rest) = match rest.split_once(" ... ") {
        Some((name, rest)) => (name, rest.trim()),
        None => (rest.strip_suffix(" ...")?, ""),
    };
    let modes = [" - should panic", " - compile fail", " - compile"];
    let split = modes
        .iter()
        .find_map(|mode| Some((name.strip_suffix(mode)?, &mode[3..])));
    let (name, mode) = split.map_or((name, None), |(name, mode)| (name, Some(mode)));
    (!name.is_empty()).then(|| TestLine {
        name,
        mode,
        ended: ended(rest),
        rest,
    })
}

/// How a test ended: a whole text that says nothing else.
pub(super) fn ended(text: &str) -> Option<Ended> {
    let plain = |outcome| Ended {
        outcome,
        message: None,
        duration: None,
        bench: None,
    };
    if let Some(rest) = text.strip_prefix("ignored") {
        let message = match rest {
            "" => None,
            _ => Some(rest.strip_prefix(", ")?.to_owned()),
        };
        return Some(Ended {
            message,
            ..plain(Outcome::Skipped)
        });
    }
    if let Some(rest) = text.strip_prefix("bench:") {
        return Some(Ended {
            bench: Some(rest.trim().to_owned()),
            ..plain(Outcome::Passed)
        });
    }
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    let outcome = match word {
        "ok" => Outcome::Passed,
        "FAILED" => Outcome::Failed,
        "failed" if rest == "(allowed)" => return Some(plain(Outcome::Skipped)),
        _ => return None,
    };
    let (rest, message) = match rest.strip_prefix("(time limit exceeded)") {
        Some(rest) => (rest.trim(), Some("time limit exceeded".to_owned())),
        None => (rest, None),
    };
    let duration = match rest {
        "" => None,
        _ => Some(seconds(rest.strip_prefix('<')?.strip_suffix("s>")?)?),
    };
    Some(Ended {
        message,
        duration,
        ..plain(outcome)
    })
}

/// How a test ended whose output shares the line with its result.
pub(super) fn ended_after_output(line: &str) -> Option<Ended> {
    let line = line.trim_end();
    ended(line).or_else(|| {
        let word = ["ok", "FAILED"]
            .into_iter()
            .find(|word| line.ends_with(word))?;
        ended(word)
    })
}

fn result_line(rest: &str) -> Option<ResultLine> {
    let (word, counts) = rest.split_once(". ")?;
    let ok = match word {
        "ok" => true,
        "FAILED" => false,
        _ => return None,
    };
    let mut result = ResultLine {
        ok,
        ..ResultLine::default()
    };
    let mut is_whole = false;
    for part in counts.split(';') {
        let part = part.trim();
        if let Some(took) = part.strip_prefix("finished in ") {
            result.took = took.strip_suffix('s').and_then(seconds);
            continue;
        }
        let Some((number, what)) = part.split_once(' ') else {
            continue;
        };
        let number = number.parse().unwrap_or(0_u64);
        match what {
            "passed" | "measured" => result.passed = result.passed.saturating_add(number),
            "failed" => result.failed = number,
            "allowed failures" => result.ignored = result.ignored.saturating_add(number),
            "ignored" => {
                result.ignored = result.ignored.saturating_add(number);
                is_whole = true;
            }
            _ => {}
        }
    }
    // A line that is cut off before this says nothing sure.
    is_whole.then_some(result)
}

fn seconds(text: &str) -> Option<Duration> {
    text.parse::<f64>()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
}

/// The binary that Cargo says it runs, as a path of names that stay the same when it is built
/// again: its own name without the hash, then the source it was built from.
fn binary(line: &str) -> Option<Vec<String>> {
    if let Some(name) = line.strip_prefix("Doc-tests ") {
        return Some(vec![name.trim().to_owned(), DOC_TESTS.to_owned()]);
    }
    let rest = line.strip_prefix("Running ")?;
    let (source, path) = match rest.rsplit_once(" (") {
        Some((source, path)) => (source, path.strip_suffix(')')?),
        None => ("", rest.trim_matches('`').split(' ').next()?),
    };
    let source = source
        .strip_prefix("unittests")
        .unwrap_or(source)
        .trim()
        .replace('\\', "/");
    let file = path.rsplit(['/', '\\']).next()?;
    let file = file.strip_suffix(".exe").unwrap_or(file);
    let (name, hash) = file.rsplit_once('-')?;
    let is_hash = hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit());
    let mut suite = vec![name.to_owned()];
    suite.extend(Some(source).filter(|source| !source.is_empty()));
    (is_hash && !name.is_empty()).then_some(suite)
}

/// A line without its escape sequences for colours.
pub(crate) fn without_colours(line: &str) -> Cow<'_, str> {
    if !line.contains('\u{1b}') {
        return Cow::Borrowed(line);
    }
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        out.push_str(before);
        rest = match after.strip_prefix('[') {
            Some(sequence) => {
                let end = sequence.find(|c: char| c.is_ascii_alphabetic());
                end.map_or("", |end| &sequence[end + 1..])
            }
            None => after.strip_prefix("(B").unwrap_or(after),
        };
    }
    out.push_str(rest);
    Cow::Owned(out)
}

#[cfg(test)]
#[path = "line_tests.rs"]
mod tests;
