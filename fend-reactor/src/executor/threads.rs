//! The background threads of one kind that a runtime has started, so that its shutdown can wait for them.
//!
//! Threads are detached: joining could wait without bound for a thread-local destructor of the user's. Instead each
//! one signs off as its very last step, after it has dropped everything of the runtime.

use std::io;
use std::sync::Arc;
#[cfg(not(loom))]
use std::thread;
use std::time::{Duration, Instant};

#[cfg(loom)]
use loom::thread;

use crate::fork::Origin;
use crate::sync::{Condvar, Mutex};

#[derive(Debug, Default)]
pub(super) struct Threads {
    origin: Origin,
    alive: Mutex<usize>,
    signed_off: Condvar,
}

impl Threads {
    /// Starts a thread.
    ///
    /// # Errors
    /// `EAGAIN` when the limit of threads is reached, with the thread's name in the message.
    pub(super) fn start(
        self: &Arc<Self>,
        name: String,
        stack_size: Option<usize>,
        body: impl FnOnce() + Send + 'static,
    ) -> io::Result<()> {
        *self.alive.lock() += 1;
        let sign_off = SignOff(self.clone());
        let mut builder = thread::Builder::new().name(name.clone());
        if let Some(stack_size) = stack_size {
            builder = builder.stack_size(stack_size);
        }
        // When the thread cannot be made, the closure is dropped, and signs off.
        builder
            .spawn(move || {
                let _sign_off = sign_off;
                body();
            })
            .map(drop)
            .map_err(|error| io::Error::new(error.kind(), format!("cannot start thread {name:?}: {error}")))
    }

    /// Waits until all have signed off, or `deadline`. Gives the number that has not.
    pub(super) fn wait(&self, deadline: Instant) -> usize {
        let mut alive = self.alive.lock();
        while *alive > 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            alive = self.signed_off.wait_timeout(alive, left);
        }
        *alive
    }
}

/// 30 years, when more than an `Instant` holds was asked for.
pub(super) fn deadline(timeout: Duration) -> Instant {
    Instant::now().checked_add(timeout).unwrap_or_else(|| Instant::now() + Duration::from_secs(1 << 30))
}

struct SignOff(Arc<Threads>);

impl Drop for SignOff {
    fn drop(&mut self) {
        if !self.0.origin.is_here() {
            return;
        }
        *self.0.alive.lock() -= 1;
        self.0.signed_off.notify_all();
    }
}
