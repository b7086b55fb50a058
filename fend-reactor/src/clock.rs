//! The runtime's clock. Everything that asks for the time asks here, so that a test can stop it.
//!
//! A clock is the system's monotonic clock plus an offset, or it is frozen. All clocks of a process count from one
//! instant, so that a deadline means the same to each, and `Instant`s convert without a clock at hand.
//!
//! **Never backwards.** Reading a running clock takes two words and the system's clock, and a pause between the reads
//! would mix the time before it with the offset after it. So a version counts the changes, odd while one is under way, and
//! a read that saw the version change is made again. Changes are for tests: a read in production finds the same version
//! twice, at the price of two loads.

use std::hint;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::fork::Origin;
use crate::sys;

/// Nanoseconds since the first clock was made. `u64` holds 584 years; later deadlines saturate to [`NEVER`].
pub(crate) type Nanos = u64;

/// The deadline that does not come.
pub(crate) const NEVER: Nanos = u64::MAX;

/// Monotonic time, real or frozen.
#[derive(Debug)]
pub(crate) struct Clock {
    base: Base,
    origin: Origin,
    /// Counts changes of the two words below; odd during one.
    version: AtomicU32,
    /// Frozen time while paused, else [`RUNNING`].
    frozen: AtomicU64,
    /// What this clock is ahead of real time (wrapping), from earlier pauses and advances.
    offset: AtomicU64,
    /// Held during a change.
    changing: Mutex<()>,
}

const RUNNING: u64 = u64::MAX;

/// The last time a clock shows, one short of [`NEVER`] and of [`RUNNING`].
const LAST: Nanos = NEVER - 1;

/// Nanoseconds, far more than a processor reorders two reads by.
const SETTLING: Nanos = 2_000;

/// Where all clocks count from: one moment, as an [`Instant`] and as the nanoseconds that a clock is read in.
#[derive(Debug, Clone, Copy)]
struct Base {
    instant: Instant,
    nanos: u64,
}

static BASE: OnceLock<Base> = OnceLock::new();

impl Base {
    fn get() -> Self {
        *BASE.get_or_init(Base::new)
    }

    /// The two cannot be read at once. The `Instant` is the earlier one, so that clocks show a little less than `Instant`s do, and
    /// nothing is early; of a few attempts the one counts that took the shortest time, which is some 50 ns.
    fn new() -> Self {
        let attempt = || {
            let before = sys::monotonic_nanos();
            let base = Base { instant: Instant::now(), nanos: sys::monotonic_nanos() };
            (base.nanos - before, base)
        };
        let (mut shortest, mut best) = attempt();
        for _ in 0..8 {
            let (took, base) = attempt();
            if took < shortest {
                (shortest, best) = (took, base);
            }
        }
        best
    }
}

impl Clock {
    pub(crate) fn new() -> Self {
        Clock {
            base: Base::get(),
            origin: Origin::here(),
            version: AtomicU32::new(0),
            frozen: AtomicU64::new(RUNNING),
            offset: AtomicU64::new(0),
            changing: Mutex::new(()),
        }
    }

    /// The time, in nanoseconds since the first clock was made.
    #[inline]
    pub(crate) fn now(&self) -> Nanos {
        loop {
            let version = self.version.load(Ordering::Acquire);
            let now = self.read();
            fence(Ordering::Acquire);
            let settled = version % 2 == 0 && self.version.load(Ordering::Relaxed) == version;
            // In the child of a fork, the thread that was at it may not be there.
            if settled || !self.origin.is_here() {
                return now;
            }
            thread::yield_now();
        }
    }

    #[inline]
    fn read(&self) -> Nanos {
        match self.frozen.load(Ordering::Relaxed) {
            RUNNING => self.real().wrapping_add(self.offset.load(Ordering::Relaxed)),
            frozen => frozen,
        }
    }

    #[inline]
    fn real(&self) -> Nanos {
        sys::monotonic_nanos().saturating_sub(self.base.nanos)
    }

    /// The clock's time as an [`Instant`].
    pub(crate) fn now_instant(&self) -> Instant {
        self.instant(self.now())
    }

    /// The instant of `nanos`. 584 years after now is within what Linux's `Instant` holds.
    pub(crate) fn instant(&self, nanos: Nanos) -> Instant {
        self.base.instant + Duration::from_nanos(nanos)
    }

    /// The nanoseconds of `instant`: 0 for one before the first clock was made, [`NEVER`] for one out of range.
    pub(crate) fn nanos(&self, instant: Instant) -> Nanos {
        saturating_nanos(instant.saturating_duration_since(self.base.instant))
    }

    /// The deadline `after` from now.
    #[inline]
    pub(crate) fn deadline(&self, after: Duration) -> Nanos {
        self.now().saturating_add(saturating_nanos(after))
    }

    #[inline]
    pub(crate) fn is_paused(&self) -> bool {
        self.frozen.load(Ordering::Relaxed) != RUNNING
    }

    /// Freezes time where it is. False when it was frozen already.
    pub(crate) fn pause(&self) -> bool {
        let Some(_change) = self.change() else { return false };
        let running = !self.is_paused();
        // Of a clock that is frozen, this stores what it holds.
        self.frozen.store(self.read(), Ordering::Relaxed);
        running
    }

    /// Lets time run on from where it stands. False when it was running.
    pub(crate) fn resume(&self) -> bool {
        let Some(_change) = self.change() else { return false };
        let frozen = self.frozen.load(Ordering::Relaxed);
        if frozen == RUNNING {
            return false;
        }
        self.offset.store(frozen.wrapping_sub(self.real()), Ordering::Relaxed);
        self.frozen.store(RUNNING, Ordering::Relaxed);
        true
    }

    /// Moves frozen time on to `to`, never back. Does nothing while time runs.
    pub(crate) fn advance_to(&self, to: Nanos) {
        let Some(_change) = self.change() else { return };
        if self.is_paused() {
            self.frozen.fetch_max(to.min(LAST), Ordering::Relaxed);
        }
    }

    /// Moves time on to `to`, never back, whether it is frozen or runs.
    pub(crate) fn skip_to(&self, to: Nanos) {
        let Some(_change) = self.change() else { return };
        let ahead = to.min(LAST).saturating_sub(self.read());
        let word = if self.is_paused() { &self.frozen } else { &self.offset };
        word.fetch_add(ahead, Ordering::Relaxed);
    }

    /// Begins a change; dropping the guard ends it. `None` in the child of a fork, where the lock may be held for ever.
    fn change(&self) -> Option<Change<'_>> {
        if !self.origin.is_here() {
            return None;
        }
        let lock = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let version = self.version.load(Ordering::Relaxed).wrapping_add(1);
        self.version.store(version, Ordering::Relaxed);
        // Readers that see a store of this change must see the odd version too. And it must be out before this thread
        // reads the system's clock: a reader that still finds the version even has then read the clock before, or it
        // could show a later time than the one that is frozen.
        fence(Ordering::SeqCst);
        self.let_readers_finish();
        Some(Change { clock: self, version, _lock: lock })
    }

    /// A reader that saw the even version may have read the system's clock a moment later than its second look at the version
    /// (processors order neither against the other). What this change reads must be later still.
    fn let_readers_finish(&self) {
        let begun = self.real();
        while self.real().saturating_sub(begun) < SETTLING {
            hint::spin_loop();
        }
    }
}

/// A change under way.
struct Change<'a> {
    clock: &'a Clock,
    version: u32,
    _lock: MutexGuard<'a, ()>,
}

impl Drop for Change<'_> {
    fn drop(&mut self) {
        self.clock.version.store(self.version.wrapping_add(1), Ordering::Release);
    }
}

/// Whether `deadline` has come at `now`. [`NEVER`] has not.
#[inline]
pub(crate) fn is_due(deadline: Nanos, now: Nanos) -> bool {
    deadline <= now && deadline != NEVER
}

/// `duration` in nanoseconds, [`NEVER`] for one of 584 years and more.
#[inline]
pub(crate) fn saturating_nanos(duration: Duration) -> Nanos {
    let seconds = duration.as_secs().saturating_mul(1_000_000_000);
    seconds.saturating_add(u64::from(duration.subsec_nanos()))
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    const HOUR: Nanos = 3_600_000_000_000;

    #[test]
    fn frozen_time_stands_until_it_is_advanced() {
        let clock = Clock::new();
        assert!(clock.pause());
        assert!(!clock.pause());
        let frozen = clock.now();
        std::thread::sleep(Duration::from_millis(2));
        assert_eq!(clock.now(), frozen);
        clock.advance_to(frozen + HOUR);
        assert_eq!(clock.now(), frozen + HOUR);
        clock.advance_to(frozen);
        assert_eq!(clock.now(), frozen + HOUR, "time went back");
    }

    #[test]
    fn resumed_time_runs_on_from_where_it_stood() {
        let clock = Clock::new();
        assert!(!clock.resume());
        clock.pause();
        let frozen = clock.now();
        clock.advance_to(frozen + HOUR);
        assert!(clock.resume());
        let resumed = clock.now();
        assert!((frozen + HOUR..frozen + 2 * HOUR).contains(&resumed));
        while clock.now() == resumed {}
        assert!(clock.now() > resumed);
    }

    #[test]
    fn a_pause_loses_the_time_it_lasts() {
        let clock = Clock::new();
        clock.pause();
        let frozen = clock.now();
        std::thread::sleep(Duration::from_millis(20));
        let before_resume = Instant::now();
        clock.resume();
        assert!(clock.now() - frozen <= saturating_nanos(before_resume.elapsed()));
    }

    #[test]
    fn only_a_skip_moves_running_time() {
        let clock = Clock::new();
        let start = clock.now();
        clock.advance_to(start + HOUR);
        assert!(clock.now() < start + HOUR);
        clock.skip_to(start + HOUR);
        assert!((start + HOUR..start + 2 * HOUR).contains(&clock.now()));
        clock.skip_to(start);
        assert!(clock.now() >= start + HOUR, "time went back");
    }

    #[test]
    fn instants_and_nanoseconds_agree_between_clocks() {
        let (one, other) = (Clock::new(), Clock::new());
        let now = Instant::now();
        assert_eq!(one.nanos(now), other.nanos(now));
        assert_eq!(one.instant(one.nanos(now)), now);
        assert_eq!(
            one.nanos(now - Duration::from_secs(1_000_000).min(one.base.instant.elapsed())),
            one.nanos(one.base.instant)
        );
    }

    #[test]
    fn a_clock_is_never_ahead_of_instants_and_hardly_behind() {
        let clock = Clock::new();
        for _ in 0..1_000 {
            let before = Instant::now();
            let shown = clock.now();
            assert!(shown <= clock.nanos(Instant::now()), "early");
            assert!(shown + 1_000_000 >= clock.nanos(before), "more than a millisecond late");
        }
    }

    /// TM2
    #[test]
    fn no_duration_overflows() {
        let clock = Clock::new();
        assert_eq!(clock.deadline(Duration::MAX), NEVER);
        assert_eq!(saturating_nanos(Duration::from_nanos(NEVER)), NEVER);
        assert_eq!(saturating_nanos(Duration::from_nanos(NEVER - 1)), NEVER - 1);
        clock.pause();
        clock.advance_to(NEVER);
        assert_eq!(clock.now(), NEVER - 1);
        assert!(clock.is_paused(), "the last instant must not read as running");
        assert_eq!(clock.deadline(Duration::from_secs(1)), NEVER);
        clock.instant(NEVER);
    }

    #[test]
    fn never_backwards_while_another_thread_changes_it() {
        let clock = Clock::new();
        std::thread::scope(|scope| {
            let readers = [(); 2].map(|()| {
                scope.spawn(|| {
                    let mut last = clock.now();
                    for _ in 0..20_000 {
                        let now = clock.now();
                        assert!(now >= last, "{now} after {last}");
                        last = now;
                    }
                })
            });
            while !readers.iter().all(|reader| reader.is_finished()) {
                clock.pause();
                clock.advance_to(clock.now() + 1_000);
                clock.resume();
            }
        });
    }
}
