//! The timers of a driver: an indexed heap.
//!
//! The armed deadlines lie in a 4-ary min-heap, the wakers in a table of slots beside it. A heap entry names its slot and a
//! slot knows its place in the heap, so that a timer is found, moved and taken out without a search. The earliest deadline is
//! at the root: reading it costs nothing, all else is O(log₄ n) on entries of 16 bytes, four of which share a cache line. An
//! armed timer costs 40 bytes (16 in the heap, 24 in the table) and no allocation of its own.
//!
//! Timers come due in the order of their deadlines. Equal deadlines come due in no particular order.
//!
//! **Wakers only move through here.** None is cloned, woken or dropped: a caller that holds a lock hands wakers in, gets
//! them back, and drops or wakes them when the lock is gone.
//!
//! **Keys.** Every insert draws the next generation, and a [`TimerKey`] holds slot and generation, so that a key whose timer
//! fired does nothing even when the slot serves another timer now. A key would have to be kept for exactly 2³² inserts to
//! be mistaken.
//!
//! **Memory.** Both tables grow as vectors do. Each time the number of armed timers has fallen far enough, the free slots at
//! the end of the table are given back, as is the unused part of the heap; when the last timer goes, nothing stays but a
//! small table.
//!
//! # What was rejected
//!
//! - *A hierarchical wheel* (tokio, the Linux kernel): O(1) inserts, paid for by ticks of a millisecond or by cascades that
//!   move timers from level to level, and by intrusive lists, which need `unsafe`. A new deadline is usually among the
//!   latest, and its sift through the heap then ends after one comparison, so there is little for a wheel to win.
//! - *A `BTreeMap` of deadlines* (async-io): allocates and rebalances nodes, needs a unique key beside the deadline, and
//!   a reset is a removal and an insert.
//! - *A heap that leaves cancelled timers in place*: nearly all timers are timeouts that never come due, so that it would
//!   hold mostly the dead.

use std::mem;
use std::task::Waker;

use crate::clock::{NEVER, Nanos};
use crate::wake_list::WakeList;

/// Names one armed timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimerKey {
    pub(crate) slot: u32,
    pub(crate) generation: u32,
}

/// Children of a heap entry. With four, a heap is half as deep as with two and siblings share a cache line.
const ARITY: usize = 4;

/// Tables of up to this many slots are kept for good.
const SMALL: usize = 64;

/// The end of the list of free slots.
const NO_SLOT: u32 = u32::MAX;

/// The armed timers of one driver.
#[derive(Debug)]
pub(crate) struct Timers {
    heap: Vec<Entry>,
    slots: Vec<Slot>,
    /// The first free slot; each free slot names the next.
    free: u32,
    /// The generation of the next insert.
    generation: u32,
    /// Memory is given back once fewer timers than this are armed.
    trim_below: usize,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    deadline: Nanos,
    slot: u32,
}

#[derive(Debug)]
struct Slot {
    generation: u32,
    /// Armed: where in the heap. Free: the next free slot.
    position: u32,
    /// There while armed.
    waker: Option<Waker>,
}

impl Timers {
    pub(crate) const fn new() -> Self {
        Timers { heap: Vec::new(), slots: Vec::new(), free: NO_SLOT, generation: 0, trim_below: 0 }
    }

    /// How many timers are armed.
    pub(crate) fn len(&self) -> usize {
        self.heap.len()
    }

    /// The earliest deadline that will come.
    pub(crate) fn next_deadline(&self) -> Option<Nanos> {
        self.heap.first().map(|root| root.deadline).filter(|&deadline| deadline != NEVER)
    }

    /// Arms a timer. One for [`NEVER`] waits for [`drain`](Timers::drain).
    #[inline]
    pub(crate) fn insert(&mut self, deadline: Nanos, waker: Waker) -> TimerKey {
        let generation = self.generation;
        self.generation = generation.wrapping_add(1);
        let position = self.heap.len();
        let slot = self.take_slot(Slot { generation, position: position as u32, waker: Some(waker) });
        let entry = Entry { deadline, slot };
        self.heap.push(entry);
        if self.is_before_parent(position, entry) {
            self.sift_up(position, entry);
        }
        TimerKey { slot, generation }
    }

    /// Moves a timer to another deadline. False when it fired or was cancelled already.
    pub(crate) fn reset(&mut self, key: TimerKey, deadline: Nanos) -> bool {
        let Some(position) = self.position(key) else { return false };
        self.place(position, Entry { deadline, slot: key.slot });
        true
    }

    /// Whether the timer would wake the same task as `waker`; `None` when it fired or was cancelled.
    pub(crate) fn waker_will_wake(&self, key: TimerKey, waker: &Waker) -> Option<bool> {
        self.armed(key)?.waker.as_ref().map(|armed| armed.will_wake(waker))
    }

    /// Gives the timer another waker and returns the one it had; `Err` gives `waker` back when the timer fired or was
    /// cancelled already. Either is to be dropped without a lock held.
    pub(crate) fn replace_waker(&mut self, key: TimerKey, waker: Waker) -> Result<Waker, Waker> {
        let armed = self.slots.get_mut(key.slot as usize).filter(|slot| slot.generation == key.generation);
        match armed.and_then(|slot| slot.waker.as_mut()) {
            Some(armed) => Ok(mem::replace(armed, waker)),
            None => Err(waker),
        }
    }

    /// Disarms a timer and returns its waker; `None` when it fired or was cancelled already.
    #[inline]
    pub(crate) fn cancel(&mut self, key: TimerKey) -> Option<Waker> {
        let position = self.position(key)?;
        let waker = self.remove(position);
        self.trim_if_sparse();
        waker
    }

    /// Moves the wakers of all timers that are due at `now` into `due`, the earliest first. Returns how many.
    pub(crate) fn expire(&mut self, now: Nanos, due: &mut WakeList) -> usize {
        let before = self.len();
        while self.next_deadline().is_some_and(|deadline| deadline <= now) {
            self.pop_into(due);
        }
        self.trim_if_sparse();
        before - self.len()
    }

    /// Moves the wakers of all timers into `all`, whatever their deadline, and disarms them.
    pub(crate) fn drain(&mut self, all: &mut WakeList) {
        while !self.heap.is_empty() {
            self.pop_into(all);
        }
        self.trim_if_sparse();
    }

    fn pop_into(&mut self, list: &mut WakeList) {
        if let Some(waker) = self.remove(0) {
            list.push(waker);
        }
    }

    #[inline]
    fn armed(&self, key: TimerKey) -> Option<&Slot> {
        let slot = self.slots.get(key.slot as usize)?;
        (slot.generation == key.generation && slot.waker.is_some()).then_some(slot)
    }

    #[inline]
    fn position(&self, key: TimerKey) -> Option<usize> {
        self.armed(key).map(|slot| slot.position as usize)
    }

    /// Takes the entry at `position` out of the heap and frees its slot.
    #[inline]
    fn remove(&mut self, position: usize) -> Option<Waker> {
        let removed = self.heap.swap_remove(position);
        if let Some(&moved) = self.heap.get(position) {
            self.place(position, moved);
        }
        self.free_slot(removed.slot)
    }
}

/// The heap.
impl Timers {
    /// Puts `entry` at `position` or, where the order demands it, further up or down.
    fn place(&mut self, position: usize, entry: Entry) {
        if self.is_before_parent(position, entry) {
            self.sift_up(position, entry);
        } else {
            self.sift_down(position, entry);
        }
    }

    #[inline]
    fn is_before_parent(&self, position: usize, entry: Entry) -> bool {
        position > 0 && entry.deadline < self.heap[parent(position)].deadline
    }

    /// Moves later parents down until `entry` fits.
    fn sift_up(&mut self, mut position: usize, entry: Entry) {
        while self.is_before_parent(position, entry) {
            self.put(position, self.heap[parent(position)]);
            position = parent(position);
        }
        self.put(position, entry);
    }

    /// Moves the earliest children up until `entry` fits.
    fn sift_down(&mut self, mut position: usize, entry: Entry) {
        while let Some((child, below)) = self.earliest_child(position) {
            if entry.deadline <= below.deadline {
                break;
            }
            self.put(position, below);
            position = child;
        }
        self.put(position, entry);
    }

    #[inline]
    fn earliest_child(&self, position: usize) -> Option<(usize, Entry)> {
        let first = position * ARITY + 1;
        let children = self.heap.get(first..)?;
        let child = match children {
            // Nearly always. Two pairs, then their winners: the processor need not guess.
            [a, b, c, d, ..] => {
                let left = usize::from(b.deadline < a.deadline);
                let right = 2 + usize::from(d.deadline < c.deadline);
                let wins = children[right].deadline < children[left].deadline;
                if wins { right } else { left }
            }
            _ => children.iter().enumerate().min_by_key(|(_, child)| child.deadline)?.0,
        };
        Some((first + child, children[child]))
    }

    #[inline]
    fn put(&mut self, position: usize, entry: Entry) {
        self.heap[position] = entry;
        self.slots[entry.slot as usize].position = position as u32;
    }
}

fn parent(position: usize) -> usize {
    (position - 1) / ARITY
}

/// The slots.
impl Timers {
    #[inline]
    fn take_slot(&mut self, content: Slot) -> u32 {
        let index = self.free;
        let Some(slot) = self.slots.get_mut(index as usize) else { return self.push_slot(content) };
        self.free = slot.position;
        // A free slot has no waker, so there is nothing to drop.
        mem::forget(mem::replace(slot, content));
        index
    }

    #[cold]
    fn push_slot(&mut self, content: Slot) -> u32 {
        let index = self.slots.len();
        assert!(index < NO_SLOT as usize, "more than 2^32 timers are armed");
        self.slots.push(content);
        self.set_trim_below();
        index as u32
    }

    #[inline]
    fn free_slot(&mut self, slot: u32) -> Option<Waker> {
        let freed = &mut self.slots[slot as usize];
        freed.position = self.free;
        self.free = slot;
        freed.waker.take()
    }

    #[inline]
    fn trim_if_sparse(&mut self) {
        if self.heap.len() < self.trim_below {
            self.trim();
        }
    }

    /// Gives back what the last timers to be armed leave unused.
    ///
    /// A slot cannot move while a key names it, so an armed one at the end of the table keeps what lies before it. The
    /// next try is due when only half as many timers are left, hence all tries together cost O(log n) a timer at most.
    /// The list of free slots then begins with the lowest, which lets the end of the table run empty.
    #[cold]
    fn trim(&mut self) {
        let armed = self.heap.len();
        let end = self.slots.iter().rposition(|slot| slot.waker.is_some()).map_or(0, |last| last + 1);
        self.slots.truncate(end);
        self.slots.shrink_to((2 * armed).max(SMALL));
        self.heap.shrink_to((2 * armed).max(SMALL));
        self.relink_free_slots();
        self.set_trim_below();
        self.trim_below = self.trim_below.min(armed.div_ceil(2));
    }

    fn set_trim_below(&mut self) {
        let slots = self.slots.len();
        self.trim_below = if slots > SMALL { slots / 4 } else { 0 };
    }

    fn relink_free_slots(&mut self) {
        self.free = NO_SLOT;
        for (index, slot) in self.slots.iter_mut().enumerate().rev() {
            if slot.waker.is_none() {
                slot.position = mem::replace(&mut self.free, index as u32);
            }
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
