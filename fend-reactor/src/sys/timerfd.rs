//! timerfd_create(2): timers on the clocks that `Instant` does not have.
//!
//! # Rules that the SAFETY comments cite
//!
//! 1. The call takes numbers only.
//! 2. A descriptor that a call has just returned is open and belongs to nobody else.
//! 3. The pointer comes from a live reference and the kernel does not keep it.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::time::Duration;

use super::checked;

/// What a timer goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimerClock {
    /// Time since the system was started, suspended or not.
    Boot,
    /// The same, and the computer is woken up for it.
    BootAlarm,
    /// The time of day.
    Wall,
    /// The same, and the computer is woken up for it.
    WallAlarm,
}

impl TimerClock {
    fn id(self) -> libc::clockid_t {
        match self {
            TimerClock::Boot => libc::CLOCK_BOOTTIME,
            TimerClock::BootAlarm => libc::CLOCK_BOOTTIME_ALARM,
            TimerClock::Wall => libc::CLOCK_REALTIME,
            TimerClock::WallAlarm => libc::CLOCK_REALTIME_ALARM,
        }
    }

    fn name(self) -> &'static str {
        match self {
            TimerClock::Boot => "CLOCK_BOOTTIME",
            TimerClock::BootAlarm => "CLOCK_BOOTTIME_ALARM",
            TimerClock::Wall => "CLOCK_REALTIME",
            TimerClock::WallAlarm => "CLOCK_REALTIME_ALARM",
        }
    }

    fn can_be_set(self) -> bool {
        matches!(self, TimerClock::Wall | TimerClock::WallAlarm)
    }
}

/// A timer in the kernel, readable once it has expired. Close-on-exec and non-blocking. One that goes by the time of day is readable, too,
/// once somebody has set that.
#[derive(Debug)]
pub(crate) struct TimerFd {
    file: File,
    clock: TimerClock,
}

impl TimerFd {
    /// # Errors
    /// `PermissionDenied` for an alarm without the capability `CAP_WAKE_ALARM`; what the call says when there are no descriptors left.
    pub(crate) fn new(clock: TimerClock) -> io::Result<TimerFd> {
        // SAFETY: rule 1.
        let fd = unsafe { libc::timerfd_create(clock.id(), libc::TFD_CLOEXEC | libc::TFD_NONBLOCK) };
        let fd = checked(fd).map_err(|error| {
            let hint =
                if error.raw_os_error() == Some(libc::EPERM) { " (CAP_WAKE_ALARM is needed)" } else { "" };
            io::Error::new(error.kind(), format!("cannot make a timer on {}: {error}{hint}", clock.name()))
        })?;
        // SAFETY: rule 2.
        Ok(TimerFd { file: File::from(unsafe { OwnedFd::from_raw_fd(fd) }), clock })
    }

    /// Arms it, in place of what it was set to, for `at` on its clock: since boot, or since 1970. Beyond what the kernel can count, at the
    /// end of that. Zero is the past.
    ///
    /// # Errors
    /// `ECANCELED` when the clock was set since it was last armed, and that was not read. It is armed all the same.
    pub(crate) fn arm(&self, at: Duration) -> io::Result<()> {
        // A value of zero would disarm.
        self.set(at.max(Duration::from_nanos(1)))
    }

    /// Nothing will come of what it was armed for.
    pub(crate) fn disarm(&self) -> io::Result<()> {
        self.set(Duration::ZERO)
    }

    fn set(&self, at: Duration) -> io::Result<()> {
        let cancel = if self.clock.can_be_set() { libc::TFD_TIMER_CANCEL_ON_SET } else { 0 };
        let never = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        let value = libc::itimerspec { it_interval: never, it_value: timespec(at) };
        // SAFETY: rules 1 and 3.
        let returned = unsafe {
            libc::timerfd_settime(
                self.file.as_raw_fd(),
                libc::TFD_TIMER_ABSTIME | cancel,
                &raw const value,
                std::ptr::null_mut(),
            )
        };
        checked(returned).map(drop)
    }

    /// How often it has expired since it was armed or read, without waiting.
    ///
    /// # Errors
    /// `WouldBlock` when it has not; `ECANCELED` when the clock was set.
    pub(crate) fn read(&self) -> io::Result<u64> {
        let mut count = [0; 8];
        match (&self.file).read(&mut count)? {
            // The clock was set back between the expiration and this; only where nobody asked to be told.
            0 => Err(io::ErrorKind::WouldBlock.into()),
            _ => Ok(u64::from_ne_bytes(count)),
        }
    }
}

impl AsFd for TimerFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

fn timespec(time: Duration) -> libc::timespec {
    libc::timespec {
        tv_sec: libc::time_t::try_from(time.as_secs()).unwrap_or(libc::time_t::MAX),
        // Below 10^9, which every `c_long` holds.
        tv_nsec: time.subsec_nanos() as _,
    }
}

/// `CLOCK_BOOTTIME`: the time since the system was started.
pub(crate) fn boot_time() -> Duration {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: rule 3.
    let returned = unsafe { libc::clock_gettime(libc::CLOCK_BOOTTIME, &raw mut now) };
    debug_assert_eq!(returned, 0, "Linux has this clock since 2.6.39");
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::sys::is_nonblocking;

    #[test]
    fn the_past_can_be_read_at_once_and_the_end_of_time_cannot() {
        for clock in [TimerClock::Boot, TimerClock::Wall] {
            let timer = TimerFd::new(clock).unwrap();
            assert!(is_nonblocking(timer.as_fd()).unwrap());
            for past in [Duration::ZERO, Duration::from_nanos(1), Duration::from_secs(1)] {
                timer.arm(past).unwrap();
                assert_eq!(timer.read().unwrap(), 1, "{clock:?}");
            }
            for far in [Duration::MAX, Duration::from_secs(1 << 50), Duration::from_secs(i64::MAX as u64)] {
                timer.arm(far).unwrap();
                assert_eq!(timer.read().unwrap_err().kind(), io::ErrorKind::WouldBlock, "{clock:?} {far:?}");
            }
            timer.arm(Duration::ZERO).unwrap();
            timer.disarm().unwrap();
            assert_eq!(timer.read().unwrap_err().kind(), io::ErrorKind::WouldBlock);
        }
    }

    #[test]
    fn boot_time_is_not_behind_monotonic_time() {
        let monotonic = Duration::from_nanos(crate::sys::monotonic_nanos());
        assert!(boot_time() >= monotonic);
    }
}
