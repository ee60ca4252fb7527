//! Waiting before another try.

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

/// Waits between tries: each is random between nothing and a bound that doubles (full jitter).
#[derive(Debug)]
pub(crate) struct Pace {
    bound: Duration,
    longest: Duration,
    left: u32,
}

impl Pace {
    /// `tries` waits, of at most 50 ms at first and 5 s at last.
    pub(crate) fn new(tries: u32) -> Self {
        Self {
            bound: Duration::from_millis(50),
            longest: Duration::from_secs(5),
            left: tries,
        }
    }

    /// Waits; `false` when there have been enough tries.
    pub(crate) async fn wait(&mut self) -> bool {
        let Some(left) = self.left.checked_sub(1) else {
            return false;
        };
        self.left = left;
        tokio::time::sleep(self.bound.mul_f64(fraction())).await;
        self.bound = (self.bound * 2).min(self.longest);
        true
    }
}

/// Somewhere from 0 to 1. Nothing but the length of a wait depends on it.
fn fraction() -> f64 {
    let random = RandomState::new().hash_one(0_u8);
    f64::from(u32::try_from(random >> 32).unwrap_or(u32::MAX)) / f64::from(u32::MAX)
}
