//! Time and chance for a fetch.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::Duration;

use retro_git::Pace;

/// The machine's own.
pub(crate) struct MachinePace;

impl Pace for MachinePace {
    fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }

    fn up_to(&self, limit: u64) -> u64 {
        random() % limit.saturating_add(1).max(1)
    }
}

/// 64 bits that nobody foresees: the keys of hash tables are seeded by the system.
pub(crate) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
