//! Suites and tests that name what is around them (`nodeId`, `parentNodeId`), as those runners do
//! that IntelliJ starts. They may begin and end in any order.

use std::collections::HashMap;

use retro_domain::Timestamp;

use super::flow::{Place, Suite};
use crate::odd::Odd;
use crate::open_room::OpenRoom;
use crate::suite_path::{DEEPEST_NAME, Depth};

/// What a node takes beside its texts.
const NODE: usize = 300;

/// The nodes that are open.
#[derive(Default)]
pub(super) struct Tree(HashMap<String, Node>);

pub(super) struct Node {
    pub(super) name: String,
    pub(super) started: Option<Timestamp>,
    pub(super) is_suite: bool,
    /// The next node around it that has a part of its own in names.
    around: String,
    /// What is around it.
    outside: Depth,
    /// With it.
    inside: Depth,
    /// Whether it has a part of its own in names.
    is_named: bool,
}

impl Tree {
    /// Opens a node; false when there is no room for it.
    pub(super) fn enter(
        &mut self,
        id: &str,
        parent: &str,
        suite: Suite,
        is_suite: bool,
        room: &mut OpenRoom,
        odd: &mut Odd,
    ) -> bool {
        self.leave(id, room);
        let (around, outside) = match self.0.get(parent) {
            Some(inner) if inner.is_named => (parent.to_owned(), inner.inside.inside()),
            Some(inner) => (inner.around.clone(), inner.inside.inside()),
            None => (String::new(), Depth::default()),
        };
        let mut inside = outside.inside();
        let is_named = inside.enter(&suite.name, odd);
        let node = Node {
            name: suite.name,
            started: suite.started,
            is_suite,
            around,
            outside,
            inside,
            is_named,
        };
        let has_room = room.enter(node.size(id));
        if has_room {
            self.0.insert(id.to_owned(), node);
        }
        has_room
    }

    /// Closes a node.
    pub(super) fn leave(&mut self, id: &str, room: &mut OpenRoom) -> Option<Node> {
        let node = self.0.remove(id)?;
        room.leave(node.size(id), 0);
        Some(node)
    }

    pub(super) fn name(&self, id: &str) -> Option<&str> {
        self.0.get(id).map(|node| node.name.as_str())
    }

    /// The place inside of a node.
    pub(super) fn place(&self, id: &str) -> Place {
        let node = self.0.get(id);
        node.map_or_else(Place::default, |node| Place {
            suites: self.named(if node.is_named { id } else { &node.around }),
            depth: node.inside.inside(),
        })
    }

    /// The place around an open node.
    pub(super) fn around(&self, id: &str) -> Place {
        let node = self.0.get(id);
        node.map_or_else(Place::default, |node| Place {
            suites: self.named(&node.around),
            depth: node.outside.inside(),
        })
    }

    /// The suites from the outermost one to a node that have parts of their own in names.
    fn named(&self, id: &str) -> Vec<Suite> {
        let mut suites = Vec::new();
        let mut next = self.0.get(id);
        // A node may claim to be inside itself.
        while let Some(node) = next.filter(|_| suites.len() < DEEPEST_NAME) {
            suites.push(Suite {
                name: node.name.clone(),
                started: node.started,
            });
            next = self.0.get(&node.around);
        }
        suites.reverse();
        suites
    }

    pub(super) fn has_open_suite(&self) -> bool {
        self.0.values().any(|node| node.is_suite)
    }
}

impl Node {
    fn size(&self, id: &str) -> usize {
        NODE + self.name.len() + id.len() + self.around.len()
    }
}
