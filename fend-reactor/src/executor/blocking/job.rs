//! A job as a pool holds it.

use std::any::Any;
use std::sync::Arc;

use super::pool::Pool;
use crate::context;
use crate::executor::current::Current;
use crate::executor::shared::Shared;
use crate::task::{
    CancelCause, JoinHandle, Meta, OwnedTasks, PoolInfo, Ran, Runnable, Schedule, TaskInfo, unowned_task,
};

/// A job that waits, or runs.
#[derive(Debug)]
pub(super) struct Job {
    task: Runnable,
    /// After the task, so that whoever awaits it is woken before a paused clock may move on.
    _counted: Counted,
}

impl Job {
    /// A job that runs as a visitor of `runtime`. Nothing is queued yet.
    pub(super) fn new<T: Send + 'static>(
        pool: &Arc<Pool>,
        runtime: Option<Arc<Shared>>,
        f: impl FnOnce() -> T + Send + 'static,
        meta: Meta,
    ) -> (Job, JoinHandle<T>) {
        let counted = Counted::by(runtime.clone());
        let scheduler = JobScheduler { pool: pool.clone(), runtime: runtime.clone() };
        let visit = move || {
            let _entered = runtime.map(|runtime| context::enter(Current::visitor(runtime)));
            f()
        };
        let (task, handle) = unowned_task(visit, scheduler, meta);
        (Job { task, _counted: counted }, handle)
    }

    /// False: it was withdrawn before it began.
    pub(super) fn run(self) -> bool {
        !matches!(self.task.run(), Ran::Over)
    }

    /// Cancels it. False: it was withdrawn before.
    pub(super) fn refuse(self, cause: CancelCause) -> bool {
        self.task.refuse(cause)
    }

    /// Whether it was aborted, and the thread that did so is through with it.
    pub(super) fn is_over(&self) -> bool {
        self.task.is_over()
    }
}

/// One of the jobs that keep a runtime's paused clock where it is.
#[derive(Debug)]
struct Counted(Option<Arc<Shared>>);

impl Counted {
    fn by(runtime: Option<Arc<Shared>>) -> Counted {
        if let Some(runtime) = &runtime {
            runtime.begin_job();
        }
        Counted(runtime)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        if let Some(runtime) = &self.0 {
            runtime.end_job();
        }
    }
}

/// What a job knows: it is on no list, and polled once.
#[derive(Debug)]
struct JobScheduler {
    pool: Arc<Pool>,
    runtime: Option<Arc<Shared>>,
}

impl Schedule for JobScheduler {
    fn schedule(&self, task: Runnable) {
        unreachable!("a blocking job is ready at its first poll, but {task:?} was woken");
    }

    fn is_here(&self) -> bool {
        self.pool.is_here()
    }

    fn owned(&self) -> Option<&OwnedTasks> {
        None
    }

    fn pool(&self) -> Option<&PoolInfo> {
        Some(self.pool.info())
    }

    fn withdrawn(&self) {
        self.pool.withdrawn();
    }

    fn unhandled_panic(&self, info: TaskInfo<'_>, payload: Box<dyn Any + Send>) {
        if let Some(runtime) = &self.runtime {
            runtime.unhandled_panic(info, payload);
        }
    }
}
