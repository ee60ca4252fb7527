//! The JSON object that a line holds.

use std::io::{self, BufRead};

use super::Bounded;
use crate::lines::Lines;

/// The part of a line that is meant to be an object: all of it, or what follows output that did
/// not end with a line end, when it begins as one of `starts` does.
pub(crate) fn object_in<'a>(line: &'a str, starts: &[&str]) -> Option<(&'a str, &'a str)> {
    let trimmed = line.trim();
    if trimmed.starts_with('{') {
        return Some(("", trimmed));
    }
    let at = starts
        .iter()
        .filter_map(|start| trimmed.find(start))
        .min()?;
    Some(trimmed.split_at(at))
}

/// Shows `take` every line of a stream of objects with its number, from 1, and whether it was cut.
/// Gives whether the stream is whole: its last line has an end, or `take` understood it without.
pub(crate) fn each_line<R: BufRead>(
    reader: R,
    max_text: usize,
    mut take: impl FnMut(u64, &str, bool) -> bool,
) -> io::Result<bool> {
    let mut lines = Lines::new(Bounded::lines(reader, max_text), line_limit(max_text));
    let (mut number, mut is_whole) = (0, true);
    while let Some(line) = lines.next()? {
        number += 1;
        let line = String::from_utf8_lossy(line).into_owned();
        let is_understood = take(number, &line, lines.was_cut());
        is_whole = lines.ended() || is_understood;
    }
    Ok(is_whole)
}

/// Lines longer than this hold no event. Strings inside are cut long before.
fn line_limit(max_text: usize) -> usize {
    max_text.saturating_mul(8).max(512 << 10)
}
