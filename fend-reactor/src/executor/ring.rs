//! The ring under a worker's run queue: one owner pushes and pops, any thread steals half.
//!
//! It holds plain pointers in atomics, so nothing here is unsafe; [`run_queue`](super::run_queue) turns them back into
//! tasks. The head holds two positions: what is *taken* (`real`), and how far thieves have finished *copying*
//! (`steal`). They differ while a thief is at work, and the slots between them may not be written yet. One thief works
//! at a time; another one finds them different and goes elsewhere.
//!
//! ```text
//!        steal      real            tail
//!          v          v               v
//!   [ free | being    | tasks, FIFO   | free ]
//!          | copied   |               |
//! ```
//!
//! Positions count up and wrap at 2^32; a slot is a position modulo the capacity. The design is that of Go's and tokio's
//! run queues; `loom_` tests below model it with a ring of 4.

use std::ptr::{NonNull, null_mut};

use crate::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use crate::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64};

/// Tasks a worker keeps for itself before it shares half through the injector. A power of two. So many that a task rarely goes by the
/// injector, from where it comes to any worker: what it touches would follow it from one processor's cache to the other's.
#[cfg(not(loom))]
pub(super) const CAPACITY: u32 = 1024;
#[cfg(loom)]
pub(super) const CAPACITY: u32 = 4;

/// What lies in a slot.
pub(super) type Word = NonNull<()>;

/// The ring. `push`, `push_many`, `pop`, `take` and `room` belong to the owner; `steal_into` and `len` to everybody.
#[derive(Debug)]
pub(super) struct Ring {
    head: AtomicU64,
    /// Written by the owner only.
    tail: AtomicU32,
    slots: [AtomicPtr<()>; CAPACITY as usize],
}

/// Both positions of the head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Head {
    steal: u32,
    real: u32,
}

impl Head {
    /// The word holds `real`, and above it how far `steal` is behind: nothing as a rule, and then taking one is adding one.
    #[inline]
    fn unpack(word: u64) -> Head {
        let real = word as u32;
        Head { steal: real.wrapping_sub((word >> 32) as u32), real }
    }

    #[inline]
    fn pack(self) -> u64 {
        u64::from(self.real.wrapping_sub(self.steal)) << 32 | u64::from(self.real)
    }

    /// The word after one was taken.
    #[cold]
    fn next(self) -> u64 {
        self.take(1).pack()
    }

    /// `real` moved on by `taken`; `steal` goes with it unless a thief is at work.
    #[inline]
    fn take(self, taken: u32) -> Head {
        let real = self.real.wrapping_add(taken);
        Head { steal: if self.steal == self.real { real } else { self.steal }, real }
    }
}

impl Ring {
    pub(super) fn new() -> Ring {
        Ring {
            head: AtomicU64::new(0),
            tail: AtomicU32::new(0),
            slots: std::array::from_fn(|_| AtomicPtr::new(null_mut())),
        }
    }

    #[inline]
    fn slot(&self, position: u32) -> &AtomicPtr<()> {
        &self.slots[(position & (CAPACITY - 1)) as usize]
    }

    #[inline]
    fn read(&self, position: u32) -> Word {
        NonNull::new(self.slot(position).load(Relaxed)).expect("a position between head and tail was written")
    }

    /// How many words wait here. A hint for all but the owner.
    pub(super) fn len(&self) -> usize {
        let head = Head::unpack(self.head.load(Acquire));
        let len = self.tail.load(Acquire).wrapping_sub(head.real);
        // The tail may have been read after the owner moved on.
        if len > CAPACITY { 0 } else { len as usize }
    }

    /// Owner: how many words surely fit now. Slots that a thief still copies count as taken.
    pub(super) fn room(&self) -> usize {
        let head = Head::unpack(self.head.load(Acquire));
        (CAPACITY - self.tail.load(Relaxed).wrapping_sub(head.steal)) as usize
    }

    /// Owner: puts `word` at the end. There must be [`room`](Ring::room): that may have been asked for long ago, since all but pushes only make
    /// more of it.
    #[inline]
    pub(super) fn push(&self, word: Word) {
        let tail = self.tail.load(Relaxed);
        self.slot(tail).store(word.as_ptr(), Relaxed);
        self.tail.store(tail.wrapping_add(1), Release);
    }

    /// Owner: puts the words, no more than there is [`room`](Ring::room) for, at the end.
    pub(super) fn push_many(&self, words: impl Iterator<Item = Word>) {
        let mut tail = self.tail.load(Relaxed);
        for word in words {
            self.slot(tail).store(word.as_ptr(), Relaxed);
            tail = tail.wrapping_add(1);
        }
        self.tail.store(tail, Release);
    }

    /// Owner: the oldest word.
    #[inline]
    pub(super) fn pop(&self) -> Option<Word> {
        let tail = self.tail.load(Relaxed);
        let mut packed = self.head.load(Acquire);
        loop {
            let head = Head::unpack(packed);
            if head.real == tail {
                return None;
            }
            // No thief is at work, and the position does not wrap: the same, shorter.
            let next = if packed < u64::from(u32::MAX) { packed + 1 } else { head.next() };
            match self.head.compare_exchange_weak(packed, next, AcqRel, Acquire) {
                Ok(_) => return Some(self.read(head.real)),
                Err(now) => packed = now,
            }
        }
    }

    /// Owner: takes out the `most` oldest words, or as many as there are. None while a thief is at work, so that there is room
    /// for as many afterwards.
    pub(super) fn take(&self, most: u32) -> impl Iterator<Item = Word> + '_ {
        let tail = self.tail.load(Relaxed);
        let mut packed = self.head.load(Acquire);
        let (first, count) = loop {
            let head = Head::unpack(packed);
            if head.steal != head.real {
                break (head.real, 0);
            }
            let count = most.min(tail.wrapping_sub(head.real));
            match self.head.compare_exchange_weak(packed, head.take(count).pack(), AcqRel, Acquire) {
                Ok(_) => break (head.real, count),
                Err(now) => packed = now,
            }
        };
        // Nobody but the owner writes to slots, so that these keep what they hold until it pushes.
        (0..count).map(move |i| self.read(first.wrapping_add(i)))
    }

    /// Moves half of this ring (rounded up) to the end of `mine`, which the caller owns, and gives one of them.
    /// `None` when this ring is empty, has a thief already, or `mine` has no room for half a ring.
    pub(super) fn steal_into(&self, mine: &Ring) -> Option<(Word, usize)> {
        let my_tail = mine.tail.load(Relaxed);
        let my_head = Head::unpack(mine.head.load(Acquire));
        if my_tail.wrapping_sub(my_head.steal) > CAPACITY / 2 {
            return None;
        }
        let (first, count) = self.claim_half()?;
        for i in 0..count {
            let word = self.slot(first.wrapping_add(i)).load(Relaxed);
            mine.slot(my_tail.wrapping_add(i)).store(word, Relaxed);
        }
        self.finish_steal();
        let last = mine.read(my_tail.wrapping_add(count - 1));
        mine.tail.store(my_tail.wrapping_add(count - 1), Release);
        Some((last, count as usize))
    }

    /// Thief: takes half the words, and keeps their slots from being written until `finish_steal`.
    fn claim_half(&self) -> Option<(u32, u32)> {
        let mut packed = self.head.load(Acquire);
        loop {
            let head = Head::unpack(packed);
            let waiting = self.tail.load(Acquire).wrapping_sub(head.real);
            // More than fits means that the head was stale when the tail was read.
            if waiting == 0 || waiting > CAPACITY || head.steal != head.real {
                return None;
            }
            let count = waiting - waiting / 2;
            let claimed = Head { steal: head.steal, real: head.real.wrapping_add(count) };
            match self.head.compare_exchange_weak(packed, claimed.pack(), AcqRel, Acquire) {
                Ok(_) => return Some((head.real, count)),
                Err(now) => packed = now,
            }
        }
    }

    /// Thief: the copied slots are free for the owner again.
    fn finish_steal(&self) {
        let mut packed = self.head.load(Acquire);
        loop {
            let real = Head::unpack(packed).real;
            let done = Head { steal: real, real };
            match self.head.compare_exchange_weak(packed, done.pack(), AcqRel, Acquire) {
                Ok(_) => return,
                Err(now) => packed = now,
            }
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn word(n: usize) -> Word {
        NonNull::new(std::ptr::without_provenance_mut(n)).unwrap()
    }

    #[test]
    fn first_in_first_out() {
        let ring = Ring::new();
        for n in 1..=CAPACITY as usize {
            ring.push(word(n));
            assert_eq!((ring.len(), ring.room()), (n, CAPACITY as usize - n));
        }
        for n in 1..=CAPACITY as usize {
            assert_eq!(ring.pop(), Some(word(n)));
        }
        assert_eq!(ring.pop(), None);
    }

    #[test]
    fn taking_from_a_full_ring_makes_room() {
        let ring = Ring::new();
        for n in 1..=CAPACITY as usize {
            ring.push(word(n));
        }
        assert_eq!(ring.room(), 0);
        let half = CAPACITY as usize / 2;
        assert_eq!(ring.take(CAPACITY / 2).collect::<Vec<_>>(), (1..=half).map(word).collect::<Vec<_>>());
        assert_eq!(ring.room(), half);
        ring.push_many((1001..=1000 + half).map(word));
        assert_eq!((ring.room(), ring.pop()), (0, Some(word(half + 1))));
        assert_eq!(ring.take(u32::MAX).count(), CAPACITY as usize - 1);
        assert_eq!((ring.pop(), ring.take(1).next()), (None, None));
    }

    #[test]
    fn positions_wrap_around() {
        let ring = Ring::new();
        let near = u32::MAX - 2;
        ring.head.store(Head { steal: near, real: near }.pack(), Relaxed);
        ring.tail.store(near, Relaxed);
        let thief = Ring::new();
        for n in 1..=6 {
            ring.push(word(n));
        }
        assert_eq!(ring.len(), 6);
        assert_eq!(ring.steal_into(&thief), Some((word(3), 3)));
        assert_eq!((thief.pop(), thief.pop(), thief.pop()), (Some(word(1)), Some(word(2)), None));
        assert_eq!(ring.pop(), Some(word(4)));
    }

    #[test]
    fn a_full_thief_takes_nothing() {
        let (ring, thief) = (Ring::new(), Ring::new());
        ring.push(word(1));
        for n in 0..=CAPACITY as usize / 2 {
            thief.push(word(n + 2));
        }
        assert_eq!(ring.steal_into(&thief), None);
        assert_eq!(ring.pop(), Some(word(1)));
    }
}

#[cfg(all(test, loom))]
mod loom_models {
    use super::*;
    use crate::sync::model;
    use loom::sync::Arc;
    use loom::thread;

    fn word(n: usize) -> Word {
        NonNull::new(std::ptr::without_provenance_mut(n)).unwrap()
    }

    fn drain(ring: &Ring) -> Vec<usize> {
        std::iter::from_fn(|| ring.pop()).map(|word| word.as_ptr().addr()).collect()
    }

    fn thief(ring: &Arc<Ring>) -> thread::JoinHandle<Vec<usize>> {
        let ring = ring.clone();
        thread::spawn(move || {
            let mine = Ring::new();
            let mut got: Vec<_> =
                ring.steal_into(&mine).map(|(word, _)| word.as_ptr().addr()).into_iter().collect();
            got.extend(drain(&mine));
            got
        })
    }

    /// Each word comes out once, whoever takes it, while the owner pushes and pops around a thief.
    #[test]
    fn loom_ring_owner_and_thief() {
        model(3, || {
            let ring = Arc::new(Ring::new());
            ring.push(word(1));
            ring.push(word(2));
            let thief = thief(&ring);
            let mut all: Vec<_> = ring.pop().map(|word| word.as_ptr().addr()).into_iter().collect();
            ring.push(word(3));
            all.extend(drain(&ring));
            all.extend(thief.join().unwrap());
            all.extend(drain(&ring));
            all.sort_unstable();
            assert_eq!(all, [1, 2, 3]);
        });
    }

    /// Two thieves and an overflowing owner.
    #[test]
    fn loom_ring_overflow_with_two_thieves() {
        model(3, || {
            let ring = Arc::new(Ring::new());
            for n in 1..=3 {
                ring.push(word(n));
            }
            let mut room = ring.room();
            let thieves = [thief(&ring), thief(&ring)];
            let mut all = Vec::new();
            for n in 4..=5 {
                // The room of before is all that is sure, until it is used up.
                if room == 0 {
                    room = ring.room();
                }
                if room == 0 {
                    all.extend(ring.take(CAPACITY / 2).map(|word| word.as_ptr().addr()));
                    room = ring.room();
                }
                if room == 0 {
                    all.push(n);
                } else {
                    ring.push(word(n));
                    room -= 1;
                }
            }
            let room = ring.room() as u32;
            ring.push_many((0..room.min(1)).map(|_| word(6)));
            if room == 0 {
                all.push(6);
            }
            for thief in thieves {
                all.extend(thief.join().unwrap());
            }
            all.extend(drain(&ring));
            all.sort_unstable();
            assert_eq!(all, [1, 2, 3, 4, 5, 6]);
        });
    }
}
