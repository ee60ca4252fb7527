//! A flow of messages: its suites, and its tests that have no end yet.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use retro_domain::{Location, TestCase, Timestamp};

use crate::kept_text::KeptText;
use crate::numbers::duration;

#[derive(Default)]
pub(super) struct Flow {
    /// The suites of the flow around it, and its own.
    pub(super) suites: Vec<Suite>,
    pub(super) inherited: usize,
    /// Suites too deep to have a name.
    pub(super) unnamed: u64,
    /// In boxes, for a map has room for many and most flows have one.
    pub(super) tests: BTreeMap<String, Box<OpenTest>>,
    /// The open tests by how many suites are around them.
    pub(super) by_depth: BTreeSet<(usize, String)>,
    /// Those of them that failed.
    pub(super) failed: BTreeSet<String>,
    /// The room that the suites around it take.
    pub(super) room: usize,
}

#[derive(Clone)]
pub(super) struct Suite {
    pub(super) name: String,
    pub(super) started: Option<Timestamp>,
}

pub(super) struct OpenTest {
    pub(super) depth: usize,
    pub(super) case: TestCase,
    pub(super) is_failed: bool,
    pub(super) captures: bool,
    pub(super) started: Option<Timestamp>,
    pub(super) detail: KeptText,
    pub(super) stdout: KeptText,
    pub(super) stderr: KeptText,
    /// The room that its names take.
    pub(super) room: usize,
    /// The room that all but names and outputs takes.
    pub(super) items: usize,
}

pub(super) fn names(suites: &[Suite]) -> Vec<String> {
    // Some runners have a suite around everything that has no name.
    let names = suites.iter().map(|suite| suite.name.clone());
    names.filter(|name| !name.is_empty()).collect()
}

pub(super) fn millis(text: &str) -> Option<Duration> {
    duration(text).map(|time| time / 1000)
}

/// `file:///path:12`, `php_qn:///path.php::\Class::method` and their like: a path and a line.
pub(super) fn location(hint: &str) -> Option<Location> {
    let (scheme, path) = hint.split_once("://")?;
    let path = path.split("::").next().unwrap_or(path);
    let is_file = matches!(scheme, "file" | "php_qn" | "ruby_qn" | "python_uttestid");
    let (file, line) = match path
        .rsplit_once(':')
        .map(|(file, line)| (file, line.parse()))
    {
        Some((file, Ok(line))) => (file, Some(line)),
        _ => (path, None),
    };
    (is_file && file.contains('.') && file.len() < 4096).then(|| Location {
        file: file.to_owned(),
        line,
    })
}
