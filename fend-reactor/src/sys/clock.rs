//! clock_gettime(2): the time, in one call and as one number.
//!
//! # Rules that the SAFETY comments cite
//!
//! 1. The pointer comes from a live reference and the kernel does not keep it.

/// `CLOCK_MONOTONIC`, the clock of [`Instant`](std::time::Instant), in nanoseconds. The kernel maps the code for this into
/// the process, so that there is no system call.
#[inline]
pub(crate) fn monotonic_nanos() -> u64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: rule 1.
    let returned = unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now) };
    debug_assert_eq!(returned, 0, "every Linux has this clock");
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn runs_as_instant_does() {
        let (outer, start) = (Instant::now(), monotonic_nanos());
        std::thread::sleep(Duration::from_millis(5));
        let inner = Instant::now();
        let end = monotonic_nanos();
        assert!(end - start >= 5_000_000);
        assert!(Duration::from_nanos(end - start) <= outer.elapsed());
        assert!(Instant::now() > inner && monotonic_nanos() > start);
    }
}
