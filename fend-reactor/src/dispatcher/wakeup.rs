//! Ending another thread's wait: an eventfd, written once however many ask.
//!
//! The flag `pending` says that the eventfd has been written and that the wait it ends has not answered yet. Whoever
//! finds it set has nothing to do. The waiter clears it when it has seen the eventfd, after all else it does to the
//! eventfd and before its `wait` returns:
//!
//! - a wake before the clearing found the flag set and wrote nothing. Its caller's work was published before, and both
//!   sides swap the flag, so the waiter sees that work when it looks at its queues after `wait`;
//! - a wake after the clearing writes, and the next `wait` ends at once.
//!
//! So no wake is lost, and a million wakes during one wait cost one system call.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sys::EventFd;

#[derive(Debug)]
pub(super) struct Wakeup {
    eventfd: EventFd,
    pending: AtomicBool,
}

impl Wakeup {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Wakeup { eventfd: EventFd::new()?, pending: AtomicBool::new(false) })
    }

    /// Any thread: makes the eventfd readable, unless a wake is pending.
    pub(super) fn wake(&self) {
        if self.pending.swap(true, Ordering::AcqRel) {
            return;
        }
        if self.eventfd.write().is_err() {
            // Cannot happen short of a full counter, which reads as ready in any case. Let the next wake try again.
            self.pending.store(false, Ordering::Release);
        }
    }

    /// The waiter has seen the eventfd, and leaves its count as it is (edge-triggered: the next write is news again).
    pub(super) fn acknowledge(&self) {
        self.pending.swap(false, Ordering::AcqRel);
    }

    /// The waiter has seen the eventfd, and sets it back (level-triggered: it would be reported for ever).
    ///
    /// In this order: with the flag cleared first, a wake in between would write, lose its count to the read, and leave a
    /// flag behind that silences all later ones.
    pub(super) fn acknowledge_and_reset(&self) -> io::Result<()> {
        self.eventfd.read()?;
        self.acknowledge();
        Ok(())
    }
}

impl AsFd for Wakeup {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.eventfd.as_fd()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// RE14: a million wakes write once, and the next one after the answer writes again.
    #[test]
    fn wakes_coalesce() {
        let wakeup = Wakeup::new().unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..250_000).for_each(|_| wakeup.wake()));
            }
        });
        assert_eq!(wakeup.eventfd.read().unwrap(), 1);
        wakeup.acknowledge();
        wakeup.wake();
        assert_eq!(wakeup.eventfd.read().unwrap(), 1);
    }
}
