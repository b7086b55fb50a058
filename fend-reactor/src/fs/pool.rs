//! Where calls on files run: threads that nobody else uses, so that jobs of the user's cannot hold them up.

#[cfg(all(test, not(loom)))]
mod tests;

use std::future::Future;
use std::io;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use crate::executor::{AbortOnDrop, spawn_file_call};

/// Runs `call`, which may block, on the pool for files of the current runtime. Given up early, a call that waits is dropped; one that has
/// begun runs to its end. So there are never more calls in the queue than tasks that wait for one.
pub(crate) async fn run<T: Send + 'static>(
    call: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    AbortOnDrop(spawn_file_call(call)?).await?
}

/// Has `call` made by the pool, and does not wait for it: it runs also when nobody is there any more.
///
/// # Errors
/// When the pool has refused it and dropped it, as far as that is known at once: for want of a thread, or after the runtime's end.
pub(crate) fn start(call: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let handle = pin!(spawn_file_call(call)?);
    match handle.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Err(error)) if error.is_cancelled() => Err(error.into()),
        // A panic is the call's own affair, and was printed.
        Poll::Ready(_) | Poll::Pending => Ok(()),
    }
}
