//! How deep elements may be inside each other, and which names are open.

/// The most elements that may be open at once. Each costs a few bytes.
pub(crate) const MOST_OPEN: usize = 500_000;

/// The most bytes that tests may hold whose ends were not read yet, but for the innermost one. No
/// runner writes tests inside of tests to any depth.
pub(crate) const MOST_HELD: usize = 16 << 20;

/// What is warned of where reading stops.
pub(crate) const TOO_DEEP: &str =
    "more elements are open here than can be kept: nothing from here on was read";

/// How many elements of each name there are, so that an end tag that closes nothing is known at
/// once. A name is a byte here: several may share one.
#[derive(Debug)]
pub(crate) struct NameCounts {
    counts: [u32; 256],
    is_empty: bool,
}

impl NameCounts {
    pub(crate) fn new() -> Self {
        Self {
            counts: [0; 256],
            is_empty: true,
        }
    }

    pub(crate) fn has(&self, name: u8) -> bool {
        self.counts[usize::from(name)] > 0
    }

    pub(crate) fn add(&mut self, name: u8) {
        let count = &mut self.counts[usize::from(name)];
        *count = count.saturating_add(1);
        self.is_empty = false;
    }

    /// Takes one away; whether there was one.
    pub(crate) fn remove(&mut self, name: u8) -> bool {
        let count = &mut self.counts[usize::from(name)];
        let was_there = *count > 0;
        *count = count.saturating_sub(1);
        was_there
    }

    pub(crate) fn clear(&mut self) {
        if !std::mem::replace(&mut self.is_empty, true) {
            self.counts = [0; 256];
        }
    }
}
