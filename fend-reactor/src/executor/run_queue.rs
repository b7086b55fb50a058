//! A worker's run queue: the [`Ring`], holding tasks.
//!
//! Rules, cited by the SAFETY comments:
//! 1. A word in a ring is a `Runnable` turned into its raw pointer by [`RunQueue::push`], and nothing else.
//! 2. The ring gives each word out once (its loom models show it), so each `Runnable` is made again once.
//! 3. Only the one [`RunQueue`] of a ring calls the owner's operations: it is not `Clone` and takes `&mut self`.

use std::sync::Arc;

use super::ring::{Ring, Word};
use crate::task::Runnable;

/// The owner's end. Lies in the worker's core.
#[derive(Debug)]
pub(super) struct RunQueue {
    ring: Arc<Ring>,
    /// So many pushes surely have room. Asked for again when it is used up.
    room: usize,
}

/// Everybody else's end.
#[derive(Debug, Clone)]
pub(super) struct Stealer(Arc<Ring>);

#[inline]
fn task(word: Word) -> Runnable {
    // SAFETY: rules 1 and 2.
    unsafe { Runnable::from_raw(word) }
}

impl RunQueue {
    pub(super) fn new() -> (RunQueue, Stealer) {
        let ring = Arc::new(Ring::new());
        (RunQueue { ring: ring.clone(), room: 0 }, Stealer(ring))
    }

    /// Puts `runnable` at the end. A full queue gives it back.
    #[inline]
    pub(super) fn push(&mut self, runnable: Runnable) -> Result<(), Runnable> {
        if self.room == 0 {
            self.room = self.ring.room();
            if self.room == 0 {
                return Err(runnable);
            }
        }
        self.room -= 1;
        self.ring.push(runnable.into_raw());
        Ok(())
    }

    /// Puts all at the end; there must be room for them.
    pub(super) fn push_many(&mut self, runnables: impl ExactSizeIterator<Item = Runnable>) {
        let room = self.ring.room();
        assert!(runnables.len() <= room, "more tasks than the queue has room for");
        self.room = room - runnables.len();
        self.ring.push_many(runnables.map(Runnable::into_raw));
    }

    #[inline]
    pub(super) fn pop(&mut self) -> Option<Runnable> {
        self.ring.pop().map(task)
    }

    /// Takes the `most` oldest, or as many as there are; none while a thief is at work. All must be taken from the iterator.
    pub(super) fn take(&mut self, most: usize) -> impl Iterator<Item = Runnable> + '_ {
        self.ring.take(u32::try_from(most).unwrap_or(u32::MAX)).map(task)
    }

    pub(super) fn len(&self) -> usize {
        self.ring.len()
    }

    /// How many tasks surely fit.
    pub(super) fn room(&self) -> usize {
        self.ring.room()
    }
}

impl Drop for RunQueue {
    fn drop(&mut self) {
        while self.pop().is_some() {}
    }
}

impl Stealer {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Takes half of this queue: one task to run now, the rest into `mine`. Gives the number of tasks taken too.
    pub(super) fn steal_into(&self, mine: &mut RunQueue) -> Option<(Runnable, usize)> {
        // What comes takes of the room.
        mine.room = 0;
        self.0.steal_into(&mine.ring).map(|(word, count)| (task(word), count))
    }
}
