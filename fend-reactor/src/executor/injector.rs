//! Tasks that came from outside the workers, or overflowed a worker's own queue: first in, first out.
//!
//! Each task that lives is in at most one queue once, so the length is bounded by the number of live tasks.

use std::collections::VecDeque;

use super::run_queue::RunQueue;
use crate::sync::Mutex;
use crate::sync::atomic::AtomicUsize;
use crate::sync::atomic::Ordering::{Acquire, Release};
use crate::task::Runnable;

/// A burst may leave a large buffer behind; one above this many slots is given back when the queue is empty.
const KEPT_SLOTS: usize = 1024;

/// Most tasks taken at once by one worker: half a ring, which always fits an empty one.
const BATCH: usize = super::ring::CAPACITY as usize / 2;

/// Aligned so that workers who use it do not slow down those that look at what lies beside it.
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Injector {
    /// Length of the queue, so that an empty one costs no lock.
    len: AtomicUsize,
    queue: Mutex<Queue>,
}

#[derive(Debug)]
struct Queue {
    tasks: VecDeque<Runnable>,
    closed: bool,
}

impl Injector {
    pub(super) fn new() -> Injector {
        Injector {
            len: AtomicUsize::new(0),
            queue: Mutex::new(Queue { tasks: VecDeque::new(), closed: false }),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len.load(Acquire)
    }

    pub(super) fn push(&self, task: Runnable) {
        self.push_many([task].into_iter());
    }

    /// Adds the tasks, or drops them (their futures are dropped by the shutdown) once the queue is closed.
    pub(super) fn push_many(&self, tasks: impl Iterator<Item = Runnable>) {
        let mut queue = self.queue.lock();
        if queue.closed {
            drop(queue);
            // The last reference of a task may go here, and with it user code runs.
            tasks.for_each(drop);
            return;
        }
        queue.tasks.extend(tasks);
        self.len.store(queue.tasks.len(), Release);
    }

    /// The oldest task.
    pub(super) fn pop(&self) -> Option<Runnable> {
        let mut queue = self.queue.lock();
        let first = queue.tasks.pop_front();
        self.note_len(&mut queue);
        first
    }

    /// The oldest task; moves a fair share of the others (one part in `workers`) to `mine`.
    pub(super) fn pop_into(&self, mine: &mut RunQueue, workers: usize) -> Option<Runnable> {
        if self.len() == 0 {
            return None;
        }
        let mut queue = self.queue.lock();
        let first = queue.tasks.pop_front()?;
        let share = (queue.tasks.len() / workers).min(BATCH).min(mine.room());
        for task in queue.tasks.drain(..share) {
            mine.push(task).expect("there is room for the share");
        }
        self.note_len(&mut queue);
        Some(first)
    }

    fn note_len(&self, queue: &mut Queue) {
        self.len.store(queue.tasks.len(), Release);
        if queue.tasks.is_empty() && queue.tasks.capacity() > KEPT_SLOTS {
            queue.tasks.shrink_to(KEPT_SLOTS);
        }
    }

    /// Refuses tasks from now on and gives out those that wait.
    pub(super) fn close(&self) -> VecDeque<Runnable> {
        let mut queue = self.queue.lock();
        queue.closed = true;
        self.len.store(0, Release);
        std::mem::take(&mut queue.tasks)
    }
}
