//! Timers that count the time in which the computer is suspended.
//!
//! The runtime's own timers go by `CLOCK_MONOTONIC`, in which the driver waits. These have a timer of the kernel's, in a descriptor, which
//! the driver waits for as for a socket.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::{FusedStream, Stream};

use super::boot_instant::BootInstant;
use super::interval::MissedTickBehavior;
use crate::clock::saturating_nanos;
use crate::context;
use crate::dispatcher::{Direction, Readiness};
use crate::io::RoamingFd;
use crate::sys::{TimerClock, TimerFd};

/// Waits for moments on `CLOCK_BOOTTIME`, which goes on while the computer is suspended.
///
/// A [`sleep`](super::sleep()) of an hour that a laptop spends half an hour of with its lid closed takes an hour and a half by the wall;
/// here it takes an hour. The computer is not woken up for it: what fell due meanwhile comes when it wakes up. With
/// [`waking`](BootTimer::waking) it is.
///
/// A timer costs a file descriptor, and each wait a system call or two; use it where suspended time matters. A
/// [paused clock](super::pause) does not reach it. It is never early.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// # use fend_reactor as fend;
/// use fend::time::{BootInstant, BootTimer};
///
/// # fend::block_on(async {
/// let mut timer = BootTimer::new()?;
/// let start = BootInstant::now();
/// timer.sleep(Duration::from_millis(5)).await?;
/// timer.sleep_until(start + Duration::from_millis(10)).await?;
/// assert!(start.elapsed() >= Duration::from_millis(10));
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub struct BootTimer {
    fd: RoamingFd<TimerFd>,
    /// What the kernel's timer is set to.
    armed: Option<BootInstant>,
}

impl BootTimer {
    /// A timer that is not set.
    ///
    /// # Errors
    ///
    /// What [timerfd_create(2)](https://man7.org/linux/man-pages/man2/timerfd_create.2.html) says when no descriptor is left.
    pub fn new() -> io::Result<BootTimer> {
        BootTimer::on(TimerClock::Boot)
    }

    /// A timer that wakes the computer up when it is suspended (`CLOCK_BOOTTIME_ALARM`).
    ///
    /// # Errors
    ///
    /// As [`new`](BootTimer::new); `PermissionDenied` without the capability `CAP_WAKE_ALARM`.
    pub fn waking() -> io::Result<BootTimer> {
        BootTimer::on(TimerClock::BootAlarm)
    }

    fn on(clock: TimerClock) -> io::Result<BootTimer> {
        Ok(BootTimer { fd: RoamingFd::with_assumed(TimerFd::new(clock)?, Readiness::NONE), armed: None })
    }

    /// Waits for `duration`. Any duration is legal: one beyond what the kernel counts does not come to its end.
    ///
    /// # Errors
    ///
    /// When the runtime that is to wait has shut down. The timer goes on with another one.
    ///
    /// # Cancel safety
    ///
    /// Safe: dropped early, nothing is armed any more. The next wait begins anew.
    pub async fn sleep(&mut self, duration: Duration) -> io::Result<()> {
        self.sleep_until(BootInstant::now().saturating_add(duration)).await
    }

    /// Waits until `deadline`; not at all when it has passed.
    ///
    /// # Errors
    ///
    /// When the runtime that is to wait has shut down. The timer goes on with another one.
    ///
    /// # Cancel safety
    ///
    /// Safe: dropped early, nothing is armed any more.
    pub async fn sleep_until(&mut self, deadline: BootInstant) -> io::Result<()> {
        let wait = Wait(self);
        poll_fn(|cx| wait.0.poll_sleep_until(cx, deadline)).await
    }

    /// [`sleep_until`](BootTimer::sleep_until), for poll functions. The timer stays armed between polls, and is moved by one with another
    /// deadline.
    ///
    /// # Errors
    ///
    /// When the runtime that is to wait has shut down. The timer goes on with another one.
    pub fn poll_sleep_until(&mut self, cx: &mut Context<'_>, deadline: BootInstant) -> Poll<io::Result<()>> {
        loop {
            if BootInstant::now() >= deadline {
                ready!(context::poll_budget(cx));
                self.disarm();
                return Poll::Ready(Ok(()));
            }
            if self.armed != Some(deadline) {
                self.fd.get_ref().arm(deadline.since_boot())?;
                self.armed = Some(deadline);
            }
            ready!(self.fd.poll_with(cx, Direction::Read, TimerFd::read))?;
            // It has expired, and is set no more.
            self.armed = None;
        }
    }

    /// Ticks now, and then every `period` on this clock. See [`BootInterval`].
    ///
    /// # Panics
    ///
    /// When `period` is zero.
    #[track_caller]
    pub fn interval(self, period: Duration) -> BootInterval {
        self.interval_at(BootInstant::now(), period)
    }

    /// Ticks at `start`, and then every `period` on this clock.
    ///
    /// # Panics
    ///
    /// When `period` is zero.
    #[track_caller]
    pub fn interval_at(self, start: BootInstant, period: Duration) -> BootInterval {
        assert!(!period.is_zero(), "the period of an interval must not be zero");
        BootInterval { timer: self, next: start, period, missed: MissedTickBehavior::default() }
    }

    fn disarm(&mut self) {
        if self.armed.take().is_some() {
            // Of a timer that is valid this cannot fail.
            let _ = self.fd.get_ref().disarm();
        }
    }
}

impl fmt::Debug for BootTimer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BootTimer").field("armed", &self.armed).finish_non_exhaustive()
    }
}

/// A wait that disarms when it is given up: an armed timer might wake the computer up.
struct Wait<'a>(&'a mut BootTimer);

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        self.0.disarm();
    }
}

/// Ticks at regular times that include suspended time; from [`BootTimer::interval`].
///
/// It is also a [`Stream`] of ticks that never ends. Ticks that fell due while the computer was suspended come when it wakes up; what comes
/// of several is told by [`MissedTickBehavior`].
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// # use fend_reactor as fend;
/// use fend::time::BootTimer;
///
/// # fend::block_on(async {
/// let mut every = BootTimer::new()?.interval(Duration::from_millis(2));
/// let first = every.tick().await?;
/// let second = every.tick().await?;
/// assert_eq!(second - first, Duration::from_millis(2));
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
#[must_use = "an interval does nothing unless its ticks are awaited"]
pub struct BootInterval {
    timer: BootTimer,
    next: BootInstant,
    period: Duration,
    missed: MissedTickBehavior,
}

impl BootInterval {
    /// Waits for the next tick and returns the time at which it was due.
    ///
    /// # Errors
    ///
    /// When the runtime that is to wait has shut down. The timer goes on with another one.
    ///
    /// # Cancel safety
    ///
    /// A tick that was not returned is not lost: the next call waits for the same one.
    pub async fn tick(&mut self) -> io::Result<BootInstant> {
        poll_fn(|cx| self.poll_tick(cx)).await
    }

    /// Ready with the time at which the next tick was due, once it has come; see [`tick`](BootInterval::tick).
    ///
    /// # Errors
    ///
    /// When the runtime that is to wait has shut down. The timer goes on with another one.
    pub fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<BootInstant>> {
        ready!(self.timer.poll_sleep_until(cx, self.next))?;
        let tick = self.next;
        let late = saturating_nanos(tick.elapsed());
        // From this tick to the next one, as the interval of monotonic time has it.
        let step = self.missed.next(0, late, saturating_nanos(self.period));
        self.next = tick.saturating_add(Duration::from_nanos(step));
        Poll::Ready(Ok(tick))
    }

    /// The time from tick to tick.
    pub fn period(&self) -> Duration {
        self.period
    }

    /// When the next tick is due.
    pub fn next_tick(&self) -> BootInstant {
        self.next
    }

    /// Chooses what happens after a late tick. Applies from the next tick on.
    pub fn set_missed_tick_behavior(&mut self, behavior: MissedTickBehavior) {
        self.missed = behavior;
    }
}

impl Stream for BootInterval {
    type Item = io::Result<BootInstant>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_tick(cx).map(Some)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::MAX, None)
    }
}

/// Never terminated: there is always another tick.
impl FusedStream for BootInterval {
    fn is_terminated(&self) -> bool {
        false
    }
}
