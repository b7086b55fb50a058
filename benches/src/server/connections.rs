//! How many connections have come and gone.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

static ACCEPTED: AtomicU64 = AtomicU64::new(0);
static CLOSED: AtomicU64 = AtomicU64::new(0);

/// One connection: counted when it comes and when this is dropped. It takes no room.
#[derive(Debug)]
pub(super) struct Counted(());

impl Counted {
    pub(super) fn new() -> Counted {
        ACCEPTED.fetch_add(1, Relaxed);
        Counted(())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        CLOSED.fetch_add(1, Relaxed);
    }
}

/// What knows how many were accepted, and how many of these have ended.
type Counter = Box<dyn Fn() -> (u64, u64) + Send + Sync>;

/// Set by a server that counts for itself.
static COUNTER: OnceLock<Counter> = OnceLock::new();

pub(super) fn count_by(counter: impl Fn() -> (u64, u64) + Send + Sync + 'static) {
    assert!(COUNTER.set(Box::new(counter)).is_ok(), "there is one server in a process");
}

/// How many were accepted, and how many of these have ended.
pub(super) fn counts() -> (u64, u64) {
    COUNTER.get().map_or_else(|| (ACCEPTED.load(Relaxed), CLOSED.load(Relaxed)), |counter| counter())
}
