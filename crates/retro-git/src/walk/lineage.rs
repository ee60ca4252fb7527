//! The commits of a walk in order, and which of the wanted ones lie behind which.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use git2::Oid;

/// A commit that a walk met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Visited {
    pub(super) id: Oid,
    /// Its parents, as far as the walk follows them.
    pub(super) parents: Vec<Oid>,
    /// When it was committed.
    pub(super) seconds: i64,
}

/// The graph of the commits met, of which some are wanted.
pub(super) struct Lineage {
    /// Newest first: every commit before its ancestors, branches not interleaved.
    order: Vec<Visited>,
    wanted: HashSet<Oid>,
}

impl Lineage {
    pub(super) fn new(visited: Vec<Visited>, wanted: &HashSet<Oid>) -> Self {
        Self {
            order: newest_first(visited),
            wanted: wanted.clone(),
        }
    }

    /// Keeps every n-th wanted commit, counted from the newest, and the oldest.
    pub(super) fn sample(&mut self, every: usize) {
        if every <= 1 {
            return;
        }
        let kept: Vec<Oid> = self
            .order
            .iter()
            .map(|commit| commit.id)
            .filter(|id| self.wanted.contains(id))
            .collect();
        let oldest = kept.len().saturating_sub(1);
        self.wanted = kept
            .into_iter()
            .enumerate()
            .filter(|(index, _)| index % every == 0 || *index == oldest)
            .map(|(_, id)| id)
            .collect();
    }

    /// The wanted commits, oldest first, and for each the nearest wanted ones behind it.
    pub(super) fn oldest_first(self) -> (Vec<Oid>, Vec<Vec<usize>>) {
        let mut commits = Vec::new();
        let mut parents = Vec::new();
        // For each commit: itself when it is wanted, else the nearest wanted ones behind it. Commits
        // along an unwanted line share one list.
        let mut nearest: HashMap<Oid, Arc<[usize]>> = HashMap::new();
        let nothing: Arc<[usize]> = Arc::from([]);
        for commit in self.order.into_iter().rev() {
            let mut behind = union(
                commit
                    .parents
                    .iter()
                    .filter_map(|parent| nearest.get(parent)),
                &nothing,
            );
            // Seen through commits that were left out, one may lie behind another and is not nearest.
            let is_direct = |parent: &Oid| self.wanted.contains(parent);
            if behind.len() > 1 && !commit.parents.iter().all(is_direct) {
                behind = without_ancestors(&behind, &parents);
            }
            let own = if self.wanted.contains(&commit.id) {
                commits.push(commit.id);
                parents.push(behind.to_vec());
                Arc::from([commits.len() - 1])
            } else {
                behind
            };
            nearest.insert(commit.id, own);
        }
        (commits, parents)
    }
}

fn union<'a>(
    mut lists: impl Iterator<Item = &'a Arc<[usize]>>,
    nothing: &Arc<[usize]>,
) -> Arc<[usize]> {
    let Some(first) = lists.next() else {
        return Arc::clone(nothing);
    };
    let mut rest = lists.filter(|list| *list != first).peekable();
    if rest.peek().is_none() {
        return Arc::clone(first);
    }
    // The first parent's line comes first.
    let mut all = first.to_vec();
    for &index in rest.flat_map(|list| list.iter()) {
        if !all.contains(&index) {
            all.push(index);
        }
    }
    Arc::from(all)
}

/// Those of `indices` that are not behind another of them.
fn without_ancestors(indices: &[usize], parents: &[Vec<usize>]) -> Arc<[usize]> {
    let oldest = indices.iter().copied().min().unwrap_or(0);
    let mut behind: HashSet<usize> = HashSet::new();
    let mut open: Vec<usize> = indices.to_vec();
    while let Some(index) = open.pop() {
        for &parent in &parents[index] {
            if parent >= oldest && behind.insert(parent) {
                open.push(parent);
            }
        }
    }
    indices
        .iter()
        .copied()
        .filter(|index| !behind.contains(index))
        .collect()
}

/// Sorts commits so that each comes before its ancestors, and a branch is not mixed with another.
fn newest_first(visited: Vec<Visited>) -> Vec<Visited> {
    let mut children: HashMap<Oid, usize> = visited.iter().map(|commit| (commit.id, 0)).collect();
    for parent in visited.iter().flat_map(|commit| &commit.parents) {
        if let Some(count) = children.get_mut(parent) {
            *count += 1;
        }
    }
    let mut ready: Vec<(i64, Oid)> = visited
        .iter()
        .filter(|commit| children[&commit.id] == 0)
        .map(|commit| (commit.seconds, commit.id))
        .collect();
    ready.sort_unstable();
    let mut by_id: HashMap<Oid, Visited> = visited
        .into_iter()
        .map(|commit| (commit.id, commit))
        .collect();
    let mut order = Vec::with_capacity(by_id.len());
    while let Some((_, id)) = ready.pop() {
        let Some(commit) = by_id.remove(&id) else {
            continue;
        };
        // The first parent is looked at last and so comes next, unless another child is to come.
        for parent in commit.parents.iter().rev() {
            if let Some(count) = children.get_mut(parent) {
                *count -= 1;
                if *count == 0 {
                    ready.push((0, *parent));
                }
            }
        }
        order.push(commit);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(letter: char) -> Oid {
        Oid::from_bytes(&[u8::try_from(letter).unwrap(); 20]).unwrap()
    }

    /// Commits as `child:parents`, newest first; the wanted ones; what is expected, oldest first, in
    /// the same form.
    fn check(graph: &str, wanted: &str, every: usize, expected: &str) {
        let visited = graph
            .split_whitespace()
            .enumerate()
            .map(|(age, commit)| {
                let (child, parents) = commit.split_once(':').unwrap();
                Visited {
                    id: id(child.chars().next().unwrap()),
                    parents: parents.chars().map(id).collect(),
                    seconds: 1_000 - age as i64,
                }
            })
            .collect();
        let wanted: HashSet<Oid> = wanted.chars().map(id).collect();
        let mut lineage = Lineage::new(visited, &wanted);
        lineage.sample(every);
        let (commits, parents) = lineage.oldest_first();
        let letter = |index: usize| char::from(commits[index].as_bytes()[0]);
        let shown: Vec<String> = (0..commits.len())
            .map(|index| {
                let behind: String = parents[index]
                    .iter()
                    .map(|&parent| letter(parent))
                    .collect();
                format!("{}:{behind}", letter(index))
            })
            .collect();
        assert_eq!(shown.join(" "), expected, "{graph} wanting {wanted:?}");
    }

    #[test]
    fn what_was_left_out_is_seen_through() {
        check("d:c c:b b:a a:", "dcba", 1, "a: b:a c:b d:c");
        check("d:c c:b b:a a:", "da", 1, "a: d:a");
        check("d:c c:b b:a a:", "dc", 1, "c: d:c");
        check("d:bc c:a b:a a:", "da", 1, "a: d:a");
        check("d:bc c:a b:a a:", "dbc", 1, "c: b: d:bc");
        check("e:d d:bc c:a b:a a:", "ebc", 1, "c: b: e:bc");
        check("e:d d:bc c:a b:a a:", "eca", 1, "a: c:a e:c");
    }

    #[test]
    fn a_sample_keeps_the_newest_and_the_oldest() {
        check("e:d d:c c:b b:a a:", "edcba", 2, "a: c:a e:c");
        check("d:c c:b b:a a:", "dcba", 2, "a: b:a d:b");
        check("d:c c:b b:a a:", "dcba", 9, "a: d:a");
        check("", "", 3, "");
    }

    #[test]
    fn branches_are_not_interleaved() {
        let graph = "m:xy x:w y:z w:r z:r r:";
        check(graph, "mxyzwr", 1, "r: z:r y:z w:r x:w m:xy");
    }
}
