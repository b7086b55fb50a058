//! Waiting for a future, but not for ever.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use futures_core::future::FusedFuture;
use pin_project_lite::pin_project;

use super::sleep::{Sleep, sleep, sleep_until};

/// Waits for `future`, for `duration` at most.
///
/// The time runs from this call. At each poll the future goes first: one that is ready gives its value even when the time is up,
/// and with a `duration` of zero this asks "are you ready now?". A future that keeps its task busy without ever
/// waiting is not interrupted.
///
/// # Errors
///
/// [`Elapsed`] when the time is up. The future was dropped before this is returned, so that what it held is free again.
///
/// # Cancel safety
///
/// Dropping the [`Timeout`] drops `future`, and so does its expiry: `future` must be cancel safe itself where that matters.
///
/// # Examples
///
/// ```
/// use std::future::{pending, ready};
/// use std::time::Duration;
/// # use fend_reactor as fend;
/// use fend::time::timeout;
///
/// fend::block_on(async {
///     assert_eq!(timeout(Duration::ZERO, ready(7)).await, Ok(7));
///
///     let error = timeout(Duration::from_millis(5), pending::<()>()).await.unwrap_err();
///     assert_eq!(error.to_string(), "deadline has elapsed after 5ms");
/// });
/// ```
pub fn timeout<F: Future>(duration: Duration, future: F) -> Timeout<F> {
    Timeout::new(sleep(duration), duration, future)
}

/// Waits for `future`, until `deadline` at the latest, on the clock that [`now`](super::now) reads.
///
/// See [`timeout()`], also for errors and cancel safety.
///
/// # Examples
///
/// Several steps with one deadline:
///
/// ```
/// use std::time::Duration;
/// # use fend_reactor as fend;
/// use fend::time::{now, sleep, timeout_at};
///
/// fend::block_on(async {
///     let deadline = now() + Duration::from_millis(20);
///     assert!(timeout_at(deadline, sleep(Duration::from_millis(1))).await.is_ok());
///     assert!(timeout_at(deadline, sleep(Duration::from_secs(3600))).await.is_err());
///     assert!(now() >= deadline);
/// });
/// ```
pub fn timeout_at<F: Future>(deadline: Instant, future: F) -> Timeout<F> {
    let sleep = sleep_until(deadline);
    let left = sleep.deadline_nanos().saturating_sub(sleep.now());
    Timeout::new(sleep, Duration::from_nanos(left), future)
}

pin_project! {
    /// Future of [`timeout()`] and [`timeout_at`].
    #[must_use = "a timeout does nothing unless it is awaited"]
    pub struct Timeout<F> {
        // Gone once this has returned.
        #[pin]
        future: Option<F>,
        sleep: Sleep,
        // What was asked for, for the message.
        duration: Duration,
    }
}

impl<F> Timeout<F> {
    pub(super) fn new(sleep: Sleep, duration: Duration, future: F) -> Self {
        Timeout { future: Some(future), sleep, duration }
    }

    /// When the time is up.
    pub fn deadline(&self) -> Instant {
        self.sleep.deadline()
    }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    /// # Panics
    ///
    /// When polled again after it has returned.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let future = this.future.as_mut().as_pin_mut().expect("`Timeout` polled after it has returned");
        if let Poll::Ready(value) = future.poll(cx) {
            this.sleep.disarm();
            this.future.set(None);
            return Poll::Ready(Ok(value));
        }
        // Not charged to the task's budget: a future that has just used it up must still time out.
        ready!(this.sleep.poll_elapsed(cx));
        this.future.set(None);
        Poll::Ready(Err(Elapsed { after: *this.duration }))
    }
}

/// Terminated once it has given the result.
impl<F: Future> FusedFuture for Timeout<F> {
    fn is_terminated(&self) -> bool {
        self.future.is_none()
    }
}

impl<F> fmt::Debug for Timeout<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timeout").field("sleep", &self.sleep).finish_non_exhaustive()
    }
}

/// The error of [`timeout()`] and [`timeout_at`]: the time was up first.
///
/// Into [`io::Error`] it goes with the kind [`TimedOut`](io::ErrorKind::TimedOut).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Elapsed {
    after: Duration,
}

impl Elapsed {
    /// How long was waited for: what [`timeout()`] was given, or what was left for [`timeout_at`] when it was called.
    pub fn duration(&self) -> Duration {
        self.after
    }
}

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "deadline has elapsed after {:?}", self.after)
    }
}

impl Error for Elapsed {}

impl From<Elapsed> for io::Error {
    fn from(elapsed: Elapsed) -> Self {
        io::Error::new(io::ErrorKind::TimedOut, elapsed)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_error_says_how_long() {
        let elapsed = Elapsed { after: Duration::from_millis(1500) };
        assert_eq!(elapsed.to_string(), "deadline has elapsed after 1.5s");
        let error = io::Error::from(elapsed);
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(error.to_string(), "deadline has elapsed after 1.5s");
        assert_eq!(error.get_ref().and_then(|inner| inner.downcast_ref()), Some(&elapsed));
    }
}
