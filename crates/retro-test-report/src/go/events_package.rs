//! What the events of a package say until it ends.

use std::borrow::Cow;

use retro_domain::Timestamp;

use super::package::OpenTests;
use crate::kept_text::KeptText;
use crate::open_room::OpenRoom;

/// The most bytes kept of a line that comes in several events.
const LONGEST_LINE: usize = 4096;

/// A package, until its end is told.
pub(super) struct Package {
    pub(super) tests: OpenTests,
    pub(super) output: KeptText,
    /// A line of output that has no end yet.
    pub(super) line: String,
    /// Whether a line has no end yet that is too long for a report of anything: it is output.
    in_long_line: bool,
    pub(super) panic: Option<String>,
    pub(super) not_built: Option<&'static str>,
    /// What was to be built for it and was not.
    pub(super) failed_build: Option<String>,
    /// Whether its tests print more than there is room for.
    pub(super) is_over: bool,
    pub(super) coverage: Option<String>,
    pub(super) started: Option<Timestamp>,
    pub(super) failed: u64,
    pub(super) is_open: bool,
    /// Open tests there was no room for.
    pub(super) untracked: u64,
}

impl Package {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            tests: OpenTests::new(),
            output: KeptText::new(limit),
            line: String::new(),
            in_long_line: false,
            panic: None,
            not_built: None,
            failed_build: None,
            is_over: false,
            coverage: None,
            started: None,
            failed: 0,
            is_open: true,
            untracked: 0,
        }
    }

    /// Takes a piece of output; the line that it ends, if it is one to look at.
    pub(super) fn line<'l>(&mut self, piece: &'l str, room: &mut OpenRoom) -> Option<Cow<'l, str>> {
        let is_end = piece.ends_with('\n');
        if is_end && self.line.is_empty() && !self.in_long_line {
            return Some(Cow::Borrowed(piece));
        }
        let line = std::mem::take(&mut self.line);
        room.texts += line.len();
        let is_long = line.len() + piece.len() > LONGEST_LINE.min(room.texts);
        if self.in_long_line || is_long {
            self.output.push_within(line.as_bytes(), &mut room.texts);
            self.output.push_within(piece.as_bytes(), &mut room.texts);
            self.in_long_line = !is_end;
            return None;
        }
        let line = line + piece;
        if is_end {
            return Some(Cow::Owned(line));
        }
        room.texts -= line.len();
        self.line = line;
        None
    }
}
