//! The names of the suites around a test, as far as they are a part of its own.

use crate::odd::Odd;

/// Suites deeper than this have no part of their own in the names of tests, so that a hostile depth
/// does not make every name as long as the file.
pub(crate) const DEEPEST_NAME: usize = 100;

/// The most bytes that the names of suites around a test may have together.
const LONGEST_NAMES: usize = 16 << 10;

/// Which of the suites around have a part of their own in names, and a digest of the others, so
/// that tests in different suites never have one name.
#[derive(Debug, Default)]
pub(crate) struct Depth {
    named: usize,
    bytes: usize,
    /// How many suites beyond the limits are around the first that has a digest here.
    outer: usize,
    /// For each suite beyond the limits: a digest of the names from the limit down to it.
    beyond: Vec<u64>,
    is_told: bool,
}

impl Depth {
    /// Enters a suite. Whether its name is a part of names, which the caller keeps then.
    pub(crate) fn enter(&mut self, name: &str, odd: &mut Odd) -> bool {
        let fits = self.named < DEEPEST_NAME && self.bytes + name.len() <= LONGEST_NAMES;
        if self.beyond.is_empty() && fits {
            self.named += 1;
            self.bytes += name.len();
            return true;
        }
        if !std::mem::replace(&mut self.is_told, true) {
            odd.push(format!(
                "suites more than {DEEPEST_NAME} deep, or with names of more than {} KiB together, are one \
                 digest in the names of tests",
                LONGEST_NAMES >> 10
            ));
        }
        let around = self.beyond.last().copied().unwrap_or(FNV_OFFSET);
        // A byte that is in no text stands between names.
        self.beyond.push(fnv(fnv(around, name.as_bytes()), &[0xff]));
        false
    }

    /// Leaves the innermost suite, where `last` is the last name that was kept. Whether that name
    /// was its own, and the caller forgets it.
    pub(crate) fn leave(&mut self, last: Option<&str>) -> bool {
        if self.beyond.pop().is_some() {
            return false;
        }
        self.named = self.named.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(last.map_or(0, str::len));
        true
    }

    /// The same place, for what begins inside of it and does not leave it.
    pub(crate) fn inside(&self) -> Self {
        Self {
            outer: (self.outer + self.beyond.len()).saturating_sub(1),
            beyond: self.beyond.last().copied().into_iter().collect(),
            ..*self
        }
    }

    /// The last name that was kept is shorter by so many bytes from now on.
    fn shorten(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_sub(bytes);
    }

    /// How many suites have no part of their own, of those that can be left.
    pub(crate) fn beyond(&self) -> usize {
        self.beyond.len()
    }

    /// What stands for the suites that have no part of their own.
    pub(crate) fn rest(&self) -> Option<String> {
        let digest = self.beyond.last()?;
        let count = self.outer + self.beyond.len();
        Some(format!("({count} more: {digest:016x})"))
    }

    /// How many bytes the names have.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;

/// FNV-1a. It protects from chance, and who makes two names collide harms nobody else.
fn fnv(start: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(start, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// A digest of a name.
pub(crate) fn digest(name: &[u8]) -> u64 {
    fnv(FNV_OFFSET, name)
}

/// The suites that are open, by their names.
#[derive(Debug, Default)]
pub(crate) struct SuitePath {
    names: Vec<Name>,
    depth: Depth,
    /// How many of the names are absolute paths of files.
    files: usize,
    /// Another number for every change.
    changes: u64,
}

#[derive(Debug)]
struct Name {
    text: String,
    is_file: bool,
    /// Where the time of the run begins, while it is not settled whether that is a part of the name.
    date: Option<usize>,
    /// Tells it from every other name that was here.
    stamp: u64,
}

/// What a copy of a path was made of, so that only what changed need be copied again.
#[derive(Debug, Default)]
pub(crate) struct Copied {
    whole: Option<(u64, bool)>,
    parts: Vec<u64>,
}

impl SuitePath {
    /// Enters a suite. Whether its name is the absolute path of a file.
    pub(crate) fn enter(&mut self, name: &str, odd: &mut Odd) -> bool {
        self.changes += 1;
        if !self.depth.enter(name, odd) {
            return false;
        }
        let is_file = is_absolute_file(name);
        self.files += usize::from(is_file);
        self.names.push(Name {
            text: name.to_owned(),
            is_file,
            date: date_at_end(name),
            stamp: self.changes,
        });
        is_file
    }

    /// Leaves the innermost suite.
    pub(crate) fn leave(&mut self) {
        self.changes += 1;
        let last = self.names.last().map(|name| name.text.as_str());
        if self.depth.leave(last)
            && let Some(name) = self.names.pop()
        {
            self.files -= usize::from(name.is_file);
        }
    }

    /// Whether there is no suite with a name.
    pub(crate) fn is_empty(&self) -> bool {
        self.names.is_empty() && self.depth.beyond() == 0
    }

    /// Whether the innermost suite may be named with the time of the run.
    #[inline]
    pub(crate) fn may_be_dated(&self) -> bool {
        self.names.last().is_some_and(|name| name.date.is_some()) && self.depth.beyond() == 0
    }

    /// Settles whether the innermost suite is named with the time of the run, now that the class of
    /// a test inside is known. If so that is left out of the name, and the name as given comes back.
    pub(crate) fn settle_date(&mut self, class: &str) -> Option<String> {
        let name = self.names.last_mut()?;
        let date = name.date.take()?;
        let given = name.text.clone();
        if !is_dated(&name.text[..date], class) {
            return None;
        }
        self.depth.shorten(name.text.len() - date);
        name.text.truncate(date);
        self.changes += 1;
        name.stamp = self.changes;
        Some(given)
    }

    /// Whether a part of it is the absolute path of a file.
    pub(crate) fn has_files(&self) -> bool {
        self.files > 0
    }

    /// The name of the innermost suite that has a part of its own.
    pub(crate) fn last(&self) -> Option<&str> {
        self.names.last().map(|name| name.text.as_str())
    }

    /// How many bytes the names have.
    pub(crate) fn bytes(&self) -> usize {
        self.depth.bytes()
    }

    /// The path of the innermost suite, without files.
    pub(crate) fn of_suite(&self) -> Vec<String> {
        let names = self.names.iter().filter(|name| !name.is_file);
        names
            .map(|name| name.text.clone())
            .chain(self.depth.rest())
            .collect()
    }

    /// Makes `copy` the path of a test. Where it has a class, or suites inside of a file, the file
    /// is left out: its path differs from one work tree to the next.
    #[inline]
    pub(crate) fn copy_to(&self, has_class: bool, copied: &mut Copied, copy: &mut Vec<String>) {
        if copied.whole != Some((self.changes, has_class)) {
            self.copy_changes(has_class, copied, copy);
        }
    }

    fn copy_changes(&self, has_class: bool, copied: &mut Copied, copy: &mut Vec<String>) {
        let inner = self.names.iter().rposition(|name| !name.is_file);
        let told = self.names.iter().enumerate().filter(|(at, name)| {
            let is_told_apart = has_class || inner.is_some_and(|inner| *at < inner);
            !name.is_file || !is_told_apart
        });
        let mut len = 0;
        let mut is_same = true;
        for (_, name) in told {
            is_same &= copied.parts.get(len) == Some(&name.stamp) && len < copy.len();
            if !is_same {
                copied.parts.truncate(len);
                copied.parts.push(name.stamp);
                put(copy, len, &name.text);
            }
            len += 1;
        }
        copied.parts.truncate(len);
        if let Some(rest) = self.depth.rest() {
            put(copy, len, &rest);
            len += 1;
        }
        copy.truncate(len);
        copied.whole = Some((self.changes, has_class));
    }
}

/// Writes a text to a place of a list that is at most one too short, in the memory that is there.
fn put(list: &mut Vec<String>, at: usize, text: &str) {
    match list.get_mut(at) {
        Some(old) if old.capacity() <= 4096 => {
            old.clear();
            old.push_str(text);
        }
        Some(old) => *old = text.to_owned(),
        None => list.push(text.to_owned()),
    }
}

/// Where `-20260131235959`, a point in time as unittest-xml-reporting appends it to the names of its
/// suites, begins.
fn date_at_end(name: &str) -> Option<usize> {
    let at = name.len().checked_sub("-YYYYMMDDhhmmss".len())?;
    let digits = name.get(at..)?.strip_prefix('-')?;
    let number = |from: usize, to: usize| digits.get(from..to)?.parse::<u16>().ok();
    let fits = digits.bytes().all(|b| b.is_ascii_digit())
        && (1970..2200).contains(&number(0, 4)?)
        && (1..=12).contains(&number(4, 6)?)
        && (1..=31).contains(&number(6, 8)?)
        && number(8, 10)? < 24
        && number(10, 12)? < 60
        && number(12, 14)? <= 61;
    (at > 0 && fits).then_some(at)
}

/// Whether a suite of unittest-xml-reporting may be called so with the time of its run behind it,
/// when `class` is that of a test in it: the suite is `module.Class`, where the tests of a class
/// inside of others or of a function say more, and tests that are none of a class are in suites
/// that are named after Python's own classes.
fn is_dated(suite: &str, class: &str) -> bool {
    let is_pythons = || suite.starts_with("unittest.") || suite.starts_with("doctest.");
    let is_class_inside = || {
        let (module, name) = suite.rsplit_once('.').unwrap_or(("", suite));
        class
            .strip_prefix(module)
            .and_then(|rest| rest.strip_suffix(name))
            .is_some_and(|between| {
                between.ends_with('.') && (module.is_empty() || between.starts_with('.'))
            })
    };
    suite == class || is_pythons() || is_class_inside()
}

/// Whether a name is an absolute path, which differs from one work tree to the next.
pub(crate) fn is_absolute(name: &str) -> bool {
    let name = name.strip_prefix("file://").unwrap_or(name);
    match name.as_bytes() {
        [b'/', ..] | [b'\\', b'\\', ..] => true,
        [drive, b':', b'/' | b'\\', ..] => drive.is_ascii_alphabetic(),
        _ => false,
    }
}

/// Whether a name is the absolute path of a file: its last part has an ending and no space. What
/// only begins with a slash may be a route of a web service or a sentence about it.
fn is_absolute_file(name: &str) -> bool {
    if !is_absolute(name) {
        return false;
    }
    let Some((folder, file)) = name.rsplit_once(['/', '\\']) else {
        return false;
    };
    let is_ending = |ending: &str| {
        ending.len() <= 10
            && ending.starts_with(|c: char| c.is_ascii_alphabetic())
            && ending.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    let has_ending = file
        .rsplit_once('.')
        .is_some_and(|(stem, ending)| !stem.is_empty() && is_ending(ending));
    has_ending
        && !folder.trim_end_matches(['/', '\\']).is_empty()
        && !file.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_the_path_whatever_came_before() {
        let (mut path, mut odd) = (SuitePath::default(), Odd::default());
        let (mut copied, mut copy) = (Copied::default(), Vec::new());
        let mut check = |path: &SuitePath, expected: &[&str]| {
            path.copy_to(false, &mut copied, &mut copy);
            assert_eq!(copy, expected);
        };
        check(&path, &[]);
        for name in ["a", "b", "c"] {
            path.enter(name, &mut odd);
        }
        check(&path, &["a", "b", "c"]);
        path.leave();
        check(&path, &["a", "b"]);
        path.leave();
        path.enter("b", &mut odd);
        path.enter("d", &mut odd);
        check(&path, &["a", "b", "d"]);
        path.leave();
        path.leave();
        path.leave();
        check(&path, &[]);
        path.leave();
        check(&path, &[]);
    }

    #[test]
    fn suites_beyond_the_limits_are_one_digest() {
        let path_of = |names: &[&str]| {
            let (mut path, mut odd) = (SuitePath::default(), Odd::default());
            for name in names {
                path.enter(name, &mut odd);
            }
            path.of_suite()
        };
        let mut names = vec!["x"; DEEPEST_NAME];
        assert_eq!(path_of(&names), names);
        names.push("a");
        let one = path_of(&names);
        assert_eq!(one.len(), DEEPEST_NAME + 1);
        assert_eq!(one, path_of(&names));
        let mut others = vec![one];
        for more in [
            &["b"][..],
            &["a", "a"],
            &["aa"],
            &["a", "b"],
            &["ab"],
            &[""],
        ] {
            let names = [&names[..DEEPEST_NAME], more].concat();
            let path = path_of(&names);
            assert!(!others.contains(&path), "{more:?}");
            others.push(path);
        }
        let long = "x".repeat(LONGEST_NAMES - 1);
        assert_eq!(path_of(&[&long, "a"]), [long.as_str(), "a"]);
        let beyond = path_of(&[&long, "ab"]);
        assert_eq!((beyond.len(), beyond[0].len()), (2, LONGEST_NAMES - 1));
        assert!(beyond[1].starts_with("(1 more: "), "{}", beyond[1]);
    }

    #[test]
    fn the_time_of_a_run_is_left_out_of_names() {
        let settled = |suite: &str, class: &str| {
            let (mut path, mut odd) = (SuitePath::default(), Odd::default());
            path.enter(suite, &mut odd);
            let given = path
                .may_be_dated()
                .then(|| path.settle_date(class))
                .flatten();
            assert!(!path.may_be_dated());
            assert_eq!(path.bytes(), path.last().unwrap_or_default().len());
            assert_eq!(given.as_deref().unwrap_or(suite), suite);
            let name = path.of_suite().concat();
            assert_eq!(given.is_some(), name != suite);
            path.leave();
            assert_eq!(path.bytes(), 0);
            name
        };
        for (suite, class, expected) in [
            ("m.T-20260131235959", "m.T", "m.T"),
            ("T-20260131235959", "T", "T"),
            ("m.T-20260131235959", "m.Outer.T", "m.T"),
            ("T-20260131235959", "Outer.T", "T"),
            (
                "unittest.suite._ErrorHolder-20260131235959",
                "",
                "unittest.suite._ErrorHolder",
            ),
            (
                "doctest.DocTestCase-20260131235959",
                "m.sums",
                "doctest.DocTestCase",
            ),
        ] {
            assert_eq!(settled(suite, class), expected);
        }
        for (suite, class) in [
            ("m.T-20260131235959", "m.Other"),
            ("m.T-20260131235959", "m.MyT"),
            ("m.T-20260131235959", "my.inner.T"),
            ("m.T-20260131235959", ""),
            ("m.T-20261331235959", "m.T"),
            ("m.T-20260131245959", "m.T"),
            ("m.T-2026013123595", "m.T"),
            ("m.T-202601312359590", "m.T"),
            ("m.T20260131235959", "m.T"),
            ("-20260131235959", ""),
            ("m.T", "m.T"),
        ] {
            assert_eq!(settled(suite, class), suite);
        }
    }

    #[test]
    fn paths_of_files_are_told_from_other_names() {
        for file in [
            "/builds/a/phpunit.xml",
            "/app/phpunit.xml.dist",
            "C:\\work\\a\\phpunit.xml",
            "D:/builds/a.spec.ts",
            "\\\\host\\share\\a.js",
            "file:///builds/a.mjs",
        ] {
            assert!(is_absolute_file(file), "{file}");
        }
        for other in [
            "",
            "/",
            "a/b.js",
            "./a/b.js",
            "/api/users",
            "/users.json",
            "/api/v1.0",
            "/api/users gives user.name",
            "GET /api/users.json",
            "App\\FooTest",
            "C:",
            "/a/.hidden",
        ] {
            assert!(!is_absolute_file(other), "{other}");
        }
    }
}
