//! Calls that never wait, made where they are asked for. They take their share of the task's budget all the same: `/dev/zero` has no end.

use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll, ready};

use crate::context::poll_budget;

pub(super) async fn direct(mut call: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    poll_fn(|cx| poll_direct(cx, &mut call)).await
}

pub(super) fn poll_direct(
    cx: &mut Context<'_>,
    call: impl FnMut() -> io::Result<usize>,
) -> Poll<io::Result<usize>> {
    ready!(poll_budget(cx));
    Poll::Ready(uninterrupted(call))
}

/// Makes the call again when a signal has interrupted it.
pub(super) fn uninterrupted(mut call: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
