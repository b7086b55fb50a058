//! A timer that is set, disarmed and asked for its state: the verbs of
//! [timerfd_create(2)](https://man7.org/linux/man-pages/man2/timerfd_create.2.html), without a file descriptor.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::{FusedStream, Stream};

use super::sleep::Sleep;
use crate::clock::{NEVER, Nanos, is_due, saturating_nanos};
use crate::context;

/// A timer that expires once or again and again, and counts its expirations until they are waited for.
///
/// It goes by the clock of [`Instant`](std::time::Instant). For time that includes that of a suspended computer there is
/// [`BootTimer`](super::BootTimer), for the time of day [`WallTimer`](super::WallTimer).
///
/// It is also a [`Stream`] of the counts that [`wait`](Timer::wait) returns, which never ends.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// # use fend_reactor as fend;
/// use fend::time::Timer;
///
/// fend::block_on(async {
///     let mut timer = Timer::new();
///     timer.set(Duration::from_millis(2), Duration::from_millis(1));
///     let mut expirations = 0;
///     while expirations < 3 {
///         expirations += timer.wait().await;
///     }
///     timer.disarm();
///     assert!(timer.status().left.is_zero());
/// });
/// ```
#[derive(Debug)]
pub struct Timer {
    /// Its deadline is the first expiration that was not waited for, or [`NEVER`] when disarmed.
    sleep: Sleep,
    /// Zero: it expires once.
    interval: Duration,
}

/// What [`Timer::status`] tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub struct TimerStatus {
    /// The time to the next expiration. Zero when none is to come: the timer is disarmed, or expires once and has.
    pub left: Duration,
    /// The time between expirations. Zero when the timer expires once, or is disarmed.
    pub interval: Duration,
}

impl Timer {
    /// A timer that is disarmed.
    pub fn new() -> Self {
        Timer::with(Sleep::until(NEVER))
    }

    pub(super) fn with(sleep: Sleep) -> Self {
        Timer { sleep, interval: Duration::ZERO }
    }

    /// Arms the timer: it expires after `first`, and then every `interval`, or only once when `interval` is zero.
    ///
    /// Replaces what it was set to before; expirations that were not waited for are forgotten. With a `first` of zero it
    /// expires at once. (With `timerfd_settime` that disarms; here [`disarm`](Timer::disarm) does,
    /// and so does a `first` of more than 584 years.)
    pub fn set(&mut self, first: Duration, interval: Duration) {
        self.interval = interval;
        self.sleep.reset_after(first);
    }

    /// Disarms the timer. Expirations that were not waited for are forgotten.
    pub fn disarm(&mut self) {
        self.interval = Duration::ZERO;
        self.sleep.disarm();
        self.sleep.reset_nanos(NEVER);
    }

    /// The time to the next expiration, and the interval.
    pub fn status(&self) -> TimerStatus {
        let due = self.sleep.deadline_nanos();
        if due == NEVER {
            return TimerStatus::default();
        }
        let now = self.sleep.now();
        let next = if is_due(due, now) { self.expirations(due, now).1.unwrap_or(now) } else { due };
        TimerStatus { left: Duration::from_nanos(next - now), interval: self.interval }
    }

    /// Waits until the timer has expired and returns how often it has since it was set or last waited for: 1 or more, and
    /// always 1 for a timer that expires once.
    ///
    /// Of a timer that is disarmed, or expired once and was waited for, this waits for ever.
    ///
    /// # Cancel safety
    ///
    /// Expirations that were not returned are not lost: the next call counts them.
    pub async fn wait(&mut self) -> u64 {
        poll_fn(|cx| self.poll_wait(cx)).await
    }

    /// Ready with the number of expirations once there are any; see [`wait`](Timer::wait).
    pub fn poll_wait(&mut self, cx: &mut Context<'_>) -> Poll<u64> {
        let due = self.sleep.deadline_nanos();
        if due == NEVER {
            // Nobody can set it while it is borrowed, so there is no one to wake for.
            return Poll::Pending;
        }
        ready!(self.sleep.poll_elapsed(cx));
        ready!(context::poll_budget(cx));
        let (count, next) = self.expirations(self.sleep.deadline_nanos(), self.sleep.now());
        self.sleep.reset_nanos(next.unwrap_or(NEVER));
        Poll::Ready(count)
    }

    /// Of a timer that was due at `due`, which is past: the expirations up to `now`, and the first one after it.
    fn expirations(&self, due: Nanos, now: Nanos) -> (u64, Option<Nanos>) {
        if self.interval.is_zero() {
            return (1, None);
        }
        let interval = saturating_nanos(self.interval);
        let late = now - due;
        (late / interval + 1, Some(now.saturating_add(interval - late % interval)))
    }
}

impl Default for Timer {
    fn default() -> Self {
        Timer::new()
    }
}

impl Stream for Timer {
    type Item = u64;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<u64>> {
        self.poll_wait(cx).map(Some)
    }
}

/// Never terminated: a timer that is disarmed may be set again.
impl FusedStream for Timer {
    fn is_terminated(&self) -> bool {
        false
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn every(interval: Duration) -> Timer {
        Timer { sleep: Sleep::until(NEVER), interval }
    }

    #[test]
    fn expirations_are_counted_as_a_timerfd_counts_them() {
        let timer = every(Duration::from_nanos(10));
        assert_eq!(timer.expirations(100, 100), (1, Some(110)));
        assert_eq!(timer.expirations(100, 109), (1, Some(110)));
        assert_eq!(timer.expirations(100, 110), (2, Some(120)));
        assert_eq!(timer.expirations(100, 195), (10, Some(200)));
    }

    #[test]
    fn extreme_intervals() {
        assert_eq!(every(Duration::MAX).expirations(5, 9), (1, Some(NEVER)));
        assert_eq!(every(Duration::from_nanos(1)).expirations(0, NEVER - 2), (NEVER - 1, Some(NEVER - 1)));
        assert_eq!(every(Duration::ZERO).expirations(5, 9), (1, None));
    }

    #[test]
    fn a_disarmed_timer_waits_for_ever() {
        let mut timer = Timer::new();
        let mut cx = Context::from_waker(std::task::Waker::noop());
        assert!(timer.poll_wait(&mut cx).is_pending());
        assert_eq!(timer.status(), TimerStatus::default());
    }
}
