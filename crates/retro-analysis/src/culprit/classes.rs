//! Suspects that no testable commit can tell apart.

use super::Range;
use super::evidence::{Counted, spread};

/// A set of suspects that stand or fall together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Class {
    /// Its suspects, oldest first.
    pub(crate) members: Vec<usize>,
    /// The first testable commit that contains them, where the change shows.
    pub(crate) shows_at: Option<usize>,
    /// The nearest testable commits behind them, where it must not show.
    pub(crate) behind: Vec<usize>,
}

/// The class of every suspect, as indices into the list of classes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Classes {
    pub(crate) all: Vec<Class>,
    pub(crate) of: Vec<Option<usize>>,
}

impl Classes {
    /// Groups the suspects. Without untestable commits each is a class of its own; with them, it takes
    /// a walk from every testable commit.
    pub(crate) fn of(range: &Range, counted: &Counted) -> Self {
        let untestable = &counted.untestable;
        let mut classes = Self {
            all: Vec::new(),
            of: vec![None; range.len()],
        };
        if untestable.iter().any(|&cannot| cannot) {
            let mut shows_at = vec![None; range.len()];
            let mut mark = vec![0_u64; range.len()];
            for commit in (0..range.len()).rev().filter(|&c| !untestable[c]) {
                range.each_contained(commit, |c| {
                    mark[c] ^= spread(commit);
                    shows_at[c] = Some(commit);
                });
            }
            let mut by_mark = std::collections::HashMap::new();
            for suspect in range.suspects() {
                let next = classes.all.len();
                let class = *by_mark.entry(mark[suspect]).or_insert(next);
                classes.of[suspect] = Some(class);
                if class == next {
                    classes.all.push(Class {
                        members: Vec::new(),
                        shows_at: shows_at[suspect],
                        behind: Vec::new(),
                    });
                }
                classes.all[class].members.push(suspect);
            }
        } else {
            for suspect in range.suspects() {
                classes.of[suspect] = Some(classes.all.len());
                classes.all.push(Class {
                    members: vec![suspect],
                    shows_at: Some(suspect),
                    behind: Vec::new(),
                });
            }
        }
        for class in 0..classes.all.len() {
            classes.all[class].behind = classes.behind(range, untestable, class);
        }
        classes
    }

    fn behind(&self, range: &Range, untestable: &[bool], class: usize) -> Vec<usize> {
        let mut stack = self.all[class].members.clone();
        let mut visited = stack.clone();
        let mut found = Vec::new();
        while let Some(walked) = stack.pop() {
            for &parent in range.parents(walked) {
                if visited.contains(&parent) {
                    continue;
                }
                visited.push(parent);
                if untestable[parent] {
                    stack.push(parent);
                } else if self.of[parent] != Some(class) {
                    found.push(parent);
                }
            }
        }
        found.sort_unstable();
        found
    }

    /// The likeliest class and its probability.
    pub(crate) fn likeliest(&self, by_commit: &[f64]) -> Option<(&Class, f64)> {
        let share = |class: &Class| class.members.iter().map(|&c| by_commit[c]).sum::<f64>();
        let all = self.all.iter().map(|class| (class, share(class)));
        all.max_by(|a, b| a.1.total_cmp(&b.1))
    }

    /// The classes that hold at least `share` of the belief each.
    pub(crate) fn at_least<'a>(
        &'a self,
        by_commit: &'a [f64],
        share: f64,
    ) -> impl Iterator<Item = &'a Class> {
        let weight = |class: &Class| class.members.iter().map(|&c| by_commit[c]).sum::<f64>();
        self.all.iter().filter(move |class| weight(class) >= share)
    }

    /// The fewest classes that hold `share` of the belief, by falling probability, as suspects.
    pub(crate) fn credible(&self, by_commit: &[f64], share: f64) -> Vec<usize> {
        let weight = |class: &Class| class.members.iter().map(|&c| by_commit[c]).sum::<f64>();
        let mut all: Vec<(f64, &Class)> = self.all.iter().map(|c| (weight(c), c)).collect();
        all.sort_by(|a, b| b.0.total_cmp(&a.0));
        let (mut sum, mut found) = (0.0, Vec::new());
        for (weight, class) in all {
            if sum >= share || weight <= 0.0 {
                break;
            }
            sum += weight;
            found.extend(&class.members);
        }
        found.sort_unstable();
        found
    }
}
