//! Where a thread sleeps until it is needed: on its own, or inside a driver.
//!
//! ```text
//!            prepare(place)               wake-up for another reason: finish
//!   EMPTY ------------------> ASLEEP in place -----------------------------> EMPTY
//!     |  ^                         |
//!     |  | prepare: false          | unpark (the one that swaps ASLEEP out does the waking:
//!     v  | finish                  v         a futex wake for `Own`, `driver.wake()` for a driver)
//!   NOTIFIED <---------------------+
//! ```
//!
//! An `unpark` before, during or after `prepare` is never lost, and many of them between two sleeps cost one wake-up.

use std::time::Duration;

use crate::sync::atomic::AtomicUsize;
use crate::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use crate::sync::{Condvar, Mutex};

const EMPTY: usize = 0;
const NOTIFIED: usize = 1;
/// Asleep on its own; `ASLEEP + 1 + n` is asleep in driver `n`.
const ASLEEP: usize = 2;

/// Where a thread sleeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// On its own condition variable.
    Own,
    /// In the wait of this driver.
    Driver(usize),
}

impl Place {
    fn state(self) -> usize {
        match self {
            Place::Own => ASLEEP,
            Place::Driver(index) => ASLEEP + 1 + index,
        }
    }
}

/// One thread's sleep. One thread sleeps here; any thread wakes.
#[derive(Debug)]
pub(crate) struct Parker {
    state: AtomicUsize,
    lock: Mutex<()>,
    condvar: Condvar,
}

impl Parker {
    pub(crate) fn new() -> Parker {
        Parker { state: AtomicUsize::new(EMPTY), lock: Mutex::new(()), condvar: Condvar::new() }
    }

    /// Says that this thread goes to sleep in `place`. False: it was notified meanwhile and must not sleep.
    #[must_use]
    pub(crate) fn prepare(&self, place: Place) -> bool {
        match self.state.compare_exchange(EMPTY, place.state(), AcqRel, Acquire) {
            Ok(_) => true,
            Err(_) => {
                self.state.swap(EMPTY, AcqRel);
                false
            }
        }
    }

    /// This thread is up again. True: somebody woke it.
    pub(crate) fn finish(&self) -> bool {
        self.state.swap(EMPTY, AcqRel) == NOTIFIED
    }

    /// Whether the thread sleeps on its own. A hint.
    pub(crate) fn is_asleep_on_its_own(&self) -> bool {
        self.state.load(Relaxed) == ASLEEP
    }

    /// Whether the thread sleeps, anywhere, and nobody has woken it. A hint.
    pub(crate) fn is_asleep(&self) -> bool {
        self.state.load(Acquire) >= ASLEEP
    }

    /// Sleeps on its own until `unpark`, or until `timeout` has passed.
    pub(crate) fn sleep(&self, timeout: Option<Duration>) {
        self.sleep_after(timeout, || ());
    }

    /// The same, with a last step once others can see that this thread sleeps.
    pub(crate) fn sleep_after(&self, timeout: Option<Duration>, last_step: impl FnOnce()) {
        let mut guard = self.lock.lock();
        if self.prepare(Place::Own) {
            last_step();
            while self.state.load(Relaxed) != NOTIFIED {
                let Some(timeout) = timeout else {
                    guard = self.condvar.wait(guard);
                    continue;
                };
                // Waking early is fine: the caller looks again.
                drop(self.condvar.wait_timeout(guard, timeout));
                break;
            }
            self.finish();
        }
    }

    /// Wakes the thread, or keeps it from its next sleep. `Some(driver)`: it sleeps there, and the caller must wake that
    /// driver.
    #[must_use]
    pub(crate) fn unpark(&self) -> Option<usize> {
        match self.state.swap(NOTIFIED, AcqRel) {
            EMPTY | NOTIFIED => None,
            ASLEEP => {
                // Empty critical section: the sleeper is then either before `prepare` or inside `wait`.
                drop(self.lock.lock());
                self.condvar.notify_one();
                None
            }
            in_driver => Some(in_driver - ASLEEP - 1),
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn unpark_before_sleep_is_kept_and_counts_once() {
        let parker = Parker::new();
        assert_eq!(parker.unpark(), None);
        assert_eq!(parker.unpark(), None);
        parker.sleep(None);
        assert!(parker.prepare(Place::Driver(3)), "both unparks were one");
        assert_eq!(parker.unpark(), Some(3));
        assert_eq!(parker.unpark(), None, "the first one wakes the driver");
        parker.finish();
        assert!(parker.prepare(Place::Own));
    }
}

#[cfg(all(test, loom))]
mod loom_models {
    use super::*;
    use crate::sync::atomic::{AtomicBool, AtomicUsize, fence};
    use crate::sync::model;
    use loom::sync::Arc;
    use loom::sync::atomic::Ordering::SeqCst;
    use loom::thread;

    /// The thread either sees the work before it sleeps or is woken: it never sleeps for good. (loom reports a deadlock.)
    #[test]
    fn loom_parker_own_never_loses_a_wake() {
        model(2, || {
            let parker = Arc::new(Parker::new());
            let work = Arc::new(AtomicUsize::new(0));
            let wakers: Vec<_> = (0..2)
                .map(|_| {
                    let (parker, work) = (parker.clone(), work.clone());
                    thread::spawn(move || {
                        work.fetch_add(1, AcqRel);
                        assert_eq!(parker.unpark(), None);
                    })
                })
                .collect();
            while work.load(Acquire) < 2 {
                parker.sleep(None);
            }
            wakers.into_iter().for_each(|waker| waker.join().unwrap());
        });
    }

    /// The same with a driver as the place: whoever swaps the sleeper out wakes the driver, exactly once a sleep.
    #[test]
    fn loom_parker_in_driver_never_loses_a_wake() {
        model(2, || {
            let parker = Arc::new(Parker::new());
            let work = Arc::new(AtomicBool::new(false));
            let driver_woken = Arc::new(AtomicUsize::new(0));
            let waker = {
                let (parker, work, driver_woken) = (parker.clone(), work.clone(), driver_woken.clone());
                thread::spawn(move || {
                    work.store(true, Relaxed);
                    fence(SeqCst);
                    if parker.unpark() == Some(7) {
                        driver_woken.fetch_add(1, AcqRel);
                    }
                })
            };
            fence(SeqCst);
            let slept = !work.load(Relaxed) && parker.prepare(Place::Driver(7));
            waker.join().unwrap();
            if slept {
                assert_eq!(driver_woken.load(Acquire), 1, "asleep in the driver and nobody woke it");
            }
            parker.finish();
        });
    }
}
