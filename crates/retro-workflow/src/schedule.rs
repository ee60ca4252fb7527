//! Which worker runs which job next. Pure.

use std::collections::VecDeque;

/// In which order jobs are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Order {
    /// From the newest commit back.
    #[default]
    Newest,
    /// From the oldest commit on.
    Oldest,
    /// Both ends first, then the middles of what is left, so that an answer shows early.
    Spread,
}

/// Hands out jobs, numbered from 0 by the age of their commits (0 is the oldest), so that a worker
/// keeps to neighbouring commits: its work tree changes little from one job to the next.
///
/// `Newest` and `Oldest` cut the range into one part for each worker. Every second part is gone
/// through against the order, so that two workers walk towards each other: both ends of the range
/// are known early, and the one that is done first takes over from the other where it stands itself.
/// Smaller parts, taken in turn, would have each work tree go through all changes of the range.
/// `Spread` goes by levels; within a level a worker takes the job nearest to the one it had.
#[derive(Debug)]
pub(crate) struct Scheduler {
    order: Order,
    waiting: VecDeque<Vec<usize>>,
    held: Vec<VecDeque<usize>>,
    last: Vec<Option<usize>>,
}

impl Scheduler {
    /// Schedules `jobs` (ascending numbers) over `workers` workers.
    pub(crate) fn new(order: Order, jobs: &[usize], workers: usize) -> Self {
        let workers = workers.max(1);
        let waiting = match order {
            Order::Spread => spread_levels(jobs.len())
                .into_iter()
                .map(|level| level.into_iter().map(|index| jobs[index]).collect())
                .collect(),
            Order::Newest | Order::Oldest => {
                let part = jobs.len().div_ceil(workers).max(1);
                let mut ordered = jobs.to_vec();
                if order == Order::Newest {
                    ordered.reverse();
                }
                let mut parts: VecDeque<Vec<usize>> =
                    ordered.chunks(part).map(<[usize]>::to_vec).collect();
                for against in parts.iter_mut().skip(1).step_by(2) {
                    against.reverse();
                }
                parts
            }
        };
        Self {
            order,
            waiting,
            held: vec![VecDeque::new(); workers],
            last: vec![None; workers],
        }
    }

    /// The next job for `worker`; `None` when nothing is left to hand out.
    pub(crate) fn next(&mut self, worker: usize) -> Option<usize> {
        let job = match self.order {
            Order::Spread => self.next_of_level(worker),
            Order::Newest | Order::Oldest => self.next_of_part(worker),
        }?;
        self.last[worker] = Some(job);
        Some(job)
    }

    /// How many jobs have not been handed out.
    pub(crate) fn remaining(&self) -> usize {
        self.waiting.iter().map(Vec::len).sum::<usize>()
            + self.held.iter().map(VecDeque::len).sum::<usize>()
    }

    fn next_of_part(&mut self, worker: usize) -> Option<usize> {
        if self.held[worker].is_empty() {
            self.held[worker] = match self.waiting.pop_front() {
                Some(part) => part.into(),
                None => self.steal(worker),
            };
        }
        self.held[worker].pop_front()
    }

    /// The far half of the largest rest, from the end that is nearer to the worker's last job.
    fn steal(&mut self, worker: usize) -> VecDeque<usize> {
        let Some(richest) = self.held.iter_mut().max_by_key(|part| part.len()) else {
            return VecDeque::new();
        };
        let mut stolen = richest.split_off(richest.len() / 2);
        if let (Some(last), Some(first), Some(back)) =
            (self.last[worker], stolen.front(), stolen.back())
            && back.abs_diff(last) < first.abs_diff(last)
        {
            stolen.make_contiguous().reverse();
        }
        stolen
    }

    fn next_of_level(&mut self, worker: usize) -> Option<usize> {
        while self.waiting.front()?.is_empty() {
            self.waiting.pop_front();
        }
        let level = self.waiting.front_mut()?;
        let at = match self.last[worker] {
            None => 0,
            Some(last) => {
                let nearest = level
                    .iter()
                    .enumerate()
                    .min_by_key(|(_, job)| job.abs_diff(last));
                nearest.map_or(0, |(at, _)| at)
            }
        };
        Some(level.remove(at))
    }
}

/// The numbers below `len` by levels: the newest and the oldest, then the middle of every gap, and
/// so on until none is left.
fn spread_levels(len: usize) -> Vec<Vec<usize>> {
    let mut levels = Vec::new();
    match len {
        0 => return levels,
        1 => return vec![vec![0]],
        _ => levels.push(vec![len - 1, 0]),
    }
    let mut gaps = vec![(0, len - 1)];
    while !gaps.is_empty() {
        let mut level = Vec::new();
        let mut smaller = Vec::new();
        for (low, high) in gaps {
            if high - low >= 2 {
                let middle = low + (high - low) / 2;
                level.push(middle);
                smaller.extend([(low, middle), (middle, high)]);
            }
        }
        if !level.is_empty() {
            levels.push(level);
        }
        gaps = smaller;
    }
    levels
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hand_out(order: Order, jobs: usize, workers: usize) -> Vec<Vec<usize>> {
        let numbers: Vec<usize> = (0..jobs).collect();
        let mut scheduler = Scheduler::new(order, &numbers, workers);
        let mut taken = vec![Vec::new(); workers];
        let mut busy = true;
        while busy {
            busy = false;
            for (worker, mine) in taken.iter_mut().enumerate() {
                if let Some(job) = scheduler.next(worker) {
                    mine.push(job);
                    busy = true;
                }
            }
        }
        assert_eq!(scheduler.remaining(), 0);
        taken
    }

    #[test]
    fn one_worker_goes_straight_through() {
        assert_eq!(hand_out(Order::Oldest, 5, 1), [[0, 1, 2, 3, 4]]);
        assert_eq!(hand_out(Order::Newest, 5, 1), [[4, 3, 2, 1, 0]]);
    }

    #[test]
    fn spread_looks_at_both_ends_and_then_at_middles() {
        assert_eq!(
            spread_levels(9),
            [vec![8, 0], vec![4], vec![2, 6], vec![1, 3, 5, 7]]
        );
    }

    #[test]
    fn workers_keep_to_neighbours() {
        for (workers, allowed) in [(2, 0), (5, 4)] {
            for taken in hand_out(Order::Oldest, 400, workers) {
                let jumps = taken
                    .windows(2)
                    .filter(|pair| pair[0].abs_diff(pair[1]) != 1)
                    .count();
                assert!(jumps <= allowed, "{jumps} jumps in {taken:?}");
            }
        }
    }

    #[test]
    fn two_workers_meet_wherever_the_slower_one_is() {
        let numbers: Vec<usize> = (0..100).collect();
        let mut scheduler = Scheduler::new(Order::Newest, &numbers, 2);
        let slow = scheduler.next(0);
        let fast: Vec<usize> = std::iter::from_fn(|| scheduler.next(1)).collect();
        assert_eq!(slow, Some(99));
        assert_eq!(fast, (0..99).collect::<Vec<_>>());
    }

    proptest! {
        #[test]
        fn every_job_is_handed_out_once(
            jobs in 0_usize..300,
            workers in 1_usize..9,
            order in prop::sample::select(vec![Order::Newest, Order::Oldest, Order::Spread]),
        ) {
            let mut all = hand_out(order, jobs, workers).concat();
            all.sort_unstable();
            prop_assert_eq!(all, (0..jobs).collect::<Vec<_>>());
        }
    }
}
