//! What a search says in the end.

use super::Tally;

/// The answer to one question.
#[derive(Clone, PartialEq, Debug)]
pub enum Answer {
    /// It was one of these, and the blame was verified.
    Culprit(Suspects),
    /// What was asked about did not happen in the range.
    NothingChanged(Nothing),
    /// The evidence does not decide it.
    NotResolvable(Unresolved),
}

/// Who is to blame.
#[derive(Clone, PartialEq, Debug)]
pub struct Suspects {
    /// The culprit; several when nothing testable lies between them. Oldest first.
    pub commits: Vec<usize>,
    /// The probability that it is one of them.
    pub probability: f64,
    /// The rates of results that look new, before and after.
    pub rates: (f64, f64),
    /// Results at the first commit that shows the change.
    pub shows: (usize, Tally),
    /// Results at the nearest commits behind.
    pub behind: Vec<(usize, Tally)>,
    /// Commits that stood accused before and did not survive verification.
    pub refuted: Vec<usize>,
    /// A second change that the evidence speaks for, such as a fix in between or another culprit.
    pub also: Option<usize>,
}

/// Nothing happened.
#[derive(Clone, PartialEq, Debug)]
pub struct Nothing {
    /// The probability that what was asked about did not happen.
    pub probability: f64,
    /// How much of it stands for a lesser change than asked: ask which commit flaked it.
    pub lesser: f64,
    /// The rate of results that look new.
    pub rate: f64,
}

/// Not decided.
#[derive(Clone, PartialEq, Debug)]
pub struct Unresolved {
    /// How many runs were allowed or, for other budgets, made.
    pub within: u32,
    /// About how many runs in all it would take; `None` when no number of them would do.
    pub would_need: Option<u32>,
    /// The fewest suspects that hold the confidence asked for; empty when "nothing changed" leads.
    pub suspects: Vec<usize>,
    /// The likeliest suspect and its probability.
    pub likeliest: Option<(usize, f64)>,
    /// The probability that what was asked about did not happen.
    pub not_so: f64,
    /// Commits that stood accused and did not survive verification.
    pub refuted: Vec<usize>,
}
