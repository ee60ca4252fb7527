//! Who wrote what.

use std::sync::atomic::{AtomicU64, Ordering};

/// Names a process in what it writes, so that it knows its own write again: a write whose answer
/// was lost is repeated, and the repetition finds its condition broken by the first one.
///
/// The name must be one that no other process has or had, such as host, process id and moment of
/// start, or random digits.
#[derive(Clone, Debug)]
pub struct Writer {
    name: String,
}

/// Writes of this process so far, of whichever writer.
static WRITES: AtomicU64 = AtomicU64::new(0);

impl Writer {
    /// The writer of this name.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into() }
    }

    /// A token for one write that no other write has.
    #[cfg_attr(
        not(any(feature = "s3", feature = "dynamodb")),
        expect(dead_code, reason = "stores alone write")
    )]
    pub(crate) fn token(&self) -> String {
        let number = WRITES.fetch_add(1, Ordering::Relaxed);
        format!("{}:{number}", self.name)
    }
}
