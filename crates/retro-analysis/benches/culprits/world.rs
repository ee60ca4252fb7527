//! Histories that are made up: what every commit does, and what was found out about them.

use fastrand::Rng;
use retro_analysis::culprit::{Kind, Sign};

/// Minutes that one run takes.
pub(crate) const MINUTES: f64 = 5.0;
/// Minutes in one stretch of time: one round where that holds enough runs to tell a bad one.
const WINDOW: f64 = 5.0;
/// Minutes in one where a round is a run or two.
const WINDOW_OF_FEW: f64 = 15.0;
/// How long a bad hour lasts.
const BAD_HOUR: f64 = 60.0;

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) shape: Shape,
    /// How many runs all over the range are known beforehand.
    pub(crate) history: usize,
    /// How many runs of the good end are.
    pub(crate) known: usize,
}

/// What happened.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    /// One commit changes the rate.
    Change(f64, f64),
    /// None does.
    Flat(f64),
    /// One commit changes the rate, and everything fails for an hour.
    BadHour(f64, f64),
    /// One commit breaks it, and so many in a row cannot be tested.
    Untestable(usize),
    /// The rate changes twice.
    Two(f64, f64, f64),
    /// Broken, fixed, broken again.
    FixBetween,
}

pub(crate) const ROWS: &[Row] = &[
    row("0->1", Kind::Broke, Shape::Change(0.0, 1.0)),
    row("10->100", Kind::Broke, Shape::Change(0.1, 1.0)),
    row("none/30", Kind::Broke, Shape::Flat(0.3)),
    Row {
        known: 50,
        ..row("0->1, rate known", Kind::Broke, Shape::Change(0.0, 1.0))
    },
    Row {
        known: 50,
        ..row("10->100, rate known", Kind::Broke, Shape::Change(0.1, 1.0))
    },
    Row {
        known: 50,
        ..row("none/30, rate known", Kind::Broke, Shape::Flat(0.3))
    },
    row("none/30, flaked?", Kind::Flaked, Shape::Flat(0.3)),
    row("1->30", Kind::Flaked, Shape::Change(0.01, 0.3)),
    row("10->60", Kind::Flaked, Shape::Change(0.1, 0.6)),
    row("1->10", Kind::Flaked, Shape::Change(0.01, 0.1)),
    row("1->30, broke?", Kind::Broke, Shape::Change(0.01, 0.3)),
    row("0->1, flaked?", Kind::Flaked, Shape::Change(0.0, 1.0)),
    row("bad hour, 0->1", Kind::Broke, Shape::BadHour(0.0, 1.0)),
    row("bad hour, 10->100", Kind::Broke, Shape::BadHour(0.1, 1.0)),
    row("untestable 1", Kind::Broke, Shape::Untestable(1)),
    row("untestable 5", Kind::Broke, Shape::Untestable(5)),
    row("untestable 20", Kind::Broke, Shape::Untestable(20)),
    row("two, 0->30->100", Kind::Broke, Shape::Two(0.0, 0.3, 1.0)),
    row("fix between", Kind::Broke, Shape::FixBetween),
    Row {
        history: 50,
        ..row("10->100, 50 known", Kind::Broke, Shape::Change(0.1, 1.0))
    },
    Row {
        history: 50,
        ..row("1->30, 50 known", Kind::Flaked, Shape::Change(0.01, 0.3))
    },
];

const fn row(name: &'static str, kind: Kind, shape: Shape) -> Row {
    Row {
        name,
        kind,
        shape,
        history: 0,
        known: 0,
    }
}

/// One history: commit 0 is the good end, the last the bad one.
pub(crate) struct World {
    pub(crate) kind: Kind,
    rates: Vec<f64>,
    untestable: Vec<bool>,
    bad_from: Option<f64>,
    /// The commits that changed something in the way asked; none when nothing did.
    pub(crate) culprits: Vec<usize>,
    random: Rng,
    /// The clock, in minutes.
    pub(crate) now: f64,
    pub(crate) runs: u32,
    pub(crate) rounds: u32,
    /// How many runs it took for an answer to reach the confidence for the first time.
    pub(crate) found_after: u32,
    /// Whether the answer was that nothing changed.
    pub(crate) said_nothing: bool,
}

impl World {
    /// Draws a history of `count` suspects.
    pub(crate) fn new(row: &Row, count: usize, seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let mut world = Self {
            kind: row.kind,
            rates: Vec::new(),
            untestable: vec![false; count + 1],
            bad_from: None,
            culprits: Vec::new(),
            now: 0.0,
            runs: 0,
            rounds: 0,
            found_after: 0,
            said_nothing: false,
            random: Rng::with_seed(random.u64(..)),
        };
        let one = random.usize(1..=count);
        match row.shape {
            Shape::Flat(rate) => world.rates = vec![rate; count + 1],
            Shape::Change(before, after) => world.change(count, &[one], &[before, after]),
            Shape::BadHour(before, after) => {
                world.change(count, &[one], &[before, after]);
                world.bad_from = Some(60.0 * random.f64());
            }
            Shape::Untestable(length) => {
                world.change(count, &[one], &[0.0, 1.0]);
                // Half of them lie around the change, where it hurts. The ends can be tested.
                let from = if random.bool() {
                    one.saturating_sub(random.usize(0..=length))
                } else {
                    random.usize(1..count)
                };
                for commit in from.max(1)..(from + length).min(count) {
                    world.untestable[commit] = true;
                }
            }
            Shape::Two(a, b, c) => {
                let mut at = random.choose_multiple(1..=count, 2);
                at.sort_unstable();
                world.change(count, &at, &[a, b, c]);
            }
            Shape::FixBetween => {
                let mut at = random.choose_multiple(1..=count, 3);
                at.sort_unstable();
                world.change(count, &at, &[0.0, 1.0, 0.0, 1.0]);
                world.culprits.remove(1);
            }
        }
        world
    }

    fn change(&mut self, count: usize, at: &[usize], rates: &[f64]) {
        let rate = |commit: usize| rates[at.iter().filter(|&&place| place <= commit).count()];
        self.rates = (0..=count).map(rate).collect();
        self.culprits = at.to_vec();
    }

    pub(crate) fn count(&self) -> usize {
        self.rates.len() - 1
    }

    /// The rate before the change.
    pub(crate) fn rate_before(&self) -> f64 {
        self.rates[0]
    }

    /// The stretch of time it is, for so many workers.
    pub(crate) fn window(&self, workers: usize) -> u64 {
        let length = if workers < 4 { WINDOW_OF_FEW } else { WINDOW };
        (self.now / length) as u64
    }

    /// Runs commits at the same time. `None` where one cannot be tested.
    pub(crate) fn round(&mut self, commits: &[usize]) -> Vec<Option<Sign>> {
        self.rounds += 1;
        self.runs += commits.len() as u32;
        let signs = commits.iter().map(|&c| self.draw(c)).collect();
        self.now += MINUTES;
        signs
    }

    /// Runs one commit.
    pub(crate) fn run(&mut self, commit: usize) -> Option<Sign> {
        self.round(&[commit])[0]
    }

    fn draw(&mut self, commit: usize) -> Option<Sign> {
        if self.untestable[commit] {
            return None;
        }
        let bad = |from: f64| (from..from + BAD_HOUR).contains(&self.now);
        let fails = self.random.f64() < self.rates[commit]
            || (self.bad_from.is_some_and(bad) && self.random.f64() < 0.95);
        Some(if fails { Sign::New } else { Sign::Old })
    }

    /// A result from the time before the search.
    pub(crate) fn stored(&mut self) -> (usize, Sign) {
        let commit = self.random.usize(0..self.rates.len());
        self.stored_at(commit)
    }

    /// A result of a commit from the time before the search.
    pub(crate) fn stored_at(&mut self, commit: usize) -> (usize, Sign) {
        let fails = self.random.f64() < self.rates[commit];
        (commit, if fails { Sign::New } else { Sign::Old })
    }

    /// Whether blaming these is right: a culprit is among them, and they are no more than what
    /// cannot be told apart.
    pub(crate) fn is_right(&self, blamed: &[usize]) -> bool {
        let lost = |c: &usize| !self.untestable[*c];
        let telling = blamed.iter().filter(|c| lost(c)).count();
        telling <= 1 && blamed.iter().any(|c| self.culprits.contains(c))
    }

    /// Whether "nothing changed" is right.
    pub(crate) fn is_flat(&self) -> bool {
        self.culprits.is_empty()
    }

    /// Whether "it did not break" is right.
    pub(crate) fn did_not_break(&self) -> bool {
        self.rates[self.count()] < 0.94
    }
}
