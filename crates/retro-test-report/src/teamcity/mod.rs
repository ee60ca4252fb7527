//! TeamCity service messages in other text.
//!
//! Messages of several flows may alternate. Each flow has its own suites, and a flow that began
//! inside another one has those around it.

mod flow;
mod message;
mod node;
mod suites;
mod tree;
mod unfinished;

use std::collections::HashMap;
use std::io::BufRead;
use std::time::Duration;

use retro_domain::{Attachment, Outcome, TestCase, TestId};

use self::flow::{Flow, OpenTest, location, millis};
use self::message::{Message, find};
use self::tree::Tree;
use self::unfinished::Unfinished;
use crate::ParseError;
use crate::kept_text::{KeptText, first_line};
use crate::lines::Lines;
use crate::numbers::timestamp;
use crate::odd::Odd;
use crate::open_room::OpenRoom;
use crate::output::Output;

/// What a flow takes beside its tests.
const FLOW: usize = 400;

/// The most properties, and the most attachments, of one test.
const MOST_ITEMS: usize = 1_000;

/// The most bytes of a text of one of them.
const LONGEST_TEXT: usize = 4_096;

/// What one of them takes beside its texts.
const ITEM: usize = 64;

/// Whether a line has a message of a test run.
pub(crate) fn is_evidence(line: &[u8]) -> bool {
    if memchr::memmem::find(line, b"##teamcity[").is_none() {
        return false;
    }
    let line = String::from_utf8_lossy(line);
    let mut rest = &*line;
    while let Some((_, message, after)) = find(rest) {
        let others = ["flowStarted", "buildProblem"];
        if message.name.starts_with("test") || others.contains(&message.name) {
            return true;
        }
        rest = after;
    }
    false
}

/// Reads a stream; whether there was any message of a test run in it.
pub(crate) fn read<R: BufRead>(reader: R, out: &mut Output<'_>) -> Result<bool, ParseError> {
    let limit = out.options.max_text;
    // A message holds several texts, and escapes make them longer.
    let mut lines = Lines::new(reader, limit.saturating_mul(8).max(64 << 10));
    let mut run = Run {
        room: OpenRoom::new(&out.options),
        out,
        flows: HashMap::new(),
        tree: Tree::default(),
        unfinished: Unfinished::default(),
        capturing: None,
        announced: None,
        is_depth_told: false,
        number: 0,
        recognised: false,
    };
    while let Some(line) = lines.next()? {
        run.number += 1;
        let line = String::from_utf8_lossy(line).into_owned();
        let (is_cut, is_whole) = (lines.was_cut(), lines.ended());
        run.line(&line, is_cut, is_whole);
    }
    run.end();
    Ok(run.recognised)
}

struct Run<'o, 's> {
    out: &'o mut Output<'s>,
    room: OpenRoom,
    flows: HashMap<String, Flow>,
    /// The flow and the test whose plain output is its own.
    capturing: Option<(String, String)>,
    tree: Tree,
    /// A message whose end may be on one of the next lines.
    unfinished: Unfinished,
    /// How many tests were announced.
    announced: Option<u64>,
    /// Whether it was told that suites are too deep.
    is_depth_told: bool,
    number: u64,
    recognised: bool,
}

impl Run<'_, '_> {
    fn line(&mut self, line: &str, is_cut: bool, is_whole: bool) {
        let joined;
        let mut line = line;
        if self.unfinished.is_open() {
            match self.unfinished.next(line) {
                Some(whole) => {
                    joined = whole;
                    line = &joined;
                }
                None if self.unfinished.is_open() && is_whole => return,
                None => self.no_end(!is_whole),
            }
        }
        let mut rest = line;
        while let Some((before, message, after)) = find(rest) {
            self.plain(before);
            if !message.is_whole && !is_cut {
                let limit = self.out.options.max_text.max(64 << 10);
                if is_whole && self.unfinished.begin(&rest[before.len()..], limit) {
                    return;
                }
                // The last line of a file that was cut off.
                return self.no_end(!is_whole);
            }
            self.message(&message);
            rest = after;
        }
        if rest.len() == line.len() {
            self.plain(line);
        }
    }

    fn no_end(&mut self, is_cut: bool) {
        self.unfinished = Unfinished::default();
        self.out
            .warn(self.number, "a message without an end was left out");
        self.out.summary.truncated |= is_cut;
    }

    fn plain(&mut self, text: &str) {
        if let Some((flow, name)) = &self.capturing
            && !text.is_empty()
            && let Some(test) = self
                .flows
                .get_mut(flow)
                .and_then(|flow| flow.tests.get_mut(name))
        {
            test.stdout
                .push_within(text.as_bytes(), &mut self.room.texts);
            test.stdout.push_within(b"\n", &mut self.room.texts);
        }
    }

    fn message(&mut self, message: &Message<'_>) {
        if let Some(node) = message.get("nodeId").filter(|node| !node.is_empty()) {
            return self.node_message(&node, message);
        }
        let flow = message.get("flowId").unwrap_or_default();
        let name = message.get("name").unwrap_or_default();
        match message.name {
            "testSuiteStarted" => self.suite_started(&flow, &name, message),
            "testSuiteFinished" => self.suite_finished(&flow, &name, message),
            "flowStarted" => self.flow_started(&flow, message.get("parent").as_deref()),
            "flowFinished" => self.flow_finished(&flow),
            "testStarted" => self.started(&flow, &name, message),
            "testFinished" => self.finished(&flow, &name, message),
            "testFailed" => self.failed(&flow, &name, message),
            "testIgnored" => self.ignored(&flow, &name, message),
            "testStdOut" | "testStdErr" => self.output(&flow, &name, message),
            "testMetadata" => self.metadata(&flow, message),
            "buildProblem" => {
                self.recognised = true;
                let why = message.get("description").unwrap_or_default();
                let why = first_line(&why).unwrap_or_else(|| "a build problem".to_owned());
                self.out.run_failure(why);
            }
            "testCount" => {
                self.recognised = true;
                let count = message.get("count").and_then(|text| text.parse().ok());
                let more =
                    count.map(|count: u64| self.announced.unwrap_or(0).saturating_add(count));
                self.announced = more.or(self.announced);
            }
            "testRetrySupport" => self.recognised = true,
            _ => {}
        }
    }

    /// The open test of a name, which begins when it was not open.
    fn test(&mut self, id: &str, name: &str) -> Option<&mut OpenTest> {
        self.recognised = true;
        let limit = self.out.options.max_text;
        let is_open = self.flow(id)?.tests.contains_key(name);
        if !is_open {
            let flow = self.flows.get(id)?;
            // The suites' names are kept once more.
            let size = flow.place.size(24);
            // So is its own: in lists by name, by depth, and of failed ones.
            let size = size + 2 * name.len() + 400;
            if !self.room.enter(size) {
                return None;
            }
            let depth = flow.place.deep();
            let test = OpenTest {
                depth,
                case: TestCase::new(
                    TestId {
                        suite: flow.place.path(),
                        ..TestId::named(name)
                    },
                    Outcome::Passed,
                ),
                is_failed: false,
                captures: false,
                started: None,
                detail: KeptText::new(limit),
                stdout: KeptText::new(limit),
                stderr: KeptText::new(limit),
                room: size,
                items: 0,
            };
            let flow = self.flows.get_mut(id)?;
            flow.tests.insert(name.to_owned(), Box::new(test));
            flow.by_depth.insert((depth, name.to_owned()));
        }
        self.flows
            .get_mut(id)?
            .tests
            .get_mut(name)
            .map(|test| &mut **test)
    }

    /// Tells that suites are too deep, once.
    fn tell_depth(&mut self, mut odd: Odd) {
        if !odd.is_empty() && !std::mem::replace(&mut self.is_depth_told, true) {
            odd.tell(self.number, self.out);
        }
    }

    fn too_many(&mut self) {
        self.out.summary.truncated = true;
        self.out.warn(
            self.number,
            "too many tests are open at once; one was left out",
        );
    }

    fn started(&mut self, flow: &str, name: &str, message: &Message<'_>) {
        // Inside one flow, tests follow each other: a failed one that is still open has ended.
        let earlier = self.flows.get_mut(flow);
        let earlier = earlier.map(|flow| std::mem::take(&mut flow.failed));
        let earlier = earlier.unwrap_or_default();
        for earlier in earlier.iter().map(String::as_str).chain([name]) {
            self.leave_test(flow, earlier, "it began again");
        }
        let captures = message
            .get("captureStandardOutput")
            .is_some_and(|text| text == "true");
        let started = message.get("timestamp").and_then(|time| timestamp(&time));
        let location = message.get("locationHint").and_then(|hint| location(&hint));
        let location = location.filter(|place| self.room.take(place.file.len()));
        let file = location.as_ref().map_or(0, |place| place.file.len());
        let Some(test) = self.test(flow, name) else {
            self.room.give(file);
            return self.too_many();
        };
        test.items += file;
        test.captures = captures;
        test.started = started;
        test.case.location = location;
        if captures {
            self.capturing = Some((flow.to_owned(), name.to_owned()));
        }
    }

    fn failed(&mut self, flow: &str, name: &str, message: &Message<'_>) {
        let said = message.get("message").unwrap_or_default();
        let details = message.get("details").unwrap_or_default();
        let kind = message.get("type").filter(|kind| !kind.is_empty());
        let mut parts = vec![details.into_owned()];
        for key in ["expected", "actual"] {
            let value = message
                .get(key)
                .filter(|value| !parts[0].contains(&**value));
            parts.extend(value.map(|value| format!("{key}: {value}")));
        }
        let is_error = message.get("error").is_some_and(|error| error == "true");
        let Some(test) = self.test(flow, name) else {
            return self.too_many();
        };
        let case = &mut test.case;
        let outcome = if is_error {
            Outcome::Errored
        } else {
            Outcome::Failed
        };
        case.outcome = case.outcome.max(outcome);
        case.message = case.message.take().filter(|_| test.is_failed);
        test.is_failed = true;
        let first = first_line(&said).or_else(|| first_line(&parts[0]));
        case.message = case.message.take().or(first);
        // A message of several lines is not kept whole as a message.
        if said.trim().contains('\n') && !parts[0].contains(&*said) {
            parts.insert(0, said.into_owned());
        }
        let Some(flow) = self.flows.get_mut(flow) else {
            return;
        };
        flow.failed.insert(name.to_owned());
        let Some(test) = flow.tests.get_mut(name) else {
            return;
        };
        if let Some(kind) = kind.filter(|_| test.case.kind.is_none()) {
            test.case.kind = self.room.keep(kind.into_owned());
            test.items += test.case.kind.as_ref().map_or(0, String::len);
        }
        let room = &mut self.room.texts;
        for part in parts.iter().filter(|part| !part.trim().is_empty()) {
            test.detail.push_within(part.trim_end().as_bytes(), room);
            test.detail.push_within(b"\n", room);
        }
    }

    fn ignored(&mut self, flow: &str, name: &str, message: &Message<'_>) {
        let was_open = self
            .flows
            .get(flow)
            .is_some_and(|flow| flow.tests.contains_key(name));
        let said = message.get("message").and_then(|said| first_line(&said));
        let Some(test) = self.test(flow, name) else {
            return self.too_many();
        };
        test.case.outcome = test.case.outcome.max(Outcome::Skipped);
        test.case.message = test.case.message.take().or(said);
        if !was_open {
            // Without a start there is no end.
            self.end_test(flow, name, None);
        }
    }

    fn finished(&mut self, flow: &str, name: &str, message: &Message<'_>) {
        let took = message.get("duration").and_then(|text| millis(&text));
        let ended = message.get("timestamp").and_then(|time| timestamp(&time));
        let Some(test) = self.flows.get(flow).and_then(|flow| flow.tests.get(name)) else {
            // It was ended already, by another test that began, or has no beginning.
            self.recognised = true;
            self.out.warn(
                self.number,
                format!("the test {name:?} ends and was not open"),
            );
            return;
        };
        let began = test.started;
        let between = || {
            let millis = ended?.unix_millis().checked_sub(began?.unix_millis())?;
            Some(Duration::from_millis(u64::try_from(millis).ok()?))
        };
        let took = took.or_else(between);
        self.end_test(flow, name, took);
    }

    fn output(&mut self, flow: &str, name: &str, message: &Message<'_>) {
        let text = message.get("out").unwrap_or_default();
        let Some(test) = self
            .flows
            .get_mut(flow)
            .and_then(|flow| flow.tests.get_mut(name))
        else {
            return;
        };
        let kept = if message.name == "testStdErr" {
            &mut test.stderr
        } else {
            &mut test.stdout
        };
        kept.push_within(text.as_bytes(), &mut self.room.texts);
    }

    fn metadata(&mut self, flow: &str, message: &Message<'_>) {
        let Some(flow) = self.flows.get_mut(flow) else {
            return;
        };
        let name = message.get("testName");
        let test = match &name {
            Some(name) => flow.tests.get_mut(&**name),
            // The one that is open.
            None => flow.tests.values_mut().next(),
        };
        let (Some(test), Some(value)) = (test, message.get("value")) else {
            return;
        };
        let key = message.get("name").filter(|key| !key.is_empty());
        let kind = message.get("type").unwrap_or_default();
        let is_file = matches!(&*kind, "artifact" | "image" | "video");
        let listed = match is_file {
            true => test.case.attachments.len(),
            false => test.case.properties.len(),
        };
        let longest = key.as_ref().map_or(0, |key| key.len()).max(value.len());
        // One of the two may be the other's end.
        let size = 2 * longest + ITEM;
        if longest > LONGEST_TEXT || listed == MOST_ITEMS || !self.room.take(size) {
            return;
        }
        test.items += size;
        let case = &mut test.case;
        let value = value.into_owned();
        if is_file {
            let last = value.rsplit(['/', '\\']).next().unwrap_or(&value);
            let name = key.map_or(last.to_owned(), |key| key.into_owned());
            case.attachments.push(Attachment { name, path: value });
        } else {
            let key = key.map_or("metadata".to_owned(), |key| key.into_owned());
            case.properties.push((key, value));
        }
    }

    fn end_test(&mut self, flow: &str, name: &str, took: Option<Duration>) {
        let Some(open) = self.flows.get_mut(flow) else {
            return;
        };
        let Some(mut test) = open.tests.remove(name) else {
            return;
        };
        open.by_depth.remove(&(test.depth, name.to_owned()));
        open.failed.remove(name);
        if self
            .capturing
            .as_ref()
            .is_some_and(|(f, n)| f == flow && n == name)
        {
            self.capturing = None;
        }
        let texts = test.detail.len() + test.stdout.len() + test.stderr.len();
        self.room.leave(test.room, texts);
        self.room.give(test.items);
        test.case.duration = took;
        test.case.detail = test.detail.finish_trimmed();
        test.case.stdout = test.stdout.finish();
        test.case.stderr = test.stderr.finish();
        self.out.case(test.case);
    }

    /// A test that gets no end: a failed one has its result, any other has none.
    fn leave_test(&mut self, flow: &str, name: &str, why: &str) {
        let Some(test) = self
            .flows
            .get_mut(flow)
            .and_then(|flow| flow.tests.get_mut(name))
        else {
            return;
        };
        if !test.is_failed && test.case.outcome != Outcome::Skipped {
            test.case.outcome = Outcome::Errored;
            test.case.message = Some(format!("the test did not end: {why}"));
        }
        self.end_test(flow, name, None);
    }

    /// Leaves the open tests with so many suites around them, or more.
    fn leave_tests(&mut self, flow: &str, depth: usize, why: &str) {
        let tests = self.flows.get(flow).map(|flow| {
            let open = flow.by_depth.range((depth, String::new())..);
            open.map(|(_, name)| name.clone()).collect::<Vec<_>>()
        });
        for name in tests.unwrap_or_default() {
            self.leave_test(flow, &name, why);
        }
    }

    fn end(&mut self) {
        let mut ids: Vec<String> = self.flows.keys().cloned().collect();
        ids.sort();
        for id in ids {
            let Some(flow) = self.flows.get(&id) else {
                continue;
            };
            let unended = flow.tests.values().any(|test| !test.is_failed);
            self.out.summary.truncated |= flow.has_open_suite() || unended;
            self.leave_tests(&id, 0, "the output stops while it runs");
        }
        if self.unfinished.is_open() {
            self.no_end(true);
        }
        self.out.summary.truncated |= self.tree.has_open_suite();
        let seen = self.out.summary.counts.total();
        if let Some(announced) = self.announced.filter(|announced| *announced != seen) {
            let why = format!("{announced} tests were announced; there are {seen}");
            self.out.warn(None, why);
        }
    }
}
