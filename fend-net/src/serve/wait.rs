//! Waiting for a while, with what there is to wait with.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use fend_reactor::time::{Sleep, try_sleep};

/// Resolves after `duration`.
///
/// # Errors
///
/// When there is neither a runtime nor a thread for it.
pub(super) fn wait_for(duration: Duration) -> io::Result<Wait> {
    match try_sleep(duration) {
        Ok(sleep) => Ok(Wait::Timer(sleep)),
        // On a foreign executor, when there are no descriptors for a runtime. A thread needs none.
        Err(_) => Nap::begin(duration).map(Wait::Thread),
    }
}

/// Future of [`wait_for`].
pub(super) enum Wait {
    Timer(Sleep),
    Thread(Arc<Nap>),
}

impl Future for Wait {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match &mut *self {
            Wait::Timer(sleep) => Pin::new(sleep).poll(cx),
            Wait::Thread(nap) => nap.poll(cx),
        }
    }
}

/// A thread that sleeps.
#[derive(Default)]
pub(super) struct Nap(Mutex<Stage>);

#[derive(Default)]
enum Stage {
    #[default]
    Unpolled,
    Waited(Waker),
    Over,
}

impl Nap {
    fn begin(duration: Duration) -> io::Result<Arc<Nap>> {
        let nap = Arc::new(Nap::default());
        let sleeper = nap.clone();
        thread::Builder::new().name("fend-pause".into()).spawn(move || {
            thread::sleep(duration);
            if let Stage::Waited(waker) = sleeper.enter(Stage::Over) {
                waker.wake();
            }
        })?;
        Ok(nap)
    }

    fn enter(&self, stage: Stage) -> Stage {
        std::mem::replace(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner), stage)
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        let next = Stage::Waited(cx.waker().clone());
        match self.enter(next) {
            Stage::Over => {
                // The waker is dropped here, after the lock.
                drop(self.enter(Stage::Over));
                Poll::Ready(())
            }
            Stage::Unpolled | Stage::Waited(_) => Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_nap_ends_in_time_and_stays_over() {
        let start = Instant::now();
        let length = Duration::from_millis(200);
        let mut wait = Wait::Thread(Nap::begin(length).unwrap());
        assert!(Pin::new(&mut wait).poll(&mut Context::from_waker(Waker::noop())).is_pending());
        futures_lite::future::block_on(&mut wait);
        assert!(start.elapsed() >= length);
        assert!(Pin::new(&mut wait).poll(&mut Context::from_waker(Waker::noop())).is_ready());
    }
}
