//! Wakers are collected while a lock is held and woken after it is dropped, so that a waker that re-enters the same
//! primitive cannot deadlock, and one that panics cannot keep the others asleep.

use std::any::Any;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

/// Wakers that the buffer has room for between rounds.
const KEPT: usize = 1024;

/// Wakers to wake once the lock is dropped. The first needs no buffer; that of the others is kept for the next round.
#[derive(Debug, Default)]
pub struct WakeList {
    first: Option<Waker>,
    others: Vec<Waker>,
}

impl WakeList {
    /// One more to wake.
    pub fn push(&mut self, waker: Waker) {
        match &self.first {
            None => self.first = Some(waker),
            Some(_) => self.others.push(waker),
        }
    }

    /// Whether there is a buffer to keep.
    pub(crate) fn has_buffer(&self) -> bool {
        self.others.capacity() > 0
    }

    #[cfg(all(test, not(loom)))]
    pub(crate) fn len(&self) -> usize {
        self.first.iter().len() + self.others.len()
    }

    /// Wakes all, the first pushed first. A waker of a foreign executor may panic: the rest is woken all the same, and
    /// the panic ends here, since the thread that runs this has nothing to do with the one that panicked.
    pub fn wake_all(&mut self) {
        let WakeList { first, others } = self;
        others.reverse();
        while first.is_some() || !others.is_empty() {
            // The loop is inside `catch_unwind`, so that the common case pays for it once.
            swallow_panic(|| {
                while let Some(waker) = first.take().or_else(|| others.pop()) {
                    waker.wake();
                }
            });
        }
        // A burst is rare; what it needed is given back.
        others.shrink_to(KEPT);
    }
}

/// Drops a waker that is no longer needed; what it panics with ends here. No lock may be held.
pub(crate) fn discard(waker: Option<Waker>) {
    swallow_panic(move || drop(waker));
}

fn swallow_panic(f: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(f)) {
        drop_payload(payload);
    }
}

/// A payload's own destructor may panic in turn. What that one panics with is leaked: there must be an end.
fn drop_payload(payload: Box<dyn Any + Send>) {
    if let Err(second) = catch_unwind(AssertUnwindSafe(move || drop(payload))) {
        mem::forget(second);
    }
}
