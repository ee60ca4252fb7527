//! Redaction of bytes as they come.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::Known;
use super::automaton::{Found, State};

/// Redacts a stream, whose secrets may be split anywhere.
///
/// What may be the beginning of a secret is held back until it is known whether it is one: nothing at
/// all after most bytes, and never more than the longest form of a secret. The same bytes give the
/// same result in whatever pieces they come.
pub struct RedactedStream {
    known: Option<Arc<Known>>,
    state: State,
    /// How many bytes have come.
    position: u64,
    /// The last of them, as far as they are undecided.
    held: Zeroizing<Vec<u8>>,
    /// What is to be replaced and has not been yet: in order, without overlaps.
    pending: Vec<Place>,
    places: u64,
}

/// A part of the stream that is to be replaced.
#[derive(Debug, Clone, Copy)]
struct Place {
    start: u64,
    end: u64,
    /// The secret that gives the name, and the length of its form.
    secret: usize,
    length: usize,
}

impl RedactedStream {
    pub(super) fn new(known: Option<Arc<Known>>) -> Self {
        // A buffer that grows leaves copies.
        let longest = known.as_ref().map_or(0, |known| known.automaton.longest());
        Self {
            known,
            state: State::START,
            position: 0,
            held: Zeroizing::new(Vec::with_capacity(longest)),
            pending: Vec::new(),
            places: 0,
        }
    }

    /// Takes the next bytes of the stream and gives what is decided to `give`, in pieces.
    pub fn take(&mut self, bytes: &[u8], mut give: impl FnMut(&[u8])) {
        let Some(known) = self.known.clone() else {
            return give(bytes);
        };
        let (before, pending) = (self.position, &mut self.pending);
        self.state = known.automaton.read(self.state, bytes, |found| {
            pending_with(pending, place(before, found));
        });
        self.position += bytes.len() as u64;
        let undecided = known.automaton.undecided(self.state);
        self.give_until(self.position - undecided as u64, bytes, &known, &mut give);
        let here = bytes.len().min(undecided);
        let overlong = (self.held.len() + here).saturating_sub(undecided);
        self.held.drain(..overlong);
        self.held.extend_from_slice(&bytes[bytes.len() - here..]);
    }

    /// Gives the rest: the stream has ended. Returns how many places were replaced.
    pub fn finish(mut self, mut give: impl FnMut(&[u8])) -> u64 {
        if let Some(known) = self.known.clone() {
            self.give_until(self.position, &[], &known, &mut give);
        }
        self.places
    }

    /// Gives everything before `decided`, of which the last `bytes` are not in `held`.
    fn give_until(
        &mut self,
        decided: u64,
        bytes: &[u8],
        known: &Known,
        give: &mut dyn FnMut(&[u8]),
    ) {
        let bytes_start = self.position - bytes.len() as u64;
        let mut at = bytes_start - self.held.len() as u64;
        let held = &self.held;
        let give_text = |from: u64, to: u64, give: &mut dyn FnMut(&[u8])| {
            let parts = [
                (&held[..], bytes_start - held.len() as u64),
                (bytes, bytes_start),
            ];
            for (part, start) in parts {
                let inside = |position: u64| {
                    usize::try_from(position.saturating_sub(start))
                        .map_or(part.len(), |index| index.min(part.len()))
                };
                let text = &part[inside(from)..inside(to).max(inside(from))];
                if !text.is_empty() {
                    give(text);
                }
            }
        };
        let mut done = 0;
        for place in self.pending.iter().filter(|place| place.start < decided) {
            if at < place.start {
                give_text(at, place.start, give);
            }
            if place.end > decided {
                // The rest of it comes later, and so does what stands in its place.
                at = decided;
                break;
            }
            give(known.placeholders[place.secret].as_bytes());
            (at, done) = (place.end, done + 1);
        }
        give_text(at, decided, give);
        self.pending.drain(..done);
        self.places += done as u64;
    }
}

impl fmt::Debug for RedactedStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedactedStream")
            .field("position", &self.position)
            .field("places", &self.places)
            .finish_non_exhaustive()
    }
}

fn place(before: u64, found: Found) -> Place {
    let end = before + found.end as u64;
    Place {
        start: end - found.length as u64,
        end,
        secret: found.secret,
        length: found.length,
    }
}

/// Adds a place that ends behind all others. Places that overlap become one, with the name of the one
/// that starts first, or of the longest of those.
fn pending_with(pending: &mut Vec<Place>, mut new: Place) {
    while let Some(last) = pending.pop_if(|last| last.end > new.start) {
        let last_is_named =
            last.start < new.start || (last.start == new.start && last.length > new.length);
        if last_is_named {
            (new.start, new.secret, new.length) = (last.start, last.secret, last.length);
        }
    }
    pending.push(new);
}
