//! Waiting for room in a pool's queue: first come, first served.
//!
//! A place that becomes free is promised to whoever waits for the longest, and nobody else gets it. One that is promised and not wanted
//! any more goes to the next.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::pool::Pool;
use crate::wake_list::{WakeList, discard};

/// Who waits, under the pool's lock.
#[derive(Debug, Default)]
pub(super) struct Room {
    /// In the order in which they came.
    waiting: BTreeMap<u64, Waker>,
    next: u64,
    /// Places that are promised and not taken yet.
    reserved: usize,
}

impl Room {
    pub(super) fn reserved(&self) -> usize {
        self.reserved
    }

    pub(super) fn is_wanted(&self) -> bool {
        !self.waiting.is_empty()
    }

    pub(super) fn reserve(&mut self) {
        self.reserved += 1;
    }

    /// A promised place was taken, or is not wanted.
    pub(super) fn give_back(&mut self) {
        self.reserved -= 1;
    }

    fn enqueue(&mut self, waker: Waker) -> u64 {
        let number = self.next;
        self.next += 1;
        self.waiting.insert(number, waker);
        number
    }

    /// Promises a place to the first.
    pub(super) fn promise(&mut self, woken: &mut WakeList) {
        if let Some((_, waker)) = self.waiting.pop_first() {
            self.reserved += 1;
            woken.push(waker);
        }
    }
}

/// Waits for a place in the queue of a pool. One that is closed has room: it says itself that it takes no job.
#[derive(Debug)]
pub(super) struct WaitForRoom<'a> {
    pool: &'a Arc<Pool>,
    /// Its number among those who wait.
    waits: Option<u64>,
}

impl<'a> WaitForRoom<'a> {
    pub(super) fn of(pool: &'a Arc<Pool>) -> Self {
        WaitForRoom { pool, waits: None }
    }
}

/// A place in the queue. Dropped, it goes to the next.
#[derive(Debug)]
#[must_use]
pub(super) struct Place<'a>(&'a Arc<Pool>);

impl Place<'_> {
    /// The job that is pushed takes it.
    pub(super) fn take(self) {
        std::mem::forget(self);
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.change_room(Room::give_back);
    }
}

impl<'a> Future for WaitForRoom<'a> {
    type Output = Place<'a>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Place<'a>> {
        if !self.pool.is_here() {
            // The push says what is wrong.
            return Poll::Ready(Place(self.pool));
        }
        let mut waker = Some(cx.waker().clone());
        let this = &mut *self;
        let has_place = this.pool.with_room(|room, is_free| match this.waits {
            None if is_free && !room.is_wanted() => {
                room.reserve();
                true
            }
            None => {
                this.waits = waker.take().map(|waker| room.enqueue(waker));
                false
            }
            Some(number) => match room.waiting.get_mut(&number) {
                Some(known) => {
                    waker = waker.take().map(|waker| std::mem::replace(known, waker));
                    false
                }
                None => {
                    this.waits = None;
                    true
                }
            },
        });
        // With no lock held.
        discard(waker);
        if has_place { Poll::Ready(Place(this.pool)) } else { Poll::Pending }
    }
}

impl Drop for WaitForRoom<'_> {
    fn drop(&mut self) {
        let Some(number) = self.waits else { return };
        let mut waker = None;
        self.pool.change_room(|room| match room.waiting.remove(&number) {
            Some(waiting) => waker = Some(waiting),
            // It was promised a place.
            None => room.give_back(),
        });
        discard(waker);
    }
}
