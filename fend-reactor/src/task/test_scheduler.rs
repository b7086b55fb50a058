//! The smallest executor: a queue that a test runs by hand.

use std::any::Any;
use std::collections::VecDeque;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{JoinHandle, Meta, OwnedTasks, Ran, Runnable, Schedule, TaskInfo};
use crate::sync::Mutex;

/// A scheduler, as each task holds one.
#[derive(Clone)]
pub(super) struct TestScheduler(pub(super) Arc<Shared>);

pub(super) struct Shared {
    pub(super) owned: OwnedTasks,
    queue: Mutex<VecDeque<Runnable>>,
    pub(super) scheduled: AtomicUsize,
    pub(super) rescheduled: AtomicUsize,
    pub(super) unhandled: AtomicUsize,
}

impl TestScheduler {
    pub(super) fn new() -> Self {
        TestScheduler(Arc::new(Shared {
            owned: OwnedTasks::new(2),
            queue: Mutex::new(VecDeque::new()),
            scheduled: AtomicUsize::new(0),
            rescheduled: AtomicUsize::new(0),
            unhandled: AtomicUsize::new(0),
        }))
    }

    #[track_caller]
    pub(super) fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let (handle, runnable) = self.0.owned.spawn(0, future, self.clone(), Meta::here());
        if let Some(runnable) = runnable {
            self.push(runnable);
        }
        handle
    }

    pub(super) fn push(&self, runnable: Runnable) {
        self.0.queue.lock().push_back(runnable);
    }

    pub(super) fn pop(&self) -> Option<Runnable> {
        self.0.queue.lock().pop_front()
    }

    /// Runs one task. False when none was scheduled.
    pub(super) fn run_one(&self) -> bool {
        let Some(task) = self.pop() else { return false };
        if let Ran::Again(task) = task.run() {
            self.0.rescheduled.fetch_add(1, Ordering::Relaxed);
            self.push(task);
        }
        true
    }

    /// Runs until nothing is scheduled; returns how many runs that were.
    pub(super) fn run_all(&self) -> usize {
        std::iter::from_fn(|| self.run_one().then_some(())).count()
    }
}

impl Schedule for TestScheduler {
    fn schedule(&self, task: Runnable) {
        self.0.scheduled.fetch_add(1, Ordering::Relaxed);
        self.push(task);
    }

    fn owned(&self) -> Option<&OwnedTasks> {
        Some(&self.0.owned)
    }

    fn unhandled_panic(&self, _info: TaskInfo<'_>, _payload: Box<dyn Any + Send>) {
        self.0.unhandled.fetch_add(1, Ordering::Relaxed);
    }
}
