//! The limits of a pool.

use std::sync::Arc;
use std::time::Duration;

use crate::task::PoolInfo;

#[derive(Debug)]
pub(in crate::executor) struct Settings {
    /// Thread 3 of `"web-blocking"` is `web-blocking-3`.
    pub(in crate::executor) thread_name: String,
    pub(in crate::executor) max_threads: usize,
    /// Jobs that may wait while all of `max_threads` are busy.
    pub(in crate::executor) max_queued: usize,
    pub(in crate::executor) keep_alive: Duration,
    pub(in crate::executor) stack_size: Option<usize>,
    /// Its threads take no signals: no system call of its jobs is interrupted.
    pub(in crate::executor) block_signals: bool,
    /// What errors call it; `None` for a runtime's own.
    pub(in crate::executor) name: Option<Arc<str>>,
}

impl Settings {
    /// The most jobs that wait or run.
    pub(super) fn capacity(&self) -> usize {
        self.max_threads.saturating_add(self.max_queued)
    }

    pub(super) fn info(&self) -> PoolInfo {
        PoolInfo { name: self.name.clone(), max_queued: self.max_queued }
    }
}
