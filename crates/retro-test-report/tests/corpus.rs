//! Reads real result files and compares the counts with what is expected of them.
//!
//! The files are not part of the project: `RETRO_CORPUS` names a folder with an `expected.tsv`
//! whose columns are file, format, dialect, total, passed, failed, errored (TAP: todo), skipped.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use retro_domain::{Outcome, TestCase};
use retro_test_report::{Collected, Format, ParseError, detect, parse};

/// Total, passed, failed, errored or todo, skipped.
type Counts = [u64; 5];

/// Files that are read differently on purpose, with the reason.
const DELIBERATE: [(&str, &str); 2] = [
    (
        "junit/31f2ca44.xml",
        "ten tests with status='disabled' did not run: skipped here, passed there",
    ),
    (
        "libtest-json/33a085f2.json",
        "paths on Windows with backslashes that are no escapes: a strict parser loses 89 of the 494 \
         tests that the suites claim",
    ),
];

#[derive(Default)]
struct Tally {
    files: u32,
    exact: u32,
    off: Vec<String>,
    errors: Vec<String>,
    undetected: Vec<String>,
}

#[test]
fn real_files_are_counted_as_expected() {
    let Some(folder) = corpus() else {
        println!("skipped: RETRO_CORPUS not set");
        return;
    };
    let mut surprises = Vec::new();
    let table = fs::read_to_string(folder.join("expected.tsv")).expect("expected.tsv");
    let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
    for row in table.lines().skip(1) {
        let columns: Vec<&str> = row.split('\t').collect();
        let [file, format, _, counts @ ..] = &columns[..] else {
            panic!("bad row: {row}")
        };
        let Some(format) = format_of(format) else {
            let seen = detect(&fs::read(folder.join(file)).expect("a listed file"));
            if let Some(seen) = seen {
                surprises.push(format!("{file} is {format}, not {}", seen.name()));
            }
            continue;
        };
        let expected = counts[..5].iter().map(|n| n.parse().expect("a count"));
        let expected: Counts = expected
            .collect::<Vec<u64>>()
            .try_into()
            .expect("five counts");
        let tally = tallies.entry(format.name()).or_default();
        check(&folder, file, format, expected, tally);
    }
    for (format, tally) in &tallies {
        let Tally {
            files,
            exact,
            off,
            errors,
            undetected,
        } = tally;
        println!(
            "{format}: {files} files, {exact} exact, {} off, {} errors",
            off.len(),
            errors.len()
        );
        for file in undetected {
            println!("  not told from its content: {file}");
        }
        for line in off.iter().chain(errors) {
            let known = DELIBERATE.iter().find(|(file, _)| line.starts_with(file));
            println!(
                "  {line}{}",
                known.map_or(String::new(), |(_, why)| format!(" ({why})"))
            );
            if known.is_none() {
                surprises.push(line.clone());
            }
        }
    }
    assert!(surprises.is_empty(), "read wrongly: {surprises:#?}");
}

/// The format that the table calls so.
fn format_of(name: &str) -> Option<Format> {
    match name {
        "gotest-text" => Some(Format::GoText),
        "xunitnet" => Some(Format::Xunit),
        name => Format::from_name(name),
    }
}

fn check(folder: &Path, file: &str, format: Format, expected: Counts, tally: &mut Tally) {
    let bytes = fs::read(folder.join(file)).expect("a listed file");
    tally.files += 1;
    for part in 0..16 {
        // A file that was cut anywhere is read or refused, and no more.
        let cut = &bytes[..bytes.len() * part / 16];
        let _ = parse(cut, None, &mut Collected::default());
        let _ = parse(cut, Some(format), &mut Collected::default());
    }
    // As anyone reads it: from its content, and named only when that says something else.
    let mut sink = Collected::default();
    let mut parsed = parse(&bytes[..], None, &mut sink);
    let seen_as = match &parsed {
        Ok(summary) => Some(summary.format),
        Err(_) => detect(&bytes),
    };
    if seen_as != Some(format) {
        let name = seen_as.map_or("nothing", Format::name);
        tally.undetected.push(format!("{file} looks like {name}"));
        sink = Collected::default();
        parsed = parse(&bytes[..], Some(format), &mut sink);
    }
    let seen = counts(&sink.cases, format);
    match parsed {
        Ok(summary) => {
            assert_eq!(summary.counts.total(), sink.cases.len() as u64, "{file}");
            if seen == expected {
                tally.exact += 1;
            } else {
                tally
                    .off
                    .push(format!("{file}: {seen:?}, expected {expected:?}"));
            }
        }
        // What is no report at all has no tests, and must be refused rather than read as none.
        Err(ParseError::NotAReport { .. } | ParseError::Empty) if expected[0] == 0 => {
            tally.exact += 1;
        }
        Err(error) => tally.errors.push(format!("{file}: {error}")),
    }
}

fn counts(cases: &[TestCase], format: Format) -> Counts {
    let mut counts = [cases.len() as u64, 0, 0, 0, 0];
    for case in cases {
        let is_todo = case.properties.iter().any(|(name, _)| name == "todo");
        let column = match case.outcome {
            Outcome::Passed => 1,
            Outcome::Failed => 2,
            Outcome::Errored => 3,
            Outcome::Skipped if format == Format::Tap && is_todo => 3,
            Outcome::Skipped => 4,
        };
        counts[column] += 1;
    }
    counts
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test may ask where optional data is"
)]
fn corpus() -> Option<PathBuf> {
    std::env::var_os("RETRO_CORPUS").map(PathBuf::from)
}
