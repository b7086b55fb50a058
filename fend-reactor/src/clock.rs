//! The runtime's clock. Everything that asks for the time asks here, so that a test can stop it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Nanoseconds since the clock was made. `u64` holds 584 years; later deadlines saturate to [`NEVER`].
pub(crate) type Nanos = u64;

/// The deadline that does not come.
pub(crate) const NEVER: Nanos = u64::MAX;

/// Monotonic time, real or frozen.
#[derive(Debug)]
pub(crate) struct Clock {
    base: Instant,
    /// Frozen time while paused, else [`RUNNING`].
    frozen: AtomicU64,
    /// What real time is ahead of this clock (wrapping), from earlier pauses and advances.
    offset: AtomicU64,
}

const RUNNING: u64 = u64::MAX;

impl Clock {
    pub(crate) fn new() -> Self {
        Clock { base: Instant::now(), frozen: AtomicU64::new(RUNNING), offset: AtomicU64::new(0) }
    }

    /// Nanoseconds since the clock was made.
    #[inline]
    pub(crate) fn now(&self) -> Nanos {
        match self.frozen.load(Ordering::Acquire) {
            RUNNING => self.real().wrapping_add(self.offset.load(Ordering::Relaxed)),
            frozen => frozen,
        }
    }

    fn real(&self) -> Nanos {
        saturating_nanos(self.base.elapsed())
    }

    /// The clock's time as an [`Instant`].
    pub(crate) fn now_instant(&self) -> Instant {
        self.instant(self.now())
    }

    /// The instant of `nanos`. 584 years after now is within what Linux's `Instant` holds.
    pub(crate) fn instant(&self, nanos: Nanos) -> Instant {
        self.base + Duration::from_nanos(nanos)
    }

    /// The nanoseconds of `instant`: 0 for one before the clock was made, [`NEVER`] for one out of range.
    pub(crate) fn nanos(&self, instant: Instant) -> Nanos {
        saturating_nanos(instant.saturating_duration_since(self.base))
    }

    /// The deadline `after` from now.
    pub(crate) fn deadline(&self, after: Duration) -> Nanos {
        self.now().saturating_add(saturating_nanos(after))
    }

    #[inline]
    pub(crate) fn is_paused(&self) -> bool {
        self.frozen.load(Ordering::Relaxed) != RUNNING
    }

    /// Freezes time where it is. False when it was frozen already.
    pub(crate) fn pause(&self) -> bool {
        let now = self.now();
        self.frozen.compare_exchange(RUNNING, now, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// Lets time run on from where it stands. False when it was running.
    pub(crate) fn resume(&self) -> bool {
        let frozen = self.frozen.load(Ordering::Acquire);
        if frozen == RUNNING {
            return false;
        }
        self.offset.store(frozen.wrapping_sub(self.real()), Ordering::Relaxed);
        self.frozen.compare_exchange(frozen, RUNNING, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// Moves frozen time on to `to`, never back. Does nothing while time runs.
    pub(crate) fn advance_to(&self, to: Nanos) {
        let to = to.min(NEVER - 1);
        let _ = self.frozen.fetch_update(Ordering::AcqRel, Ordering::Acquire, |frozen| {
            (frozen != RUNNING && frozen < to).then_some(to)
        });
    }
}

fn saturating_nanos(duration: Duration) -> Nanos {
    u64::try_from(duration.as_nanos()).unwrap_or(NEVER)
}
