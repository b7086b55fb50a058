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

    /// Moves an armed timer whose waker is `waker` already. `Some(wake)` when that was all there is to do.
    pub(super) fn move_deadline(&mut self, key: TimerKey, deadline: Nanos, waker: &Waker) -> Option<bool> {
        let in_place =
            self.timers.waker_will_wake(key, waker) == Some(true) && self.timers.reset(key, deadline);
        in_place.then(|| self.cuts_sleep_short(deadline))
    }

    /// Arms `key`, or a new timer in its place when it has fired.
    pub(super) fn arm(&mut self, key: &mut Option<TimerKey>, deadline: Nanos, waker: Waker) -> Armed {
        if self.closed {
            *key = None;
            return Armed::Closed(waker);
        }
        let replaced = match *key {
            Some(armed) if self.timers.reset(armed, deadline) => self.timers.replace_waker(armed, waker),
            _ => {
                *key = Some(self.timers.insert(deadline, waker));
                None
            }
        };
        Armed::Yes { wake: self.cuts_sleep_short(deadline), replaced }
    }

    #[must_use = "the waker must be dropped outside the lock"]
    pub(super) fn cancel(&mut self, key: TimerKey) -> Option<Waker> {
        self.timers.cancel(key)
    }

    pub(super) fn close(&mut self, wakes: &mut WakeList) {
        self.closed = true;
        self.timers.drain(wakes);
    }

    /// Whether the sleeper must be woken for `deadline`. Once is enough: it will look at all timers again.
    fn cuts_sleep_short(&mut self, deadline: Nanos) -> bool {
        self.sleeping_until.take_if(|until| deadline < *until).is_some()
    }
}
