//! Tests that got another name: joined by their body and their neighbours.

use std::collections::HashMap;
use std::hash::Hash;

/// A test that is there on one side of a commit and not on the other.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Renamable {
    /// The test, by the caller's index.
    pub test: usize,
    /// A digest of its source, where that is known: without its name.
    pub body: Option<String>,
    /// The tests listed right before and after it, by index, where the report keeps an order. Only those
    /// that are on both sides tell something.
    pub neighbours: (Option<usize>, Option<usize>),
}

/// A test and what it is called now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rename {
    /// The test that is gone.
    pub from: usize,
    /// The test that came.
    pub to: usize,
    /// What joins them.
    pub by: JoinedBy,
}

/// What joins two names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum JoinedBy {
    /// The same body, and no third test has it.
    Body,
    /// The same two neighbours, and no third test between them. A likely guess, to be shown as such.
    Neighbours,
}

/// Joins tests that are gone after a commit with those that came with it, each at most once. What is
/// not unique stays apart: a wrong join is worse than none.
pub fn renames(gone: &[Renamable], came: &[Renamable]) -> Vec<Rename> {
    let mut found = Vec::new();
    let bodies = |one: &Renamable| one.body.clone();
    join(gone, came, bodies, JoinedBy::Body, &mut found);
    let is_free = |one: &&Renamable| {
        !found
            .iter()
            .any(|done| done.from == one.test || done.to == one.test)
    };
    let gone: Vec<Renamable> = gone.iter().filter(is_free).cloned().collect();
    let came: Vec<Renamable> = came.iter().filter(is_free).cloned().collect();
    let between = |one: &Renamable| one.neighbours.0.zip(one.neighbours.1);
    let mut likely = Vec::new();
    join(&gone, &came, between, JoinedBy::Neighbours, &mut likely);
    // Bodies that are known and differ speak against it.
    let body =
        |all: &[Renamable], test: usize| all.iter().find(|one| one.test == test).and_then(bodies);
    likely.retain(|rename| {
        let both = body(&gone, rename.from).zip(body(&came, rename.to));
        both.is_none_or(|(a, b)| a == b)
    });
    found.extend(likely);
    found.sort_by_key(|rename| rename.from);
    found
}

fn join<K: Hash + Eq>(
    gone: &[Renamable],
    came: &[Renamable],
    key: impl Fn(&Renamable) -> Option<K>,
    by: JoinedBy,
    found: &mut Vec<Rename>,
) {
    let mut sides: HashMap<K, (Vec<usize>, Vec<usize>)> = HashMap::new();
    for one in gone {
        if let Some(key) = key(one) {
            sides.entry(key).or_default().0.push(one.test);
        }
    }
    for one in came {
        if let Some(key) = key(one) {
            sides.entry(key).or_default().1.push(one.test);
        }
    }
    for (from, to) in sides.into_values() {
        if let ([from], [to]) = (&from[..], &to[..]) {
            found.push(Rename {
                from: *from,
                to: *to,
                by,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(test: usize, body: &str, neighbours: (usize, usize)) -> Renamable {
        Renamable {
            test,
            body: (!body.is_empty()).then(|| body.to_owned()),
            neighbours: (Some(neighbours.0), Some(neighbours.1)),
        }
    }

    fn check(gone: &[Renamable], came: &[Renamable], expected: &[(usize, usize, JoinedBy)]) {
        let found: Vec<_> = renames(gone, came)
            .iter()
            .map(|rename| (rename.from, rename.to, rename.by))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn the_same_body_joins() {
        let by = JoinedBy::Body;
        check(
            &[one(1, "x", (0, 2))],
            &[one(9, "x", (5, 6))],
            &[(1, 9, by)],
        );
    }

    #[test]
    fn the_same_neighbours_join_where_bodies_are_unknown() {
        let by = JoinedBy::Neighbours;
        check(&[one(1, "", (0, 2))], &[one(9, "", (0, 2))], &[(1, 9, by)]);
        check(&[one(1, "x", (0, 2))], &[one(9, "y", (0, 2))], &[]);
    }

    #[test]
    fn what_is_not_unique_stays_apart() {
        let gone = [one(1, "x", (0, 2)), one(3, "x", (2, 4))];
        check(&gone, &[one(9, "x", (7, 8))], &[]);
        let came = [one(8, "", (0, 2)), one(9, "", (0, 2))];
        check(&[one(1, "", (0, 2))], &came, &[]);
    }
}
