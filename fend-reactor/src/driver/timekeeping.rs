//! The timers of a driver, and until when its attendant sleeps.
//!
//! A thread that sets a timer must end the attendant's sleep when it would last too long, and only then: a wake costs two
//! system calls. So the attendant notes what it will wake for before it sleeps, under the lock that guards the timers.

use std::task::Waker;
use std::time::Duration;

use super::timers::{TimerKey, Timers};
use crate::clock::{Clock, NEVER, Nanos};
use crate::wake_list::WakeList;

/// What the timers' lock guards.
#[derive(Debug)]
pub(super) struct Timekeeping {
    timers: Timers,
    /// When the sleeping attendant will look again; `None` while nobody sleeps, or when the sleeper was woken already.
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
        Timekeeping { timers: Timers::new(), sleeping_until: None, closed: false }
    }

    pub(super) fn len(&self) -> usize {
        self.timers.len()
    }

    pub(super) fn next_deadline(&self) -> Option<Nanos> {
        self.timers.next_deadline()
    }

    /// Notes that the attendant goes to sleep, and shortens its `timeout` to the earliest timer. Frozen time passes by nobody's
    /// sleep, so a paused clock leaves the timeout alone; an earlier timer ends the sleep all the same, since whoever
    /// advances the clock must hear of it.
    pub(super) fn fall_asleep(&mut self, clock: &Clock, timeout: Option<Duration>) -> Option<Duration> {
        let deadline = self.timers.next_deadline().unwrap_or(NEVER);
        if deadline == NEVER && timeout.is_none() {
            // Nothing to reckon with, so the clock need not be read.
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

    /// The sleep is over: moves the wakers of due timers to `wakes` and returns how many there were.
    pub(super) fn rise(&mut self, clock: &Clock, wakes: &mut WakeList) -> usize {
        self.sleeping_until = None;
        if self.timers.len() == 0 {
            return 0;
        }
        self.timers.expire(clock.now(), wakes)
    }

    /// Moves an armed timer: whether the sleeper must be woken, or `None` when it fired already.
    pub(super) fn reset(&mut self, key: TimerKey, deadline: Nanos) -> Option<bool> {
        self.timers.reset(key, deadline).then(|| self.cuts_sleep_short(deadline))
    }

    /// The same, if its waker is `waker` already.
    pub(super) fn reset_same(&mut self, key: TimerKey, deadline: Nanos, waker: &Waker) -> Option<bool> {
        let same = self.timers.waker_will_wake(key, waker) == Some(true);
        if same { self.reset(key, deadline) } else { None }
    }

    /// Arms `key`, or a new timer in its place when it has fired.
    #[inline]
    pub(super) fn arm(&mut self, key: &mut Option<TimerKey>, deadline: Nanos, waker: Waker) -> Armed {
        if self.closed {
            *key = None;
            return Armed::Closed(waker);
        }
        let replaced = match self.rearm(*key, deadline, waker) {
            Ok(replaced) => Some(replaced),
            Err(waker) => {
                *key = Some(self.timers.insert(deadline, waker));
                None
            }
        };
        Armed::Yes { wake: self.cuts_sleep_short(deadline), replaced }
    }

    /// Gives an armed timer another deadline and waker, and returns the old one; else `waker` comes back.
    fn rearm(&mut self, key: Option<TimerKey>, deadline: Nanos, waker: Waker) -> Result<Waker, Waker> {
        let Some(key) = key else { return Err(waker) };
        let replaced = self.timers.replace_waker(key, waker)?;
        self.timers.reset(key, deadline);
        Ok(replaced)
    }

    #[inline]
    #[must_use = "the waker must be dropped outside the lock"]
    pub(super) fn cancel(&mut self, key: TimerKey) -> Option<Waker> {
        self.timers.cancel(key)
    }

    pub(super) fn close(&mut self, wakes: &mut WakeList) {
        self.closed = true;
        self.timers.drain(wakes);
    }

    /// Whether the sleeper must be woken for `deadline`. Once is enough: it will look at all timers again.
    #[inline]
    fn cuts_sleep_short(&mut self, deadline: Nanos) -> bool {
        self.sleeping_until.take_if(|until| deadline < *until).is_some()
    }
}
