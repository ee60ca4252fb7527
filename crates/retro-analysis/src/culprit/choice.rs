//! Which commits to run next: those whose results are worth most for their price.

use super::{Belief, Range};

/// What is known about running a commit, besides the questions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outlook<'a> {
    /// By commit: the chance that it can be tested; 0 for one that is known not to be.
    pub(crate) testable: &'a [f64],
    /// By commit: what a run costs, in minutes; a warm slot near it makes it cheaper.
    pub(crate) cost: &'a [f64],
}

/// How many commits are looked at for one place, beyond those that the number of workers asks for.
const LEVELS: usize = 48;
/// How many ways the results of earlier picks may go are kept apart.
const BRANCHES: usize = 24;

/// A share of the belief that is not worth an entropy.
const NEGLIGIBLE: f64 = 1e-9;

/// One way that the results of picks may go, with the share of the belief that goes there.
struct Branch {
    by_commit: Vec<f64>,
    not_so: f64,
    share: f64,
}

/// One question while commits are being picked.
struct Open<'a> {
    belief: &'a Belief,
    branches: Vec<Branch>,
    /// By commit: the part of the outcome's entropy that no belief can remove.
    noise: Vec<f64>,
    /// By branch and commit: the chance of the branch with a run at the commit looking new.
    news: Vec<Vec<f64>>,
}

/// Picks commits for `workers` idle workers, given those that run already; best first. Fewer than
/// asked when nothing more is worth a run. The same commit may come more than once.
pub(crate) fn choose(
    range: &Range,
    beliefs: &[&Belief],
    running: &[usize],
    outlook: Outlook<'_>,
    workers: usize,
) -> Vec<usize> {
    let most = BRANCHES.max(workers + running.len() + 1);
    let mut open = Open::all(range, beliefs);
    for &commit in running {
        open.iter_mut()
            .for_each(|one| one.split(range, commit, most));
    }
    let candidates = candidates(range, beliefs, outlook, workers);
    let mut picks = Vec::new();
    let mut total = 0.0;
    for _ in 0..workers {
        let rated = candidates
            .iter()
            .map(|&commit| (worth(&open, commit, outlook) / outlook.cost[commit], commit));
        let best = rated.max_by(|a, b| a.0.total_cmp(&b.0));
        let Some((worth, best)) = best.filter(|best| best.0 > 1e-9) else {
            break;
        };
        total += worth;
        picks.push(best);
        open.iter_mut().for_each(|one| one.split(range, best, most));
    }
    if workers > 1 && running.is_empty() {
        let even = evenly(range, beliefs, outlook, workers);
        if joint_worth(range, beliefs, &even, outlook, most) > total {
            return even;
        }
    }
    picks
}

/// What each running commit is still worth, given the others, as a share of the best that a worker
/// could do instead. What is worth next to nothing can be cancelled.
pub(crate) fn worth_of_running(
    range: &Range,
    beliefs: &[&Belief],
    running: &[usize],
    outlook: Outlook<'_>,
) -> Vec<f64> {
    if running.is_empty() {
        return Vec::new();
    }
    let best = best_gain(range, beliefs, outlook);
    let alone = Open::all(range, beliefs);
    let share = |&commit: &usize| {
        if best > 0.0 {
            worth(&alone, commit, outlook) / best
        } else {
            0.0
        }
    };
    running.iter().map(share).collect()
}

/// What the most telling run is expected to tell, in nats.
pub(crate) fn best_gain(range: &Range, beliefs: &[&Belief], outlook: Outlook<'_>) -> f64 {
    let open = Open::all(range, beliefs);
    let candidates = candidates(range, beliefs, outlook, 1);
    let worths = candidates.iter().map(|&c| worth(&open, c, outlook));
    worths.fold(0.0, f64::max)
}

fn worth(open: &[Open<'_>], commit: usize, outlook: Outlook<'_>) -> f64 {
    let gain: f64 = open.iter().map(|one| one.gain(commit)).sum();
    gain * outlook.testable[commit]
}

fn joint_worth(
    range: &Range,
    beliefs: &[&Belief],
    picks: &[usize],
    outlook: Outlook<'_>,
    most: usize,
) -> f64 {
    let mut open = Open::all(range, beliefs);
    let mut total = 0.0;
    for &commit in picks {
        total += worth(&open, commit, outlook) / outlook.cost[commit];
        open.iter_mut()
            .for_each(|one| one.split(range, commit, most));
    }
    total
}

/// By commit: the share of the belief, over all questions, on suspects that it contains.
fn contained_shares(range: &Range, beliefs: &[&Belief]) -> Vec<f64> {
    let mut shares = vec![0.0; range.len()];
    let mut sums = Vec::new();
    for belief in beliefs {
        range.sums(&belief.by_commit, &mut sums);
        shares
            .iter_mut()
            .zip(&sums)
            .for_each(|(all, one)| *all += one);
    }
    shares
}

/// The commits that can be tested, by the share of the belief that they contain.
fn ladder(range: &Range, beliefs: &[&Belief], outlook: Outlook<'_>) -> Vec<(f64, usize)> {
    let shares = contained_shares(range, beliefs);
    let mut ladder: Vec<(f64, usize)> = (0..range.len())
        .filter(|&commit| outlook.testable[commit] > 0.0)
        .map(|commit| (shares[commit], commit))
        .collect();
    ladder.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    ladder
}

fn step_above(ladder: &[(f64, usize)], share: f64) -> Option<usize> {
    let at = ladder.partition_point(|one| one.0 < share);
    (!ladder.is_empty()).then(|| at.min(ladder.len() - 1))
}

/// The commits at even shares of the belief, the one below each, and the ends.
fn candidates(
    range: &Range,
    beliefs: &[&Belief],
    outlook: Outlook<'_>,
    workers: usize,
) -> Vec<usize> {
    let ladder = ladder(range, beliefs, outlook);
    let whole = ladder.last().map_or(0.0, |last| last.0);
    let levels = LEVELS.max(4 * (workers + 1));
    let mut found = Vec::new();
    for level in 0..=levels {
        let share = whole * level as f64 / levels as f64;
        if let Some(at) = step_above(&ladder, share) {
            found.push(ladder[at].1);
            found.push(ladder[at.saturating_sub(1)].1);
        }
    }
    let ends = range.good().iter().copied().chain([range.bad()]);
    found.extend(ends.filter(|&end| outlook.testable[end] > 0.0));
    found.sort_unstable();
    found.dedup();
    found
}

/// The commits that cut the belief into equal parts.
fn evenly(range: &Range, beliefs: &[&Belief], outlook: Outlook<'_>, workers: usize) -> Vec<usize> {
    let ladder = ladder(range, beliefs, outlook);
    let whole = ladder.last().map_or(0.0, |last| last.0);
    let cut = |part: usize| {
        let share = whole * part as f64 / (workers + 1) as f64;
        step_above(&ladder, share).map(|at| ladder[at].1)
    };
    (1..=workers).filter_map(cut).collect()
}

impl<'a> Open<'a> {
    fn all(range: &Range, beliefs: &[&'a Belief]) -> Vec<Self> {
        let open = |&belief: &&'a Belief| Self::new(range, belief);
        beliefs.iter().map(open).collect()
    }

    fn new(range: &Range, belief: &'a Belief) -> Self {
        let whole = Branch::new(belief.by_commit.clone(), belief.not_so());
        let mut base = 0.0;
        let steps: Vec<f64> = (whole.by_commit.iter().enumerate())
            .map(|(c, &share)| {
                if share < NEGLIGIBLE {
                    return 0.0;
                }
                let before = entropy(belief.before[c]);
                base += share * before;
                share * (entropy(belief.after[c]) - before)
            })
            .collect();
        let mut noise = Vec::new();
        range.sums(&steps, &mut noise);
        for (commit, noise) in noise.iter_mut().enumerate() {
            *noise += base;
            if whole.not_so >= NEGLIGIBLE {
                *noise += whole.not_so * entropy(belief.otherwise[commit]);
            }
        }
        let news = vec![news(range, belief, &whole)];
        Self {
            belief,
            branches: vec![whole],
            noise,
            news,
        }
    }

    /// What a run at a commit is expected to tell, in nats, given the picks before it.
    fn gain(&self, commit: usize) -> f64 {
        let each = self.branches.iter().zip(&self.news);
        let spread = |(branch, news): (&Branch, &Vec<f64>)| {
            let whole = branch.share;
            if whole > 0.0 {
                whole * entropy((news[commit] / whole).clamp(0.0, 1.0))
            } else {
                0.0
            }
        };
        (each.map(spread).sum::<f64>() - self.noise[commit]).max(0.0)
    }

    /// Splits every branch by the outcome of a run at `commit`; the least likely ones join again when
    /// they become too many.
    fn split(&mut self, range: &Range, commit: usize, most: usize) {
        let belief = self.belief;
        let mut contained = vec![false; range.len()];
        range.each_contained(commit, |c| contained[c] = true);
        let mut split = Vec::with_capacity(2 * self.branches.len());
        for branch in self.branches.drain(..) {
            let new = |c: usize| {
                if contained[c] {
                    belief.after[c]
                } else {
                    belief.before[c]
                }
            };
            let news: Vec<f64> = (branch.by_commit.iter().enumerate())
                .map(|(c, share)| share * new(c))
                .collect();
            let not_so = branch.not_so * belief.otherwise[commit];
            let both = branch.by_commit.iter().zip(&news);
            let olds = both.map(|(all, new)| all - new);
            split.push(Branch::new(olds.collect(), branch.not_so - not_so));
            split.push(Branch::new(news, not_so));
        }
        split.retain(|branch| branch.share > 1e-6);
        split.sort_by(|a, b| b.share.total_cmp(&a.share));
        while split.len() > most {
            let Some(least) = split.pop() else { break };
            let Some(last) = split.last_mut() else { break };
            last.not_so += least.not_so;
            last.share += least.share;
            let both = last.by_commit.iter_mut().zip(least.by_commit);
            both.for_each(|(kept, joined)| *kept += joined);
        }
        self.news = split.iter().map(|b| news(range, belief, b)).collect();
        self.branches = split;
    }
}

impl Branch {
    fn new(by_commit: Vec<f64>, not_so: f64) -> Self {
        Self {
            share: by_commit.iter().sum::<f64>() + not_so,
            by_commit,
            not_so,
        }
    }
}

/// By commit: the chance of a branch with a run there looking new.
fn news(range: &Range, belief: &Belief, branch: &Branch) -> Vec<f64> {
    let mut base = 0.0;
    let steps: Vec<f64> = (branch.by_commit.iter().enumerate())
        .map(|(c, share)| {
            base += share * belief.before[c];
            share * (belief.after[c] - belief.before[c])
        })
        .collect();
    let mut sums = Vec::new();
    range.sums(&steps, &mut sums);
    let with_rest = |(sum, otherwise): (&f64, &f64)| sum + base + branch.not_so * otherwise;
    sums.iter().zip(&belief.otherwise).map(with_rest).collect()
}

/// The entropy of a yes-or-no outcome, in nats.
fn entropy(chance: f64) -> f64 {
    let part = |p: f64| if p > 0.0 { -p * p.ln() } else { 0.0 };
    part(chance) + part(1.0 - chance)
}
