//! A suite of an XML report while its end was not read yet: what it says, what it has, and whether
//! the two agree.

use retro_domain::{Outcome, OutcomeCounts};

use crate::kept_text::append;
use crate::odd::{Odd, quoted};
use crate::output::Output;
use crate::{ClaimedCounts, SuiteMetadata};

/// The most properties kept of one suite.
const MOST_PROPERTIES: usize = 1_000;

/// The most suites inside each other that are told of.
pub(crate) const DEEPEST_TOLD: usize = 10_000;

/// How many bytes all suites of a report may still hold, beside what they wrote: those that are
/// open and those that the summary has.
#[derive(Debug)]
pub(crate) struct SuiteRoom(usize);

/// What all suites may hold at first.
const ROOM: usize = 16 << 20;

/// What a suite, and what a property costs beside its texts.
const EACH_SUITE: usize = 400;
const EACH_PROPERTY: usize = 64;

impl Default for SuiteRoom {
    fn default() -> Self {
        Self(ROOM)
    }
}

impl SuiteRoom {
    pub(crate) fn has(&self, bytes: usize) -> bool {
        bytes <= self.0
    }

    /// Takes so many bytes if there are as many.
    pub(crate) fn take(&mut self, bytes: usize) -> bool {
        let left = self.0.checked_sub(bytes);
        self.0 = left.unwrap_or(self.0);
        left.is_some()
    }

    /// Takes what a suite that ended holds in the summary.
    pub(crate) fn take_ended(&mut self, suite: &SuiteMetadata) -> bool {
        let parts = suite.path.iter().chain(&suite.hostname);
        let texts = parts.map(|text| text.len() + 32).sum::<usize>();
        let properties = suite.properties.iter().map(property_size).sum::<usize>();
        self.take(EACH_SUITE + texts + properties)
    }
}

fn property_size((name, value): &(String, String)) -> usize {
    EACH_PROPERTY + name.len() + value.len()
}

/// A suite whose end was not read yet.
#[derive(Debug, Default)]
pub(crate) struct OpenSuite {
    /// Whether it has a name.
    pub(crate) named: bool,
    pub(crate) metadata: SuiteMetadata,
    /// The cases directly inside.
    pub(crate) own: OutcomeCounts,
    /// The cases of the suites inside.
    pub(crate) inner: OutcomeCounts,
    /// Results that are no cases here, but that a writer may have counted.
    pub(crate) beside: OutcomeCounts,
    /// Cases that did not run and that it counts apart from those that were skipped.
    pub(crate) disabled: u64,
    /// How many bytes it took of what all suites have.
    taken: usize,
    /// How many properties and other texts there was no room for.
    left_out: u64,
}

impl OpenSuite {
    pub(crate) fn property(&mut self, name: String, value: String, room: &mut SuiteRoom) {
        let property = (name, value);
        let fits = self.metadata.properties.len() < MOST_PROPERTIES;
        if fits && self.has_room(property_size(&property), room) {
            self.metadata.properties.push(property);
        } else if !fits {
            self.left_out += 1;
        }
    }

    /// A text as far as there is room for it.
    pub(crate) fn keep(&mut self, text: String, room: &mut SuiteRoom) -> Option<String> {
        self.has_room(text.len(), room).then_some(text)
    }

    fn has_room(&mut self, bytes: usize, room: &mut SuiteRoom) -> bool {
        let fits = room.take(bytes);
        match fits {
            true => self.taken += bytes,
            false => self.left_out += 1,
        }
        fits
    }

    /// Takes what it wrote outside of its cases, up to a limit for each of the two outputs.
    pub(crate) fn output(&mut self, is_stderr: bool, text: String, most: usize) {
        let slot = match is_stderr {
            true => &mut self.metadata.stderr,
            false => &mut self.metadata.stdout,
        };
        append(slot, text, most);
    }

    /// The end of the suite in the summary, if there is anything to tell about it.
    pub(crate) fn end(mut self, out: &mut Output<'_>) {
        self.release(&mut out.suite_room);
        if self.is_worth_telling() {
            out.suite(self.metadata);
        }
    }

    /// Gives back what it took while it was open: the summary takes what it keeps.
    pub(crate) fn release(&mut self, room: &mut SuiteRoom) {
        room.0 += std::mem::take(&mut self.taken);
        self.metadata.properties.shrink_to_fit();
    }

    /// Gives back what it took, for nothing of it is told.
    pub(crate) fn forget(mut self, room: &mut SuiteRoom) {
        self.release(room);
    }

    /// What to warn of when some of its properties were not kept.
    pub(crate) fn left_out(&self) -> Option<String> {
        let name = self.shown();
        (self.left_out > 0).then(|| {
            format!(
                "{} properties or other texts of {name} are left out: one suite may have {MOST_PROPERTIES} \
                 properties, all suites together {} MiB",
                self.left_out,
                ROOM >> 20
            )
        })
    }

    fn shown(&self) -> String {
        let name = self.metadata.path.last();
        name.map_or("the report".to_owned(), |name| crate::odd::short(name))
    }

    pub(crate) fn is_worth_telling(&self) -> bool {
        let bare = SuiteMetadata {
            path: self.metadata.path.clone(),
            ..SuiteMetadata::default()
        };
        self.named || self.metadata != bare
    }

    pub(crate) fn counts(&self) -> OutcomeCounts {
        let mut all = self.own;
        all += self.inner;
        all
    }

    /// How the counts it claims differ from its cases, if they do. Writers differ in whether inner
    /// suites and skipped tests belong to `tests`, and errors to `failures`: any reading will do.
    pub(crate) fn false_claim(&self) -> Option<String> {
        let ClaimedCounts {
            tests,
            failures,
            errors,
            skipped,
        } = self.metadata.claimed;
        let all = self.counts();
        let mut with_others = all;
        with_others += self.beside;
        let fits = |claim: Option<u64>, of: fn(OutcomeCounts) -> [u64; 2]| {
            claim.is_none_or(|n| {
                [all, self.own, with_others]
                    .into_iter()
                    .any(|counts| of(counts).contains(&n))
            })
        };
        // Some of the kinds of skipped tests may belong to `tests`, and others not.
        let fits_tests = tests.is_none_or(|n| {
            [all, self.own, with_others]
                .into_iter()
                .any(|counts| (counts.total() - counts.skipped..=counts.total()).contains(&n))
        });
        let mut wrong = Vec::new();
        if !fits_tests {
            wrong.push(format!("{} tests, has {}", tests.unwrap_or(0), all.total()));
        }
        if !fits(failures, |c| [c.failed, c.failures()]) {
            wrong.push(format!(
                "{} failures, has {}",
                failures.unwrap_or(0),
                all.failed
            ));
        }
        if !fits(errors, |c| [c.errored, c.errored]) {
            wrong.push(format!(
                "{} errors, has {}",
                errors.unwrap_or(0),
                all.errored
            ));
        }
        let with_disabled = skipped.map(|n| n.saturating_add(self.disabled));
        if ![skipped, with_disabled]
            .into_iter()
            .any(|claim| fits(claim, |c| [c.skipped, c.skipped]))
        {
            wrong.push(format!(
                "{} skipped, has {}",
                skipped.unwrap_or(0),
                all.skipped
            ));
        }
        let name = self.shown();
        (!wrong.is_empty()).then(|| format!("{name} claims {}", wrong.join("; ")))
    }

    pub(crate) fn add(&mut self, outcome: Outcome, flaky: bool) {
        self.own.add(outcome, flaky);
    }
}

/// A count; what is none is noted in `odd`.
pub(crate) fn count(text: &str, odd: &mut Odd) -> Option<u64> {
    let count = text.trim().parse().ok();
    if count.is_none() && !text.trim().is_empty() {
        odd.push(format!("{} is no count", quoted(text)));
    }
    count
}
