//! [`ProcessLock`]: a lock that a fork(2) cannot leave locked.
//!
//! The child of a fork has a copy of every lock, and of its parent's threads only one: a lock that another thread held stays locked for
//! ever. This one says which process holds it, and a process takes it from any other.
//!
//! # Rules that the SAFETY comments cite
//!
//! 1. The value is reached only by the thread that has put its process's id in place of 0 or of another process's id: of the threads
//!    of one process one at a time. What another process had begun happened in its own memory, up to the fork.

use std::cell::UnsafeCell;
use std::sync::atomic::{
    AtomicI32,
    Ordering::{Acquire, Relaxed, Release},
};
use std::thread;
use std::time::Duration;

use super::signal::process_id;

pub(crate) struct ProcessLock<T> {
    /// 0 when nobody holds it.
    holder: AtomicI32,
    value: UnsafeCell<T>,
}

// SAFETY: rule 1.
unsafe impl<T: Send> Sync for ProcessLock<T> {}

impl<T> ProcessLock<T> {
    pub(crate) const fn new(value: T) -> Self {
        ProcessLock { holder: AtomicI32::new(0), value: UnsafeCell::new(value) }
    }

    /// Runs `body`, which is short and does not panic, while no other thread does. In the child of a fork `body` may find the value as
    /// the parent has left it half-way.
    pub(crate) fn with<R>(&self, body: impl FnOnce(&mut T) -> R) -> R {
        let process = process_id();
        while !self.try_take(process) {
            thread::yield_now();
            thread::sleep(Duration::from_micros(20));
        }
        let opening = Opening(&self.holder);
        // SAFETY: rule 1.
        let result = body(unsafe { &mut *self.value.get() });
        drop(opening);
        result
    }

    fn try_take(&self, process: i32) -> bool {
        let holder = self.holder.load(Relaxed);
        holder != process && self.holder.compare_exchange(holder, process, Acquire, Relaxed).is_ok()
    }
}

/// Opens the lock, after a panic too.
struct Opening<'a>(&'a AtomicI32);

impl Drop for Opening<'_> {
    fn drop(&mut self) {
        self.0.store(0, Release);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn one_thread_at_a_time() {
        static LOCK: ProcessLock<u64> = ProcessLock::new(0);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..1000).for_each(|_| LOCK.with(|value| *value += 1)));
            }
        });
        assert_eq!(LOCK.with(|value| *value), 4000);
    }

    #[test]
    fn what_another_process_held_is_taken_from_it() {
        static LOCK: ProcessLock<u64> = ProcessLock::new(5);
        LOCK.holder.store(process_id() + 1, Relaxed);
        assert_eq!(LOCK.with(|value| *value), 5);
        assert_eq!(LOCK.holder.load(Relaxed), 0);
    }
}
