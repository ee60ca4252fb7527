//! The identity of one look back.

use std::fmt;
use std::str::FromStr;

use crate::Timestamp;

/// Names one run of git-retro over a range: time-ordered, unique per store.
///
/// Displays as 12 hexadecimal digits of milliseconds, a hyphen, and 6 hexadecimal digits of
/// randomness, so that sorting the text sorts the runs by their start.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(String);

/// A text was not a run id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a run id (12 hexadecimal digits, a hyphen, 6 more): {0:?}")]
pub struct RunIdError(String);

impl RunId {
    /// The id of a run started at `started` with 24 bits of randomness from the caller.
    pub fn new(started: Timestamp, randomness: u32) -> Self {
        let millis = u64::try_from(started.unix_millis()).unwrap_or(0) & 0xffff_ffff_ffff;
        Self(format!("{millis:012x}-{:06x}", randomness & 0xff_ffff))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for RunId {
    type Err = RunIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let hex = |part: &str, len: usize| {
            part.len() == len && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        };
        match text.split_once('-') {
            Some((time, random)) if hex(time, 12) && hex(random, 6) => Ok(Self(text.to_owned())),
            _ => Err(RunIdError(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_start_and_read_back() {
        let first = RunId::new(Timestamp::from_unix_millis(1_000), 0xffff_ffff);
        let second = RunId::new(Timestamp::from_unix_millis(1_001), 0);
        assert!(first < second);
        assert_eq!(first.as_str().parse(), Ok(first.clone()));
        assert!("latest".parse::<RunId>().is_err());
    }
}
