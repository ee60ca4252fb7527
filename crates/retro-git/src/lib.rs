//! All git work of git-retro: history, slots, and checkouts that never touch the repository they
//! read.

mod error;
mod history;
mod slot;

pub use error::GitError;
pub use history::{CommitInfo, CommitList, CommitQuery, History, MergePolicy, Selection};
pub use slot::{Checkout, LfsPolicy, OverlayError, Slot, SlotOptions, SlotPool, SubmodulePolicy};
