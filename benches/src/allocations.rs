//! A global allocator that counts, for the twins `server_allocations` and `micro_allocations`: they run as the programs beside them do, a
//! little slower. What C libraries allocate, OpenSSL among them, is not seen.
//!
//! # Rule that the SAFETY comments cite
//!
//! 1. Every call goes to [`System`] as it came: what holds for the caller's holds for that.

#![expect(unsafe_code, reason = "an allocator")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);

/// The allocator of a twin: `#[global_allocator] static ALLOCATOR: Counting = Counting;`
#[derive(Debug, Clone, Copy)]
pub struct Counting;

/// What has been asked for since the process began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Allocations {
    /// Calls of `alloc`, `alloc_zeroed` and `realloc`.
    pub count: u64,
    /// The sum of the sizes that were asked for.
    pub bytes: u64,
}

impl Allocations {
    /// What has come since `earlier`.
    #[must_use]
    pub fn since(self, earlier: Allocations) -> Allocations {
        Allocations { count: self.count - earlier.count, bytes: self.bytes - earlier.bytes }
    }
}

/// All of all threads; zero where [`Counting`] is not the allocator.
#[must_use]
pub fn total() -> Allocations {
    Allocations { count: ALLOCATIONS.load(Relaxed), bytes: BYTES.load(Relaxed) }
}

fn count(bytes: usize) {
    ALLOCATIONS.fetch_add(1, Relaxed);
    BYTES.fetch_add(bytes as u64, Relaxed);
}

// SAFETY: rule 1.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: rule 1.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: rule 1.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        // SAFETY: rule 1.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: rule 1.
        unsafe { System.dealloc(pointer, layout) }
    }
}
