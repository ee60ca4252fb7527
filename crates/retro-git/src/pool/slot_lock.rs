//! Who uses a slot.

use std::fs::{File, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// The right to use a slot: an operating system's lock, which ends with its process whatever ends
/// that. Commands do not inherit it.
pub(crate) struct SlotLock {
    _file: File,
}

impl SlotLock {
    /// Takes the lock at `path`; `None` when somebody has it.
    pub(crate) fn try_take(path: &Path) -> io::Result<Option<Self>> {
        let mut file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        // Whoever removes a slot holds its lock: a lock on a file that is gone is a lock on nothing.
        let is_there = std::fs::metadata(path)
            .is_ok_and(|now| file.metadata().is_ok_and(|own| own.ino() == now.ino()));
        if !is_there {
            return Ok(None);
        }
        // For people who look; nothing reads it.
        file.set_len(0)?;
        writeln!(file, "{}", std::process::id())?;
        Ok(Some(Self { _file: file }))
    }
}
