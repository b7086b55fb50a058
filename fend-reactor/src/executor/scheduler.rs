//! What tasks know of their runtime: where to go when they are woken, and whom to tell of a panic.

use std::any::Any;
use std::sync::Arc;

use super::shared::Shared;
use crate::task::{OwnedTasks, Runnable, Schedule, TaskInfo};

/// What a task knows of its runtime.
#[derive(Debug)]
pub(super) struct Scheduler(pub(super) Arc<Shared>);

impl Schedule for Scheduler {
    #[inline]
    fn schedule(&self, task: Runnable) {
        self.0.schedule(task);
    }

    fn is_here(&self) -> bool {
        self.0.is_here()
    }

    fn owned(&self) -> Option<&OwnedTasks> {
        Some(&self.0.owned)
    }

    fn unhandled_panic(&self, info: TaskInfo<'_>, payload: Box<dyn Any + Send>) {
        self.0.unhandled_panic(info, payload);
    }
}
