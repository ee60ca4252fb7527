//! How many tests were to run.

/// The plans of one level and the tests that ran.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Plan {
    pub(super) tests: u64,
    /// How many plans there were.
    pub(super) plans: u64,
    sum: u64,
    last: u64,
    all_equal: bool,
}

impl Plan {
    /// Adds a plan; whether it may begin another stream in the same file.
    pub(super) fn add(&mut self, count: u64) -> bool {
        let again = self.plans > 0;
        self.all_equal = !again || (self.all_equal && count == self.last);
        self.plans += 1;
        self.sum = self.sum.saturating_add(count);
        self.last = count;
        again
    }

    /// How many tests were planned. Several plans are those of several streams after each other,
    /// or one plan said again.
    pub(super) fn planned(&self) -> u64 {
        if self.all_equal && self.tests <= self.last {
            self.last
        } else {
            self.sum
        }
    }

    /// Whether no more tests are to come: all that were planned ran.
    pub(super) fn is_met(&self) -> bool {
        self.plans > 0 && self.tests == self.planned()
    }

    /// Whether `1..count` may be the first part of a plan at the end, the others cut off: what ran
    /// begins with the same digits.
    pub(super) fn may_be_cut(&self, count: u64) -> bool {
        let (ran, planned) = (self.tests.to_string(), count.to_string());
        self.plans == 0 && ran != planned && ran.starts_with(&planned)
    }

    /// Why the plan was not met, if there was one.
    pub(super) fn missed(&self) -> Option<String> {
        let is_missed = self.plans > 0 && !self.is_met();
        is_missed.then(|| format!("planned {} tests, ran {}", self.planned(), self.tests))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `plans` come after so many tests each.
    fn check(plans: &[(u64, u64)], tests: u64, expected: Option<&str>) {
        let mut plan = Plan::default();
        for &(after, count) in plans {
            plan.tests = after;
            plan.add(count);
        }
        plan.tests = tests;
        assert_eq!(plan.missed().as_deref(), expected, "{plans:?} {tests}");
    }

    #[test]
    fn plans_are_met_wherever_they_stand() {
        check(&[], 3, None);
        check(&[(0, 3)], 3, None);
        check(&[(3, 3)], 3, None);
        check(&[(0, 3), (3, 3)], 3, None);
        check(&[(0, 3), (3, 2)], 5, None);
        check(&[(3, 3), (5, 2)], 5, None);
        check(&[(0, 2), (2, 2)], 4, None);
        check(&[(0, 3)], 2, Some("planned 3 tests, ran 2"));
        check(&[(0, 3)], 4, Some("planned 3 tests, ran 4"));
        check(&[(0, 3), (0, 2)], 0, Some("planned 5 tests, ran 0"));
        check(
            &[(0, u64::MAX), (0, u64::MAX)],
            1,
            Some("planned 18446744073709551615 tests, ran 1"),
        );
    }
}
