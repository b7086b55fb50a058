//! Turns a stall into a failure.

use std::sync::{PoisonError, RwLock, mpsc};
use std::thread;
use std::time::Duration;

/// Far more than any test here takes on a slow machine: only a stall reaches it.
const STALLED: Duration = Duration::from_secs(60);

/// Tests that measure time have the machine to themselves; the others run beside each other.
static MACHINE: RwLock<()> = RwLock::new(());

/// Runs `body` on a thread of its own; a stall and a panic in it fail the test.
pub(crate) fn unless_it_stalls<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> T {
    run(false, body)
}

/// [`unless_it_stalls`], and `undisturbed`: while no other test of this binary runs. Not to be nested.
pub(crate) fn run<T: Send + 'static>(undisturbed: bool, body: impl FnOnce() -> T + Send + 'static) -> T {
    run_within(STALLED, undisturbed, body)
}

/// [`run`], for tests that may take longer than others: only a stall reaches `limit`.
pub(crate) fn run_within<T: Send + 'static>(
    limit: Duration,
    undisturbed: bool,
    body: impl FnOnce() -> T + Send + 'static,
) -> T {
    let (_all, _one);
    if undisturbed {
        _all = MACHINE.write().unwrap_or_else(PoisonError::into_inner);
    } else {
        _one = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
    }
    let (done, outcome) = mpsc::channel();
    let body = thread::spawn(move || {
        let _ = done.send(body());
    });
    let result = match outcome.recv_timeout(limit) {
        Ok(result) => Some(result),
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("stalled"),
        Err(mpsc::RecvTimeoutError::Disconnected) => None,
    };
    if let Err(panic) = body.join() {
        std::panic::resume_unwind(panic);
    }
    result.expect("a body that did not panic sends its result")
}
