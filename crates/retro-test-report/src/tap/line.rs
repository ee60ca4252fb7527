//! What one line of TAP is.

use std::borrow::Cow;
use std::time::Duration;

/// A line without its indentation.
#[derive(Debug, PartialEq)]
pub(super) enum Line<'a> {
    Version,
    /// `1..N`, and what follows it.
    Plan(Planned, &'a str),
    Test(TestLine<'a>),
    BailOut(&'a str),
    /// `# Subtest: name`
    Subtest(&'a str),
    Comment(&'a str),
    Pragma,
    /// `---`
    YamlStart,
    OpenBrace,
    CloseBrace,
    Blank,
    Other,
}

/// The first test that is to run, from 1, and the last one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Planned {
    pub(super) first: u64,
    last: u64,
}

impl Planned {
    /// How many tests these are.
    pub(super) fn count(self) -> u64 {
        self.last.saturating_sub(self.first - 1)
    }
}

/// `ok` or `not ok`, and what follows it.
#[derive(Debug, PartialEq)]
pub(super) struct TestLine<'a> {
    pub(super) ok: bool,
    pub(super) number: Option<u64>,
    /// Empty when there is none.
    pub(super) description: Cow<'a, str>,
    pub(super) directive: Option<(Directive, &'a str)>,
    pub(super) duration: Option<Duration>,
    /// Whether ` {` at the end opens a block of subtests.
    pub(super) opens: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Directive {
    Skip,
    Todo,
}

/// How deep a line is indented, in columns, and the line without it; a tab counts for four.
pub(super) fn indentation(line: &str) -> (usize, &str) {
    let mut columns = 0;
    for (at, byte) in line.bytes().enumerate() {
        match byte {
            b' ' => columns += 1,
            b'\t' => columns += 4,
            _ => return (columns, line.get(at..).unwrap_or_default()),
        }
    }
    (columns, "")
}

/// A line without the first `columns` columns of its indentation.
pub(super) fn without_indentation(line: &str, columns: usize) -> &str {
    let mut left = columns;
    for (at, byte) in line.bytes().enumerate() {
        match byte {
            b' ' if left > 0 => left -= 1,
            b'\t' if left > 0 => left = left.saturating_sub(4),
            _ => return line.get(at..).unwrap_or_default(),
        }
    }
    ""
}

/// What a line is. `text` has no indentation.
pub(super) fn classify(text: &str) -> Line<'_> {
    let text = text.trim_end();
    match text.as_bytes().first() {
        None => Line::Blank,
        Some(b'o' | b'n') => test_line(text).map_or(Line::Other, Line::Test),
        Some(b'0'..=b'9') => {
            plan(text).map_or(Line::Other, |(planned, rest)| Line::Plan(planned, rest))
        }
        Some(b'#') => {
            let comment = text[1..].trim_start();
            match strip_prefix_any_case(comment, "subtest:") {
                Some(name) => Line::Subtest(name.trim()),
                None => Line::Comment(comment),
            }
        }
        Some(b'T' | b't') if is_version(text) => Line::Version,
        Some(b'B' | b'b') => match strip_prefix_any_case(text, "bail out!") {
            Some(reason) => Line::BailOut(reason.trim()),
            None => Line::Other,
        },
        Some(b'p') if text.starts_with("pragma ") => Line::Pragma,
        Some(b'{') if text == "{" => Line::OpenBrace,
        Some(b'}') if text == "}" => Line::CloseBrace,
        Some(b'-') if text == "---" => Line::YamlStart,
        Some(_) => Line::Other,
    }
}

pub(super) fn is_version(text: &str) -> bool {
    strip_prefix_any_case(text, "tap version ")
        .is_some_and(|rest| rest.trim_start().starts_with(|c: char| c.is_ascii_digit()))
}

/// `1..N`, alone or before white space, `#` or `;`. A stream may be a part of another, and say
/// `8..11`.
pub(super) fn plan(text: &str) -> Option<(Planned, &str)> {
    let (first, digits) = text.split_once("..")?;
    let is_number = first.bytes().all(|b| b.is_ascii_digit());
    let first = first.parse().ok().filter(|&first| is_number && first > 0)?;
    let end = digits
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(digits.len());
    let rest = &digits[end..];
    let ends = rest.is_empty() || rest.starts_with([' ', '\t', '#', ';']);
    let last = || digits[..end].parse().unwrap_or(u64::MAX);
    let planned = (end > 0 && ends).then(|| Planned {
        first,
        last: last(),
    })?;
    let is_range = first == 1 || planned.last >= first;
    is_range.then(|| (planned, rest.trim()))
}

/// Whether a line at the end of a file, without a line end, was surely cut: it ends inside a
/// directive or an escape.
pub(super) fn is_half(text: &str, test: &TestLine<'_>) -> bool {
    let text = text.trim_end();
    if text.ends_with('\\') {
        return true;
    }
    let begins_directive = |at: usize| {
        let word = text[at + 1..].trim_start();
        let is_start_of = |whole: &str| {
            let start = whole.get(..word.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(word))
        };
        ["skip", "todo", "time="].into_iter().any(is_start_of)
    };
    test.directive.is_none() && test.duration.is_none() && hash(text).is_some_and(begins_directive)
}

/// The file that prove says it runs, its output follows: `t/a.t .. `.
pub(super) fn script(line: &str) -> Option<&str> {
    let line = line.trim_end();
    let before = line.trim_end_matches('.');
    if line.len() < before.len() + 2 || !before.ends_with(' ') {
        return None;
    }
    let name = match before
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("] "))
    {
        Some((_, name)) => name,
        None => before,
    };
    let name = name.trim();
    let is_file = name.contains(['/', '.', '\\']) && !name.contains(char::is_whitespace);
    is_file.then_some(name)
}

/// prove's word on a file that passed, which is no test: `ok`, and the time it took.
pub(super) fn is_verdict(text: &str) -> bool {
    let text = text.trim_end();
    text == "ok" || text.starts_with("ok ") && text.ends_with(" CPU)")
}

/// Words of the harness at the end of a stream, which belong to no test.
pub(super) fn is_summary(comment: &str) -> bool {
    if comment.starts_with("Looks like you") {
        return true;
    }
    let (word, rest) = comment.split_once([' ', '=']).unwrap_or((comment, ""));
    let rest = rest.trim();
    let is_number = |text: &str| {
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
    };
    match word {
        "tests" | "suites" | "pass" | "fail" | "cancelled" | "skipped" | "skip" | "todo"
        | "duration_ms" | "time" => is_number(rest),
        "failed" => {
            let numbers = rest.strip_suffix(" tests").or(rest.strip_suffix(" test"));
            numbers.is_some_and(|numbers| numbers.split(" of ").all(is_number))
        }
        _ => false,
    }
}

/// Whether prove says so at the end of a script's output.
pub(super) fn is_end_of_script(line: &str) -> bool {
    let line = line.trim_end();
    line.ends_with(" subtests") && line.starts_with("Failed ")
        || line.starts_with("All ") && line.contains(" subtests passed")
        || line == "No subtests run"
        || line.starts_with("skipped: ")
}

/// The name of a script by its absolute path. A test may be named like an absolute path that is
/// none, such as a route of a server.
pub(super) fn script_of_absolute(path: &str) -> Option<&str> {
    let (_, ending) = path.rsplit_once('.')?;
    let is_script = matches!(
        ending,
        "js" | "mjs" | "cjs" | "jsx" | "ts" | "mts" | "cts" | "tsx"
    );
    file_of_absolute(path).filter(|_| is_script)
}

/// The name of a file by its absolute path, in either way of writing those.
pub(super) fn file_of_absolute(path: &str) -> Option<&str> {
    let drive = path.as_bytes().get(1..3);
    let is_absolute = path.starts_with('/') || drive.is_some_and(|d| matches!(d, b":/" | b":\\"));
    let file = path.rsplit(['/', '\\']).next()?;
    (is_absolute && !file.is_empty()).then_some(file)
}

/// The numbers of the tests that a plan of old Perl's Test.pm lists: `1..5 todo 3 2;`.
pub(super) fn todo_list(after_plan: &str) -> Option<Vec<u64>> {
    let list = strip_prefix_any_case(after_plan, "todo ")?.trim();
    let list = list.strip_suffix(';')?;
    let numbers = list.split_ascii_whitespace().map(str::parse);
    let mut numbers: Vec<u64> = numbers.collect::<Result<_, _>>().ok()?;
    numbers.sort_unstable();
    Some(numbers)
}

/// The reason of a plan that skips everything: `1..0 # SKIP why`.
pub(super) fn skip_all_reason(after_plan: &str) -> Option<&str> {
    directive(after_plan.strip_prefix('#')?).map(|(_, reason)| reason)
}

fn test_line(text: &str) -> Option<TestLine<'_>> {
    let (ok, rest) = match text.strip_prefix("not") {
        Some(rest) => {
            let trimmed = rest.trim_start();
            if trimmed.len() == rest.len() {
                return None;
            }
            (false, trimmed.strip_prefix("ok")?)
        }
        None => (true, text.strip_prefix("ok")?),
    };
    if rest.starts_with(|c: char| c.is_alphanumeric() || c == '_') {
        return None;
    }
    let (number, rest) = number(rest.trim_start());
    let rest = rest.trim_start();
    let rest = rest
        .strip_prefix("- ")
        .or(rest.strip_prefix('-').filter(|r| r.is_empty()))
        .unwrap_or(rest);
    let rest = rest.trim();
    let (rest, opens) = match rest.strip_suffix('{') {
        Some(before) if before.is_empty() || before.ends_with(' ') => (before.trim_end(), true),
        _ => (rest, false),
    };
    let mut line = TestLine {
        ok,
        number,
        description: Cow::Borrowed(rest),
        directive: None,
        duration: None,
        opens,
    };
    // Most lines have none.
    let hashed = match memchr::memchr(b'#', rest.as_bytes()) {
        Some(_) => rest,
        None => "",
    };
    if let Some(at) = hash(hashed) {
        let after = &rest[at + 1..];
        line.directive = directive(after);
        line.duration = duration_note(after);
        if line.directive.is_some() || line.duration.is_some() {
            line.description = Cow::Borrowed(rest[..at].trim_end());
        }
    }
    line.description = unescape(line.description);
    Some(line)
}

/// A test's number, when it is a word of its own. One too large for any test is the largest.
fn number(text: &str) -> (Option<u64>, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let rest = &text[end..];
    let ends = !rest.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | ':'));
    if end > 0 && ends {
        (Some(text[..end].parse().unwrap_or(u64::MAX)), rest)
    } else {
        (None, text)
    }
}

/// Where a directive can begin: at the first `#` that is not escaped, at the start or after white
/// space or a backslash that is one. What stands behind a later `#` is no directive: no established
/// parser takes it for one.
fn hash(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut escaped = false;
    (0..bytes.len()).find(|&at| {
        let plain = !escaped;
        escaped = plain && bytes[at] == b'\\';
        let begins = || at == 0 || bytes[at - 1].is_ascii_whitespace() || bytes[at - 1] == b'\\';
        plain && bytes[at] == b'#' && begins()
    })
}

/// `SKIP…` or `TODO` in any case, and the reason after it.
fn directive(after_hash: &str) -> Option<(Directive, &str)> {
    let text = after_hash.trim_start();
    if let Some(rest) = strip_prefix_any_case(text, "skip") {
        // `Skipped:` and the like are the same word.
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        return Some((Directive::Skip, rest[end..].trim()));
    }
    let rest = strip_prefix_any_case(text, "todo")?;
    let ends = !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    ends.then(|| (Directive::Todo, rest.trim_start_matches([':', ' ', '\t'])))
}

/// `time=12.5ms`
fn duration_note(after_hash: &str) -> Option<Duration> {
    let text = strip_prefix_any_case(after_hash.trim_start(), "time=")?;
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let number: f64 = text[..end].parse().ok()?;
    let unit = match text[end..].trim() {
        "ms" => 1e-3,
        "s" | "" => 1.0,
        "m" | "min" => 60.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(number * unit).ok()
}

pub(super) fn unescape(text: Cow<'_, str>) -> Cow<'_, str> {
    if memchr::memchr(b'\\', text.as_bytes()).is_some() {
        let mut out = String::with_capacity(text.len());
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            let escaped = chars.next_if(|&next| c == '\\' && matches!(next, '\\' | '#'));
            out.push(escaped.unwrap_or(c));
        }
        return Cow::Owned(out);
    }
    text
}

fn strip_prefix_any_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let start = text.get(..prefix.len())?;
    start
        .eq_ignore_ascii_case(prefix)
        .then(|| &text[prefix.len()..])
}

#[cfg(test)]
#[path = "line_tests.rs"]
mod tests;
