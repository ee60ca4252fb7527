//! How sure to be, at what price.

/// How sure to be, and at what price.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Settings {
    /// The probability from which an answer is given.
    pub confidence: f64,
    /// What may be spent.
    pub budget: Budget,
}

/// What may be spent; without a limit where `None`.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Budget {
    /// Runs.
    pub runs: Option<u32>,
    /// Minutes of work, all workers together.
    pub minutes: Option<f64>,
    /// Money, in the caller's unit.
    pub cost: Option<f64>,
}

/// What was spent.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Spent {
    /// Runs.
    pub runs: u32,
    /// Minutes of work.
    pub minutes: f64,
    /// Money.
    pub cost: f64,
}

impl Budget {
    /// How many more runs may be started, with so many under way.
    pub(crate) fn runs_left(&self, spent: &Spent, running: usize) -> usize {
        let over = |limit: Option<f64>, spent: f64| limit.is_some_and(|limit| spent >= limit);
        if over(self.minutes, spent.minutes) || over(self.cost, spent.cost) {
            return 0;
        }
        let runs = self.runs.unwrap_or(u32::MAX);
        (runs.saturating_sub(spent.runs) as usize).saturating_sub(running)
    }
}
