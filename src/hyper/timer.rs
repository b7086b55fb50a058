//! hyper's sleeps are fend's.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt;

use crate::time;

/// Makes hyper's sleeps of fend's timers: for everything that takes a `hyper::rt::Timer`.
///
/// hyper has many limits of time and no clock of its own. Without a timer a server does not end a client that never sends its headers, and
/// hyper panics where a limit was asked for, such as that of HTTP/2's keep-alive pings, at either end. A sleep that is reset stays in its
/// place and allocates nothing. Time is the runtime's, so that a test with a
/// [paused clock](crate::time::pause) need not wait.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use fend::hyper::Timer;
/// use hyper::server::conn::http1;
///
/// let mut builder = http1::Builder::new();
/// builder.timer(Timer).header_read_timeout(Duration::from_secs(10));
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Timer;

#[derive(Debug)]
struct Sleep(time::Sleep);

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl rt::Sleep for Sleep {}

impl rt::Timer for Timer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn rt::Sleep>> {
        Box::pin(Sleep(time::sleep(duration)))
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn rt::Sleep>> {
        Box::pin(Sleep(time::sleep_until(deadline)))
    }

    fn now(&self) -> Instant {
        time::now()
    }

    fn reset(&self, sleep: &mut Pin<Box<dyn rt::Sleep>>, deadline: Instant) {
        match sleep.as_mut().downcast_mut_pin::<Sleep>() {
            Some(mut sleep) => sleep.0.reset(deadline),
            None => *sleep = self.sleep_until(deadline),
        }
    }
}

#[cfg(test)]
mod tests {
    use hyper::rt::Timer as _;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn place(sleep: &Pin<Box<dyn rt::Sleep>>) -> *const () {
        std::ptr::from_ref(&**sleep).cast()
    }

    #[test]
    fn a_sleep_that_is_reset_stays_where_it_is() {
        crate::block_on(async {
            let mut sleep = Timer.sleep(HOUR);
            let before = place(&sleep);
            futures_lite::future::poll_once(&mut sleep).await;
            Timer.reset(&mut sleep, Timer.now());
            assert_eq!(place(&sleep), before);
            sleep.await;
        });
    }

    #[test]
    fn a_sleep_that_is_over_can_be_reset() {
        crate::block_on(async {
            let mut sleep = Timer.sleep_until(Timer.now());
            (&mut sleep).await;
            Timer.reset(&mut sleep, Timer.now() + HOUR);
            assert!(futures_lite::future::poll_once(&mut sleep).await.is_none());
        });
    }

    /// hyper makes some before anybody waits for them.
    #[test]
    fn a_sleep_that_nobody_has_polled_can_be_reset() {
        let mut sleep = Timer.sleep(HOUR);
        Timer.reset(&mut sleep, Timer.now());
        crate::block_on(sleep);
    }

    /// Whoever polls last is woken, on whichever thread that is.
    #[test]
    fn a_sleep_that_was_polled_elsewhere_can_be_reset() {
        let mut sleep = Timer.sleep(HOUR);
        crate::block_on(async { assert!(futures_lite::future::poll_once(&mut sleep).await.is_none()) });
        let other = crate::Runtime::builder().worker_threads(1).build().unwrap();
        other.block_on(async {
            crate::spawn(async move {
                Timer.reset(&mut sleep, Timer.now());
                sleep.await;
            })
            .await
            .unwrap();
        });
    }

    /// Of whoever was the timer before.
    #[test]
    fn a_sleep_that_is_not_ours_is_replaced() {
        #[derive(Debug)]
        struct Never;
        impl Future for Never {
            type Output = ();

            fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
                Poll::Pending
            }
        }
        impl rt::Sleep for Never {}

        let mut sleep: Pin<Box<dyn rt::Sleep>> = Box::pin(Never);
        crate::block_on(async {
            Timer.reset(&mut sleep, Timer.now());
            sleep.await;
        });
    }

    #[test]
    fn a_paused_clock_is_hypers_too() {
        let runtime = crate::Runtime::builder().worker_threads(1).start_paused(true).build().unwrap();
        runtime.block_on(async {
            let (begin, wall) = (Timer.now(), Instant::now());
            Timer.sleep(24 * HOUR).await;
            assert_eq!(Timer.now() - begin, 24 * HOUR);
            assert!(wall.elapsed() < HOUR);
        });
    }
}
