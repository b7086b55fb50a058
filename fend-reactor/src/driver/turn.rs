//! Attending a driver: wait, then set readiness and fire timers, then wake whoever waited, with no lock held.

use std::io;
use std::mem;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::Driver;
use crate::dispatcher::{Batch, Event};
use crate::sync::MutexGuard;
use crate::sync::atomic::AtomicU64;
use crate::wake_list::WakeList;

/// What a turn did.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Turned {
    /// Readiness events that reached a source.
    pub(crate) events: usize,
    /// Timers that came due.
    pub(crate) timers: usize,
}

/// Buffers that each turn fills and empties. They belong to whoever attends.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    batch: Batch,
    wakes: WakeList,
}

/// The right of one thread to run a driver's turns.
#[derive(Debug)]
pub(crate) struct Attendance<'a> {
    driver: &'a Driver,
    buffers: MutexGuard<'a, Buffers>,
}

impl<'a> Attendance<'a> {
    pub(super) fn new(driver: &'a Driver, buffers: MutexGuard<'a, Buffers>) -> Self {
        driver.attended.store(true, Relaxed);
        Attendance { driver, buffers }
    }

    pub(crate) fn driver(&self) -> &'a Driver {
        self.driver
    }

    /// Waits and dispatches.
    pub(crate) fn turn(mut self, timeout: Option<Duration>) -> io::Result<Turned> {
        let waited = self.wait(timeout);
        // A failed wait still fires timers before it is reported.
        let turned = self.dispatch();
        waited.map(|()| turned)
    }

    /// Waits until something is ready, a timer is due, `timeout` has passed or `wake` was called. The events wait for
    /// [`dispatch`](Attendance::dispatch).
    pub(crate) fn wait(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        let timeout = self.driver.fall_asleep(timeout);
        self.driver.dispatch.wait(&mut self.buffers.batch, timeout)
    }

    /// Waits as [`wait`](Attendance::wait) does, and leaves to it what has come. False when time was all that came. (For the paused clock
    /// only: it is seen by [`Driver::has_events`] until this thread is known to be up.)
    pub(crate) fn wait_for_news(&mut self, timeout: Option<Duration>) -> io::Result<bool> {
        let timeout = self.driver.fall_asleep(timeout);
        self.driver.dispatch.wait_for_news(&mut self.buffers.batch, timeout)
    }

    /// Sets readiness and fires timers, leaves the driver, then wakes whoever waits: a waker may run anything, even a
    /// `block_on` that needs this driver.
    pub(crate) fn dispatch(mut self) -> Turned {
        let driver = self.driver;
        let Buffers { batch, wakes } = &mut *self.buffers;
        let timers = driver.timers.rise(&driver.clock, wakes);
        let events = driver.deliver(&mut batch.events, wakes);
        let turned = Turned { events, timers };
        driver.count_turn(turned);
        let mut wakes = mem::take(wakes);
        drop(self);
        wakes.wake_all();
        driver.give_back(wakes);
        turned
    }
}

impl Drop for Attendance<'_> {
    fn drop(&mut self) {
        self.driver.attended.store(false, Relaxed);
    }
}

impl Driver {
    /// How long to wait for events: no longer than to the earliest timer.
    fn fall_asleep(&self, timeout: Option<Duration>) -> Option<Duration> {
        if timeout == Some(Duration::ZERO) {
            return timeout;
        }
        self.timers.fall_asleep(&self.clock, timeout)
    }

    /// Keeps the buffer for the next turn, unless that has begun.
    fn give_back(&self, wakes: WakeList) {
        if !wakes.has_buffer() {
            return;
        }
        if let Some(mut buffers) = self.attendance.try_lock() {
            buffers.wakes = wakes;
        }
    }

    /// Hands the events to their sources, and says how many found theirs.
    fn deliver(&self, events: &mut Vec<Event>, wakes: &mut WakeList) -> usize {
        if events.is_empty() {
            return 0;
        }
        let registry = self.registry.lock();
        events.drain(..).filter(|event| registry.deliver(*event, wakes)).count()
    }

    /// The attendant alone writes these, so that no locked instruction is needed.
    fn count_turn(&self, turned: Turned) {
        let add = |counter: &AtomicU64, n: usize| counter.store(counter.load(Relaxed) + n as u64, Relaxed);
        add(&self.turns, 1);
        add(&self.events, turned.events);
        add(&self.timers_fired, turned.timers);
    }
}
