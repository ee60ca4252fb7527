//! Time and chance for a fetch.

use std::time::Duration;

use retro_bootstrap::aws::random;
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
