//! The suites that are open: what their start tags say, and what is inside each other.

use retro_domain::TestCase;

use super::kept::Kept;
use crate::numbers;
use crate::odd::{Odd, quoted, short};
use crate::open_suite::{DEEPEST_TOLD, OpenSuite, SuiteRoom, count};
use crate::output::Output;
use crate::suite_path::SuitePath;
use crate::xml::Attributes;

/// The suites that are open, the outermost first.
#[derive(Debug, Default)]
pub(super) struct Suites {
    open: Vec<Suite>,
    /// How many are inside of these, of which nothing is kept but a digest of their names.
    deeper: u64,
    is_told: bool,
    pub(super) path: SuitePath,
}

#[derive(Debug)]
struct Suite {
    open: OpenSuite,
    file: Option<String>,
    /// The innermost suite that says in which file it is.
    with_file: Option<usize>,
}

impl Suites {
    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Reads the start tag of a suite, or of the element around them all.
    pub(super) fn open(
        &mut self,
        is_root: bool,
        attributes: Attributes<'_>,
        room: &mut SuiteRoom,
        odd: &mut Odd,
    ) {
        let (mut open, name, file) = start(attributes, room, odd);
        let name = name.filter(|_| !is_root);
        if self.open.len() >= DEEPEST_TOLD {
            self.deeper += 1;
            open.forget(room);
            self.path.enter(name.as_deref().unwrap_or_default(), odd);
            if !std::mem::replace(&mut self.is_told, true) {
                odd.push(format!(
                    "suites more than {DEEPEST_TOLD} deep are not told of, but for their tests"
                ));
            }
            return;
        }
        open.named = name.is_some();
        if let Some(name) = name {
            let is_file = self.path.enter(&name, odd);
            if is_file {
                open.property("name".to_owned(), name, room);
            }
        }
        let file = file.and_then(|file| open.keep(file, room));
        let around = self.open.last().and_then(|around| around.with_file);
        let with_file = file.as_ref().map(|_| self.open.len()).or(around);
        self.open.push(Suite {
            open,
            file,
            with_file,
        });
    }

    /// Leaves the time of the run out of the innermost suite's name, where the class of its first
    /// test shows that it is none of the name proper. The name as given is kept as a property.
    pub(super) fn settle_date(&mut self, class: &str, room: &mut SuiteRoom) {
        if let Some(name) = self.path.settle_date(class)
            && let Some(suite) = self.innermost().filter(|suite| suite.named)
        {
            suite.property("name".to_owned(), name, room);
        }
    }

    /// The innermost suite that is told of.
    pub(super) fn innermost(&mut self) -> Option<&mut OpenSuite> {
        self.open.last_mut().map(|suite| &mut suite.open)
    }

    /// The file that what is inside the innermost suite is in.
    pub(super) fn file(&self) -> Option<&str> {
        let with_file = self.open.get(self.open.last()?.with_file?)?;
        with_file.file.as_deref()
    }

    pub(super) fn add(&mut self, case: &TestCase) {
        if let Some(suite) = self.innermost() {
            suite.add(case.outcome, case.flaky);
        }
    }

    /// How many suites are around the innermost one, when that is told of.
    pub(super) fn around(&self) -> Option<usize> {
        self.open.len().checked_sub(1)
    }

    /// Closes the innermost suite.
    pub(super) fn close(
        &mut self,
        is_root: bool,
        kept: &mut Kept,
        out: &mut Output<'_>,
        odd: &mut Odd,
    ) {
        let Some(suite) = self.pop(out) else {
            return;
        };
        for warning in [suite.false_claim(), suite.left_out()]
            .into_iter()
            .flatten()
        {
            odd.push(warning);
        }
        if let Some(around) = self.innermost() {
            around.inner += suite.counts();
        }
        kept.tell(self.open.len(), is_root, suite, out);
    }

    /// The end of the file. Suites that were cut off have a path and a beginning worth telling.
    pub(super) fn cut(&mut self, is_in_root: bool, kept: &mut Kept, out: &mut Output<'_>) {
        while self.deeper > 0 || !self.open.is_empty() {
            if let Some(suite) = self.pop(out) {
                let is_root = is_in_root && self.open.is_empty();
                kept.tell(self.open.len(), is_root, suite, out);
            }
        }
    }

    fn pop(&mut self, out: &mut Output<'_>) -> Option<OpenSuite> {
        if self.deeper > 0 {
            self.deeper -= 1;
            self.path.leave();
            out.summary.suites_left_out += 1;
            return None;
        }
        let mut suite = self.open.pop()?.open;
        if suite.named {
            // Paths of suites cost as much as paths of tests, so only those that can be told have
            // one; a name alone is enough for a warning.
            suite.metadata.path = match out.has_room_for_suite(self.path.bytes()) {
                true => self.path.of_suite(),
                false => self.path.last().map(short).into_iter().collect(),
            };
            self.path.leave();
        }
        Some(suite)
    }
}

/// Reads a start tag. Gives the suite, its name and its file.
fn start(
    attributes: Attributes<'_>,
    room: &mut SuiteRoom,
    odd: &mut Odd,
) -> (OpenSuite, Option<String>, Option<String>) {
    let (mut suite, mut name, mut file, mut hostname) = (OpenSuite::default(), None, None, None);
    let metadata = &mut suite.metadata;
    for (key, raw) in attributes {
        let slot = match key {
            b"name" => &mut name,
            b"file" | b"filepath" => &mut file,
            b"hostname" => &mut hostname,
            _ => &mut None,
        };
        let text = || Attributes::text(raw);
        match key {
            b"tests" => metadata.claimed.tests = count(&text(), odd),
            b"failures" => metadata.claimed.failures = count(&text(), odd),
            b"errors" => metadata.claimed.errors = count(&text(), odd),
            b"skipped" | b"skip" => metadata.claimed.skipped = count(&text(), odd),
            b"disabled" => suite.disabled = count(&text(), odd).unwrap_or(0),
            b"timestamp" => {
                metadata.started = numbers::timestamp(&text());
                if metadata.started.is_none() && !raw.trim_ascii().is_empty() {
                    odd.push(format!("{} is no point in time", quoted(&text())));
                }
            }
            b"time" | b"duration" => {
                metadata.duration = numbers::duration(&text());
                if metadata.duration.is_none() && !raw.trim_ascii().is_empty() {
                    odd.push(format!("{} is no duration", quoted(&text())));
                }
            }
            _ if slot.is_none() => *slot = Some(text()).filter(|text| !text.is_empty()),
            _ => {}
        }
    }
    suite.metadata.hostname = hostname.and_then(|name| suite.keep(name, room));
    (suite, name, file)
}
