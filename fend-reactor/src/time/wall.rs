//! A timer that goes by the time of day, and says when that was set.
//!
//! The kernel remembers of each timer with `TFD_TIMER_CANCEL_ON_SET` whether the clock was set since it was last told of: the next
//! read(2), or the next timerfd_settime(2), fails with `ECANCELED`, the latter after it has done its work. So nothing is lost between two
//! waits, as long as the timer is armed from the beginning.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll, ready};
use std::time::{Duration, SystemTime};

use crate::context;
use crate::dispatcher::{Direction, Readiness};
use crate::io::RoamingFd;
use crate::sys::{TimerClock, TimerFd};

/// Waits for a time of day, and hears when the clock is set.
///
/// Whoever waits for noon by [`sleep`](super::sleep()) works out how long that is, and is wrong once the clock is set. This waits on
/// `CLOCK_REALTIME` itself, and each wait says whether the time was reached or the clock was set meanwhile: the caller then looks at the
/// clock, and decides whether what it waits for still makes sense.
///
/// *Set* is any jump: by date(1), by a time service that finds the clock far off, by a leap second, and after the computer was suspended,
/// since the system then learns the time anew. A clock that is slowed down or sped up until it is right, as time services do it in the
/// usual case, is not set; the timer follows it. [timerfd_create(2)](https://man7.org/linux/man-pages/man2/timerfd_create.2.html) tells more.
///
/// The timer watches the clock from its making on: a change between two waits ends the next one.
///
/// A timer costs a file descriptor. A [paused clock](super::pause) does not reach it. By the clock that the caller sees, it is never early.
///
/// # Examples
///
/// ```
/// use std::time::{Duration, SystemTime};
/// # use fend_reactor as fend;
/// use fend::time::{WallEvent, WallTimer};
///
/// # fend::block_on(async {
/// let mut timer = WallTimer::new()?;
/// let deadline = SystemTime::now() + Duration::from_millis(5);
/// while timer.sleep_until(deadline).await? == WallEvent::ClockSet {
///     println!("the clock was set: it is now {:?}", SystemTime::now());
/// }
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub struct WallTimer {
    fd: RoamingFd<TimerFd>,
    armed: Target,
    /// The kernel has told of a change, and nobody else has heard of it.
    was_set: bool,
}

/// How a wait of a [`WallTimer`] has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[must_use = "the clock may have been set"]
pub enum WallEvent {
    /// The time has come, or had passed already.
    Reached,
    /// The clock was set since the timer was made or last told of it. The wait is over, and the time may or may not have come.
    ClockSet,
}

/// What the kernel's timer is set to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    At(SystemTime),
    /// Nothing but a change.
    Change,
    /// What it was set to has come.
    Nothing,
}

impl Target {
    /// As the kernel counts. What is before 1970 is past as well as 1970 is.
    fn since_1970(self) -> Duration {
        match self {
            Target::At(time) => time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default(),
            Target::Change | Target::Nothing => Duration::MAX,
        }
    }
}

impl WallTimer {
    /// A timer that waits for nothing but a change of the clock.
    ///
    /// # Errors
    ///
    /// What [timerfd_create(2)](https://man7.org/linux/man-pages/man2/timerfd_create.2.html) says when no descriptor is left.
    pub fn new() -> io::Result<WallTimer> {
        WallTimer::on(TimerClock::Wall)
    }

    /// A timer that wakes the computer up when it is suspended (`CLOCK_REALTIME_ALARM`).
    ///
    /// # Errors
    ///
    /// As [`new`](WallTimer::new); `PermissionDenied` without the capability `CAP_WAKE_ALARM`.
    pub fn waking() -> io::Result<WallTimer> {
        WallTimer::on(TimerClock::WallAlarm)
    }

    fn on(clock: TimerClock) -> io::Result<WallTimer> {
        let fd = RoamingFd::with_assumed(TimerFd::new(clock)?, Readiness::NONE);
        let mut timer = WallTimer { fd, armed: Target::Nothing, was_set: false };
        timer.arm(Target::Change)?;
        Ok(timer)
    }

    /// Waits until the time of day is `deadline`, or the clock is set. A time that has passed, be it before 1970, is reached at once; one
    /// that is beyond what the kernel counts (the year 2262) does not come.
    ///
    /// # Errors
    ///
    /// When the runtime that is to wait has shut down. The timer goes on with another one.
    ///
    /// # Cancel safety
    ///
    /// Safe: dropped early, nothing but a change is waited for any more, and one that was not told of ends the next wait.
    pub async fn sleep_until(&mut self, deadline: SystemTime) -> io::Result<WallEvent> {
        let wait = Wait(self);
        poll_fn(|cx| wait.0.poll_sleep_until(cx, deadline)).await
    }

    /// [`sleep_until`](WallTimer::sleep_until), for poll functions. The timer stays armed between polls, and is moved by one with another
    /// deadline.
    ///
    /// # Errors
    ///
    /// When the runtime that is to wait has shut down. The timer goes on with another one.
    pub fn poll_sleep_until(
        &mut self,
        cx: &mut Context<'_>,
        deadline: SystemTime,
    ) -> Poll<io::Result<WallEvent>> {
        loop {
            let sets = self.armed != Target::At(deadline);
            self.arm(Target::At(deadline))?;
            if self.was_set {
                return self.tell(cx).map(Ok);
            }
            // Only now is it known that no change has made it so.
            if sets && SystemTime::now() >= deadline {
                return context::poll_budget(cx).map(|()| Ok(WallEvent::Reached));
            }
            ready!(self.poll_expired(cx))?;
        }
    }

    /// Waits until the clock is set.
    ///
    /// # Errors
    ///
    /// When the runtime that is to wait has shut down. The timer goes on with another one.
    ///
    /// # Cancel safety
    ///
    /// Safe: a change that was not told of ends the next wait.
    pub async fn clock_set(&mut self) -> io::Result<()> {
        poll_fn(|cx| self.poll_clock_set(cx)).await
    }

    /// [`clock_set`](WallTimer::clock_set), for poll functions.
    ///
    /// # Errors
    ///
    /// When the runtime that is to wait has shut down. The timer goes on with another one.
    pub fn poll_clock_set(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            self.arm(Target::Change)?;
            if self.was_set {
                return self.tell(cx).map(|_| Ok(()));
            }
            ready!(self.poll_expired(cx))?;
        }
    }

    /// Sets the kernel's timer, unless it is set to that.
    fn arm(&mut self, target: Target) -> io::Result<()> {
        if self.armed != target {
            let armed = self.fd.get_ref().arm(target.since_1970());
            self.note(armed)?;
            self.armed = target;
        }
        Ok(())
    }

    /// Ready when it has expired or the clock was set.
    fn poll_expired(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let read = ready!(self.fd.poll_with(cx, Direction::Read, TimerFd::read));
        // In either case it must be set again.
        self.armed = Target::Nothing;
        Poll::Ready(self.note(read.map(drop)))
    }

    /// Takes the kernel's word that the clock was set.
    fn note(&mut self, result: io::Result<()>) -> io::Result<()> {
        match result {
            Err(error) if error.raw_os_error() == Some(libc::ECANCELED) => {
                self.was_set = true;
                Ok(())
            }
            result => result,
        }
    }

    fn tell(&mut self, cx: &mut Context<'_>) -> Poll<WallEvent> {
        ready!(context::poll_budget(cx));
        self.was_set = false;
        Poll::Ready(WallEvent::ClockSet)
    }
}

impl fmt::Debug for WallTimer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WallTimer")
            .field("armed", &self.armed)
            .field("was_set", &self.was_set)
            .finish_non_exhaustive()
    }
}

/// A wait after which only the clock is watched: an armed timer might wake the computer up.
struct Wait<'a>(&'a mut WallTimer);

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        // Of a timer that is valid this cannot fail. If it did, the next wait would set it.
        let _ = self.0.arm(Target::Change);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::task::Waker;

    use super::*;

    fn poll<R>(f: impl FnOnce(&mut Context<'_>) -> Poll<R>) -> Poll<R> {
        f(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn a_change_ends_the_next_wait_whichever_call_heard_of_it() {
        let mut timer = WallTimer::new().unwrap();
        let canceled = || Err(io::Error::from_raw_os_error(libc::ECANCELED));
        let far = SystemTime::now() + Duration::from_secs(3600);
        timer.note(canceled()).unwrap();
        let told = poll(|cx| timer.poll_sleep_until(cx, far));
        assert!(matches!(told, Poll::Ready(Ok(WallEvent::ClockSet))));
        assert!(poll(|cx| timer.poll_sleep_until(cx, far)).is_pending(), "told once");
        timer.note(canceled()).unwrap();
        assert!(matches!(poll(|cx| timer.poll_clock_set(cx)), Poll::Ready(Ok(()))));
        assert!(poll(|cx| timer.poll_clock_set(cx)).is_pending());
        timer.note(Err(io::ErrorKind::Other.into())).unwrap_err();
    }

    #[test]
    fn what_is_past_is_reached_at_once() {
        let mut timer = WallTimer::new().unwrap();
        let epoch = SystemTime::UNIX_EPOCH;
        for past in [epoch, epoch - Duration::from_secs(1 << 40), SystemTime::now()] {
            let told = poll(|cx| timer.poll_sleep_until(cx, past));
            assert!(matches!(told, Poll::Ready(Ok(WallEvent::Reached))), "{past:?}");
        }
        for future in [Duration::from_secs(3600), Duration::from_secs(1 << 60)] {
            assert!(
                poll(|cx| timer.poll_sleep_until(cx, epoch.max(SystemTime::now()) + future)).is_pending()
            );
        }
    }
}
