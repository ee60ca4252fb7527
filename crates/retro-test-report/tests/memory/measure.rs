//! How much memory this thread holds, and how much it has asked for so far.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

#[global_allocator]
static COUNTED: Counted = Counted;

thread_local! {
    static HELD: Cell<i64> = const { Cell::new(0) };
    static PEAK: Cell<i64> = const { Cell::new(0) };
    static ASKED: Cell<u64> = const { Cell::new(0) };
}

/// What a piece of work needed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Use {
    /// The most bytes it held at one time.
    pub(crate) peak: i64,
    /// The bytes it asked for, all allocations added up: a measure of work that no other process
    /// on the machine changes.
    pub(crate) asked: u64,
}

/// Does some work and tells what it needed.
pub(crate) fn measured<T>(work: impl FnOnce() -> T) -> (T, Use) {
    let (held, asked) = (HELD.get(), ASKED.get());
    PEAK.set(held);
    let done = work();
    let needed = Use {
        peak: PEAK.get() - held,
        asked: ASKED.get() - asked,
    };
    (done, needed)
}

/// The system's allocator, counting for each thread.
struct Counted;

fn count(change: i64) {
    let held = HELD.get() + change;
    HELD.set(held);
    PEAK.set(PEAK.get().max(held));
    ASKED.set(ASKED.get() + change.max(0).unsigned_abs());
}

fn size(layout: Layout) -> i64 {
    i64::try_from(layout.size()).unwrap_or(i64::MAX)
}

// SAFETY: every call goes to the system's allocator as it is; counting allocates nothing, for the
// counters are plain cells that need no set-up.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(size(layout));
        // SAFETY: the caller's promises are those that the system's allocator asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-size(layout));
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // Both the old and the new memory may exist while one is copied to the other.
        let new = i64::try_from(new_size).unwrap_or(i64::MAX);
        count(new);
        count(-size(layout));
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, new_size) }
    }
}
