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
pub(super) struct RunQueue(Arc<Ring>);

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
        (RunQueue(ring.clone()), Stealer(ring))
    }

    /// Puts `runnable` at the end and gives the number that waited before it. A full queue gives it back.
    #[inline]
    pub(super) fn push(&mut self, runnable: Runnable) -> Result<usize, Runnable> {
        let word = runnable.into_raw();
        self.0.push(word).map_err(|_full| task(word))
    }

    /// Puts all at the end; there must be room for them.
    pub(super) fn push_many(&mut self, runnables: impl ExactSizeIterator<Item = Runnable>) {
        assert!(runnables.len() <= self.room(), "more tasks than the queue has room for");
        self.0.push_many(runnables.map(Runnable::into_raw));
    }

    #[inline]
    pub(super) fn pop(&mut self) -> Option<Runnable> {
        self.0.pop().map(task)
    }

    /// Takes the `most` oldest, or as many as there are; none while a thief is at work. All must be taken from the iterator.
    pub(super) fn take(&mut self, most: usize) -> impl Iterator<Item = Runnable> + '_ {
        self.0.take(u32::try_from(most).unwrap_or(u32::MAX)).map(task)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// How many tasks surely fit.
    pub(super) fn room(&self) -> usize {
        self.0.room()
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
        self.0.steal_into(&mine.0).map(|(word, count)| (task(word), count))
    }
}
