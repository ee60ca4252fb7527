//! Flows and suites: what begins and ends around tests.

use retro_domain::Timestamp;

use super::flow::{Flow, Place, Suite, millis};
use super::message::Message;
use super::{FLOW, Run, timestamp};
use crate::SuiteMetadata;
use crate::odd::Odd;

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
        let place = around.map_or(Place::default(), |flow| flow.place.inside());
        self.open_flow(id, place);
    }

    /// Begins a flow inside of suites.
    pub(super) fn open_flow(&mut self, id: &str, place: Place) {
        let size = 64 + place.size(64);
        if place.deep() == 0 || !self.room.enter(size) {
            return;
        }
        let Some(flow) = self.flow(id) else {
            return self.room.leave(size, 0);
        };
        let inherited = std::mem::replace(&mut flow.inherited, place.deep());
        let lost = std::mem::replace(&mut flow.place, place);
        let old = std::mem::replace(&mut flow.room, size);
        self.leave_suites(&lost, inherited, old);
    }

    /// Gives back the room of a flow's suites, of which so many were around it and took `around`.
    fn leave_suites(&mut self, place: &Place, inherited: usize, around: usize) {
        for suite in place.suites.iter().skip(inherited) {
            self.room.leave(suite.name.len(), 0);
        }
        for _ in inherited.max(place.suites.len())..place.deep() {
            self.room.leave(0, 0);
        }
        if around > 0 {
            self.room.leave(around, 0);
        }
    }

    pub(super) fn flow_finished(&mut self, id: &str) {
        self.leave_tests(id, 0, "its flow ended");
        if let Some(flow) = self.flows.remove(id) {
            self.room.leave(id.len() + FLOW, 0);
            self.leave_suites(&flow.place, flow.inherited, flow.room);
        }
    }

    pub(super) fn suite_started(&mut self, id: &str, name: &str, message: &Message<'_>) {
        self.recognised = true;
        if self.flow(id).is_none() {
            return;
        }
        let mut odd = Odd::default();
        let Self { flows, room, .. } = self;
        let Some(flow) = flows.get_mut(id) else {
            return;
        };
        let place = &mut flow.place;
        let is_named = place.depth.enter(name, &mut odd);
        let size = if is_named { name.len() } else { 0 };
        if flow.unroomed > 0 || !room.enter(size) {
            place.depth.leave(Some(name));
            flow.unroomed += 1;
        } else if is_named {
            place.suites.push(Suite {
                name: name.to_owned(),
                started: message.get("timestamp").and_then(|time| timestamp(&time)),
            });
        }
        self.tell_depth(odd);
    }

    pub(super) fn suite_finished(&mut self, id: &str, name: &str, message: &Message<'_>) {
        self.recognised = true;
        let Some(flow) = self.flows.get_mut(id) else {
            return;
        };
        if flow.unroomed > 0 {
            flow.unroomed -= 1;
            return;
        }
        if flow.is_beyond() {
            return self.deep_suite_finished(id, message);
        }
        let inherited = flow.inherited_names();
        let own = &flow.place.suites[inherited..];
        let Some(at) = own.iter().rposition(|suite| suite.name == name) else {
            self.out.warn(
                self.number,
                format!("the suite {name:?} ends and was not open"),
            );
            return;
        };
        let at = at + inherited;
        self.leave_tests(id, at + 1, "its suite ended");
        let Some(flow) = self.flows.get_mut(id) else {
            return;
        };
        if at + 1 < flow.place.suites.len() {
            let inner = flow.place.suites.len() - at - 1;
            self.out.warn(
                self.number,
                format!("the suite {name:?} ends while {inner} inside it are open"),
            );
        }
        let (mut path, mut started) = (Vec::new(), None);
        while flow.place.suites.len() > at {
            path = flow.place.path();
            let Some(suite) = flow.place.suites.pop() else {
                break;
            };
            flow.place.depth.leave(Some(&suite.name));
            self.room.leave(suite.name.len(), 0);
            started = suite.started;
        }
        self.suite_ended(path, started, message);
    }

    /// The innermost suite of a flow ends, which has no part of its own in names. What it was
    /// called is not known any more.
    fn deep_suite_finished(&mut self, id: &str, message: &Message<'_>) {
        let deep = self.flows.get(id).map_or(0, |flow| flow.place.deep());
        self.leave_tests(id, deep, "its suite ended");
        let Some(flow) = self.flows.get_mut(id) else {
            return;
        };
        let path = flow.place.path();
        flow.place.depth.leave(None);
        self.room.leave(0, 0);
        self.suite_ended(path, None, message);
    }

    pub(super) fn suite_ended(
        &mut self,
        path: Vec<String>,
        started: Option<Timestamp>,
        message: &Message<'_>,
    ) {
        self.out.suite(SuiteMetadata {
            path,
            started,
            duration: message.get("duration").and_then(|text| millis(&text)),
            ..SuiteMetadata::default()
        });
    }
}
