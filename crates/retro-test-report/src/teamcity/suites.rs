//! Flows and suites: what begins and ends around tests.

use super::flow::{Flow, Suite, millis, names};
use super::message::Message;
use super::{FLOW, MAX_SUITES_IN_NAME, Run, timestamp};
use crate::SuiteMetadata;

impl Run<'_, '_> {
    /// The flow, when there is room for it.
    pub(super) fn flow(&mut self, id: &str) -> Option<&mut Flow> {
        if !self.flows.contains_key(id) {
            if !self.room.enter(id.len() + FLOW) {
                return None;
            }
            self.flows.insert(id.to_owned(), Flow::default());
        }
        self.flows.get_mut(id)
    }

    pub(super) fn flow_started(&mut self, id: &str, parent: Option<&str>) {
        self.recognised = true;
        let around = parent.and_then(|parent| self.flows.get(parent));
        let suites = around.map_or(Vec::new(), |flow| flow.suites.clone());
        self.open_flow(id, suites);
    }

    /// Begins a flow inside of suites.
    pub(super) fn open_flow(&mut self, id: &str, suites: Vec<Suite>) {
        let size: usize = suites.iter().map(|suite| suite.name.len() + 64).sum();
        if suites.is_empty() || !self.room.enter(size) {
            return;
        }
        let Some(flow) = self.flow(id) else {
            return self.room.leave(size, 0);
        };
        let inherited = std::mem::replace(&mut flow.inherited, suites.len());
        let old = std::mem::replace(&mut flow.room, size);
        let lost = std::mem::replace(&mut flow.suites, suites);
        self.leave_suites(&lost, inherited, old);
    }

    /// Gives back the room of a flow's suites, of which so many were around it and took `around`.
    fn leave_suites(&mut self, suites: &[Suite], inherited: usize, around: usize) {
        for suite in suites.iter().skip(inherited) {
            self.room.leave(suite.name.len(), 0);
        }
        if around > 0 {
            self.room.leave(around, 0);
        }
    }

    pub(super) fn flow_finished(&mut self, id: &str) {
        self.leave_tests(id, 0, "its flow ended");
        if let Some(flow) = self.flows.remove(id) {
            self.room.leave(id.len() + FLOW, 0);
            self.leave_suites(&flow.suites, flow.inherited, flow.room);
        }
    }

    pub(super) fn suite_started(&mut self, flow: &str, name: &str, message: &Message<'_>) {
        self.recognised = true;
        let suite = Suite {
            name: name.to_owned(),
            started: message.get("timestamp").and_then(|time| timestamp(&time)),
        };
        let has_room = self.room.enter(name.len());
        if let Some(flow) = self.flow(flow) {
            if flow.suites.len() < MAX_SUITES_IN_NAME && has_room {
                flow.suites.push(suite);
                return;
            }
            flow.unnamed += 1;
        }
        if has_room {
            self.room.leave(name.len(), 0);
        }
    }

    pub(super) fn suite_finished(&mut self, id: &str, name: &str, message: &Message<'_>) {
        self.recognised = true;
        let Some(flow) = self.flows.get_mut(id) else {
            return;
        };
        if flow.unnamed > 0 {
            flow.unnamed -= 1;
            return;
        }
        let own = &flow.suites[flow.inherited.min(flow.suites.len())..];
        let Some(at) = own.iter().rposition(|suite| suite.name == name) else {
            self.out.warn(
                self.number,
                format!("the suite {name:?} ends and was not open"),
            );
            return;
        };
        let at = at + flow.inherited;
        self.leave_tests(id, at + 1, "its suite ended");
        let Some(flow) = self.flows.get_mut(id) else {
            return;
        };
        if at + 1 < flow.suites.len() {
            let inner = flow.suites.len() - at - 1;
            self.out.warn(
                self.number,
                format!("the suite {name:?} ends while {inner} inside it are open"),
            );
        }
        let path = names(&flow.suites[..=at]);
        let ended = flow.suites.drain(at..).collect::<Vec<_>>();
        for suite in &ended {
            self.room.leave(suite.name.len(), 0);
        }
        let started = ended.first().and_then(|suite| suite.started);
        self.out.suite(SuiteMetadata {
            path,
            started,
            duration: message.get("duration").and_then(|text| millis(&text)),
            ..SuiteMetadata::default()
        });
    }
}
