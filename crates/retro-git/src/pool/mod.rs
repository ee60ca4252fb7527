//! Slots: folders of git-retro's own with a work tree in each, shared by several processes.

mod git_slot;
mod overlay;
mod patch;
pub(crate) mod slot_lock;
mod slot_pool;

pub use overlay::check_overlay;
pub use slot_pool::GitSlotPool;
