//! Connected groups of commits.

/// Joins items into groups, in nearly linear time.
pub(crate) struct Groups {
    leader: Vec<usize>,
}

impl Groups {
    /// `count` items, each a group of its own.
    pub(crate) fn new(count: usize) -> Self {
        Self {
            leader: (0..count).collect(),
        }
    }

    /// The smallest member of an item's group.
    pub(crate) fn leader(&mut self, mut item: usize) -> usize {
        while self.leader[item] != item {
            self.leader[item] = self.leader[self.leader[item]];
            item = self.leader[item];
        }
        item
    }

    /// Makes one group of two.
    pub(crate) fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.leader(a), self.leader(b));
        self.leader[a.max(b)] = a.min(b);
    }

    /// The members of each group among those that `belongs` lets in, smallest first, groups in the
    /// order of their smallest member.
    pub(crate) fn members(mut self, belongs: impl Fn(usize) -> bool) -> Vec<Vec<usize>> {
        const NONE: usize = usize::MAX;
        let mut place = vec![NONE; self.leader.len()];
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for item in (0..self.leader.len()).filter(|&item| belongs(item)) {
            let leader = self.leader(item);
            if place[leader] == NONE {
                place[leader] = groups.len();
                groups.push(Vec::new());
            }
            groups[place[leader]].push(item);
        }
        groups
    }
}
