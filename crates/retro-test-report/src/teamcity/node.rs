//! Messages of the tests and suites of a [`Tree`](super::tree::Tree).

use super::flow::Suite;
use super::message::Message;
use super::{Run, timestamp};
use crate::odd::Odd;

impl Run<'_, '_> {
    /// A message about a node. Each test has a flow of its own, inside the suites around it.
    pub(super) fn node_message(&mut self, node: &str, message: &Message<'_>) {
        let name = message.get("name").unwrap_or_default();
        // No flow that a file names is called so.
        let flow = format!("\u{1}{node}");
        match message.name {
            "testSuiteStarted" => {
                self.recognised = true;
                self.enter_node(node, &name, true, message);
            }
            "testSuiteFinished" => self.node_suite_finished(node, message),
            "testStarted" => {
                self.begin_node(node, &flow, &name, message);
                self.started(&flow, &name, message);
            }
            "testFailed" | "testIgnored" | "testFinished" | "testStdOut" | "testStdErr" => {
                let ends_only = message.name == "testFinished";
                if self.tree.name(node).is_none() && !ends_only {
                    self.begin_node(node, &flow, &name, message);
                }
                let known = self.tree.name(node).map(ToOwned::to_owned);
                let name = known.unwrap_or_else(|| name.into_owned());
                match message.name {
                    "testFailed" => self.failed(&flow, &name, message),
                    "testIgnored" => self.ignored(&flow, &name, message),
                    "testFinished" => self.finished(&flow, &name, message),
                    _ => self.output(&flow, &name, message),
                }
                let is_open = self
                    .flows
                    .get(&flow)
                    .is_some_and(|flow| !flow.tests.is_empty());
                if !is_open {
                    self.flow_finished(&flow);
                    self.tree.leave(node, &mut self.room);
                }
            }
            _ => {}
        }
    }

    fn enter_node(&mut self, node: &str, name: &str, is_suite: bool, message: &Message<'_>) {
        let suite = Suite {
            name: name.to_owned(),
            started: message.get("timestamp").and_then(|time| timestamp(&time)),
        };
        let parent = message.get("parentNodeId").unwrap_or_default();
        let mut odd = Odd::default();
        let Self { tree, room, .. } = self;
        if !tree.enter(node, &parent, suite, is_suite, room, &mut odd) {
            self.too_many();
        }
        // The name of a test is whole at any depth.
        if is_suite {
            self.tell_depth(odd);
        }
    }

    fn begin_node(&mut self, node: &str, flow: &str, name: &str, message: &Message<'_>) {
        // Of a node that began again, nothing else is told.
        self.flow_finished(flow);
        self.enter_node(node, name, false, message);
        self.open_flow(flow, self.tree.around(node));
    }

    fn node_suite_finished(&mut self, node: &str, message: &Message<'_>) {
        self.recognised = true;
        let path = self.tree.place(node).path();
        let Some(suite) = self.tree.leave(node, &mut self.room) else {
            let why = format!("the suite {node:?} ends and was not open");
            return self.out.warn(self.number, why);
        };
        self.suite_ended(path, suite.started, message);
    }
}
