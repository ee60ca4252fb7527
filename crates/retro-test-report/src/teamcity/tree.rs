//! Suites and tests that name what is around them (`nodeId`, `parentNodeId`), as those runners do
//! that IntelliJ starts. They may begin and end in any order.

use std::collections::HashMap;

use retro_domain::Timestamp;

use super::MAX_SUITES_IN_NAME;
use super::flow::Suite;
use crate::open_room::OpenRoom;

/// What a node takes beside its texts.
const NODE: usize = 200;

/// The nodes that are open.
#[derive(Default)]
pub(super) struct Tree(HashMap<String, Node>);

pub(super) struct Node {
    pub(super) name: String,
    pub(super) started: Option<Timestamp>,
    pub(super) is_suite: bool,
    /// The next node around it that is part of names.
    around: String,
    depth: usize,
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
    ) -> bool {
        self.leave(id, room);
        let (around, depth) = match self.0.get(parent) {
            Some(parent) if parent.depth >= MAX_SUITES_IN_NAME => {
                (parent.around.clone(), parent.depth)
            }
            Some(inner) => (parent.to_owned(), inner.depth + 1),
            None => (String::new(), 0),
        };
        let node = Node {
            name: suite.name,
            started: suite.started,
            is_suite,
            around,
            depth,
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

    /// The suites from the outermost one to a node.
    pub(super) fn path(&self, id: &str) -> Vec<Suite> {
        let mut path = Vec::new();
        let mut next = self.0.get(id);
        // A node may claim to be inside itself.
        while let Some(node) = next.filter(|_| path.len() <= MAX_SUITES_IN_NAME) {
            path.push(Suite {
                name: node.name.clone(),
                started: node.started,
            });
            next = self.0.get(&node.around);
        }
        path.reverse();
        path
    }

    /// The suites around an open node.
    pub(super) fn around(&self, id: &str) -> Vec<Suite> {
        let node = self.0.get(id);
        node.map_or_else(Vec::new, |node| self.path(&node.around))
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
