//! Where an idle thread sleeps. Each has a condition variable of its own, so that the one that has been idle for the shortest time is
//! called first: its stack is warm, and the others get to their end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::sync::atomic::AtomicBool;
use crate::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use crate::sync::{Condvar, MutexGuard};

/// A thread's place among the idle ones.
#[derive(Debug)]
pub(super) struct Seat {
    /// Set under the pool's lock by whoever takes the seat off the list.
    called: AtomicBool,
    /// The thread waits for `wake`, and does not look about. Under the lock.
    asleep: AtomicBool,
    wake: Condvar,
}

/// The duty to wake a thread, once the lock is dropped.
#[must_use]
#[derive(Debug)]
pub(super) struct Call(Option<Arc<Seat>>);

impl Call {
    pub(super) fn wake(self) {
        if let Some(seat) = self.0 {
            seat.wake.notify_one();
        }
    }
}

impl Seat {
    pub(super) fn new() -> Seat {
        Seat { called: AtomicBool::new(false), asleep: AtomicBool::new(false), wake: Condvar::new() }
    }

    /// The thread becomes idle. Under the lock.
    pub(super) fn open(&self) {
        self.called.store(false, Release);
    }

    pub(super) fn is_called(&self) -> bool {
        self.called.load(Acquire)
    }

    /// Calls the thread, which sleeps, or will see it before it does. Under the lock.
    pub(super) fn call(self: Arc<Self>) -> Call {
        self.called.store(true, Release);
        Call(self.asleep.load(Relaxed).then_some(self))
    }

    /// Sleeps until the thread is called, or `until`.
    pub(super) fn sleep<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
        until: Option<Instant>,
    ) -> MutexGuard<'a, T> {
        while !self.is_called() {
            let left = until.map_or(Duration::MAX, |until| until.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                break;
            }
            self.asleep.store(true, Relaxed);
            guard = self.wake.wait_timeout(guard, left);
        }
        self.asleep.store(false, Relaxed);
        guard
    }
}
