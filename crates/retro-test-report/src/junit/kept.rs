//! What a writer of ours kept beside the suites of a document, see [`crate::write::whole`].

use std::collections::HashMap;

use crate::open_suite::OpenSuite;
use crate::output::Output;
use crate::write::extra;
use crate::write::whole::{DOCUMENT, DocumentExtra, ROOM, SuiteExtra};
use crate::{MAX_SUITES, SuiteMetadata};

/// What was kept, as far as it was read.
pub(super) struct Kept {
    /// Of suites that are open, with how many are around each.
    suites: Vec<(usize, SuiteExtra)>,
    /// How many bytes all suites may still have.
    room: usize,
    document: Option<Document>,
    /// How many suites of the document ended.
    ended: u32,
}

/// What was kept of the document as a whole.
struct Document {
    extra: DocumentExtra,
    /// The places of suites that are told, by their numbers.
    places: Option<HashMap<u32, usize>>,
    /// The places of those that were told so far.
    told: Vec<usize>,
    /// How many suites were told before the document.
    before: usize,
}

impl Kept {
    pub(super) fn new(max_text: usize) -> Self {
        Self {
            suites: Vec::new(),
            room: max_text.saturating_mul(ROOM),
            document: None,
            ended: 0,
        }
    }

    /// The root of a document begins.
    pub(super) fn begin(&mut self) {
        (self.document, self.ended) = (None, 0);
    }

    /// Takes a property of a suite inside `around` others, if it is what was kept.
    pub(super) fn property(
        &mut self,
        around: usize,
        name: &str,
        value: &str,
        out: &Output<'_>,
    ) -> bool {
        match name {
            extra::NAME => {
                let is_other = self.suites.last().is_none_or(|last| last.0 < around);
                let room = self.room.checked_sub(value.len()).filter(|_| is_other);
                if let Some(room) = room
                    && let Ok(kept) = serde_json::from_str(value)
                {
                    self.room = room;
                    self.suites.push((around, kept));
                    return true;
                }
                false
            }
            // It is in the first suite, before the end of any.
            DOCUMENT if self.document.is_none() && self.ended == 0 => {
                let before = out.summary.suites.len();
                self.document = serde_json::from_str(value)
                    .ok()
                    .and_then(|extra| Document::new(extra, before));
                self.document.is_some()
            }
            _ => false,
        }
    }

    /// Tells of a suite that ended, inside `around` others, as it was before it was written.
    pub(super) fn tell(
        &mut self,
        around: usize,
        is_root: bool,
        mut suite: OpenSuite,
        out: &mut Output<'_>,
    ) {
        suite.release(&mut out.suite_room);
        let mut told = suite.is_worth_telling();
        let mut metadata = suite.metadata;
        if let Some((_, kept)) = self.suites.pop_if(|last| last.0 >= around) {
            kept.put_back(&mut metadata);
        }
        if is_root && around == 0 {
            let document = self.document.take();
            self.begin();
            match document {
                Some(document) => document.end(metadata, out),
                None if told => out.suite(metadata),
                None => {}
            }
            return;
        }
        let number = self.ended;
        self.ended = self.ended.saturating_add(1);
        let Some(document) = &mut self.document else {
            if told {
                out.suite(metadata);
            }
            return;
        };
        let place = document.place(number);
        told &= place.is_some();
        if told {
            let before = out.summary.suites.len();
            out.suite(metadata);
            if out.summary.suites.len() > before {
                document.told.extend(place);
            }
        }
    }
}

impl Document {
    fn new(mut extra: DocumentExtra, before: usize) -> Option<Self> {
        let numbers = extra.suites.take();
        if numbers
            .as_ref()
            .is_some_and(|all| all.len() > 2 * MAX_SUITES)
        {
            return None;
        }
        let place = |(place, number)| (number, place);
        let places = numbers.map(|all| all.into_iter().enumerate().map(place).collect());
        Some(Self {
            extra,
            places,
            told: Vec::new(),
            before,
        })
    }

    fn place(&self, number: u32) -> Option<usize> {
        match &self.places {
            Some(places) => places.get(&number).copied(),
            None => usize::try_from(number).ok(),
        }
    }

    /// Puts the suites in their order, and tells what is known of them all.
    fn end(mut self, mut root: SuiteMetadata, out: &mut Output<'_>) {
        let suites = out.summary.suites.split_off(self.before);
        let mut suites: Vec<(usize, SuiteMetadata)> = self.told.into_iter().zip(suites).collect();
        suites.sort_by_key(|(place, _)| *place);
        let suites = suites.into_iter().map(|(_, suite)| suite);
        out.summary.suites.extend(suites);
        if let Some(kept) = self.extra.root.take() {
            kept.put_back(&mut root);
            out.suite(root);
        }
        self.extra.tell(out);
        out.is_restored = true;
    }
}
