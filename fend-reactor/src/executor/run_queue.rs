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
    /// How many tasks were added since the last one that others had to be told of.
    untold: usize,
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
        (RunQueue { ring: ring.clone(), room: 0, untold: 0 }, Stealer(ring))
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
        self.untold += 1;
        self.ring.push(runnable.into_raw());
        Ok(())
    }

    /// Whether others have to be told of the task that was just put here.
    ///
    /// Not of the only one, which its worker runs next: should it get stuck first, the monitor finds that. And not of one behind a task that
    /// was here when others were told: whoever has wanted to go to sleep since has found this queue filled. (A thief may take
    /// that task at this moment, and a sleeper miss the new one. The thief is awake, and so is this worker; and there is the monitor.)
    #[inline]
    pub(super) fn has_news(&mut self) -> bool {
        let waiting = self.ring.len();
        // More than were added since: the oldest of them was here when others were told.
        if waiting <= 1 || waiting > self.untold {
            return false;
        }
        self.untold = 0;
        true
    }

    /// Puts all at the end; there must be room for them.
    pub(super) fn push_many(&mut self, runnables: impl ExactSizeIterator<Item = Runnable>) {
        let room = self.ring.room();
        assert!(runnables.len() <= room, "more tasks than the queue has room for");
        self.room = room - runnables.len();
        self.untold += runnables.len();
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
        let (word, count) = self.0.steal_into(&mine.ring)?;
        mine.untold += count;
        Some((task(word), count))
    }
}

/// A task for tests, which belongs to nobody.
#[cfg(test)]
pub(super) fn a_task() -> Runnable {
    use crate::task::{Meta, OwnedTasks, Schedule, TaskInfo, unowned_task};

    struct Nowhere;

    impl Schedule for Nowhere {
        fn schedule(&self, task: Runnable) {
            drop(task);
        }

        fn owned(&self) -> Option<&OwnedTasks> {
            None
        }

        fn unhandled_panic(&self, _: TaskInfo<'_>, _: Box<dyn std::any::Any + Send>) {}
    }

    unowned_task(|| (), Nowhere, Meta::here()).0
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// What others were told of is still there, or they are told again.
    #[test]
    fn others_are_told_once_as_long_as_something_stays() {
        let (mut queue, stealer) = RunQueue::new();
        let is_news = |queue: &mut RunQueue| {
            queue.push(a_task()).unwrap();
            queue.has_news()
        };
        assert!(!is_news(&mut queue), "the first is the worker's own");
        assert!(is_news(&mut queue));
        // Two wait, of which others know.
        for _ in 0..10 {
            assert!(!is_news(&mut queue));
        }
        queue.pop().unwrap();
        assert!(!is_news(&mut queue), "the second is still there");
        queue.pop().unwrap();
        assert!(is_news(&mut queue), "nobody was told of those that are left");
        assert!(!is_news(&mut queue));
        // Thieves take the oldest, too.
        let (mut mine, _) = RunQueue::new();
        let (taken, count) = stealer.steal_into(&mut mine).unwrap();
        assert_eq!(count, 7);
        drop(taken);
        assert!(!is_news(&mut queue));
        stealer.steal_into(&mut RunQueue::new().0).unwrap();
        stealer.steal_into(&mut RunQueue::new().0).unwrap();
        assert!(is_news(&mut queue));
        assert!(is_news(&mut mine), "nobody was told of what was stolen");
        while queue.pop().is_some() {}
        assert!(!is_news(&mut queue));
        assert!(is_news(&mut queue));
    }
}
