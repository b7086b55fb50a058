//! [`Slot`]: the place where handlers leave signals for one listener.
//!
//! A handler may look at a slot at any time, in any thread, also in the very thread that is about to give the slot back. So slots are never
//! freed: one that is given back serves the next listener. What a handler must not do is to write to a descriptor that was closed meanwhile,
//! and is perhaps another file's now:
//!
//! ```text
//! handler                                        listener that ends
//! 1. is the signal wanted? no: leave
//! 2. handlers += 1                               a. nothing is wanted any more
//! 3. is the signal still wanted? no: 5           b. wait until handlers == 0
//! 4. put in the record, wake                     c. empty the slot, give it back; close the descriptor
//! 5. handlers -= 1
//! ```
//!
//! Either 3 sees a, or b sees 2. The wait is short: handlers are not interrupted by others, do not wait, and count only while the signal
//! was wanted. The thread that waits is in no handler itself.
//!
//! # No signal is lost
//!
//! A handler puts the record into the ring, or counts the signal as missed when the ring is full. Then it sets `woken`, and when it was
//! not set, writes to the descriptor, which cannot fail: it is a counter (eventfd) that is far from its end. The listener that has found
//! nothing takes the count of the descriptor, clears `woken`, looks for records and for missed signals once more, and only then waits. A handler that
//! finds `woken` set came before it was cleared, so that what it has put in is found; one that finds it clear wakes the listener. Both
//! are exchanges of one word, so there is no third case.
//!
//! # No signal comes from before
//!
//! A handler goes from slot to slot. While it is on its way, whoever it has been at may have received the signal, and may listen for the next
//! one in a slot that it comes to later. So each beginning to listen has a number, and the handler knows from its own beginning which of them it
//! is for: those that were there.

use std::os::fd::RawFd;

use super::super::record::Record;
use super::ring::{CAPACITY, Ring};
use super::set::{SIGNALS, SignalSet};
use crate::sync::atomic::{
    AtomicBool, AtomicI32, AtomicU64, AtomicUsize,
    Ordering::{AcqRel, Acquire, Relaxed, Release},
};
use crate::sync::fence_after_rmw;

/// What a listener takes out of its slot.
pub(crate) enum Arrival {
    Record(Record),
    /// Came while there was no room.
    Missed {
        signal: usize,
        count: u64,
    },
}

pub(crate) struct Slot {
    taken: AtomicBool,
    /// Whose listener it is. In the child of a fork, and in one that has its parent's memory until it executes a program, handlers leave
    /// the parent's listeners alone.
    process: AtomicI32,
    wanted: SignalSet,
    /// The number of the beginning to listen, for each signal that is wanted.
    since: Box<[AtomicU64]>,
    /// How many handlers are between 2 and 5.
    handlers: AtomicUsize,
    /// Valid while something is wanted.
    fd: AtomicI32,
    woken: AtomicBool,
    ring: Ring,
    missed: SignalSet,
    /// Of each signal that was missed; 64 bits do not come round.
    counts: Box<[AtomicU64]>,
}

impl Slot {
    /// One that is taken already.
    pub(super) fn new(process: i32) -> Slot {
        Slot {
            taken: AtomicBool::new(true),
            process: AtomicI32::new(process),
            wanted: SignalSet::new(),
            since: (0..SIGNALS).map(|_| AtomicU64::new(0)).collect(),
            handlers: AtomicUsize::new(0),
            fd: AtomicI32::new(-1),
            woken: AtomicBool::new(false),
            ring: Ring::new(),
            missed: SignalSet::new(),
            counts: (0..SIGNALS).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// Takes a slot that is nobody's. One with a handler in it is left alone: in the child of a fork that handler may have been in a
    /// thread that is not there.
    pub(super) fn try_take(&self, process: i32) -> bool {
        let free = self.handlers.load(Relaxed) == 0
            && self.taken.compare_exchange(false, true, Acquire, Relaxed).is_ok();
        if free {
            self.process.store(process, Relaxed);
        }
        free
    }

    pub(super) fn is_of(&self, process: i32) -> bool {
        self.process.load(Relaxed) == process
    }

    /// The descriptor to wake the listener by; before any signal is wanted.
    pub(super) fn set_fd(&self, fd: RawFd) {
        self.fd.store(fd, Relaxed);
    }

    pub(super) fn wanted(&self) -> &SignalSet {
        &self.wanted
    }

    /// Has a signal wanted that is not wanted yet. The number is larger than all before.
    pub(super) fn want(&self, signal: usize, beginning: u64) {
        self.since[signal].store(beginning, Relaxed);
        self.wanted.insert(signal);
    }

    /// The handler's part. `latest` is the number of the last beginning to listen before its own beginning; `wake` writes to the descriptor.
    pub(crate) fn deliver(&self, process: i32, latest: u64, record: Record, wake: impl FnOnce(RawFd)) {
        let signal = record.signal.unsigned_abs() as usize % SIGNALS;
        // In a child with its parent's memory nothing may be written, `handlers` neither: it may be killed here.
        if !self.wanted.contains(signal) || !self.is_of(process) {
            return;
        }
        self.handlers.fetch_add(1, AcqRel);
        fence_after_rmw();
        if self.wanted.contains(signal) && self.since[signal].load(Relaxed) <= latest {
            self.put(signal, record);
            if !self.woken.swap(true, AcqRel) {
                wake(self.fd.load(Relaxed));
            }
        }
        self.handlers.fetch_sub(1, Release);
    }

    fn put(&self, signal: usize, record: Record) {
        if !self.ring.push(record) {
            self.counts[signal].fetch_add(1, AcqRel);
            self.missed.insert(signal);
        }
    }

    /// From now on each signal wakes anew, once; what came before is there to be taken.
    pub(super) fn rearm(&self) {
        self.woken.swap(false, AcqRel);
    }

    /// Takes up to `most` records, and when no more are left, what was missed. Whether all has been taken.
    pub(super) fn take(&self, most: usize, mut each: impl FnMut(Arrival)) -> bool {
        for _ in 0..most {
            match self.ring.pop() {
                Some(record) => each(Arrival::Record(record)),
                None => {
                    self.take_missed(each);
                    return true;
                }
            }
        }
        false
    }

    fn take_missed(&self, mut each: impl FnMut(Arrival)) {
        self.missed.take(|signal| match self.counts[signal].swap(0, AcqRel) {
            // It was counted after the set was taken the last time, and before the count was.
            0 => {}
            count => each(Arrival::Missed { signal, count }),
        });
    }

    /// Ends the listening. When it returns, no handler uses the descriptor. `pause` lets others go on.
    pub(super) fn give_back(&self, mut pause: impl FnMut()) {
        self.wanted.take(|_| {});
        fence_after_rmw();
        while self.handlers.load(Acquire) != 0 {
            pause();
        }
        self.take(CAPACITY, |_| {});
        self.take_missed(|_| {});
        self.woken.store(false, Relaxed);
        self.taken.store(false, Release);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_handler_is_for_those_who_listened_when_it_began() {
        let slot = Slot::new(1);
        let mut woken = 0;
        let mut deliver = |signal: usize, latest| {
            let record =
                Record { signal: i32::try_from(signal).unwrap(), code: 0, pid: 0, uid: 0, value: latest };
            slot.deliver(1, latest, record, |_| woken += 1);
        };
        slot.want(10, 3);
        slot.want(12, 5);
        deliver(10, 2);
        deliver(10, 3);
        deliver(12, 4);
        deliver(10, 4);
        deliver(12, 5);
        assert_eq!(woken, 1);
        let mut taken = Vec::new();
        slot.take(CAPACITY, |arrival| match arrival {
            Arrival::Record(record) => taken.push((record.signal, record.value)),
            Arrival::Missed { .. } => unreachable!("there is room"),
        });
        assert_eq!(taken, [(10, 3), (10, 4), (12, 5)]);
    }
}
