//! Wait, try, and learn from the result: the loop behind every operation on an fd.

use std::fmt;
use std::future::Future;
use std::io;
use std::os::fd::AsFd;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::async_fd::AsyncFd;
use crate::context::poll_budget;
use crate::dispatcher::Direction;
use crate::driver::{Seen, Source, WaiterKey};

/// How a result that is no error tells that the kernel's buffer is empty (or full) now.
pub(super) trait Exhausted<R> {
    fn exhausted(&self, result: &R) -> bool;

    /// Whether success in the direction of priority has taken what was announced.
    fn takes_priority(&self) -> bool {
        true
    }
}

/// Only `WouldBlock` tells. Right for every fd.
#[derive(Debug, Clone, Copy)]
pub(super) struct Never;

impl<R> Exhausted<R> for Never {
    #[inline]
    fn exhausted(&self, _result: &R) -> bool {
        false
    }
}

/// Only `WouldBlock` tells, and what was announced is still there after a success: the operation was a mere question.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question;

impl<R> Exhausted<R> for Question {
    fn exhausted(&self, _result: &R) -> bool {
        false
    }

    fn takes_priority(&self) -> bool {
        false
    }
}

/// A count below this tells. Right for byte streams only: a datagram, or a line from a terminal, is always short. A count of 0
/// is an end of stream or an empty buffer, and tells nothing.
#[derive(Debug, Clone, Copy)]
pub(super) struct ShortOf(pub(super) usize);

impl Exhausted<usize> for ShortOf {
    #[inline]
    fn exhausted(&self, count: &usize) -> bool {
        (1..self.0).contains(count)
    }
}

/// The future of an operation: waits until the source is ready, tries, and waits again after a `WouldBlock`. One future and not
/// one for each of these steps: each would be a state to look up at every poll, and this is what every receive and send of a task goes
/// through. Takes one unit of the task's budget, and that only when ready.
#[must_use = "futures do nothing unless awaited"]
pub(super) struct Attempts<'a, T: AsFd, E, F> {
    fd: &'a AsyncFd<T>,
    /// Of its entry among the waiters.
    key: Option<WaiterKey>,
    exhausted: E,
    op: F,
    direction: Direction,
    charged: bool,
}

impl<'a, T: AsFd, E, F> Attempts<'a, T, E, F> {
    #[inline]
    pub(super) fn new(fd: &'a AsyncFd<T>, direction: Direction, exhausted: E, op: F) -> Self {
        Attempts { fd, key: None, exhausted, op, direction, charged: false }
    }
}

// Nothing of it is pinned: `op` is called, and never polled.
impl<T: AsFd, E, F> Unpin for Attempts<'_, T, E, F> {}

impl<T, R, E, F> Future for Attempts<'_, T, E, F>
where
    T: AsFd,
    E: Exhausted<R>,
    F: FnMut(&T) -> io::Result<R>,
{
    type Output = io::Result<R>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<R>> {
        let Attempts { fd: AsyncFd { source, io }, key, exhausted, op, direction, charged } = &mut *self;
        loop {
            let seen = ready!(source.poll_keyed(cx, io, *direction, key))?;
            if !*charged {
                ready!(poll_budget(cx));
                *charged = true;
            }
            let result = attempt(source, seen, *direction, exhausted, || op(io));
            if let Some(result) = unless_would_block(result) {
                return Poll::Ready(result);
            }
        }
    }
}

impl<T: AsFd, E, F> Drop for Attempts<'_, T, E, F> {
    #[inline]
    fn drop(&mut self) {
        self.fd.source.leave(self.key);
    }
}

impl<T: AsFd, E, F> fmt::Debug for Attempts<'_, T, E, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempts")
            .field("source", &self.fd.source)
            .field("direction", &self.direction)
            .field("charged", &self.charged)
            .finish_non_exhaustive()
    }
}

/// Tries `op` each time `source` is ready, until it does not say `WouldBlock`. Takes one unit of the task's budget, and that
/// only when ready: a task that polls many idle fds must not use it up on them.
pub(super) fn poll_attempts<I: AsFd, R>(
    source: &Source,
    io: &mut I,
    cx: &mut Context<'_>,
    direction: Direction,
    exhausted: impl Exhausted<R>,
    mut op: impl FnMut(&mut I) -> io::Result<R>,
) -> Poll<io::Result<R>> {
    let mut charged = false;
    loop {
        let seen = ready!(source.poll_ready(cx, io, direction))?;
        if !charged {
            ready!(poll_budget(cx));
            charged = true;
        }
        if let Some(result) = unless_would_block(attempt(source, seen, direction, &exhausted, || op(io))) {
            return Poll::Ready(result);
        }
    }
}

/// One attempt: runs `op`, again when a signal interrupted it, and updates the readiness that `seen` stands for.
#[inline]
pub(super) fn attempt<R>(
    source: &Source,
    seen: Seen,
    direction: Direction,
    exhausted: &impl Exhausted<R>,
    op: impl FnMut() -> io::Result<R>,
) -> io::Result<R> {
    let result = uninterrupted(op);
    match &result {
        Ok(value) if exhausted.exhausted(value) => source.clear_after_short(seen, direction),
        Ok(_) if direction == Direction::Priority && exhausted.takes_priority() => source.take_priority(seen),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => source.clear(seen, direction),
        _ => {}
    }
    result
}

/// `None` for `WouldBlock`.
#[inline]
pub(super) fn unless_would_block<R>(result: io::Result<R>) -> Option<io::Result<R>> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
        result => Some(result),
    }
}

#[inline]
fn uninterrupted<R>(mut op: impl FnMut() -> io::Result<R>) -> io::Result<R> {
    loop {
        match op() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_short_count_is_between_nothing_and_all() {
        assert_eq!(
            [0, 1, 7, 8, 9].map(|count| ShortOf(8).exhausted(&count)),
            [false, true, true, false, false]
        );
        assert!(!ShortOf(0).exhausted(&0));
        assert!(!Never.exhausted(&1));
    }

    /// RE10
    #[test]
    fn an_interrupted_call_is_made_again() {
        let mut results =
            [Err(io::ErrorKind::Interrupted.into()), Err(io::ErrorKind::Interrupted.into()), Ok(5)]
                .into_iter();
        assert_eq!(uninterrupted(|| results.next().unwrap()).unwrap(), 5);
    }
}
