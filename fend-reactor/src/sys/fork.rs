//! Noticing that this process is the child of a fork(2), and what each process has for itself.
//!
//! The child has a copy of all memory and one thread: locks may be held by threads that are not there, and the descriptors of its epoll,
//! eventfds and pipes are its parent's too. The C library runs a handler in the child, before fork(3) returns there; a clone(2) or vfork(2)
//! past the C library is not noticed.
//!
//! # Rules that the SAFETY comments cite
//!
//! 1. The handler changes an atomic, and does nothing else: that is safe in the child of a process with threads (signal-safety(7)).
//! 2. A slot that has been published is never changed and never freed, but by the drop of its [`PerProcess`], which nobody borrows then.
//! 3. A slot is published once, and taken out only by that drop: it is freed once.

use std::fmt;
use std::marker::PhantomData;
use std::ptr;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32};

/// How many forks lie between the process that first asked and this one, or a multiple of that.
static FORKS: AtomicU32 = AtomicU32::new(0);

extern "C" fn count_fork() {
    FORKS.fetch_add(1, Relaxed);
}

/// Equal for as long as this process has not become the child of a fork. A load.
#[inline]
pub(crate) fn forks() -> u32 {
    FORKS.load(Relaxed)
}

/// Has forks counted from now on. When there is no memory for that, they go unnoticed.
///
/// No lock is taken that could be held at a fork. Threads that come here first at the same time have a fork counted several times each,
/// which does no harm.
pub(crate) fn count_forks() {
    static COUNTED: AtomicBool = AtomicBool::new(false);
    if !COUNTED.load(Acquire) {
        // SAFETY: rule 1.
        unsafe { libc::pthread_atfork(None, None, Some(count_fork)) };
        COUNTED.store(true, Release);
    }
}

/// A value of which each process has its own: where one is asked for in the child of a fork, it is made anew, since a lock in the parent's
/// may be held by a thread that is not there. The parent's stays in memory.
///
/// For what is a whole program's, such as pools of threads and tables behind a lock.
pub struct PerProcess<T: Send + Sync> {
    slot: AtomicPtr<Slot<T>>,
    owns: PhantomData<T>,
}

struct Slot<T> {
    forks: u32,
    value: T,
}

impl<T: Send + Sync> PerProcess<T> {
    /// Nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        PerProcess { slot: AtomicPtr::new(ptr::null_mut()), owns: PhantomData }
    }

    /// The value of this process. Made if there is none; of several threads that make one, the first one's counts. Takes no lock.
    pub fn get_or_init(&self, make: impl FnOnce() -> T) -> &T {
        let seen = self.slot.load(Acquire);
        // SAFETY: rule 2: it is null or a published slot.
        match unsafe { seen.as_ref() } {
            Some(slot) if slot.forks == forks() => &slot.value,
            _ => self.publish(seen, make()),
        }
    }

    #[cold]
    fn publish(&self, seen: *mut Slot<T>, value: T) -> &T {
        count_forks();
        let new = Box::into_raw(Box::new(Slot { forks: forks(), value }));
        let published = match self.slot.compare_exchange(seen, new, AcqRel, Acquire) {
            Ok(_) => new,
            Err(faster) => {
                // SAFETY: it comes from a box, and nobody else has seen it.
                drop(unsafe { Box::from_raw(new) });
                faster
            }
        };
        // SAFETY: rule 2: it is a published slot. Where another thread was faster, that was in this process.
        unsafe { &(*published).value }
    }
}

impl<T: Send + Sync> Drop for PerProcess<T> {
    fn drop(&mut self) {
        let slot = *self.slot.get_mut();
        // SAFETY: rule 2: it is null or a published slot.
        if unsafe { slot.as_ref() }.is_some_and(|slot| slot.forks == forks()) {
            // SAFETY: rule 3; `publish` made it from a box.
            drop(unsafe { Box::from_raw(slot) });
        }
    }
}

impl<T: Send + Sync> Default for PerProcess<T> {
    fn default() -> Self {
        PerProcess::new()
    }
}

impl<T: Send + Sync> fmt::Debug for PerProcess<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let made = !self.slot.load(Relaxed).is_null();
        f.debug_struct("PerProcess").field("made", &made).finish_non_exhaustive()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn one_value_is_made_and_dropped_with_its_place() {
        let held = Arc::new(());
        let place = PerProcess::new();
        let first = place.get_or_init(|| held.clone());
        assert!(ptr::eq(first, place.get_or_init(|| unreachable!("there is one"))));
        assert_eq!(Arc::strong_count(&held), 2);
        drop(place);
        assert_eq!(Arc::strong_count(&held), 1);
        drop(PerProcess::<Arc<()>>::new());
    }

    #[test]
    fn of_several_threads_the_first_ones_counts() {
        let held = Arc::new(());
        let place = PerProcess::new();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| place.get_or_init(|| held.clone()));
            }
        });
        assert_eq!(Arc::strong_count(&held), 2);
    }
}
