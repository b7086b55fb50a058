//! A driver: one dispatcher, its sources and its timers.
//!
//! Border to the executor: [`Attendance::turn`] and [`Driver::wake`] one way, [`std::task::Waker`] the other way.

mod timers;

use std::io;
use std::os::fd::{BorrowedFd, RawFd};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::clock::{Clock, Nanos};
use crate::dispatcher::{Direction, Dispatcher, Readiness};

pub(crate) use timers::TimerKey;

/// One dispatcher with the sources registered in it and the timers that end its waits.
#[derive(Debug)]
pub(crate) struct Driver {}

/// What a turn did.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Turned {
    /// Readiness events that reached a source.
    pub(crate) events: usize,
    /// Timers that came due.
    pub(crate) timers: usize,
}

impl Driver {
    pub(crate) fn new(_index: usize, _dispatcher: Dispatcher, _clock: Arc<Clock>) -> io::Result<Arc<Driver>> {
        todo!()
    }
    pub(crate) fn index(&self) -> usize {
        todo!()
    }
    pub(crate) fn clock(&self) -> &Arc<Clock> {
        todo!()
    }

    /// The right to run turns, or `None` when another thread holds it.
    pub(crate) fn try_attend(&self) -> Option<Attendance<'_>> {
        todo!()
    }
    /// Whether a thread holds the attendance now (a hint: it may change at once).
    pub(crate) fn is_attended(&self) -> bool {
        todo!()
    }
    /// Ends the wait of the thread in `turn`, or the next wait. Any thread.
    pub(crate) fn wake(&self) {
        todo!()
    }
    /// Whether there is anything to attend to: a source or a timer.
    pub(crate) fn has_work(&self) -> bool {
        todo!()
    }
    /// Whether a task waits on a source (scan; for the paused clock only).
    pub(crate) fn has_waiters(&self) -> bool {
        todo!()
    }
    /// The earliest timer.
    pub(crate) fn next_deadline(&self) -> Option<Nanos> {
        todo!()
    }
    /// How many turns and events there were (metrics; the monitor compares turns).
    pub(crate) fn turns(&self) -> u64 {
        todo!()
    }
    pub(crate) fn events(&self) -> u64 {
        todo!()
    }
    /// The runtime is over: every source reports an error from now on, all waiters and timers are woken, later registrations fail.
    pub(crate) fn close(&self) {
        todo!()
    }
    pub(crate) fn is_closed(&self) -> bool {
        todo!()
    }

    /// Arms `key` for `deadline`, in place of what it was armed for; wakes the driver when it sleeps past it.
    /// False when the driver is closed (the timer is then not armed).
    pub(crate) fn set_timer(&self, _key: &mut Option<TimerKey>, _deadline: Nanos, _waker: &Waker) -> bool {
        todo!()
    }
    /// Moves an armed timer to another deadline; wakes the driver when it sleeps past it. False when it fired already.
    pub(crate) fn reset_timer(&self, _key: TimerKey, _deadline: Nanos) -> bool {
        todo!()
    }
    /// Disarms. Does nothing when it fired.
    pub(crate) fn cancel_timer(&self, _key: TimerKey) {
        todo!()
    }
}

/// The right of one thread to run a driver's turns.
#[derive(Debug)]
pub(crate) struct Attendance<'a> {
    _driver: &'a Driver,
}

impl Attendance<'_> {
    /// Waits until something is ready, a timer is due, `timeout` has passed or `wake` was called; sets readiness,
    /// fires timers, then wakes whoever waits, with no lock held.
    pub(crate) fn turn(&mut self, _timeout: Option<Duration>) -> io::Result<Turned> {
        todo!()
    }
}

/// One registered fd, seen from its owner: registers on first need, deregisters on drop.
#[derive(Debug)]
pub(crate) struct Source {}

/// Readiness as it was seen, to be cleared if no event has come since.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {}

impl Source {
    /// A source for `fd`, which the caller keeps open until the source is dropped. `assumed` readiness is believed
    /// until the kernel says otherwise, so that the first read or write is tried at once.
    pub(crate) fn new(_fd: RawFd, _assumed: Readiness) -> Source {
        todo!()
    }
    /// Registers now, with the driver of this thread.
    pub(crate) fn register(&self, _fd: BorrowedFd<'_>) -> io::Result<()> {
        todo!()
    }
    /// Ready, or waits. `Err` when registration failed or the runtime was shut down.
    pub(crate) fn poll_ready(
        &self,
        _cx: &mut Context<'_>,
        _fd: BorrowedFd<'_>,
        _direction: Direction,
    ) -> Poll<io::Result<Seen>> {
        todo!()
    }
    /// The kernel said `WouldBlock`: forget the direction's readiness unless an event has come since `seen`.
    pub(crate) fn clear(&self, _seen: Seen, _direction: Direction) {
        todo!()
    }
}
