//! The timers of a driver, and until when its attendant sleeps.
//!
//! A thread that sets a timer must end the attendant's sleep when it would last too long, and only then: a wake costs two
//! system calls. So the attendant notes what it will wake for before it sleeps, under the lock that guards the timers.
//!
//! While there are no timers it needs no lock: it *dozes*. It sets a flag, then looks whether there is a timer; the thread that sets the
//! first timer says that there is one, then looks at the flag. Between the two steps each has a sequentially consistent fence, so that
//! one of them sees the other.

use std::task::Waker;
use std::time::Duration;

use super::timers::{TimerKey, Timers};
use crate::clock::{Clock, NEVER, Nanos};
use crate::sync::atomic::AtomicBool;
use crate::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use crate::sync::{Mutex, MutexGuard, fence_after_rmw};
use crate::wake_list::WakeList;

#[derive(Debug)]
pub(super) struct Timekeeping {
    kept: Mutex<Kept>,
    /// There are timers. Changed with the lock held.
    armed: AtomicBool,
    /// The attendant sleeps without end, has not looked at the timers, and nobody has woken it for one.
    dozing: AtomicBool,
}

/// What the lock guards.
#[derive(Debug)]
struct Kept {
    timers: Timers,
    /// When the sleeping attendant will look again; `None` while nobody sleeps, when the sleeper was woken already, or when it dozes.
    sleeping_until: Option<Nanos>,
    closed: bool,
}

/// What became of a request to arm a timer.
#[derive(Debug)]
pub(super) enum Armed {
    /// It is armed. The sleeper must be woken when `wake` says so; `replaced` is to be dropped outside the lock.
    Yes { wake: bool, replaced: Option<Waker> },
    /// The driver is closed; the waker comes back, to be dropped outside the lock.
    Closed(Waker),
}

impl Timekeeping {
    pub(super) fn new() -> Self {
        Timekeeping {
            kept: Mutex::new(Kept { timers: Timers::new(), sleeping_until: None, closed: false }),
            armed: AtomicBool::new(false),
            dozing: AtomicBool::new(false),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.kept.lock().timers.len()
    }

    pub(super) fn next_deadline(&self) -> Option<Nanos> {
        self.kept.lock().timers.next_deadline()
    }

    /// Notes that the attendant goes to sleep, and shortens its `timeout` to the earliest timer. Frozen time passes by nobody's
    /// sleep, so a paused clock leaves the timeout alone; an earlier timer ends the sleep all the same, since whoever
    /// advances the clock must hear of it.
    pub(super) fn fall_asleep(&self, clock: &Clock, timeout: Option<Duration>) -> Option<Duration> {
        if timeout.is_none() {
            self.dozing.swap(true, AcqRel);
            fence_after_rmw();
            if !self.armed.load(Acquire) {
                // Nothing to reckon with, so the clock need not be read.
                return None;
            }
            self.dozing.store(false, Relaxed);
        }
        self.kept.lock().fall_asleep(clock, timeout)
    }

    /// The sleep is over: moves the wakers of due timers to `wakes` and returns how many there were.
    pub(super) fn rise(&self, clock: &Clock, wakes: &mut WakeList) -> usize {
        if self.dozing.load(Relaxed) {
            self.dozing.store(false, Relaxed);
            if !self.armed.load(Acquire) {
                return 0;
            }
        }
        let mut kept = self.kept.lock();
        kept.sleeping_until = None;
        if kept.timers.len() == 0 {
            return 0;
        }
        let count = kept.timers.expire(clock.now(), wakes);
        self.notice_removal(&kept);
        count
    }

    /// Moves an armed timer: whether the sleeper must be woken, or `None` when it fired already.
    pub(super) fn reset(&self, key: TimerKey, deadline: Nanos) -> Option<bool> {
        let mut kept = self.kept.lock();
        kept.timers.reset(key, deadline).then(|| self.cuts_sleep_short(&mut kept, deadline))
    }

    /// The same, if its waker is `waker` already.
    pub(super) fn reset_same(&self, key: TimerKey, deadline: Nanos, waker: &Waker) -> Option<bool> {
        let mut kept = self.kept.lock();
        let same = kept.timers.waker_will_wake(key, waker) == Some(true);
        let moved = same && kept.timers.reset(key, deadline);
        moved.then(|| self.cuts_sleep_short(&mut kept, deadline))
    }

    /// Arms `key`, or a new timer in its place when it has fired.
    #[inline]
    pub(super) fn arm(&self, key: &mut Option<TimerKey>, deadline: Nanos, waker: Waker) -> Armed {
        let mut kept = self.kept.lock();
        if kept.closed {
            *key = None;
            return Armed::Closed(waker);
        }
        let replaced = match kept.rearm(*key, deadline, waker) {
            Ok(replaced) => Some(replaced),
            Err(waker) => {
                *key = Some(kept.timers.insert(deadline, waker));
                self.notice_timer();
                None
            }
        };
        Armed::Yes { wake: self.cuts_sleep_short(&mut kept, deadline), replaced }
    }

    /// Arms a new timer: its key, and whether the sleeper must be woken. When the driver is closed the waker comes back, to be dropped outside
    /// the lock.
    #[inline]
    pub(super) fn arm_new(&self, deadline: Nanos, waker: Waker) -> Result<(TimerKey, bool), Waker> {
        let mut kept = self.kept.lock();
        if kept.closed {
            return Err(waker);
        }
        let key = kept.timers.insert(deadline, waker);
        self.notice_timer();
        Ok((key, self.cuts_sleep_short(&mut kept, deadline)))
    }

    #[inline]
    #[must_use = "the waker must be dropped outside the lock"]
    pub(super) fn cancel(&self, key: TimerKey) -> Option<Waker> {
        let mut kept = self.kept.lock();
        let waker = kept.timers.cancel(key);
        self.notice_removal(&kept);
        waker
    }

    pub(super) fn close(&self, wakes: &mut WakeList) {
        let mut kept = self.kept.lock();
        kept.closed = true;
        kept.timers.drain(wakes);
        self.notice_removal(&kept);
    }

    /// There is a timer. The fence comes before the lock is let go, so that it counts for whoever has the lock after this, too.
    #[inline]
    fn notice_timer(&self) {
        if !self.armed.load(Relaxed) {
            self.armed.swap(true, AcqRel);
            fence_after_rmw();
        }
    }

    #[inline]
    fn notice_removal(&self, kept: &MutexGuard<'_, Kept>) {
        if kept.timers.len() == 0 {
            self.armed.store(false, Release);
        }
    }

    /// Whether the sleeper must be woken for `deadline`. Once is enough: it will look at all timers again.
    #[inline]
    fn cuts_sleep_short(&self, kept: &mut MutexGuard<'_, Kept>, deadline: Nanos) -> bool {
        if self.dozing.load(Relaxed) && deadline != NEVER {
            self.dozing.store(false, Relaxed);
            return true;
        }
        kept.sleeping_until.take_if(|until| deadline < *until).is_some()
    }
}

impl Kept {
    fn fall_asleep(&mut self, clock: &Clock, timeout: Option<Duration>) -> Option<Duration> {
        let deadline = self.timers.next_deadline().unwrap_or(NEVER);
        if deadline == NEVER && timeout.is_none() {
            self.sleeping_until = Some(NEVER);
            return None;
        }
        if clock.is_paused() {
            self.sleeping_until = Some(deadline);
            return timeout;
        }
        let now = clock.now();
        let limit = timeout
            .map_or(NEVER, |timeout| now.saturating_add(u64::try_from(timeout.as_nanos()).unwrap_or(NEVER)));
        self.sleeping_until = Some(deadline.min(limit));
        if deadline >= limit {
            return timeout;
        }
        Some(Duration::from_nanos(deadline.saturating_sub(now)))
    }

    /// Gives an armed timer another deadline and waker, and returns the old one; else `waker` comes back.
    fn rearm(&mut self, key: Option<TimerKey>, deadline: Nanos, waker: Waker) -> Result<Waker, Waker> {
        let Some(key) = key else { return Err(waker) };
        let replaced = self.timers.replace_waker(key, waker)?;
        self.timers.reset(key, deadline);
        Ok(replaced)
    }
}

#[cfg(all(test, loom))]
mod loom_models {
    use super::*;
    use crate::sync::model;
    use loom::sync::Arc;
    use loom::thread;

    /// The first timers, one of which never comes due, against an attendant that falls asleep: it knows of the other one, or is woken for it.
    #[test]
    fn loom_timers_first_one_ends_a_doze() {
        model(3, || {
            let (timers, clock) = (Arc::new(Timekeeping::new()), Clock::new());
            let others: Vec<_> = [NEVER, 5]
                .map(|deadline| {
                    let timers = timers.clone();
                    thread::spawn(move || {
                        let armed = timers.arm_new(deadline, Waker::noop().clone());
                        matches!(armed, Ok((_, true)))
                    })
                })
                .into();
            let timeout = timers.fall_asleep(&clock, None);
            let woken: Vec<_> = others.into_iter().map(|other| other.join().unwrap()).collect();
            assert!(timeout.is_some() || woken.contains(&true), "it sleeps past the timer");
            let mut wakes = WakeList::default();
            assert_eq!(timers.rise(&clock, &mut wakes), 1);
        });
    }

    /// A timer that is cancelled leaves no word that hides the next one.
    #[test]
    fn loom_timers_one_after_a_cancelled_one_ends_a_doze() {
        model(3, || {
            let (timers, clock) = (Arc::new(Timekeeping::new()), Clock::new());
            let other = {
                let timers = timers.clone();
                thread::spawn(move || {
                    let mut key = None;
                    let mut wakes = 0;
                    for cancelled in [true, false] {
                        let armed = timers.arm(&mut key, 5, Waker::noop().clone());
                        wakes += usize::from(matches!(armed, Armed::Yes { wake: true, .. }));
                        if cancelled {
                            let waker = timers.cancel(key.take().unwrap());
                            drop(waker);
                        }
                    }
                    wakes
                })
            };
            let timeout = timers.fall_asleep(&clock, None);
            let wakes = other.join().unwrap();
            assert!(timeout.is_some() || wakes > 0, "it sleeps past the timer");
            let mut due = WakeList::default();
            assert_eq!(timers.rise(&clock, &mut due), 1);
        });
    }
}
