//! Receiving: the kernel's queue, what is known of it, and the loops of those who take events.
//!
//! Any number of tasks receive. Each works under the lock until there is an event or something to wait for, and waits without it.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use super::event::Event;
use super::record::LARGEST;
use super::state::{Next, State};
use crate::context::poll_budget;
use crate::dispatcher::{Direction, Readiness};
use crate::io::{AsyncFd, RoamingFd};
use crate::sys::Inotify;
use crate::time::{Sleep, sleep_until};

/// The bytes that one read takes. At least a hundred events; at most two thousand.
const BUFFER: usize = 32 * 1024;

/// What a [`Watcher`](super::Watcher) is, for all who use it.
pub(super) struct Shared {
    fd: RoamingFd<Inotify>,
    inner: Mutex<Inner>,
}

pub(super) struct Inner {
    buffer: Box<[u8]>,
    pub(super) state: State,
}

impl Shared {
    pub(super) fn new(inotify: Inotify) -> Shared {
        let inner = Mutex::new(Inner { buffer: vec![0; BUFFER].into(), state: State::new() });
        Shared { fd: RoamingFd::with_assumed(inotify, Readiness::NONE), inner }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `None` while somebody works on it.
    pub(super) fn try_lock(&self) -> Option<MutexGuard<'_, Inner>> {
        self.inner.try_lock().ok()
    }

    pub(super) fn inotify(&self) -> &Inotify {
        self.fd.get_ref()
    }

    /// Has those who wait look again.
    pub(super) fn retry(&self) {
        self.fd.registered().retry(Direction::Read);
    }

    /// The next event if there is one; see [`Watcher::try_recv`](super::Watcher::try_recv).
    pub(super) fn try_event(&self) -> io::Result<Event> {
        // Its drop may wake tasks: before the lock, and dropped after it.
        let fd = self.fd.registered();
        loop {
            let mut inner = self.lock();
            match inner.state.next(self.inotify()) {
                Next::Take => {
                    if let Some(event) = inner.state.queue.pop() {
                        return Ok(event);
                    }
                }
                Next::Yield => {}
                Next::Read => match inner.read(&fd) {
                    // Knowing that it is empty may be of use.
                    Err(error) if inner.state.unsettled == 0 => return Err(error),
                    _ => {}
                },
                Next::ReadUntil(deadline) => {
                    // Asked first: while this thread stands still behind the read, the other half may come.
                    let is_over = deadline <= crate::time::now();
                    match inner.read(&fd) {
                        Err(_) if is_over => inner.state.release_when_due(self.inotify()),
                        read => read?,
                    }
                }
            }
        }
    }

    /// Waits for the next event. `hold` ends the hold of a rename's first half.
    pub(super) fn poll_event(
        &self,
        cx: &mut Context<'_>,
        hold: &mut Option<Sleep>,
    ) -> Poll<io::Result<Event>> {
        loop {
            // The lock is not held when a waker is touched.
            let next = self.lock().state.next(self.inotify());
            match next {
                Next::Take => {
                    ready!(poll_budget(cx));
                    // Another task may have been faster.
                    if let Some(event) = self.lock().state.queue.pop() {
                        *hold = None;
                        return Poll::Ready(Ok(event));
                    }
                    continue;
                }
                Next::Yield => {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Next::Read => *hold = None,
                Next::ReadUntil(deadline) => {
                    if hold.as_ref().is_none_or(|hold| hold.deadline() != deadline) {
                        *hold = Some(sleep_until(deadline));
                    }
                    if hold.as_mut().is_some_and(|hold| Pin::new(hold).poll(cx).is_ready()) {
                        *hold = None;
                        // The other half may have come in time, and this task late.
                        let fd = self.fd.registered();
                        let mut inner = self.lock();
                        match inner.read(&fd) {
                            Err(error) if error.kind() != io::ErrorKind::WouldBlock => {
                                return Poll::Ready(Err(error));
                            }
                            Err(_) => inner.state.release_when_due(self.inotify()),
                            Ok(()) => {}
                        }
                        continue;
                    }
                }
            }
            if self.fd.poll_wait(cx, Direction::Read)?.is_pending() {
                // Another task may have read everything since `next`. Of what it has left the kernel will not tell.
                if self.lock().state.still_waits(&next) {
                    return Poll::Pending;
                }
                continue;
            }
            let fd = self.fd.registered();
            match self.lock().read(&fd) {
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Poll::Ready(Err(error)),
                _ => {}
            }
        }
    }
}

impl Inner {
    /// Reads the kernel's queue once.
    fn read(&mut self, fd: &AsyncFd<Arc<Inotify>>) -> io::Result<()> {
        let buffer = &mut self.buffer;
        // With less than this, there was room for one more.
        let full = buffer.len() - LARGEST + 1;
        let read = fd.try_bytes_with(Direction::Read, full, |inotify| inotify.read(buffer));
        if read.is_err() {
            self.state.nothing_left();
        }
        let length = read?;
        self.state.process(fd.get_ref(), &self.buffer[..length], length < full);
        Ok(())
    }
}
