//! Which commits made a test slower or faster, by stored durations.

/// How long a test took at a commit.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Timing {
    /// The commit, by its place on the line of history that is looked at.
    pub commit: usize,
    /// Seconds; above zero.
    pub seconds: f64,
}

/// One step from a level of durations to another.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct SpeedStep {
    /// The last commit with timings before the step.
    pub last_before: usize,
    /// The first commit with timings after it. What lies between may be to blame as well.
    pub first_after: usize,
    /// The level before, in seconds (geometric mean without strays).
    pub before: f64,
    /// The level after.
    pub after: f64,
    /// After by before.
    pub ratio: f64,
    /// Where the ratio lies with 95 % confidence, by the noise alone.
    pub interval: (f64, f64),
    /// Between the levels: a run that takes longer looks as after the step.
    pub fence: f64,
}

/// Confirmation of a step by new runs of both sides.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Comparison {
    /// After by before: geometric mean over the rounds.
    pub ratio: f64,
    /// Where it lies with 95 % confidence.
    pub interval: (f64, f64),
}

/// The price of a step, in units of the noise's variance times the logarithm of the count: between two,
/// the information criterion of Schwarz for a shifted mean, and what also holds for heavier tails.
const PENALTY: f64 = 4.0;
/// How far a single timing may stray from its neighbours, in units of the noise.
const STRAY: f64 = 3.0;
/// From a median absolute deviation to a standard deviation, for a normal distribution.
const TO_DEVIATION: f64 = 1.482_602;

/// Finds the steps in a history of timings, in any order; those smaller than `least_ratio` (1.05 for
/// five per cent, either way) are left out.
///
/// The levels are constant between steps: the least squares over the logarithms, with a penalty for
/// each step from the noise, exactly (optimal partitioning with pruning: Killick, Fearnhead and Eckley,
/// 2012). The noise is that of neighbouring timings, so that steps do not count for it. Timings that are
/// not above zero are ignored.
pub fn speed_steps(timings: &[Timing], least_ratio: f64) -> Vec<SpeedStep> {
    let mut sorted: Vec<Timing> = timings.to_vec();
    sorted.retain(|one| one.seconds > 0.0 && one.seconds.is_finite());
    sorted.sort_by(|a, b| {
        a.commit
            .cmp(&b.commit)
            .then(a.seconds.total_cmp(&b.seconds))
    });
    let raw: Vec<f64> = sorted.iter().map(|one| one.seconds.ln()).collect();
    if raw.len() < 4 {
        return Vec::new();
    }
    let noise = noise(&sorted, &raw).max(1e-3);
    let logs = without_strays(&raw, STRAY * noise);
    let price = PENALTY * noise * noise * (logs.len() as f64).ln();
    let starts = partition(&logs, &sorted, price);
    let mut steps = Vec::new();
    for at in 1..starts.len() {
        let end = starts.get(at + 1).copied().unwrap_or(logs.len());
        let (left, right) = (&logs[starts[at - 1]..starts[at]], &logs[starts[at]..end]);
        let (before, after) = (mean(left), mean(right));
        let reach = 1.96 * noise * (1.0 / left.len() as f64 + 1.0 / right.len() as f64).sqrt();
        let step = after - before;
        if step.abs() >= least_ratio.ln() && step.abs() > reach {
            steps.push(SpeedStep {
                last_before: sorted[starts[at] - 1].commit,
                first_after: sorted[starts[at]].commit,
                before: before.exp(),
                after: after.exp(),
                ratio: step.exp(),
                interval: ((step - reach).exp(), (step + reach).exp()),
                fence: before.midpoint(after).exp(),
            });
        }
    }
    steps
}

/// The duration above which a run is out of the ordinary for a test, by its own history: the third
/// quartile and one and a half times the distance between the quartiles (Tukey, 1977), in logarithms.
/// `None` with fewer than four timings.
pub fn fence(seconds: &[f64]) -> Option<f64> {
    let mut logs: Vec<f64> = seconds
        .iter()
        .filter(|s| **s > 0.0)
        .map(|s| s.ln())
        .collect();
    if logs.len() < 4 {
        return None;
    }
    logs.sort_by(f64::total_cmp);
    let quartile = |share: f64| {
        let at = share * (logs.len() - 1) as f64;
        let (low, part) = (at.floor() as usize, at.fract());
        let high = (low + 1).min(logs.len() - 1);
        logs[low] + part * (logs[high] - logs[low])
    };
    let (first, third) = (quartile(0.25), quartile(0.75));
    Some((third + 1.5 * (third - first)).exp())
}

/// The order in which to run two commits so that what drifts on the machine hits both alike: before,
/// after, after, before, and so on.
pub fn interleaved(before: usize, after: usize, rounds: usize) -> Vec<usize> {
    let round = |round: usize| {
        if round.is_multiple_of(2) {
            [before, after]
        } else {
            [after, before]
        }
    };
    (0..rounds).flat_map(round).collect()
}

/// How many rounds it takes to tell a ratio from 1, at a noise given as the standard deviation of the
/// logarithms of single runs: with 95 % confidence, nine times in ten. From 3 to 200.
pub fn rounds_needed(ratio: f64, noise: f64) -> usize {
    let step = ratio.ln().abs().max(1e-6);
    let needed = 2.0 * ((1.96 + 1.28) * noise / step).powi(2) + 1.0;
    (needed.ceil() as usize).clamp(3, 200)
}

/// Compares runs of both sides, round by round. `None` with fewer than three rounds. The step is
/// confirmed when the interval leaves out 1.
pub fn compare(before: &[f64], after: &[f64]) -> Option<Comparison> {
    let both = before
        .iter()
        .zip(after)
        .filter(|(b, a)| **b > 0.0 && **a > 0.0);
    let steps: Vec<f64> = both.map(|(b, a)| (a / b).ln()).collect();
    if steps.len() < 3 {
        return None;
    }
    let (count, middle) = (steps.len() as f64, mean(&steps));
    let squares: f64 = steps.iter().map(|step| (step - middle).powi(2)).sum();
    let reach = student(steps.len() - 1) * (squares / (count - 1.0) / count).sqrt();
    Some(Comparison {
        ratio: middle.exp(),
        interval: ((middle - reach).exp(), (middle + reach).exp()),
    })
}

/// The 97.5 % quantile of Student's distribution: the expansion of Cornish and Fisher in the degrees of
/// freedom, to within one part in a hundred from three on.
fn student(freedom: usize) -> f64 {
    const Z: f64 = 1.959_964;
    let (n, z3, z5) = (freedom as f64, Z.powi(3), Z.powi(5));
    let first = (z3 + Z) / (4.0 * n);
    let second = (5.0 * z5 + 16.0 * z3 + 3.0 * Z) / (96.0 * n * n);
    let third = (3.0 * Z.powi(7) + 19.0 * z5 + 17.0 * z3 - 15.0 * Z) / (384.0 * n.powi(3));
    // With two degrees the expansion falls short.
    if freedom < 3 {
        4.303
    } else {
        Z + first + second + third
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The standard deviation of single timings, by the differences of neighbours. Timings of one commit are
/// sorted, so that only neighbours of different commits tell, where there are enough.
fn noise(sorted: &[Timing], logs: &[f64]) -> f64 {
    let far = |step: usize| {
        let pairs = (step..logs.len()).filter(|&at| sorted[at].commit != sorted[at - step].commit);
        pairs
            .map(|at| (logs[at] - logs[at - step]).abs())
            .collect::<Vec<f64>>()
    };
    let mut differences = far(1);
    differences.extend(far(2));
    if differences.is_empty() {
        return 0.0;
    }
    TO_DEVIATION * median(&mut differences) / std::f64::consts::SQRT_2
}

/// Draws each value to the median of five around it when it strays: steps stay, single strays go.
fn without_strays(logs: &[f64], most: f64) -> Vec<f64> {
    let near = |at: usize| {
        let from = at.saturating_sub(2).min(logs.len().saturating_sub(5));
        let mut around = logs[from..(from + 5).min(logs.len())].to_vec();
        let middle = median(&mut around);
        logs[at].clamp(middle - most, middle + most)
    };
    (0..logs.len()).map(near).collect()
}

/// Where the levels begin, the first at 0, at the least squares and the price of each. A level has at
/// least two timings and begins with a commit.
fn partition(logs: &[f64], sorted: &[Timing], price: f64) -> Vec<usize> {
    let count = logs.len();
    let (mut sums, mut squares) = (vec![0.0], vec![0.0]);
    for (at, log) in logs.iter().enumerate() {
        sums.push(sums[at] + log);
        squares.push(squares[at] + log * log);
    }
    let cost = |from: usize, to: usize| {
        let sum: f64 = sums[to] - sums[from];
        squares[to] - squares[from] - sum * sum / (to - from) as f64
    };
    let begins = |at: usize| at == 0 || sorted[at].commit != sorted[at - 1].commit;
    let mut best = vec![f64::INFINITY; count + 1];
    best[0] = -price;
    let mut from = vec![0; count + 1];
    let mut open = vec![0];
    for to in 2..=count {
        let mut kept = Vec::with_capacity(open.len() + 1);
        for &start in &open {
            if to - start < 2 {
                kept.push(start);
                continue;
            }
            let all = best[start] + cost(start, to);
            if all + price < best[to] {
                best[to] = all + price;
                from[to] = start;
            }
            kept.push(start);
        }
        // A start that is worse even without the price of a step never becomes the best again.
        kept.retain(|&start| to - start < 2 || best[start] + cost(start, to) <= best[to]);
        if to < count && begins(to) && best[to].is_finite() {
            kept.push(to);
        }
        open = kept;
    }
    let mut starts = Vec::new();
    let mut at = count;
    while at > 0 {
        at = from[at];
        starts.push(at);
    }
    starts.reverse();
    starts
}

#[cfg(test)]
#[path = "slowdown_tests.rs"]
mod tests;
