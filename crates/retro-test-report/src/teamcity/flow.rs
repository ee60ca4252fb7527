//! A flow of messages: its suites, and its tests that have no end yet.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use retro_domain::{Location, TestCase, Timestamp};

use crate::kept_text::KeptText;
use crate::numbers::duration;
use crate::suite_path::Depth;

#[derive(Default)]
pub(super) struct Flow {
    pub(super) place: Place,
    /// How deep the place around it is.
    pub(super) inherited: usize,
    /// Suites that there is no room for.
    pub(super) unroomed: u64,
    /// In boxes, for a map has room for many and most flows have one.
    pub(super) tests: BTreeMap<String, Box<OpenTest>>,
    /// The open tests by how many suites are around them.
    pub(super) by_depth: BTreeSet<(usize, String)>,
    /// Those of them that failed.
    pub(super) failed: BTreeSet<String>,
    /// The room that the suites around it take.
    pub(super) room: usize,
}

impl Flow {
    /// How many of the suites that have a part of their own in names are not its own.
    pub(super) fn inherited_names(&self) -> usize {
        self.inherited.min(self.place.suites.len())
    }

    /// Whether the innermost suite is its own and has no part of its own in names.
    pub(super) fn is_beyond(&self) -> bool {
        self.place.deep() > self.inherited.max(self.place.suites.len())
    }

    /// Whether a suite of its own is open.
    pub(super) fn has_open_suite(&self) -> bool {
        self.place.deep() > self.inherited || self.unroomed > 0
    }
}

/// Where a test is: the suites around it.
#[derive(Default)]
pub(super) struct Place {
    /// Those that have a part of their own in names.
    pub(super) suites: Vec<Suite>,
    pub(super) depth: Depth,
}

impl Place {
    /// The same, for a flow that begins here.
    pub(super) fn inside(&self) -> Self {
        Self {
            suites: self.suites.clone(),
            depth: self.depth.inside(),
        }
    }

    /// How many suites there are that can be told apart.
    pub(super) fn deep(&self) -> usize {
        self.suites.len() + self.depth.beyond()
    }

    /// The names of the suites.
    pub(super) fn path(&self) -> Vec<String> {
        // Some runners have a suite around everything that has no name.
        let names = self.suites.iter().map(|suite| suite.name.clone());
        names
            .filter(|name| !name.is_empty())
            .chain(self.depth.rest())
            .collect()
    }

    /// The bytes of its names, with so many more for each.
    pub(super) fn size(&self, each: usize) -> usize {
        self.suites
            .iter()
            .map(|suite| suite.name.len() + each)
            .sum()
    }
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
