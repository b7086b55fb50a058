//! [`Listener`]: what lies between the handlers and one [`Signals`](super::Signals).

#[cfg(all(test, loom))]
mod loom_models;
mod ring;
mod set;
mod slot;

use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::task::{Context, Poll, ready};
use std::thread;
use std::time::Duration;

pub(crate) use ring::CAPACITY;
pub(crate) use set::SIGNALS;
pub(super) use slot::Arrival;
pub(crate) use slot::Slot;

use crate::dispatcher::{Direction, Readiness};
use crate::io::RoamingFd;
use crate::sys::{self, EventFd};

/// A slot and the descriptor by which handlers wake whoever waits for it.
pub(super) struct Listener {
    // Before `event`: fields are dropped in order, and handlers must have left the descriptor before it is closed.
    slot: Claim,
    event: RoamingFd<EventFd>,
}

impl Listener {
    pub(super) fn new() -> io::Result<Listener> {
        let event = RoamingFd::with_assumed(EventFd::new()?, Readiness::NONE);
        let slot = Claim::new();
        slot.0.set_fd(event.get_ref().as_fd().as_raw_fd());
        Ok(Listener { slot, event })
    }

    pub(super) fn insert(&self, signal: i32) {
        // What has come since it first was stays.
        if !self.contains(signal) {
            self.slot.0.want(index(signal), sys::begin_to_listen());
        }
    }

    pub(super) fn remove(&self, signal: i32) {
        self.slot.0.wanted().remove(index(signal));
    }

    pub(super) fn contains(&self, signal: i32) -> bool {
        self.slot.0.wanted().contains(index(signal))
    }

    pub(super) fn signals(&self) -> impl Iterator<Item = i32> {
        self.slot.0.wanted().iter().filter_map(|signal| i32::try_from(signal).ok())
    }

    /// Takes up to `most` records, and when no more are left, what was missed. Whether all has been taken.
    pub(super) fn take(&self, most: usize, each: impl FnMut(Arrival)) -> bool {
        self.slot.0.take(most, each)
    }

    /// Ready when there may be something to take since it was last ready. Waits with the runtime that polls it first; when that has shut
    /// down, with the next one.
    pub(super) fn poll_woken(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // One byte where two are asked for: the count is 0 now, and the next wait need not ask.
        ready!(self.event.poll_bytes_with(cx, Direction::Read, 2, take_count))?;
        self.slot.0.rearm();
        Poll::Ready(Ok(()))
    }
}

fn take_count(event: &EventFd) -> io::Result<usize> {
    match event.read()? {
        0 => Err(io::ErrorKind::WouldBlock.into()),
        _ => Ok(1),
    }
}

fn index(signal: i32) -> usize {
    signal.unsigned_abs() as usize % SIGNALS
}

/// A slot that is this listener's.
struct Claim(&'static Slot);

impl Claim {
    /// One that was given back, or a new one: there are as many as listeners have lived at the same time.
    fn new() -> Claim {
        let process = sys::process_id();
        let free = sys::signal_slots().iter().find(|slot| slot.try_take(process));
        Claim(free.unwrap_or_else(|| sys::signal_slots().push(Slot::new(process))))
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        // In the child of a fork a handler may be in the slot whose thread is not there. So it is no use any more; it does no harm either.
        if self.0.is_of(sys::process_id()) {
            let mut rounds = 0;
            self.0.give_back(|| pause(&mut rounds));
        }
    }
}

/// Lets handlers go on. Sleeps after a while: they may be in threads of less priority.
fn pause(rounds: &mut u32) {
    *rounds += 1;
    if *rounds < 20 { thread::yield_now() } else { thread::sleep(Duration::from_micros(50)) }
}
