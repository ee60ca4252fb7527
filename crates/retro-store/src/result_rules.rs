//! What every result store does the same way.

use std::collections::HashSet;
use std::time::Duration;

use retro_domain::{OutcomeCounts, TestCase};

use crate::{
    CompactDuration, PutCondition, ResourceUsage, ResultRecord, ResultSummary, Revision, StoreError,
};

impl PutCondition {
    /// The revision that a write makes when `found` is what is stored.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when the condition does not hold.
    pub fn next_revision(self, found: Option<Revision>) -> Result<Revision, StoreError> {
        let name = |revision: Option<Revision>| match revision {
            Some(revision) => format!("revision {}", revision.0),
            None => "no result".to_owned(),
        };
        let expected = match self {
            Self::Absent => None,
            Self::Revision(revision) => Some(revision),
        };
        if expected == found {
            Ok(Revision(found.map_or(1, |revision| revision.0 + 1)))
        } else {
            Err(StoreError::conflict(
                "the result",
                name(expected),
                name(found),
            ))
        }
    }
}

impl ResultRecord {
    /// Checks what every store asks of a record.
    ///
    /// # Errors
    ///
    /// [`StoreError::Backend`] when a test id occurs twice.
    pub fn check(&self) -> Result<(), StoreError> {
        let mut seen = HashSet::with_capacity(self.cases.len());
        match self.cases.iter().find(|case| !seen.insert(&case.id)) {
            None => Ok(()),
            Some(case) => Err(StoreError::backend(
                format!("storing the result of commit {}", self.commit.short()),
                format!("the test {} occurs twice in it", case.id),
            )),
        }
    }

    /// How many of its tests ended how, those of
    /// [`TestId::is_command`](retro_domain::TestId::is_command) left out.
    pub fn counts(&self) -> OutcomeCounts {
        let mut counts = OutcomeCounts::default();
        for case in self.cases.iter().filter(|case| !case.id.is_command()) {
            counts.add(case.outcome, case.flaky);
        }
        counts
    }

    /// The record as it is read back: durations rounded down, cases and attempts in order.
    #[must_use]
    pub fn in_stored_precision(&self) -> Self {
        let mut record = self.clone();
        record.usage = record.usage.in_stored_precision();
        record.cases.iter_mut().for_each(round);
        record.cases.sort_by(|a, b| a.id.cmp(&b.id));
        record
    }

    /// The record without its tests.
    pub fn summary(&self, revision: Revision) -> ResultSummary {
        ResultSummary {
            key: self.key,
            revision,
            repo: self.repo.clone(),
            commit: self.commit,
            suite_name: self.suite_name.clone(),
            verdict: self.verdict.clone(),
            counts: self.counts(),
            started_at: self.started_at,
            usage: self.usage.in_stored_precision(),
            ending: self.ending.clone(),
            notes: self.notes.clone(),
            artifacts: self.artifacts.clone(),
        }
    }
}

impl ResourceUsage {
    /// The usage with its times rounded down to the microsecond, as it is read back.
    #[must_use]
    pub fn in_stored_precision(self) -> Self {
        Self {
            wall: to_the_microsecond(self.wall),
            user: to_the_microsecond(self.user),
            system: to_the_microsecond(self.system),
            max_rss: self.max_rss,
        }
    }
}

fn round(case: &mut TestCase) {
    case.duration = case.duration.map(|it| CompactDuration::new(it).duration());
    for attempt in &mut case.attempts {
        attempt.duration = attempt.duration.map(to_the_microsecond);
    }
}

/// Rounds down; what microseconds in 63 bits cannot count becomes the longest that they can.
fn to_the_microsecond(duration: Duration) -> Duration {
    let most = i64::MAX.unsigned_abs();
    Duration::from_micros(u64::try_from(duration.as_micros()).map_or(most, |it| it.min(most)))
}
