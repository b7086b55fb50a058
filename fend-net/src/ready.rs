//! Waiting for readiness alone, with nothing read or written.
//!
//! What the driver believes may be out of date: a socket starts out with assumed readiness, and an operation that another
//! task did in between takes data away without its knowledge. So the kernel is asked once, with a poll(2) that does not wait,
//! before "ready" is said. Readiness that turns out stale is cleared by that, and the wait goes on. The question consumes
//! nothing, not even a pending error.

use std::io;
use std::os::fd::AsFd;
use std::task::{Context, Poll};

use fend_reactor::io::{AsyncFd, Direction};
use socket2::Socket;

use crate::sys;

/// Resolves when `direction` is ready in truth.
pub(crate) async fn ready(fd: &AsyncFd<Socket>, direction: Direction) -> io::Result<()> {
    fd.with(direction, |socket| holds_now(socket, direction)).await
}

/// [`ready`], polled.
pub(crate) fn poll_ready(
    fd: &AsyncFd<Socket>,
    cx: &mut Context<'_>,
    direction: Direction,
) -> Poll<io::Result<()>> {
    fd.poll_with(cx, direction, |socket| holds_now(socket, direction))
}

/// `WouldBlock` when the kernel says that `direction` is not ready.
fn holds_now(socket: &Socket, direction: Direction) -> io::Result<()> {
    // poll(2) adds POLLERR and POLLHUP by itself: an operation that would fail does not block either.
    match sys::poll_now(socket.as_fd(), events(direction))? {
        0 => Err(io::ErrorKind::WouldBlock.into()),
        _ => Ok(()),
    }
}

fn events(direction: Direction) -> libc::c_short {
    match direction {
        Direction::Read => libc::POLLIN | libc::POLLRDHUP,
        Direction::Write => libc::POLLOUT,
        Direction::Priority => libc::POLLPRI,
        Direction::PeerClosed => libc::POLLRDHUP,
    }
}
