//! What the current thread is doing for which runtime: found by `spawn`, timers and sources.

use std::sync::Arc;
use std::task::{Context, Poll};

use crate::clock::Clock;
use crate::driver::Driver;

/// The driver that this thread registers with: its worker's, else one of the process-wide default runtime.
pub(crate) fn current_driver() -> Arc<Driver> {
    todo!()
}

/// A driver of the process-wide default runtime, which is never shut down.
pub(crate) fn default_driver() -> Arc<Driver> {
    todo!()
}

/// All drivers of the current runtime.
pub(crate) fn current_drivers() -> Vec<Arc<Driver>> {
    todo!()
}

/// The clock of the current runtime.
pub(crate) fn current_clock() -> Arc<Clock> {
    todo!()
}

/// Takes one unit of the running task's I/O budget. When it is used up, the task is woken and must return
/// `Pending`, so that one busy source cannot starve its worker. Unlimited outside fend's tasks.
#[inline]
pub(crate) fn poll_budget(_cx: &mut Context<'_>) -> Poll<()> {
    Poll::Ready(())
}
