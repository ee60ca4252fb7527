//! Walking back from a commit to the nearest ones that say something.

use crate::Observation;

/// What lies behind one commit.
pub(crate) struct Reach {
    /// The commit and every commit walked over that no end contains; oldest first.
    pub(crate) suspects: Vec<usize>,
    /// The nearest commits that say something, one or none per path; oldest first.
    pub(crate) ends: Vec<usize>,
    /// Whether a suspect has no listed ancestor, so that the change may lie before the list.
    pub(crate) open_ended: bool,
}

/// Walks a graph of commits again and again, without clearing its notes in between.
pub(crate) struct Walker<'a> {
    commits: &'a [Observation],
    visited_in: Vec<u64>,
    walk: u64,
    stack: Vec<usize>,
}

impl<'a> Walker<'a> {
    pub(crate) fn new(commits: &'a [Observation]) -> Self {
        Self {
            commits,
            visited_in: vec![0; commits.len()],
            walk: 0,
            stack: Vec::new(),
        }
    }

    /// Walks back from `commit` and stops on every path at the first commit that `is_end`.
    pub(crate) fn reach(&mut self, commit: usize, is_end: impl Fn(usize) -> bool) -> Reach {
        let commits = self.commits;
        let (mut suspects, mut ends) = (Vec::new(), Vec::new());
        self.walk += 1;
        self.stack.push(commit);
        while let Some(walked) = self.stack.pop() {
            suspects.push(walked);
            for &parent in &commits[walked].parents {
                if self.visited_in[parent] == self.walk {
                    continue;
                }
                self.visited_in[parent] = self.walk;
                if is_end(parent) {
                    ends.push(parent);
                } else {
                    self.stack.push(parent);
                }
            }
        }
        suspects.sort_unstable();
        ends.sort_unstable();
        self.drop_ancestors_of(&ends, &mut suspects);
        let open_ended = suspects.iter().any(|&s| commits[s].parents.is_empty());
        Reach {
            suspects,
            ends,
            open_ended,
        }
    }

    /// Takes out of `suspects` (sorted, the last one not an ancestor of any end) what an end contains.
    fn drop_ancestors_of(&mut self, ends: &[usize], suspects: &mut Vec<usize>) {
        let (Some(&oldest), Some(&newest_end)) = (suspects.first(), ends.last()) else {
            return;
        };
        // An ancestor comes earlier in the list, so on a line there is never anything to do.
        if oldest > newest_end {
            return;
        }
        self.walk += 1;
        self.stack.extend_from_slice(ends);
        while let Some(walked) = self.stack.pop() {
            for &parent in &self.commits[walked].parents {
                if parent >= oldest && self.visited_in[parent] != self.walk {
                    self.visited_in[parent] = self.walk;
                    self.stack.push(parent);
                }
            }
        }
        suspects.retain(|&suspect| self.visited_in[suspect] != self.walk);
    }
}
