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

/// Most tasks in a worker's queue after it took some from here: what they spawn and wake has room beside them, so that the queue does not
/// overflow before all have had their turn.
const BATCH: usize = super::ring::CAPACITY as usize * 3 / 4;

/// Tasks that leave a full queue at once.
const HALF: usize = super::ring::CAPACITY as usize / 2;

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

    /// Adds the task, or drops it (its future is dropped by the shutdown) once the queue is closed.
    pub(super) fn push(&self, task: Runnable) {
        let mut queue = self.queue.lock();
        if queue.closed {
            drop(queue);
            // The last reference of a task may go here, and with it user code runs.
            drop(task);
            return;
        }
        queue.tasks.push_back(task);
        self.len.store(queue.tasks.len(), Release);
    }

    /// Makes room in a full queue: its older half goes behind the others here. Once this is closed, the tasks are given back
    /// to be dropped.
    #[must_use = "to be dropped where user code may run"]
    pub(super) fn relieve(&self, mine: &mut RunQueue) -> Vec<Runnable> {
        let mut queue = self.queue.lock();
        if queue.closed {
            return mine.take(HALF).collect();
        }
        queue.tasks.extend(mine.take(HALF));
        self.len.store(queue.tasks.len(), Release);
        Vec::new()
    }

    /// The oldest task.
    pub(super) fn pop(&self) -> Option<Runnable> {
        let mut queue = self.queue.lock();
        let first = queue.tasks.pop_front();
        self.note_len(&mut queue);
        first
    }

    /// Moves a fair share of the tasks (one part in `workers`) to the end of `mine`. Those of `mine` that are too many beside them go behind
    /// the others here, the oldest first: so all take turns, however many they are.
    pub(super) fn exchange(&self, mine: &mut RunQueue, workers: usize) {
        let mut queue = self.queue.lock();
        let share = queue.tasks.len().div_ceil(workers).min(BATCH);
        let too_many = (mine.len() + share).saturating_sub(BATCH);
        queue.tasks.extend(mine.take(too_many));
        // Less than that while a thief is at work.
        let share = share.min(mine.room());
        mine.push_many(queue.tasks.drain(..share));
        self.note_len(&mut queue);
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
