//! The suites of cargo-nextest. Where a test is ignored, nextest ends the suite before all of its tests
//! have ended, and begins it again for the rest: what is still open then may end in a later part, and
//! how many tests there were is known at the end of the stream alone. Suites of several binaries may be
//! open at once.

use std::collections::BTreeMap;

use retro_domain::{Outcome, OutcomeCounts};

use super::{Run, Suite, case};

/// What a binary takes beside its name.
pub(super) const BINARY: usize = 100;

/// The most suites that may be open beside one.
pub(super) const AT_ONCE: usize = 256;

/// A binary, as far as its suites have told of it.
#[derive(Default)]
pub(super) struct Binary {
    announced: u64,
    /// How many tests were counted that were run.
    run: u64,
    /// How many were counted as ignored: each part counts all of them so far.
    ignored: u64,
    /// How many of these had an event.
    told_ignored: u64,
    /// The tests that were started and have no end.
    open: BTreeMap<String, ()>,
}

/// What the end of one suite says.
pub(super) struct Part {
    pub(super) announced: Option<u64>,
    pub(super) seen: OutcomeCounts,
    pub(super) run: u64,
    pub(super) ignored: u64,
    pub(super) open: BTreeMap<String, ()>,
}

impl Binary {
    pub(super) fn add(&mut self, mut part: Part) {
        self.announced = self.announced.max(part.announced.unwrap_or(0));
        self.run = self.run.saturating_add(part.run);
        self.ignored = self.ignored.max(part.ignored);
        self.told_ignored = self.told_ignored.saturating_add(part.seen.skipped);
        self.open.append(&mut part.open);
    }
}

/// The binary in the name of a test: `package::binary$test`.
pub(super) fn binary(name: &str) -> Option<&str> {
    let (binary, test) = name.split_once('$')?;
    (!binary.contains(' ') && !test.is_empty()).then_some(binary)
}

/// Whether a test was started in an earlier part and has no end.
pub(super) fn waits(binaries: &BTreeMap<String, Binary>, name: &str) -> bool {
    let known = binary(name).and_then(|binary| binaries.get(binary));
    known.is_some_and(|binary| binary.open.contains_key(name))
}

/// A test that was started in an earlier part has ended.
pub(super) fn ended(binaries: &mut BTreeMap<String, Binary>, name: &str) -> Option<()> {
    binaries.get_mut(binary(name)?)?.open.remove(name)
}

impl Run<'_, '_> {
    /// Makes the suite that an event of this binary belongs to the current one: nextest runs several
    /// at once.
    pub(super) fn turn_to(&mut self, binary: Option<&str>) {
        let is_of = |suite: &Suite| suite.binary.as_deref() == binary;
        if binary.is_some() && !self.suite.as_ref().is_some_and(is_of) {
            if let Some(at) = self.others.iter().position(is_of) {
                let current = self.suite.replace(self.others.swap_remove(at));
                self.others.extend(current);
            } else if let Some(suite) = self.suite.as_mut().filter(|suite| suite.binary.is_none()) {
                suite.binary = binary.map(str::to_owned);
            }
        }
    }

    /// Tells the tests that have no end, and whether all that were announced were counted.
    pub(super) fn end_binaries(&mut self) {
        for (name, binary) in std::mem::take(&mut self.nextest) {
            let untold = binary.ignored.saturating_sub(binary.told_ignored);
            let open = u64::try_from(binary.open.len()).unwrap_or(u64::MAX);
            // One by one, nextest has no event for an ignored test but its start.
            let are_ignored = open <= untold;
            for test in binary.open.into_keys() {
                let outcome = match are_ignored {
                    true => Outcome::Skipped,
                    false => Outcome::Errored,
                };
                let mut case = case(&[], &test, outcome);
                if !are_ignored {
                    case.message = Some("the test did not end: its binary ended".to_owned());
                }
                self.out.case(case);
            }
            let total = binary.run.saturating_add(binary.ignored);
            if binary.announced > 0 && total != binary.announced {
                self.out.summary.truncated |= total < binary.announced;
                let message = format!(
                    "{} tests of {name} were announced; the ends of its suites count {total}",
                    binary.announced
                );
                self.out.warn(self.number, message);
            }
        }
    }
}
