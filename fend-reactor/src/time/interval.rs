//! Ticks at regular times.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use futures_core::{FusedStream, Stream};

use super::sleep::{Sleep, sleep_until};
use crate::clock::{Clock, NEVER, Nanos, saturating_nanos};
use crate::context;

/// Ticks now, and then every `period`.
///
/// The first tick completes at once. An [`Interval`] is used in a loop; work between the ticks is part of the period.
///
/// # Panics
///
/// When `period` is zero.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// # use fend_reactor as fend;
///
/// fend::block_on(async {
///     let mut every = fend::time::interval(Duration::from_millis(2));
///     let first = every.tick().await;
///     let second = every.tick().await;
///     assert_eq!(second - first, Duration::from_millis(2));
/// });
/// ```
#[must_use = "an interval does nothing unless its ticks are awaited"]
#[track_caller]
pub fn interval(period: Duration) -> Interval {
    assert_period(period);
    Interval::new(Sleep::until(context::with_clock(Clock::now)), period)
}

/// Ticks at `start`, and then every `period`.
///
/// # Panics
///
/// When `period` is zero.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// # use fend_reactor as fend;
/// use fend::time::{interval_at, now};
///
/// fend::block_on(async {
///     let start = now() + Duration::from_millis(3);
///     let mut every = interval_at(start, Duration::from_millis(1));
///     assert_eq!(every.tick().await, start);
///     assert_eq!(every.next_tick(), start + Duration::from_millis(1));
/// });
/// ```
#[must_use = "an interval does nothing unless its ticks are awaited"]
#[track_caller]
pub fn interval_at(start: Instant, period: Duration) -> Interval {
    assert_period(period);
    Interval::new(sleep_until(start), period)
}

#[track_caller]
fn assert_period(period: Duration) {
    assert!(!period.is_zero(), "the period of an interval must not be zero");
}

/// When the next tick is due after one that was seen late.
///
/// A tick is late when the task asks for it after its time, because it was busy or its worker was. Take a period of 50 ms from
/// time 0, and a task that takes the tick of 50 and is then busy until 180. It asks at 180, again as soon as it has
/// its tick, and so on:
///
/// ```text
/// time        0   50  100  150 180 200  230 250  280 300
/// on time     |   |    |    |       |        |        |
/// Burst       |   |          ||     |        |        |      gets 100 and 150 at 180, then 200, 250
/// Delay       |   |          |           |        |          gets 100 at 180, then 230, 280
/// Skip        |   |          |      |        |        |      gets 100 at 180, then 200, 250
/// ```
///
/// With each of them, [`tick`](Interval::tick) returns the time at which the tick was due: 100 for the first one after
/// the stall.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum MissedTickBehavior {
    /// Every tick comes, the missed ones at once, until the interval has caught up: tick *n* is due at
    /// `start + n * period`, whatever happens. For what must be counted.
    #[default]
    Burst,
    /// After a late tick, the next is due a `period` after the task asked for the late one. For work that needs its rest.
    ///
    /// A lateness of up to a sixteenth of the period, and of up to 5 ms, is that of any wake-up and counts as none, so
    /// that an interval which keeps up does not drift.
    Delay,
    /// Missed ticks are left out: the next is due at the first multiple of the period, counted from the start, that is still
    /// to come. For what should happen at round times.
    Skip,
}

/// The lateness that any wake-up may have.
const JITTER: Nanos = 5_000_000;

impl MissedTickBehavior {
    /// When the tick after the one of `due`, which was seen at `now`, is due. `now` is not before `due`.
    pub(super) fn next(self, due: Nanos, now: Nanos, period: Nanos) -> Nanos {
        let late = now.saturating_sub(due);
        match self {
            MissedTickBehavior::Delay if late > JITTER.min(period / 16) => now.saturating_add(period),
            MissedTickBehavior::Skip => now.saturating_add(period - late % period),
            MissedTickBehavior::Burst | MissedTickBehavior::Delay => due.saturating_add(period),
        }
    }
}

/// Ticks at regular times; made by [`interval()`] and [`interval_at`].
///
/// It is also a [`Stream`] of ticks that never ends.
#[derive(Debug)]
pub struct Interval {
    /// Its deadline is the next tick.
    sleep: Sleep,
    period: Duration,
    missed: MissedTickBehavior,
}

impl Interval {
    pub(super) fn new(sleep: Sleep, period: Duration) -> Self {
        Interval { sleep, period, missed: MissedTickBehavior::default() }
    }

    /// Waits for the next tick and returns the time at which it was due.
    ///
    /// # Cancel safety
    ///
    /// A tick that was not returned is not lost: the next call waits for the same one.
    pub async fn tick(&mut self) -> Instant {
        poll_fn(|cx| self.poll_tick(cx)).await
    }

    /// Ready with the time at which the next tick was due, once it has come; see [`tick`](Interval::tick).
    pub fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<Instant> {
        ready!(self.sleep.poll_elapsed(cx));
        ready!(context::poll_budget(cx));
        let tick = self.sleep.deadline();
        let next = self.missed.next(self.sleep.deadline_nanos(), self.sleep.now(), self.period_nanos());
        self.sleep.reset_nanos(next);
        Poll::Ready(tick)
    }

    /// The next tick comes a period from now, and the others follow it.
    pub fn reset(&mut self) {
        self.reset_after(self.period);
    }

    /// The next tick comes now, and the others follow it.
    pub fn reset_immediately(&mut self) {
        self.reset_after(Duration::ZERO);
    }

    /// The next tick comes at `deadline`, and the others follow it.
    pub fn reset_at(&mut self, deadline: Instant) {
        self.sleep.reset(deadline);
    }

    /// The next tick comes after `duration`, and the others follow it.
    pub fn reset_after(&mut self, duration: Duration) {
        self.sleep.reset_after(duration);
    }

    /// The time from tick to tick.
    pub fn period(&self) -> Duration {
        self.period
    }

    /// When the next tick is due.
    pub fn next_tick(&self) -> Instant {
        self.sleep.deadline()
    }

    /// What happens after a late tick.
    pub fn missed_tick_behavior(&self) -> MissedTickBehavior {
        self.missed
    }

    /// Chooses what happens after a late tick. Applies from the next tick on.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// # use fend_reactor as fend;
    /// use fend::time::{MissedTickBehavior, interval};
    ///
    /// fend::block_on(async {
    ///     let mut every = interval(Duration::from_millis(10));
    ///     every.set_missed_tick_behavior(MissedTickBehavior::Skip);
    ///     let start = every.tick().await;
    ///     std::thread::sleep(Duration::from_millis(25));
    ///     assert_eq!(every.tick().await - start, Duration::from_millis(10));
    ///     // What was missed beyond that is left out.
    ///     assert!(every.next_tick() - start >= Duration::from_millis(30));
    /// });
    /// ```
    pub fn set_missed_tick_behavior(&mut self, behavior: MissedTickBehavior) {
        self.missed = behavior;
    }

    /// At most one short of [`NEVER`], so that it counts as a time even where it reaches past the end of all.
    fn period_nanos(&self) -> Nanos {
        saturating_nanos(self.period).min(NEVER - 1)
    }
}

impl Stream for Interval {
    type Item = Instant;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Instant>> {
        self.poll_tick(cx).map(Some)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::MAX, None)
    }
}

/// Never terminated: there is always another tick.
impl FusedStream for Interval {
    fn is_terminated(&self) -> bool {
        false
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    const MS: Nanos = 1_000_000;
    const PERIOD: Nanos = 50 * MS;

    /// The ticks that a task gets which asks at `asks`, and again at each tick that is still to come: when, and which.
    fn ticks(behavior: MissedTickBehavior, asks: &[Nanos]) -> Vec<(Nanos, Nanos)> {
        let mut due = 0;
        let mut got = Vec::new();
        for &ask in asks {
            let now = due.max(ask * MS);
            got.push((now / MS, due / MS));
            due = behavior.next(due, now, PERIOD);
        }
        got
    }

    /// TM6: the times of the picture above.
    #[test]
    fn after_a_stall() {
        let asks = [0, 50, 180, 180, 180, 180];
        assert_eq!(
            ticks(MissedTickBehavior::Burst, &asks),
            [(0, 0), (50, 50), (180, 100), (180, 150), (200, 200), (250, 250)]
        );
        assert_eq!(
            ticks(MissedTickBehavior::Delay, &asks),
            [(0, 0), (50, 50), (180, 100), (230, 230), (280, 280), (330, 330)]
        );
        assert_eq!(
            ticks(MissedTickBehavior::Skip, &asks),
            [(0, 0), (50, 50), (180, 100), (200, 200), (250, 250), (300, 300)]
        );
    }

    #[test]
    fn ordinary_lateness_makes_no_drift() {
        for behavior in [MissedTickBehavior::Burst, MissedTickBehavior::Delay, MissedTickBehavior::Skip] {
            assert_eq!(behavior.next(PERIOD, PERIOD + MS, PERIOD), 2 * PERIOD, "{behavior:?}");
        }
        let late = PERIOD + 4 * MS;
        assert_eq!(MissedTickBehavior::Delay.next(PERIOD, late, PERIOD), late + PERIOD);
        let late = 1_000_000 * MS + JITTER;
        assert_eq!(MissedTickBehavior::Delay.next(1_000_000 * MS, late, 1_000 * MS), 1_001_000 * MS);
    }

    #[test]
    fn a_tick_exactly_one_period_late_is_not_given_twice_by_skip() {
        assert_eq!(MissedTickBehavior::Skip.next(PERIOD, 2 * PERIOD, PERIOD), 3 * PERIOD);
        assert_eq!(MissedTickBehavior::Skip.next(PERIOD, PERIOD, PERIOD), 2 * PERIOD);
    }

    /// TM6: nothing overflows, and the next tick is always later than the last.
    #[test]
    fn extreme_periods() {
        for behavior in [MissedTickBehavior::Burst, MissedTickBehavior::Delay, MissedTickBehavior::Skip] {
            for period in [1, 2, NEVER - 1] {
                for (due, now) in [(0, 0), (0, NEVER - 1), (7, 9), (NEVER - 1, NEVER - 1)] {
                    assert!(behavior.next(due, now, period) > due, "{behavior:?} {period} {due} {now}");
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "the period of an interval must not be zero")]
    fn a_period_of_zero_panics() {
        let _ = interval(Duration::ZERO);
    }
}
