//! Finding and reading the results that a command left.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File, Metadata};
use std::io::BufReader;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use globset::GlobBuilder;
use retro_domain::{
    CommandLine, Outcome, RepeatRule, ResultFormat, ResultLocation, Suite, TestCase, TestId,
};
use retro_test_report::{Collected, Format, ParseError, parse, suite_from_file};

/// The prefix of a result path that stands for the slot's scratch folder.
const SCRATCH_PREFIX: &str = "$RETRO_SCRATCH/";

/// What messages call the standard output.
const STDOUT: &str = "the standard output";

/// More result files than this are taken for a mistake in the pattern.
const MOST_FILES: usize = 50_000;

/// What was read after one execution of a suite's command.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    /// Every test, each id once.
    pub(crate) cases: Vec<TestCase>,
    /// Reports that were understood, those without tests included.
    pub(crate) reports: usize,
    /// What says that tests may be missing: an unreadable report, a truncated one.
    pub(crate) problems: Vec<String>,
    /// Reports' own words on a failure beyond their tests: a bail-out, a plan that was not met.
    pub(crate) run_failures: Vec<String>,
    /// Things to know.
    pub(crate) notes: Vec<String>,
    /// Results were on the standard output, and not all of it was kept.
    pub(crate) output_cut: bool,
    /// Result files, with the names they get as artifacts.
    pub(crate) files: Vec<(String, PathBuf)>,
}

/// Where a command's results can be.
pub(crate) struct Places<'a> {
    pub(crate) work_tree: &'a Path,
    pub(crate) scratch: &'a Path,
    pub(crate) stdout: &'a Path,
}

/// Which files a suite's patterns matched before its command ran. A file that is still the same
/// afterwards is not a result of it: it belongs to the commit, or to an earlier run.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Before(HashMap<PathBuf, Stamp>);

type Stamp = (u64, u64, i64, i64, i64, i64);

fn stamp(meta: &Metadata) -> Stamp {
    (
        meta.ino(),
        meta.size(),
        meta.mtime(),
        meta.mtime_nsec(),
        meta.ctime(),
        meta.ctime_nsec(),
    )
}

impl Before {
    pub(crate) fn look(suite: &Suite, places: &Places<'_>) -> Self {
        let mut seen = HashMap::new();
        for source in &suite.results {
            if let ResultLocation::Files(glob) = &source.location {
                for (path, meta) in find(glob, places).found {
                    seen.insert(path, stamp(&meta));
                }
            }
        }
        Self(seen)
    }
}

/// How a command ended, as far as its reports are judged by it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended {
    /// It exited with 0.
    pub(crate) succeeded: bool,
    /// Not all of its standard output was kept.
    pub(crate) output_cut: bool,
}

/// Reads every result of a command that just ended.
pub(crate) fn collect(
    suite: &Suite,
    places: &Places<'_>,
    before: &Before,
    ended: Ended,
) -> Reading {
    let mut reading = Reading::default();
    let mut cases: HashMap<TestId, TestCase> = HashMap::new();
    let content = ended.succeeded && exit_code_tells(suite);
    let mut read = |path: &Path, shown: &str, format, file: Option<&str>, reading: &mut Reading| {
        let (found, seen) = read_one(path, shown, format, reading);
        let mut own: HashMap<TestId, Vec<TestCase>> = HashMap::new();
        for mut case in found {
            if let Some(file) = file {
                suite_from_file(&mut case.id, file);
            }
            own.entry(case.id.clone()).or_default().push(case);
        }
        for (id, repeats) in own {
            let Some(case) = merged(repeats, content && seen == Some(Format::Junit)) else {
                continue;
            };
            // Two files are two sets of tests: what failed in one is not made good by the other.
            let case = match cases.remove(&id) {
                Some(earlier) => earlier.merge(case, RepeatRule::AnyFailureFails),
                None => case,
            };
            cases.insert(id, case);
        }
    };
    let sources = suite.results.iter();
    let file_sources = sources
        .filter(|source| matches!(source.location, ResultLocation::Files(_)))
        .count();
    let mut taken = HashSet::new();
    if suite.results.is_empty() {
        read(
            places.stdout,
            STDOUT,
            ResultFormat::Auto,
            None,
            &mut reading,
        );
        reading.output_cut = ended.output_cut && reading.reports > 0;
    }
    for source in &suite.results {
        match &source.location {
            _ if source.format == ResultFormat::ExitCode => {}
            ResultLocation::Stdout => {
                read(places.stdout, STDOUT, source.format, None, &mut reading);
                reading.output_cut |= ended.output_cut;
            }
            ResultLocation::Files(glob) => {
                let listing = find(glob, places);
                reading.notes.extend(listing.note);
                let mut fresh = 0;
                for (path, meta) in listing.found {
                    if before.0.get(&path) == Some(&stamp(&meta)) {
                        continue;
                    }
                    fresh += 1;
                    if !taken.insert(path.clone()) {
                        // An earlier pattern matches it too.
                        continue;
                    }
                    let shown = shown_name(&path, places);
                    let file = (is_glob(glob) || file_sources > 1).then_some(&*shown);
                    read(&path, &shown, source.format, file, &mut reading);
                    reading.files.push((format!("results/{shown}"), path));
                }
                if fresh == 0 && is_glob(glob) {
                    reading.notes.push(format!("no new file matches {glob}"));
                } else if fresh == 0 && !listing.leads_out {
                    reading.problems.push(format!("{glob} was not written"));
                } else if fresh == 0 {
                    reading.problems.push(format!("{glob} was not read"));
                }
            }
        }
    }
    reading.cases = cases.into_values().collect();
    reading.cases.sort_by(|a, b| a.id.cmp(&b.id));
    reading
}

/// Results of one name in one file. Where `content` (the runner exited with 0 and writes a format
/// in which runners repeat what they try again), failures before a last pass are attempts at one
/// test; anything else may be several tests under one name, and one that failed is not hidden.
fn merged(repeats: Vec<TestCase>, content: bool) -> Option<TestCase> {
    let retried = match repeats.as_slice() {
        [earlier @ .., last] => {
            last.outcome == Outcome::Passed && earlier.iter().all(|case| case.outcome.is_failure())
        }
        [] => false,
    };
    let rule = match content && retried {
        true => RepeatRule::AnyPassPasses,
        false => RepeatRule::AnyFailureFails,
    };
    repeats
        .into_iter()
        .reduce(|case, next| case.merge(next, rule))
}

/// Whether an exit code of 0 says that no test failed: not where the command was told to hide it,
/// or ends in something that always succeeds, or in a pipe.
fn exit_code_tells(suite: &Suite) -> bool {
    let line = match &suite.run {
        CommandLine::Shell(line) => line.clone(),
        CommandLine::Argv(words) => words.last().cloned().unwrap_or_default(),
    };
    if suite.run.to_string().contains("failure.ignore") {
        return false;
    }
    let line = line.trim_end_matches([' ', '\n', ';', ')', '}']);
    let Some(at) = line.rfind([';', '|', '&', '\n']) else {
        return true;
    };
    let (before, last) = (&line[..at], line[at + 1..].trim());
    let is_pipe = line[at..].starts_with('|') && !before.ends_with('|');
    let always = ["true", ":", "exit 0", "/bin/true", "/usr/bin/true"];
    !is_pipe && !always.contains(&last)
}

fn is_glob(pattern: &str) -> bool {
    pattern.contains(['*', '?', '[', '{'])
}

fn shown_name(path: &Path, places: &Places<'_>) -> String {
    let inner = path
        .strip_prefix(places.work_tree)
        .or_else(|_| path.strip_prefix(places.scratch))
        .unwrap_or(path);
    inner.to_string_lossy().into_owned()
}

fn read_one(
    path: &Path,
    shown: &str,
    format: ResultFormat,
    reading: &mut Reading,
) -> (Vec<TestCase>, Option<Format>) {
    let format_named = match format {
        ResultFormat::Auto | ResultFormat::ExitCode => None,
        ResultFormat::Junit => Some(Format::Junit),
        ResultFormat::Tap => Some(Format::Tap),
        ResultFormat::Libtest => Some(Format::Libtest),
        ResultFormat::LibtestJson => Some(Format::LibtestJson),
        ResultFormat::GoJson => Some(Format::GoJson),
        ResultFormat::GoText => Some(Format::GoText),
        ResultFormat::Ctrf => Some(Format::Ctrf),
        ResultFormat::TeamCity => Some(Format::TeamCity),
        ResultFormat::Trx => Some(Format::Trx),
        ResultFormat::Nunit => Some(Format::Nunit),
        ResultFormat::Xunit => Some(Format::Xunit),
    };
    let mut sink = Collected::default();
    let parsed = match File::open(path) {
        Ok(file) => parse(BufReader::new(file), format_named, &mut sink),
        Err(source) => Err(ParseError::Io(source)),
    };
    reading.notes.extend(
        sink.warnings
            .iter()
            .map(|warning| format!("{shown}: {warning}")),
    );
    let mut seen = None;
    match parsed {
        Ok(summary) => {
            seen = Some(summary.format);
            reading.reports += 1;
            if summary.truncated {
                reading
                    .problems
                    .push(format!("{shown} ends in the middle of a report"));
            }
            reading.run_failures.extend(summary.run_failure);
        }
        // With `auto`, a file of another kind is no report, and its presence no fault.
        Err(ParseError::Empty | ParseError::NotAReport { .. }) if format_named.is_none() => {}
        Err(error) => reading.problems.push(format!("{shown}: {error}")),
    }
    (sink.cases, seen)
}

/// Checks that a pattern can match files of a work tree, or below `$RETRO_SCRATCH/`.
///
/// # Errors
///
/// What is wrong with it, as the end of a sentence that begins with the pattern.
pub fn check_result_pattern(pattern: &str) -> Result<(), String> {
    let inner = pattern.strip_prefix(SCRATCH_PREFIX).unwrap_or(pattern);
    if inner.is_empty() {
        return Err("names no file".to_owned());
    }
    if inner.contains("//") {
        return Err("has an empty part".to_owned());
    }
    if inner.starts_with('/') || inner.split('/').any(|part| part == "..") {
        return Err("leads out of the work tree".to_owned());
    }
    match GlobBuilder::new(inner).literal_separator(true).build() {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("is not a pattern: {}", error.kind())),
    }
}

struct Listing {
    found: Vec<(PathBuf, Metadata)>,
    note: Option<String>,
    /// Nothing is read: it would be outside of the work tree.
    leads_out: bool,
}

/// The regular files that match, sorted. `.git` is not entered, and no link is followed, but for links
/// before a pattern's first wildcard that lead to a place inside.
fn find(glob: &str, places: &Places<'_>) -> Listing {
    let (root, pattern) = match glob.strip_prefix(SCRATCH_PREFIX) {
        Some(inner) => (places.scratch, inner),
        None => (places.work_tree, glob),
    };
    let pattern = pattern.trim_start_matches("./");
    let mut listing = Listing {
        found: Vec::new(),
        note: None,
        leads_out: false,
    };
    let matcher = match GlobBuilder::new(pattern).literal_separator(true).build() {
        Ok(glob) => glob.compile_matcher(),
        Err(error) => {
            listing.note = Some(format!("{glob} is not a pattern: {error}"));
            return listing;
        }
    };
    let literal: PathBuf = pattern
        .split('/')
        .take_while(|part| !is_glob(part))
        .collect();
    let start = root.join(literal);
    if let Some(why) = leads_out(root, &start) {
        listing.note = Some(format!("{glob} is not read: it {why}"));
        listing.leads_out = true;
        return listing;
    }
    let mut open = vec![start];
    while let Some(path) = open.pop() {
        let Ok(meta) = fs::symlink_metadata(&path) else {
            continue;
        };
        let inner = path.strip_prefix(root).unwrap_or(&path);
        if meta.is_dir() {
            let entries = fs::read_dir(&path).into_iter().flatten().flatten();
            open.extend(
                entries
                    .filter(|e| e.file_name() != ".git")
                    .map(|e| e.path()),
            );
        } else if meta.is_file() && matcher.is_match(inner) {
            if listing.found.len() == MOST_FILES {
                listing.note = Some(format!("{glob} matches more than {MOST_FILES} files"));
                break;
            }
            listing.found.push((path, meta));
        } else if meta.is_symlink() && matcher.is_match(inner) {
            let inner = inner.display();
            listing.note = Some(format!("{inner} is not read: it is a link"));
        }
    }
    listing.found.sort_by(|a, b| a.0.cmp(&b.0));
    listing
}

/// Why what a path resolves to may not be read; `None` for what is inside of `root`, or not there at all.
fn leads_out(root: &Path, path: &Path) -> Option<&'static str> {
    // The last part is looked at by itself, and not followed.
    let (folder, name) = (path.parent()?, path.file_name()?);
    let (root, folder) = match path == root {
        true => return None,
        false => (root.canonicalize().ok()?, folder.canonicalize().ok()?),
    };
    let Ok(inner) = folder.strip_prefix(&root) else {
        return Some("leads out of the work tree through a link");
    };
    let mut parts = inner.iter().chain([name]);
    parts
        .any(|part| part == ".git")
        .then_some("leads into .git")
}

#[cfg(test)]
#[path = "collect_tests.rs"]
mod tests;
