//! A moment on the clock that counts suspended time.

use std::fmt;
use std::ops::{Add, AddAssign, Sub, SubAssign};
use std::time::Duration;

use crate::sys;

/// A moment on `CLOCK_BOOTTIME`: like [`Instant`](std::time::Instant) it never goes back and nobody can set it, but it goes on while the
/// computer is suspended.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// # use fend_reactor as fend;
/// use fend::time::BootInstant;
///
/// let start = BootInstant::now();
/// let deadline = start + Duration::from_secs(5);
/// assert_eq!(deadline - start, Duration::from_secs(5));
/// assert_eq!(start - deadline, Duration::ZERO);
/// assert!(start.elapsed() < Duration::from_secs(5));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BootInstant(Duration);

impl BootInstant {
    /// Now.
    #[must_use]
    pub fn now() -> BootInstant {
        BootInstant(sys::boot_time())
    }

    /// The time from the start of the system to this moment. (Shifted in a time namespace, see
    /// [time_namespaces(7)](https://man7.org/linux/man-pages/man7/time_namespaces.7.html).)
    #[must_use]
    pub fn since_boot(self) -> Duration {
        self.0
    }

    /// The time that has passed since this moment; zero when it is still to come.
    #[must_use]
    pub fn elapsed(self) -> Duration {
        BootInstant::now() - self
    }

    /// The time from `earlier` to this moment; zero when that is the later one.
    #[must_use]
    pub fn duration_since(self, earlier: BootInstant) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// The time from `earlier` to this moment; `None` when that is the later one.
    #[must_use]
    pub fn checked_duration_since(self, earlier: BootInstant) -> Option<Duration> {
        self.0.checked_sub(earlier.0)
    }

    /// `None` beyond what a [`Duration`] since the start of the system can hold.
    #[must_use]
    pub fn checked_add(self, duration: Duration) -> Option<BootInstant> {
        self.0.checked_add(duration).map(BootInstant)
    }

    /// `None` before the start of the system.
    #[must_use]
    pub fn checked_sub(self, duration: Duration) -> Option<BootInstant> {
        self.0.checked_sub(duration).map(BootInstant)
    }

    pub(super) fn saturating_add(self, duration: Duration) -> BootInstant {
        BootInstant(self.0.saturating_add(duration))
    }
}

/// # Panics
/// When the sum is beyond what can be held, as with [`Instant`](std::time::Instant).
impl Add<Duration> for BootInstant {
    type Output = BootInstant;

    fn add(self, duration: Duration) -> BootInstant {
        self.checked_add(duration).expect("overflow when adding a duration to a BootInstant")
    }
}

impl AddAssign<Duration> for BootInstant {
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

/// # Panics
/// When the difference is before the start of the system.
impl Sub<Duration> for BootInstant {
    type Output = BootInstant;

    fn sub(self, duration: Duration) -> BootInstant {
        self.checked_sub(duration).expect("overflow when subtracting a duration from a BootInstant")
    }
}

impl SubAssign<Duration> for BootInstant {
    fn sub_assign(&mut self, duration: Duration) {
        *self = *self - duration;
    }
}

/// Zero when `earlier` is the later one.
impl Sub for BootInstant {
    type Output = Duration;

    fn sub(self, earlier: BootInstant) -> Duration {
        self.duration_since(earlier)
    }
}

impl fmt::Debug for BootInstant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BootInstant").field(&self.0).finish()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_has_ends_and_says_so() {
        let start = BootInstant(Duration::from_secs(5));
        assert_eq!(start.checked_add(Duration::MAX), None);
        assert_eq!(start.checked_sub(Duration::from_secs(6)), None);
        assert_eq!(start.saturating_add(Duration::MAX).since_boot(), Duration::MAX);
        assert_eq!(start.checked_duration_since(start + Duration::from_secs(1)), None);
        let mut moved = start;
        moved += Duration::from_secs(2);
        moved -= Duration::from_secs(1);
        assert_eq!(moved.duration_since(start), Duration::from_secs(1));
        assert_eq!(format!("{moved:?}"), "BootInstant(6s)");
    }

    #[test]
    #[should_panic(expected = "overflow when adding")]
    fn an_addition_beyond_the_end_panics_as_that_of_an_instant_does() {
        let _ = BootInstant::now() + Duration::MAX;
    }
}
