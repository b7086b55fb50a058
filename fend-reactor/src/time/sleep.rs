//! One wait for one deadline: what everything else in [`time`](super) is made of.
//!
//! A [`Sleep`] is a deadline until a poll finds that it has to wait. Then it takes the driver of its thread, and keeps to it:
//!
//! ```text
//!   new ──poll, must wait──▶ armed ──deadline passes──▶ elapsed
//!             ▲                │  ▲                         │
//!             │             reset └────────reset, poll──────┘
//!             └── driver closed, or left behind in the parent of a fork: take the default one
//! ```
//!
//! While it is armed, the driver holds a clone of the waker, and `waiter` says whose it is, so that a poll that would change
//! nothing takes no lock.

use std::fmt;
use std::future::Future;
use std::num::NonZero;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::ptr::NonNull;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::{Duration, Instant};

use crate::clock::{Clock, NEVER, Nanos, is_due, saturating_nanos};
use crate::context;
use crate::driver::{Driver, TimerKey};

/// Waits for `duration`.
///
/// The time runs from this call, not from the first poll.
///
/// # Cancel safety
///
/// Dropping the [`Sleep`] disarms it. Nothing is lost but the wait itself.
///
/// # Examples
///
/// ```
/// use std::time::{Duration, Instant};
/// # use fend_reactor as fend;
///
/// let start = Instant::now();
/// fend::block_on(fend::time::sleep(Duration::from_millis(10)));
/// assert!(start.elapsed() >= Duration::from_millis(10));
/// ```
pub fn sleep(duration: Duration) -> Sleep {
    Sleep::until(context::now().saturating_add(saturating_nanos(duration)))
}

/// [`sleep`], where a default runtime that is needed and cannot be started is an error and no panic.
///
/// # Errors
///
/// What the default runtime says that cannot be started.
#[doc(hidden)]
pub fn try_sleep(duration: Duration) -> std::io::Result<Sleep> {
    context::try_current_driver()?;
    Ok(sleep(duration))
}

/// Waits until `deadline`, on the clock that [`now`](super::now) reads.
///
/// # Cancel safety
///
/// Dropping the [`Sleep`] disarms it. Nothing is lost but the wait itself.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// # use fend_reactor as fend;
///
/// fend::block_on(async {
///     let deadline = fend::time::now() + Duration::from_millis(10);
///     fend::time::sleep_until(deadline).await;
///     assert!(fend::time::now() >= deadline);
/// });
/// ```
pub fn sleep_until(deadline: Instant) -> Sleep {
    Sleep::until(context::with_clock(|clock| clock.nanos(deadline)))
}

/// Future of [`sleep()`] and [`sleep_until`]: ready once its deadline has passed, and again at every later poll until it is
/// [reset](Sleep::reset).
///
/// It is `Unpin`, so that one `Sleep` can be awaited by `&mut`, reset and awaited again. It wakes the task that polled it
/// last. It keeps to the clock of the runtime whose thread first waited for it.
#[must_use = "a sleep does nothing unless it is awaited"]
pub struct Sleep {
    deadline: Nanos,
    /// Who keeps the time; taken by the first poll that waits.
    driver: Option<Arc<Driver>>,
    /// The timer in the driver. It may have fired since.
    key: Option<TimerKey>,
    /// Who waits, while the timer is armed for `deadline`.
    waiter: Option<Waiter>,
}

/// Whom an armed timer wakes.
///
/// The waker is known by its addresses alone. They are its own as long as the driver holds the clone, which it does until the
/// deadline has passed or the driver closes, and a poll looks at both before it trusts what it compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Waiter {
    data: usize,
    vtable: NonZero<usize>,
}

impl Waiter {
    fn of(waker: &Waker) -> Self {
        Waiter { data: waker.data().addr(), vtable: NonNull::from(waker.vtable()).addr() }
    }
}

impl Sleep {
    /// The deadline.
    ///
    /// One too far to come reads as the last instant that the runtime's clock can show, 584 years after its start.
    pub fn deadline(&self) -> Instant {
        self.with_clock(|clock| clock.instant(self.deadline))
    }

    /// Whether the deadline has passed.
    pub fn is_elapsed(&self) -> bool {
        is_due(self.deadline, self.now())
    }

    /// Waits until `deadline` instead, whether the old one has passed or not.
    ///
    /// A task that waits for it already is woken at the new deadline, earlier or later. One that was woken because the old
    /// deadline passed, and has not looked yet, finds that it has to wait on. This costs less than a new sleep.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// # use fend_reactor as fend;
    /// use fend::time::{now, sleep};
    ///
    /// fend::block_on(async {
    ///     let mut idle = sleep(Duration::from_secs(3600));
    ///     idle.reset(now() + Duration::from_millis(5));
    ///     (&mut idle).await;
    ///     assert!(idle.is_elapsed());
    /// });
    /// ```
    pub fn reset(&mut self, deadline: Instant) {
        self.reset_nanos(self.with_clock(|clock| clock.nanos(deadline)));
    }

    /// Waits for `duration` from now instead. See [`reset`](Sleep::reset).
    pub fn reset_after(&mut self, duration: Duration) {
        self.reset_nanos(self.with_clock(|clock| clock.deadline(duration)));
    }
}

// For the rest of this module's family.
impl Sleep {
    pub(super) fn until(deadline: Nanos) -> Self {
        Sleep { deadline, driver: None, key: None, waiter: None }
    }

    /// For tests that bring their own driver.
    #[cfg(all(test, not(loom)))]
    pub(super) fn on(driver: Arc<Driver>, deadline: Nanos) -> Self {
        Sleep { driver: Some(driver), ..Sleep::until(deadline) }
    }

    pub(super) fn deadline_nanos(&self) -> Nanos {
        self.deadline
    }

    /// Moves the deadline, and with it the timer of whoever waits.
    pub(super) fn reset_nanos(&mut self, deadline: Nanos) {
        self.deadline = deadline;
        // Of a timer that fired, the task is awake and arms again when it polls.
        if self.waiter.is_some() && !self.move_timer(deadline) {
            self.waiter = None;
        }
    }

    fn move_timer(&self, deadline: Nanos) -> bool {
        match (&self.driver, self.key) {
            (Some(driver), Some(key)) => driver.reset_timer(key, deadline),
            _ => false,
        }
    }

    /// The time on the clock that this sleep goes by.
    pub(super) fn now(&self) -> Nanos {
        self.with_clock(Clock::now)
    }

    pub(super) fn with_clock<R>(&self, read: impl FnOnce(&Clock) -> R) -> R {
        match &self.driver {
            Some(driver) => read(driver.clock()),
            None => context::with_clock(read),
        }
    }

    /// Disarms, without changing the deadline. A poll arms again.
    pub(super) fn disarm(&mut self) {
        self.waiter = None;
        if let (Some(driver), Some(key)) = (&self.driver, self.key.take()) {
            driver.cancel_timer(key);
        }
    }

    /// Ready once the deadline has passed. Charges nothing to the task's budget.
    #[inline]
    pub(super) fn poll_elapsed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.driver.is_none() { self.poll_first(cx) } else { self.poll_again(cx) }
    }

    /// The first poll takes the driver, and asks the thread once for all that it must know of it.
    fn poll_first(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let (driver, attended) = context::current_driver_for(cx.waker());
        let driver = self.driver.insert(driver);
        if is_due(self.deadline, driver.clock().now()) {
            return Poll::Ready(());
        }
        self.key = driver.new_timer(self.deadline, cx.waker());
        if self.key.is_none() {
            return self.poll_again(cx);
        }
        self.waiter = Some(Waiter::of(cx.waker()));
        if !attended {
            driver.outside_wait();
        }
        Poll::Pending
    }

    fn poll_again(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let driver = self.driver.get_or_insert_with(context::current_driver);
        if is_due(self.deadline, driver.clock().now()) {
            self.disarm();
            return Poll::Ready(());
        }
        // `close` wakes the task after it has marked the driver, so that a mark not seen here is seen by the next poll.
        if driver.is_over() || self.waiter != Some(Waiter::of(cx.waker())) {
            self.arm(cx.waker());
        }
        if let Some(driver) = &self.driver {
            context::waits_on(driver, cx.waker());
        }
        Poll::Pending
    }

    fn arm(&mut self, waker: &Waker) {
        if !self.arm_at_driver(waker) {
            self.move_to_default_runtime();
            // The default runtime is never shut down. Were it, then polling again and again would at least not hang.
            if !self.arm_at_driver(waker) {
                waker.wake_by_ref();
            }
        }
    }

    /// False when the driver is over.
    fn arm_at_driver(&mut self, waker: &Waker) -> bool {
        self.waiter = None;
        let driver = self.driver.get_or_insert_with(context::current_driver);
        let armed = driver.set_timer(&mut self.key, self.deadline, waker);
        self.waiter = armed.then(|| Waiter::of(waker));
        armed
    }

    /// The runtime that kept the time was shut down, or is another process's. What is left of the wait stays the same, since its clock may have
    /// been ahead of, or behind, the one that takes over.
    fn move_to_default_runtime(&mut self) {
        let left = self.deadline.saturating_sub(self.now());
        let driver = context::default_driver();
        if self.deadline != NEVER {
            self.deadline = driver.clock().now().saturating_add(left);
        }
        self.key = None;
        self.driver = Some(driver);
    }
}

// Wakers, the only foreign code, run when the timers are in order again.
impl UnwindSafe for Sleep {}
impl RefUnwindSafe for Sleep {}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        ready!(self.poll_elapsed(cx));
        context::poll_budget(cx)
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.disarm();
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let deadline = Duration::from_nanos(self.deadline);
        f.debug_struct("Sleep").field("deadline", &deadline).field("armed", &self.waiter.is_some()).finish()
    }
}
