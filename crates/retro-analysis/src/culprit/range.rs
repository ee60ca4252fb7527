//! The commits that a question is about, and who contains whom.

/// A graph of commits, some of which are suspects.
///
/// A commit *contains* itself and all its listed ancestors. The suspects are the commits that no good
/// end contains. Everything here names a commit by its index.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Range {
    parents: Vec<Vec<usize>>,
    suspect: Vec<bool>,
    /// What each commit contains and its first parent does not; the commit itself comes first.
    brings: Vec<Vec<usize>>,
    good: Vec<usize>,
    bad: usize,
}

/// A range that cannot be searched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RangeError {
    /// A parent does not come before its child.
    #[error(
        "commit {commit} of the range lists {parent} as a parent, which does not come before it: list commits oldest first"
    )]
    Order {
        /// The child.
        commit: usize,
        /// The parent.
        parent: usize,
    },
    /// An end is no commit of the range.
    #[error("the end {0} is not a commit of the range: name one that is listed")]
    NoSuchCommit(usize),
    /// No good end was named.
    #[error("the range has no good end: name a commit from before the change")]
    NoGoodEnd,
    /// The bad end is contained in a good one, so that nothing lies between.
    #[error(
        "the bad end is an ancestor of a good end, so nothing lies between them: swap the two, or ask which commit fixed it"
    )]
    Empty,
}

impl Range {
    /// A line of `count` suspects behind one good end: index 0 is the good end, the last the bad one.
    pub fn line(count: usize) -> Self {
        Self {
            parents: (0..=count)
                .map(|c| c.checked_sub(1).into_iter().collect())
                .collect(),
            suspect: (0..=count).map(|c| c > 0).collect(),
            brings: (0..=count).map(|c| vec![c]).collect(),
            good: vec![0],
            bad: count,
        }
    }

    /// A range from the listed parents of each commit, oldest first. For a walk along first parents,
    /// list these alone.
    ///
    /// Commits that the bad end does not contain can be tested as ends, and are no suspects.
    ///
    /// # Errors
    ///
    /// When the list is out of order, an end is not in it, or nothing lies between the ends.
    pub fn new(parents: Vec<Vec<usize>>, good: &[usize], bad: usize) -> Result<Self, RangeError> {
        for (commit, listed) in parents.iter().enumerate() {
            if let Some(&parent) = listed.iter().find(|&&parent| parent >= commit) {
                return Err(RangeError::Order { commit, parent });
            }
        }
        if let Some(&end) = good.iter().chain([&bad]).find(|&&c| c >= parents.len()) {
            return Err(RangeError::NoSuchCommit(end));
        }
        if good.is_empty() {
            return Err(RangeError::NoGoodEnd);
        }
        let mut range = Self {
            suspect: vec![false; parents.len()],
            brings: Vec::with_capacity(parents.len()),
            good: good.to_vec(),
            bad,
            parents,
        };
        range.brings = range.collect_brings();
        let mut suspect = vec![false; range.len()];
        range.each_contained(bad, |c| suspect[c] = true);
        for &end in good {
            range.each_contained(end, |c| suspect[c] = false);
        }
        if !suspect[bad] {
            return Err(RangeError::Empty);
        }
        range.suspect = suspect;
        Ok(range)
    }

    fn collect_brings(&self) -> Vec<Vec<usize>> {
        let mut seen_for = vec![usize::MAX; self.parents.len()];
        let mut stack = Vec::new();
        let mut all = Vec::with_capacity(self.parents.len());
        for (commit, parents) in self.parents.iter().enumerate() {
            let mut brought = vec![commit];
            if let Some((&first, others)) = parents.split_first()
                && !others.is_empty()
            {
                stack.push(first);
                while let Some(walked) = stack.pop() {
                    if std::mem::replace(&mut seen_for[walked], commit) != commit {
                        stack.extend(&self.parents[walked]);
                    }
                }
                stack.extend(others);
                while let Some(walked) = stack.pop() {
                    if std::mem::replace(&mut seen_for[walked], commit) != commit {
                        brought.push(walked);
                        stack.extend(&self.parents[walked]);
                    }
                }
            }
            all.push(brought);
        }
        all
    }

    /// How many commits are listed.
    pub fn len(&self) -> usize {
        self.parents.len()
    }

    /// Whether nothing is listed; never so for a range that was made.
    pub fn is_empty(&self) -> bool {
        self.parents.is_empty()
    }

    /// Whether a commit may be to blame.
    pub fn is_suspect(&self, commit: usize) -> bool {
        self.suspect.get(commit).copied().unwrap_or(false)
    }

    /// The suspects, oldest first.
    pub fn suspects(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.len()).filter(|&commit| self.suspect[commit])
    }

    /// The good ends.
    pub fn good(&self) -> &[usize] {
        &self.good
    }

    /// The bad end.
    pub fn bad(&self) -> usize {
        self.bad
    }

    /// The listed parents of a commit.
    ///
    /// # Panics
    ///
    /// When there is no such commit.
    pub fn parents(&self, commit: usize) -> &[usize] {
        &self.parents[commit]
    }

    /// Whether `commit` is or descends from `inner`.
    pub fn contains(&self, commit: usize, inner: usize) -> bool {
        let mut at = Some(commit);
        while let Some(walked) = at.filter(|&walked| walked >= inner) {
            if self.brings[walked].contains(&inner) {
                return true;
            }
            at = self.parents[walked].first().copied();
        }
        false
    }

    /// Calls `visit` for every commit that `commit` contains.
    pub(crate) fn each_contained(&self, commit: usize, mut visit: impl FnMut(usize)) {
        let mut at = Some(commit);
        while let Some(walked) = at {
            self.brings[walked].iter().for_each(|&c| visit(c));
            at = self.parents[walked].first().copied();
        }
    }

    /// For every commit, the sum of the weights of what it contains. Linear where merges are small.
    pub(crate) fn sums(&self, weights: &[f64], sums: &mut Vec<f64>) {
        sums.clear();
        for (brought, parents) in self.brings.iter().zip(&self.parents) {
            let own: f64 = brought.iter().map(|&c| weights[c]).sum();
            let before = parents.first().map_or(0.0, |&first| sums[first]);
            sums.push(before + own);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_its_good_end_first() {
        let range = Range::line(3);
        let parents = vec![vec![], vec![0], vec![1], vec![2]];
        assert_eq!(Ok(&range), Range::new(parents, &[0], 3).as_ref());
        assert_eq!(range.suspects().collect::<Vec<_>>(), [1, 2, 3]);
        assert!(range.contains(3, 1) && range.contains(2, 2) && !range.contains(1, 2));
    }

    #[test]
    fn what_a_good_end_contains_is_no_suspect() {
        // 0 - 1 - 3 - 4, 2 from 0 and merged by 3; 1 is good.
        let parents = vec![vec![], vec![0], vec![0], vec![1, 2], vec![3]];
        let range = Range::new(parents, &[1], 4).expect("a range");
        assert_eq!(range.suspects().collect::<Vec<_>>(), [2, 3, 4]);
        assert!(range.contains(3, 2) && !range.contains(2, 1));
        let mut sums = Vec::new();
        range.sums(&[1.0, 2.0, 4.0, 8.0, 16.0], &mut sums);
        assert_eq!(sums, [1.0, 3.0, 5.0, 15.0, 31.0]);
    }

    #[test]
    fn a_range_that_makes_no_sense_is_refused() {
        let line = || vec![vec![], vec![0], vec![1]];
        let check = |parents, good: &[usize], bad, error| {
            assert_eq!(Range::new(parents, good, bad), Err(error));
        };
        let order = RangeError::Order {
            commit: 0,
            parent: 0,
        };
        check(vec![vec![0]], &[0], 0, order);
        check(line(), &[3], 2, RangeError::NoSuchCommit(3));
        check(line(), &[], 2, RangeError::NoGoodEnd);
        check(line(), &[2], 1, RangeError::Empty);
    }
}
