//! What the text of a package says until its name comes.

use std::time::Duration;

use retro_domain::Outcome;

use super::package::{OpenTest, OpenTests};
use crate::kept_text::KeptText;
use crate::open_room::OpenRoom;

/// A test that ended, until its package is known.
pub(super) struct Held {
    pub(super) name: String,
    pub(super) outcome: Outcome,
    pub(super) took: Option<Duration>,
    pub(super) open: Box<OpenTest>,
    /// Why it has no end.
    pub(super) message: Option<String>,
    pub(super) has_room: bool,
}

pub(super) struct Package {
    pub(super) room: OpenRoom,
    /// The name, when it comes before the tests.
    pub(super) header: Option<String>,
    pub(super) open: OpenTests,
    /// The test whose output is being read.
    pub(super) current: Option<String>,
    /// The test that ended last, whose output may follow its end.
    pub(super) last: Option<Held>,
    pub(super) held: Vec<Held>,
    /// How many of them were asked to let go of their output.
    pub(super) asked: usize,
    /// Whether outputs were more than there is room for.
    pub(super) is_over: bool,
    /// Whether the tests were handed over without a package, for want of room.
    pub(super) is_nameless: bool,
    pub(super) output: KeptText,
    pub(super) panic: Option<String>,
    pub(super) coverage: Option<String>,
    /// `PASS` or `FAIL` alone, which ends a binary.
    pub(super) verdict: Option<bool>,
    /// Whether `go test` would have said more after the verdict.
    pub(super) is_cut: bool,
    pub(super) tests: u64,
    pub(super) failed: u64,
    pub(super) untracked: u64,
}

impl Package {
    pub(super) fn new(options: &crate::Options) -> Self {
        Self {
            room: OpenRoom::new(options),
            header: None,
            open: OpenTests::new(),
            current: None,
            last: None,
            held: Vec::new(),
            asked: 0,
            is_over: false,
            is_nameless: false,
            output: KeptText::new(options.max_text),
            panic: None,
            coverage: None,
            verdict: None,
            is_cut: false,
            tests: 0,
            failed: 0,
            untracked: 0,
        }
    }

    /// The output of tests that passed gives way to what comes now: nobody asks why they did.
    pub(super) fn make_room(&mut self, bytes: usize) {
        while self.room.texts < bytes
            && let Some(held) = self.held.get_mut(self.asked)
        {
            self.asked += 1;
            if held.outcome == Outcome::Passed {
                let freed = held.open.output.give_way();
                self.room.texts += freed;
                self.is_over |= freed > 0;
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tests == 0 && self.open.is_empty()
    }
}
