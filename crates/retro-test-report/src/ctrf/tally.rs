//! The counts a report claims, beside those of its tests.

use crate::json::Node;

/// How often tests have each status, or are said to have it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Tally {
    counts: [Option<u64>; 6],
}

/// All tests, and the words that the format has for how they ended.
const KEYS: [&str; 6] = ["tests", "passed", "failed", "skipped", "pending", "other"];

impl Tally {
    /// What a summary says.
    pub(super) fn claimed(summary: &mut Node) -> Self {
        let count = |key| {
            let number = summary.take(key).number();
            number.filter(|n| *n >= 0.0).map(|n| n as u64)
        };
        Self {
            counts: KEYS.map(count),
        }
    }

    /// Counts a test by its own word, whatever is made of it.
    pub(super) fn add(&mut self, test: &Node) {
        let status = test.peek("status").unwrap_or_default();
        let known = KEYS.iter().skip(1).position(|key| *key == status);
        let at = known.map_or(KEYS.len() - 1, |at| at + 1);
        for at in [0, at] {
            let count = self.counts[at].get_or_insert(0);
            *count = count.saturating_add(1);
        }
    }

    pub(super) fn tests(&self) -> Option<u64> {
        self.counts[0]
    }

    pub(super) fn failed(&self) -> Option<u64> {
        self.counts[2]
    }

    /// Skipped and pending ones.
    pub(super) fn skipped(&self) -> Option<u64> {
        match (self.counts[3], self.counts[4]) {
            (Some(skipped), Some(pending)) => Some(skipped.saturating_add(pending)),
            (one, other) => one.or(other),
        }
    }

    /// Where what is claimed differs from what was seen, with both numbers.
    pub(super) fn differences(&self, seen: &Self) -> Option<String> {
        let pairs = KEYS.iter().zip(self.counts.iter().zip(seen.counts));
        let differ = |(key, (claimed, seen)): (&&str, (&Option<u64>, Option<u64>))| {
            let (claimed, seen) = ((*claimed)?, seen.unwrap_or(0));
            (claimed != seen).then(|| format!("{claimed} {key}, has {seen}"))
        };
        let told: Vec<String> = pairs.filter_map(differ).collect();
        (!told.is_empty()).then(|| format!("the summary claims {}", told.join("; ")))
    }
}
