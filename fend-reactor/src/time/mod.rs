//! Waiting for a moment: sleeps, timeouts, intervals and timers.
//!
//! - [`sleep()`] and [`sleep_until`] wait once.
//! - [`timeout()`] and [`timeout_at`] wait for a future, but not for ever.
//! - [`interval()`] and [`interval_at`] tick.
//! - [`Timer`] is set, disarmed and asked for the time left, like a
//!   [timerfd](https://man7.org/linux/man-pages/man2/timerfd_create.2.html).
//! - [`BootTimer`] goes by a clock that counts the time in which the computer is suspended, [`WallTimer`] by the time of day, and says
//!   when that was set.
//!
//! # What is promised
//!
//! **Never early.** Deadlines are kept to the nanosecond, on the clock of [`Instant`] (`CLOCK_MONOTONIC`, which stands still
//! while the computer is suspended). Nothing here is ready before its deadline.
//!
//! **A little late.** The kernel wakes a waiting thread some 50 µs after the time it was asked for (its timer slack, see
//! `PR_SET_TIMERSLACK` in [prctl(2)](https://man7.org/linux/man-pages/man2/prctl.2.html)); then the task waits for its turn
//! on a worker. Nothing rounds to milliseconds on Linux 5.11 or later; before, epoll waits in whole milliseconds, rounded
//! up. A worker that is kept busy by one task delays its other tasks, and
//! those that fall due meanwhile.
//!
//! **Any duration is legal.** Zero and the past are ready at once. A deadline more than 584 years after the program first
//! used a clock, such as that of [`Duration::MAX`](std::time::Duration::MAX), does not come; waiting for it costs nothing and never panics.
//!
//! **Any thread, any executor.** What is made here belongs to the runtime of the thread that first waits for it. Outside any
//! runtime, or when that runtime was shut down, the process-wide default runtime keeps the time: nothing hangs.
//!
//! # Cost
//!
//! A timer that is armed takes 40 bytes in its runtime and no allocation. Arming and disarming each take one short lock; what
//! is polled again before its deadline by the same task takes none.
//!
//! # A clock for tests
//!
//! [`pause`] stops the clock of the current runtime, as `#[fend::test(start_paused = true)]` does from the start. The clock
//! then advances by itself, straight to the next deadline, so that a test of an hour takes no time, but only when nothing
//! else can happen: no task is ready, no blocking job runs, and real I/O has been quiet. With a task waiting for a real file
//! descriptor, the clock waits for 10 ms of real quiet before each jump, since the other end may be about to answer.
//! [`advance`] moves it by hand, and [`now`] reads it.
//!
//! Time is all that stops. File descriptors, threads, other processes, [`BootTimer`], [`WallTimer`] and [`Instant::now`] take no notice, so a test measures
//! with [`now`].

mod boot;
mod boot_instant;
mod interval;
mod paused;
mod sleep;
mod timeout;
mod timer;
mod wall;

use std::time::Instant;

use crate::clock::Clock;

pub use boot::{BootInterval, BootTimer};
pub use boot_instant::BootInstant;
pub use interval::{Interval, MissedTickBehavior, interval, interval_at};
pub use paused::{advance, pause, resume};
#[doc(hidden)]
pub use sleep::try_sleep;
pub use sleep::{Sleep, sleep, sleep_until};
pub use timeout::{Elapsed, Timeout, timeout, timeout_at};
pub use timer::{Timer, TimerStatus};
pub use wall::{WallEvent, WallTimer};

/// The time on the clock of the current runtime.
///
/// This is [`Instant::now`], to within a microsecond, as long as nobody [paused](pause) or [advanced](advance) the clock. Code that takes the time from
/// here can be tested with a paused clock.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// # use fend_reactor as fend;
/// use fend::time;
///
/// fend::block_on(async {
///     let start = time::now();
///     time::sleep(Duration::from_millis(20)).await;
///     assert!(time::now() - start >= Duration::from_millis(20));
/// });
/// ```
#[must_use]
pub fn now() -> Instant {
    crate::context::with_clock(Clock::now_instant)
}

#[cfg(all(test, not(loom)))]
mod tests;
