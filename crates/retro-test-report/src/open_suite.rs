//! A suite of an XML report while its end was not read yet: what it says, what it has, and whether
//! the two agree.

use std::rc::Rc;

use retro_domain::{Outcome, OutcomeCounts};

use crate::kept_text::append;
use crate::odd::Odd;
use crate::output::Output;
use crate::xml::Attributes;
use crate::{ClaimedCounts, SuiteMetadata};

/// The most properties kept of one suite.
const MOST_PROPERTIES: usize = 1_000;

/// A suite whose end was not read yet.
#[derive(Debug, Default)]
pub(crate) struct OpenSuite {
    /// Whether its name became a part of the path of what is inside.
    pub(crate) named: bool,
    pub(crate) file: Option<Rc<str>>,
    pub(crate) metadata: SuiteMetadata,
    /// The cases directly inside.
    pub(crate) own: OutcomeCounts,
    /// The cases of the suites inside.
    pub(crate) inner: OutcomeCounts,
    /// Results that are no cases here, but that a writer may have counted.
    pub(crate) beside: OutcomeCounts,
    /// Cases that did not run and that it counts apart from those that were skipped.
    pub(crate) disabled: u64,
    /// The room that it takes while it is open.
    room: usize,
}

/// What a property takes beside its texts.
const PROPERTY: usize = 64;

impl OpenSuite {
    /// Takes room for what is kept of it; false when the suites that are open have none left.
    pub(crate) fn takes(&mut self, bytes: usize, out: &mut Output<'_>) -> bool {
        let fits = out.take_open(bytes);
        self.room += if fits { bytes } else { 0 };
        fits
    }

    /// The attributes of its start tag, when there is room for them; they are kept so many times.
    pub(crate) fn affords<'a>(
        &mut self,
        attributes: Attributes<'a>,
        times: usize,
        out: &mut Output<'_>,
    ) -> Attributes<'a> {
        if self.takes(attributes.size() * times, out) {
            return attributes;
        }
        out.warn(
            None,
            "suites that are open at once say too much of themselves",
        );
        Attributes::none()
    }

    /// Gives back the room that it took.
    pub(crate) fn leave(&mut self, out: &mut Output<'_>) {
        out.give_open(std::mem::take(&mut self.room));
    }

    pub(crate) fn property(&mut self, name: String, value: String, out: &mut Output<'_>) {
        let size = name.len() + value.len() + PROPERTY;
        if self.metadata.properties.len() < MOST_PROPERTIES && self.takes(size, out) {
            self.metadata.properties.push((name, value));
        }
    }

    /// Takes what it wrote outside of its cases, up to a limit for each of the two outputs.
    pub(crate) fn output(&mut self, is_stderr: bool, text: String, most: usize) {
        let slot = match is_stderr {
            true => &mut self.metadata.stderr,
            false => &mut self.metadata.stdout,
        };
        append(slot, text, most);
    }

    /// Notes its path, whose last part is its own name.
    pub(crate) fn is_at<'n>(
        &mut self,
        path: impl IntoIterator<Item = &'n String, IntoIter: DoubleEndedIterator + Clone>,
        out: &Output<'_>,
    ) {
        let path = path.into_iter();
        // Paths of suites cost as much as paths of tests, so only those that can be told have one.
        if out.has_room_for_suite(path.clone().map(String::len).sum()) {
            self.metadata.path = path.cloned().collect();
        } else {
            self.metadata.path = path.last().cloned().into_iter().collect();
        }
    }

    /// Whether there is anything to tell about it.
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
        let name = self
            .metadata
            .path
            .last()
            .map_or("the report", String::as_str);
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
        odd.push(format!("{text:?} is no count"));
    }
    count
}
