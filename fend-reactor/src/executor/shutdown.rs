//! The end of a runtime: what stops, in which order, and what is left behind when the time is over.
//!
//! 1. Nothing new: the list of tasks, the blocking pools and the drivers close.
//! 2. Everybody wakes up and finds that out. Workers and monitor leave; threads in `block_on` go on with their own future alone.
//! 3. A thread of its own drops the futures of all tasks, so that a destructor that waits cannot hold the shutdown up.
//! 4. Whoever has not signed off by the deadline is reported.

use std::sync::Arc;
use std::sync::atomic::Ordering::{AcqRel, Acquire};
use std::time::Duration;

use super::shared::Shared;
use super::threads::{Threads, deadline};
use crate::context;

/// What a shutdown had to leave behind when its time was over. Whatever is left ends by itself when the code it is stuck in
/// returns; its memory is kept until then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "says whether everything has stopped"]
#[non_exhaustive]
pub struct ShutdownReport {
    /// Background threads stuck in a task.
    pub workers_left: usize,
    /// Threads of the blocking pool stuck in a job, and of the pool for files stuck in a call.
    pub blocking_left: usize,
    /// Tasks whose future was not dropped: it runs on a thread that is left, or its destructor does.
    pub tasks_left: usize,
}

impl ShutdownReport {
    /// Whether everything has stopped.
    pub fn is_clean(&self) -> bool {
        self.workers_left == 0 && self.blocking_left == 0 && self.tasks_left == 0
    }
}

pub(super) fn shut_down(shared: &Arc<Shared>, timeout: Duration) -> ShutdownReport {
    if !shared.is_here() {
        // In the child of a fork nothing of it runs. What its tasks hold is the parent's, so that no destructor may run here.
        std::mem::forget(shared.clone());
        return ShutdownReport { workers_left: 0, blocking_left: 0, tasks_left: 0 };
    }
    let timeout = if context::current_shared().is_some() { Duration::ZERO } else { timeout };
    let deadline = deadline(timeout);
    let dropper = Arc::new(Threads::default());
    if shared.begin_shut_down() {
        // At once, and not when the dropping thread gets to it: no spawn succeeds once this has returned.
        shared.owned.close();
        shared.blocking.close();
        shared.files.close();
        for driver in &shared.drivers {
            driver.close();
        }
        shared.wake_everybody();
        drop_tasks(shared, &dropper);
    }
    let dropping = dropper.wait(deadline);
    let workers_left = shared.threads.wait(deadline);
    let blocking_left = shared.blocking.wait(deadline) + shared.files.wait(deadline);
    ShutdownReport { workers_left, blocking_left, tasks_left: shared.owned.len().max(dropping) }
}

/// Drops the tasks' futures on a thread of their own: a destructor that waits for something, even for this thread, cannot hold
/// the shutdown up.
fn drop_tasks(shared: &Arc<Shared>, dropper: &Arc<Threads>) {
    let dropping = shared.clone();
    let drop_tasks = move || dropping.drop_tasks();
    if shared.owned.len() == 0 && !shared.has_queued_tasks() {
        drop_tasks();
        return;
    }
    let name = format!("{}-shutdown", shared.config.thread_name);
    if dropper.start(name, shared.config.thread_stack_size, drop_tasks.clone()).is_err() {
        drop_tasks();
    }
}

impl Shared {
    #[inline]
    pub(super) fn is_shut_down(&self) -> bool {
        self.shut_down.load(Acquire)
    }

    /// False when it was begun before.
    pub(super) fn begin_shut_down(&self) -> bool {
        !self.shut_down.swap(true, AcqRel)
    }

    pub(super) fn wake_everybody(&self) {
        for worker in 0..self.workers.len() {
            self.unpark_worker(worker);
        }
        for parker in self.blocked_on.lock().iter() {
            self.unpark(parker);
        }
        self.monitor.wake(self);
    }

    /// Drops the futures of all tasks and what is queued. User code runs here.
    pub(super) fn drop_tasks(&self) {
        #[cfg(feature = "tokio-context")]
        let _tokio = crate::tokio_context::hold();
        self.owned.close_and_shut_down();
        drop(self.injector.close());
        self.empty_vacant_cores();
    }

    /// Lets go of tasks that lie in the queue of a core without a thread. They hold the runtime, and the runtime holds the core.
    pub(super) fn empty_vacant_cores(&self) {
        let mut vacant = std::mem::take(&mut *self.vacant.lock());
        for core in &mut vacant {
            while core.queue.pop().is_some() {}
        }
        self.vacant.lock().append(&mut vacant);
    }
}
