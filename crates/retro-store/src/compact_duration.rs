//! The precision that test durations are stored with.

use std::time::Duration;

/// A test's duration in four bytes: whole microseconds below 35 minutes (2³¹ µs), whole
/// milliseconds from there on, rounded down; at most 24 days.
///
/// Every store keeps durations in this precision, so that what is read back does not depend on the
/// store.
///
/// ```
/// use std::time::Duration;
/// use retro_store::CompactDuration;
/// let hour = CompactDuration::new(Duration::new(3600, 1_999_999));
/// assert_eq!(hour.duration(), Duration::new(3600, 1_000_000));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct CompactDuration(u32);

/// Set when the other 31 bits count milliseconds.
const MILLIS: u32 = 1 << 31;

impl CompactDuration {
    /// The bits that stand for the absence of a duration.
    pub const ABSENT_BITS: u32 = u32::MAX;

    /// Rounds a duration down to what can be stored.
    pub fn new(duration: Duration) -> Self {
        match u32::try_from(duration.as_micros()) {
            Ok(micros) if micros < MILLIS => Self(micros),
            _ => {
                let most = MILLIS - 2;
                let millis = u32::try_from(duration.as_millis()).unwrap_or(most);
                Self(MILLIS | millis.min(most))
            }
        }
    }

    /// The duration.
    pub fn duration(self) -> Duration {
        if self.0 & MILLIS == 0 {
            Duration::from_micros(u64::from(self.0))
        } else {
            Duration::from_millis(u64::from(self.0 & !MILLIS))
        }
    }

    /// The stored form of a duration that may be absent.
    pub fn to_bits(duration: Option<Duration>) -> u32 {
        duration.map_or(Self::ABSENT_BITS, |duration| Self::new(duration).0)
    }

    /// Reads the stored form back.
    pub fn from_bits(bits: u32) -> Option<Duration> {
        (bits != Self::ABSENT_BITS).then(|| Self(bits).duration())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations_round_down_and_saturate() {
        let check = |given: Duration, kept: Duration| {
            let bits = CompactDuration::to_bits(Some(given));
            assert_eq!(CompactDuration::from_bits(bits), Some(kept), "{given:?}");
        };
        let micros = Duration::from_micros;
        check(Duration::ZERO, Duration::ZERO);
        check(Duration::from_nanos(1_999), micros(1));
        check(micros((1 << 31) - 1), micros((1 << 31) - 1));
        check(micros(1 << 31), Duration::from_millis(2_147_483));
        let most = Duration::from_millis((1 << 31) - 2);
        check(Duration::from_secs(30 * 86_400), most);
        check(Duration::MAX, most);
        assert_eq!(
            CompactDuration::from_bits(CompactDuration::to_bits(None)),
            None
        );
    }

    proptest! {
        #[test]
        fn what_was_stored_once_is_stored_exactly(bits in any::<u32>()) {
            let duration = CompactDuration::from_bits(bits);
            let again = CompactDuration::from_bits(CompactDuration::to_bits(duration));
            prop_assert_eq!(again, duration);
        }
    }
}
