//! Our own files, one for each trap of a format, and all that must come out of them.
//!
//! A folder below `fixtures` is a format, or `none` for what is no report. Its `expected.txt` has
//! a part for every file, which begins with `# FILE`: the cases with all that is known of them,
//! the suites that say something, then warnings, run failure and whether the file was cut.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use retro_domain::{TestCase, Timestamp};
use retro_test_report::{Collected, Format, SuiteMetadata, detect, parse};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

#[test]
fn every_trap_gives_what_is_expected() {
    let mut wrong = String::new();
    for folder in names(&root()) {
        let folder = root().join(folder);
        if !folder.is_dir() {
            continue;
        }
        let expected = fs::read_to_string(folder.join("expected.txt")).expect("expected.txt");
        let mut seen = String::new();
        for file in names(&folder) {
            if file != "expected.txt" {
                writeln!(seen, "# {file}\n{}", shown(&folder, &file)).unwrap();
            }
        }
        compare(&folder, &expected, &seen, &mut wrong);
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// The names in a folder, in order.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder of fixtures");
    let name = |entry: std::io::Result<fs::DirEntry>| {
        let name = entry.expect("an entry").file_name();
        name.into_string().expect("a plain name")
    };
    let mut names: Vec<String> = entries.map(name).collect();
    names.sort();
    names
}

fn parts(text: &str) -> Vec<&str> {
    let text = text.strip_prefix("# ").unwrap_or(text);
    let parts = text.trim_end().split("\n# ");
    parts.map(str::trim_end).collect()
}

fn compare(folder: &Path, expected: &str, seen: &str, wrong: &mut String) {
    let (expected, seen) = (parts(expected), parts(seen));
    for part in &seen {
        if !expected.contains(part) {
            writeln!(
                wrong,
                "in {}, not as expected:\n# {part}\n",
                folder.display()
            )
            .unwrap();
        }
    }
    for part in &expected {
        let name = part.lines().next();
        if !seen.iter().any(|seen| seen.lines().next() == name) {
            writeln!(wrong, "in {}: no file {name:?}", folder.display()).unwrap();
        }
    }
}

/// All that comes out of a file, which must be told from its content.
fn shown(folder: &Path, file: &str) -> String {
    let bytes = fs::read(folder.join(file)).expect("a fixture");
    let format = folder.file_name().and_then(|name| name.to_str());
    let format = format.and_then(Format::from_name);
    assert_eq!(detect(&bytes), format, "{}", folder.join(file).display());
    let mut sink = Collected::default();
    let summary = match parse(&bytes[..], None, &mut sink) {
        Ok(summary) => summary,
        Err(error) => return format!("error: {error}\n"),
    };
    let mut out = String::new();
    sink.cases.iter().for_each(|case| show_case(case, &mut out));
    summary
        .suites
        .iter()
        .for_each(|suite| show_suite(suite, &mut out));
    let subtests = summary.subtests;
    if subtests.total() > 0 {
        let (failed, all) = (subtests.failures(), subtests.total());
        writeln!(out, "subtests: {all}, {failed} failed").unwrap();
    }
    for warning in &sink.warnings {
        writeln!(out, "warning: {warning}").unwrap();
    }
    if let Some(failure) = summary.run_failure {
        writeln!(out, "run failure: {failure}").unwrap();
    }
    if summary.truncated {
        out.push_str("truncated\n");
    }
    out
}

fn show_case(case: &TestCase, out: &mut String) {
    let flaky = if case.flaky { ", flaky" } else { "" };
    writeln!(out, "{}{flaky} {}", case.outcome.name(), case.id).unwrap();
    let mut line = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            writeln!(out, "  {name}: {value}").unwrap();
        }
    };
    let quoted = |text: &Option<String>| text.as_ref().map(|text| format!("{text:?}"));
    line("parameters", quoted(&case.id.parameters));
    line("time", case.duration.map(seconds));
    line("message", quoted(&case.message));
    line("type", quoted(&case.kind));
    line("detail", quoted(&case.detail));
    let place = case.location.as_ref();
    line(
        "at",
        place.map(|place| match place.line {
            Some(number) => format!("{}:{number}", place.file),
            None => place.file.clone(),
        }),
    );
    line("stdout", quoted(&case.stdout));
    line("stderr", quoted(&case.stderr));
    for attempt in &case.attempts {
        let name = attempt.outcome.name();
        line("attempt", Some(format!("{name} {:?}", attempt.message)));
    }
    for file in &case.attachments {
        line(
            "attachment",
            Some(format!("{} at {}", file.name, file.path)),
        );
    }
    for (name, value) in &case.properties {
        line("property", Some(format!("{name} = {value:?}")));
    }
}

fn show_suite(suite: &SuiteMetadata, out: &mut String) {
    let mut said = String::new();
    let mut say = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            write!(said, ", {name} {value}").unwrap();
        }
    };
    say("on", suite.hostname.clone());
    let moment = |time: Timestamp| jiff::Timestamp::from_millisecond(time.unix_millis());
    let started = suite.started.map(|time| moment(time).expect("a moment"));
    say("from", started.map(|time| time.to_string()));
    say("for", suite.duration.map(seconds));
    let claimed = suite.claimed;
    for (name, count) in [
        ("tests", claimed.tests),
        ("failures", claimed.failures),
        ("errors", claimed.errors),
        ("skipped", claimed.skipped),
    ] {
        say(name, count.map(|count| count.to_string()));
    }
    for (name, value) in &suite.properties {
        say("property", Some(format!("{name} = {value:?}")));
    }
    say(
        "stdout",
        suite.stdout.as_ref().map(|text| format!("{text:?}")),
    );
    say(
        "stderr",
        suite.stderr.as_ref().map(|text| format!("{text:?}")),
    );
    if !said.is_empty() {
        writeln!(out, "suite {:?}{said}", suite.path.join("::")).unwrap();
    }
}

fn seconds(time: Duration) -> String {
    format!("{} s", time.as_secs_f64())
}
