//! [`Ring`]: records on their way from signal handlers to their listener, in order.
//!
//! The queue of D. Vyukov for many producers: each place carries a number that says whose turn it is. A producer takes a place by
//! moving `tail`, fills it, and passes the turn to the consumer; the consumer passes it on to the producer of the next lap.
//! No lock, no allocation, no system call. All is atomic, the records too, so that nothing here is unsafe.
//!
//! A handler that was stopped between taking and filling a place holds back what lies behind it, until it goes on. A handler of ours is
//! not interrupted by another one (all signals are blocked in it), so that it does go on.

use super::super::record::{Record, WORDS};
use crate::sync::atomic::{
    AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};

/// So many records wait at most.
pub(crate) const CAPACITY: usize = if cfg!(loom) { 2 } else { 512 };

struct Place {
    /// `position` when a producer may fill it, `position + 1` when it is full, `position + CAPACITY` when it was emptied.
    turn: AtomicU64,
    words: [AtomicU64; WORDS],
}

pub(super) struct Ring {
    places: Box<[Place]>,
    /// Of the next record to be put in.
    tail: AtomicU64,
    /// Of the next record to be taken: the consumer's own.
    head: AtomicU64,
}

impl Ring {
    pub(super) fn new() -> Ring {
        let place = |position| Place {
            turn: AtomicU64::new(position as u64),
            words: std::array::from_fn(|_| AtomicU64::new(0)),
        };
        Ring { places: (0..CAPACITY).map(place).collect(), tail: AtomicU64::new(0), head: AtomicU64::new(0) }
    }

    /// False when it is full. From any thread, and from a signal handler.
    pub(super) fn push(&self, record: Record) -> bool {
        let mut position = self.tail.load(Relaxed);
        loop {
            let place = self.place(position);
            let turn = place.turn.load(Acquire);
            if turn < position {
                return false;
            }
            if turn == position {
                match self.tail.compare_exchange_weak(position, position + 1, Relaxed, Relaxed) {
                    Ok(_) => {
                        place.fill(record, position);
                        return true;
                    }
                    Err(now) => position = now,
                }
            } else {
                position = self.tail.load(Relaxed);
            }
        }
    }

    /// The oldest record. By one thread at a time.
    pub(super) fn pop(&self) -> Option<Record> {
        let position = self.head.load(Relaxed);
        let place = self.place(position);
        if place.turn.load(Acquire) != position + 1 {
            return None;
        }
        let words = std::array::from_fn(|index| place.words[index].load(Relaxed));
        place.turn.store(position + CAPACITY as u64, Release);
        self.head.store(position + 1, Relaxed);
        Some(Record::from_words(words))
    }

    fn place(&self, position: u64) -> &Place {
        #[expect(clippy::cast_possible_truncation, reason = "less than CAPACITY")]
        let index = (position % CAPACITY as u64) as usize;
        &self.places[index]
    }
}

impl Place {
    fn fill(&self, record: Record, position: u64) {
        for (word, value) in self.words.iter().zip(record.to_words()) {
            word.store(value, Relaxed);
        }
        self.turn.store(position + 1, Release);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::Arc;
    use std::thread;

    use super::*;

    fn record(signal: i32, value: u64) -> Record {
        Record { signal, code: -1, pid: 7, uid: 8, value }
    }

    #[test]
    fn records_come_out_in_order_and_a_full_ring_says_so() {
        let ring = Ring::new();
        for lap in 0..3 {
            for value in 0..CAPACITY as u64 {
                assert!(ring.push(record(lap, value)));
            }
            assert!(!ring.push(record(lap, 0)));
            for value in 0..CAPACITY as u64 {
                assert_eq!(ring.pop(), Some(record(lap, value)));
            }
            assert_eq!(ring.pop(), None);
        }
    }

    #[test]
    fn many_threads_put_in_and_each_ones_order_is_kept() {
        const EACH: u64 = if cfg!(debug_assertions) { 20_000 } else { 500_000 };
        let ring = Arc::new(Ring::new());
        let threads = [0, 1, 2].map(|thread| {
            let ring = Arc::clone(&ring);
            thread::spawn(move || {
                for value in 0..EACH {
                    while !ring.push(record(thread, value)) {
                        thread::yield_now();
                    }
                }
            })
        });
        let mut next = [0; 3];
        while next != [EACH; 3] {
            match ring.pop() {
                Some(found) => {
                    let expected = &mut next[usize::try_from(found.signal).unwrap()];
                    assert_eq!(found, record(found.signal, *expected));
                    *expected += 1;
                }
                None => thread::yield_now(),
            }
        }
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    }
}
