//! Waiting for readiness alone, with nothing read or written.
//!
//! What the driver believes may be out of date: a socket starts out with assumed readiness, and an operation that another
//! task did in between takes data away without its knowledge. So the kernel is asked once, with a poll(2) that does not wait,
//! before "ready" is said. Readiness that turns out stale is cleared by that, and the wait goes on. The question consumes
//! nothing, neither a pending error nor the announcement of an urgent byte, which the receive after it needs.

use std::future::{pending, poll_fn};
use std::io;
use std::os::fd::AsFd;
use std::pin::pin;
use std::task::{Context, Poll};

use fend_reactor::io::{AsyncFd, Direction, Interest, Readiness};

use crate::sys;

/// Resolves when `direction` is ready in truth.
pub(crate) async fn ready<S: AsFd>(fd: &AsyncFd<S>, direction: Direction) -> io::Result<()> {
    fd.ask_with(direction, |socket| holds_now(socket, direction)).await
}

/// Resolves when any direction of `interest` is ready in truth: all that the kernel says of them then.
pub(crate) async fn ready_any<S: AsFd>(fd: &AsyncFd<S>, interest: Interest) -> io::Result<Readiness> {
    ready_any_as(fd, interest, readiness_now).await
}

/// [`ready_any`] for the end of a pipe, where `POLLERR` tells that the other one is gone.
pub(crate) async fn ready_any_of_pipe<S: AsFd>(fd: &AsyncFd<S>, interest: Interest) -> io::Result<Readiness> {
    ready_any_as(fd, interest, |pipe, direction| told_by(pipe, direction, |events| events)).await
}

/// `ask` says what holds now of a direction, and `WouldBlock` when that is nothing.
async fn ready_any_as<S: AsFd>(
    fd: &AsyncFd<S>,
    interest: Interest,
    ask: impl Fn(&S, Direction) -> io::Result<Readiness> + Copy,
) -> io::Result<Readiness> {
    let mut read = pin!(ready_if_wanted(fd, interest, Direction::Read, ask));
    let mut write = pin!(ready_if_wanted(fd, interest, Direction::Write, ask));
    let mut priority = pin!(ready_if_wanted(fd, interest, Direction::Priority, ask));
    let mut peer_closed = pin!(ready_if_wanted(fd, interest, Direction::PeerClosed, ask));
    poll_fn(|cx| {
        let mut found = Readiness::NONE;
        // All are polled, so that each leaves its waker and what is ready is told together.
        for wait in [read.as_mut(), write.as_mut(), priority.as_mut(), peer_closed.as_mut()] {
            if let Poll::Ready(readiness) = wait.poll(cx) {
                found |= readiness?;
            }
        }
        if found.is_empty() { Poll::Pending } else { Poll::Ready(Ok(found)) }
    })
    .await
}

/// What the kernel says once `direction` is ready. Never resolves when it is not part of `interest`.
async fn ready_if_wanted<S: AsFd>(
    fd: &AsyncFd<S>,
    interest: Interest,
    direction: Direction,
    ask: impl Fn(&S, Direction) -> io::Result<Readiness>,
) -> io::Result<Readiness> {
    if interest | alone(direction) != interest {
        return pending().await;
    }
    fd.ask_with(direction, |socket| ask(socket, direction)).await
}

fn alone(direction: Direction) -> Interest {
    match direction {
        Direction::Read => Interest::READABLE,
        Direction::Write => Interest::WRITABLE,
        Direction::Priority => Interest::PRIORITY,
        Direction::PeerClosed => Interest::PEER_CLOSED,
    }
}

/// [`ready`], polled.
pub(crate) fn poll_ready<S: AsFd>(
    fd: &AsyncFd<S>,
    cx: &mut Context<'_>,
    direction: Direction,
) -> Poll<io::Result<()>> {
    fd.poll_ask_with(cx, direction, |socket| holds_now(socket, direction))
}

/// `WouldBlock` when the kernel says that `direction` is not ready.
fn holds_now(socket: &impl AsFd, direction: Direction) -> io::Result<()> {
    readiness_now(socket, direction).map(drop)
}

/// Whether a send would not block, as far as this socket alone is concerned.
pub(crate) fn is_writable_now(socket: &impl AsFd) -> io::Result<bool> {
    sys::poll_now(socket.as_fd(), libc::POLLOUT).map(|events| events != 0)
}

/// What `receive` gives. Where it says `WouldBlock` although the read direction was shut down, `end` in place of that.
///
/// The kernel says so of a Unix listener and a Unix datagram socket in non-blocking mode, and calls them readable all the same: who
/// waits for more would wait for ever, or without rest.
pub(crate) fn unless_shut_down<T>(
    socket: &impl AsFd,
    mut receive: impl FnMut() -> io::Result<T>,
    end: impl FnOnce() -> io::Result<T>,
) -> io::Result<T> {
    match receive() {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
        other => return other,
    }
    if sys::poll_now(socket.as_fd(), libc::POLLRDHUP)? & libc::POLLRDHUP == 0 {
        return Err(io::ErrorKind::WouldBlock.into());
    }
    // Something may have come just before the shutdown.
    match receive() {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => end(),
        other => other,
    }
}

/// Resolves when the other end of a pipe is gone, of which the writer is told by `POLLERR` alone.
pub(crate) async fn other_end_gone<S: AsFd>(fd: &AsyncFd<S>) -> io::Result<()> {
    let asked = events(Direction::PeerClosed);
    let gone = |pipe: &S| match sys::poll_now(pipe.as_fd(), asked)? {
        0 => Err(io::ErrorKind::WouldBlock.into()),
        _ => Ok(()),
    };
    fd.ask_with(Direction::PeerClosed, gone).await
}

/// What the kernel says of `direction`; `WouldBlock` when that is nothing.
fn readiness_now(socket: &impl AsFd, direction: Direction) -> io::Result<Readiness> {
    // Of a socket POLLERR alone says nothing about the peer: its error queue has something to tell, a time stamp for example.
    told_by(socket, direction, |events| match direction {
        Direction::PeerClosed => events & !libc::POLLERR,
        Direction::Read | Direction::Write | Direction::Priority => events,
    })
}

/// What the kernel says of `direction`, if there is something in it that counts.
fn told_by(
    fd: &impl AsFd,
    direction: Direction,
    counts: impl Fn(libc::c_short) -> libc::c_short,
) -> io::Result<Readiness> {
    // poll(2) adds POLLERR and POLLHUP by itself: an operation that would fail does not block either.
    let events = sys::poll_now(fd.as_fd(), events(direction))?;
    if counts(events) == 0 { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(readiness(events)) }
}

fn events(direction: Direction) -> libc::c_short {
    match direction {
        Direction::Read => libc::POLLIN | libc::POLLRDHUP,
        Direction::Write => libc::POLLOUT,
        Direction::Priority => libc::POLLPRI,
        Direction::PeerClosed => libc::POLLRDHUP,
    }
}

fn readiness(events: libc::c_short) -> Readiness {
    [
        (libc::POLLIN, Readiness::READABLE),
        (libc::POLLOUT, Readiness::WRITABLE),
        (libc::POLLPRI, Readiness::PRIORITY),
        (libc::POLLRDHUP, Readiness::READ_CLOSED),
        (libc::POLLHUP, Readiness::READ_CLOSED | Readiness::WRITE_CLOSED),
        // An fd that is not open can do nothing but fail.
        (libc::POLLERR | libc::POLLNVAL, Readiness::ERROR),
    ]
    .into_iter()
    .filter(|(bits, _)| events & bits != 0)
    .fold(Readiness::NONE, |all, (_, readiness)| all | readiness)
}
