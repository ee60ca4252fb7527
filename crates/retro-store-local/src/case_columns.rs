//! The tests of one result as a few blobs: one byte of outcome and four of duration for each, at
//! the test's place in the repository's dictionary.
//!
//! Reading one test out of a result is reading one byte. The blobs are either *dense*, with an
//! element for every place from `first` on, or *sparse*, with the places listed beside them,
//! whichever is smaller.

use std::time::Duration;

use retro_domain::Outcome;
use retro_store::CompactDuration;

use crate::fault::{Fault, damaged};

/// One test of a result.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Cell {
    /// Its place in the dictionary.
    pub(crate) place: u32,
    pub(crate) outcome: Outcome,
    pub(crate) flaky: bool,
    pub(crate) duration: Option<Duration>,
    /// The number of its texts, from 1.
    pub(crate) text: Option<i64>,
}

/// The blobs, owned for writing or borrowed from a row.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Columns<B> {
    /// The place of the first element; 0 when sparse.
    pub(crate) first: u32,
    /// A byte for each element, 0 where a dense result lacks the test.
    pub(crate) outcomes: B,
    /// The places of the elements, ascending, when sparse.
    pub(crate) places: Option<B>,
    /// Which elements have texts, and their numbers: see [`Columns::texts`].
    pub(crate) texts: Option<B>,
    /// Four bytes for each element, when any has a duration.
    pub(crate) durations: Option<B>,
}

const FLAKY: u8 = 0x10;

/// The byte of an outcome. Stored: never change one.
fn outcome_byte(outcome: Outcome, flaky: bool) -> u8 {
    let byte = match outcome {
        Outcome::Passed => 1,
        Outcome::Skipped => 2,
        Outcome::Failed => 3,
        Outcome::Errored => 4,
    };
    byte | if flaky { FLAKY } else { 0 }
}

/// What a byte stands for; `None` for an absent test, `Err` for a byte that is never written.
fn read_outcome(byte: u8) -> Result<Option<(Outcome, bool)>, u8> {
    let outcome = match byte & !FLAKY {
        1 => Outcome::Passed,
        2 => Outcome::Skipped,
        3 => Outcome::Failed,
        4 => Outcome::Errored,
        _ if byte == 0 => return Ok(None),
        _ => return Err(byte),
    };
    Ok(Some((outcome, byte & FLAKY != 0)))
}

/// [`read_outcome`] of every byte.
pub(crate) fn outcome_table() -> [Result<Option<(Outcome, bool)>, u8>; 256] {
    std::array::from_fn(|byte| read_outcome(u8::try_from(byte).unwrap_or(u8::MAX)))
}

impl Columns<Vec<u8>> {
    /// Packs cells, each place at most once, in any order.
    pub(crate) fn pack(cells: &mut [Cell]) -> Self {
        cells.sort_unstable_by_key(|cell| cell.place);
        let (Some(low), Some(high)) = (cells.first(), cells.last()) else {
            return Self::default();
        };
        let (low, high) = (low.place, high.place);
        let span = (high - low) as usize + 1;
        let timed = cells.iter().any(|cell| cell.duration.is_some());
        let width = if timed { 5 } else { 1 };
        let dense = span * width <= cells.len() * (width + 4);
        let len = if dense { span } else { cells.len() };
        let mut columns = Self {
            first: if dense { low } else { 0 },
            outcomes: vec![0; len],
            places: (!dense).then(|| Vec::with_capacity(4 * len)),
            texts: None,
            // All bits set is the absence of a duration.
            durations: timed.then(|| vec![0xff; 4 * len]),
        };
        let (mut last_position, mut last_text) = (0, 0);
        for (ordinal, cell) in cells.iter().enumerate() {
            let position = if dense {
                (cell.place - low) as usize
            } else {
                ordinal
            };
            columns.outcomes[position] = outcome_byte(cell.outcome, cell.flaky);
            if let Some(places) = &mut columns.places {
                places.extend(cell.place.to_le_bytes());
            }
            if let Some(durations) = &mut columns.durations {
                let bits = CompactDuration::to_bits(cell.duration);
                durations[4 * position..][..4].copy_from_slice(&bits.to_le_bytes());
            }
            if let Some(text) = cell.text {
                let texts = columns.texts.get_or_insert_default();
                push_varint(texts, (position - last_position) as u64);
                push_varint(texts, zigzag(text.wrapping_sub(last_text)));
                (last_position, last_text) = (position, text);
            }
        }
        columns
    }

    /// How many bytes they take.
    pub(crate) fn size(&self) -> usize {
        let optional = [&self.places, &self.texts, &self.durations];
        let sizes = optional.into_iter().flatten().map(Vec::len);
        self.outcomes.len() + sizes.sum::<usize>()
    }
}

impl<B: AsRef<[u8]>> Columns<B> {
    /// Every test with its position in the blobs, place and outcome, by rising place.
    pub(crate) fn cells(&self) -> Result<Vec<(usize, u32, Outcome, bool)>, Fault> {
        let outcomes = self.outcomes.as_ref();
        let mut cells = Vec::with_capacity(outcomes.len());
        for (position, &byte) in outcomes.iter().enumerate() {
            match read_outcome(byte) {
                Ok(Some((outcome, flaky))) => {
                    cells.push((position, self.place(position)?, outcome, flaky));
                }
                Ok(None) => {}
                Err(byte) => return Err(strange_outcome(byte)),
            }
        }
        Ok(cells)
    }

    /// The outcome and duration of the test at a place; `None` when the result lacks it.
    pub(crate) fn cell(
        &self,
        place: u32,
    ) -> Result<Option<(Outcome, bool, Option<Duration>)>, Fault> {
        let Some(position) = self.position(place) else {
            return Ok(None);
        };
        let Some(&byte) = self.outcomes.as_ref().get(position) else {
            return Ok(None);
        };
        match read_outcome(byte).map_err(strange_outcome)? {
            Some((outcome, flaky)) => Ok(Some((outcome, flaky, self.duration(position)?))),
            None => Ok(None),
        }
    }

    fn position(&self, place: u32) -> Option<usize> {
        match &self.places {
            None => Some(place.checked_sub(self.first)? as usize),
            Some(places) => places
                .as_ref()
                .as_chunks()
                .0
                .binary_search_by_key(&place, |bytes| u32::from_le_bytes(*bytes))
                .ok(),
        }
    }

    /// The place of the element at a position.
    pub(crate) fn place(&self, position: usize) -> Result<u32, Fault> {
        let place = match &self.places {
            None => u32::try_from(position)
                .ok()
                .and_then(|position| self.first.checked_add(position)),
            Some(places) => element(places.as_ref(), position),
        };
        place.ok_or_else(|| damaged("a result", "its places end too early"))
    }

    /// The duration of the element at a position.
    pub(crate) fn duration(&self, position: usize) -> Result<Option<Duration>, Fault> {
        let Some(durations) = &self.durations else {
            return Ok(None);
        };
        element(durations.as_ref(), position)
            .map(CompactDuration::from_bits)
            .ok_or_else(|| damaged("a result", "its durations end too early"))
    }

    /// The positions that have texts, ascending, with the numbers of those. Both are stored as
    /// differences to the one before: tests that were seen first together have texts that were
    /// stored together, and two bytes do for most.
    pub(crate) fn texts(&self) -> Result<Vec<(usize, i64)>, Fault> {
        let mut rest = self.texts.as_ref().map_or(&[][..], AsRef::as_ref);
        let mut texts = Vec::new();
        let (mut position, mut text) = (0_usize, 0_i64);
        while !rest.is_empty() {
            let step = take_varint(&mut rest).and_then(|step| usize::try_from(step).ok());
            let change = take_varint(&mut rest);
            let (Some(step), Some(change)) = (step, change) else {
                return Err(damaged("a result", "its list of texts ends in the middle"));
            };
            position = position.saturating_add(step);
            text = text.wrapping_add(unzigzag(change));
            texts.push((position, text));
        }
        Ok(texts)
    }
}

/// The error for a byte that is never written.
pub(crate) fn strange_outcome(byte: u8) -> Fault {
    damaged("a result", format!("{byte:#04x} stands for no outcome"))
}

fn element(bytes: &[u8], position: usize) -> Option<u32> {
    let bytes = bytes.as_chunks().0.get(position)?;
    Some(u32::from_le_bytes(*bytes))
}

fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -((number & 1).cast_signed())
}

fn push_varint(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push((number & 0x7f) as u8);
}

fn take_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
#[path = "case_columns_tests.rs"]
mod tests;
