//! [`Config`]: what a runtime is made of, and its pools of threads.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::blocking::Settings;
use crate::dispatcher::Dispatcher;
use crate::task::TaskInfo;

/// The settings with everything filled in.
#[derive(Debug)]
pub(super) struct Config {
    pub(super) worker_threads: usize,
    pub(super) drivers: usize,
    pub(super) dispatcher: Dispatcher,
    pub(super) thread_name: String,
    pub(super) thread_stack_size: Option<usize>,
    pub(super) max_blocking_threads: usize,
    pub(super) max_blocking_queue: usize,
    pub(super) thread_keep_alive: Duration,
    pub(super) start_paused: bool,
    pub(super) seed: Option<u64>,
    pub(super) drop_timeout: Duration,
    pub(super) unhandled_panic: PanicHook,
}

type OnUnhandledPanic = dyn Fn(TaskInfo<'_>, Box<dyn Any + Send>) + Send + Sync;

#[derive(Clone, Default)]
pub(super) struct PanicHook(pub(super) Option<Arc<OnUnhandledPanic>>);

impl fmt::Debug for PanicHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "set" } else { "none" })
    }
}

/// The most threads for calls on files. A call takes a thread for as long as the device takes; solid-state disks have reached their speed
/// with 32 to 64 requests at once, and more threads would only wait for the same locks in the kernel.
const MOST_FILE_THREADS: usize = 64;

impl Config {
    pub(super) fn blocking_pool(&self) -> Settings {
        Settings {
            thread_name: format!("{}-blocking", self.thread_name),
            max_threads: self.max_blocking_threads,
            max_queued: self.max_blocking_queue,
            keep_alive: self.thread_keep_alive,
            stack_size: self.thread_stack_size,
            block_signals: false,
            name: None,
        }
    }

    /// Nobody has a call queued but a task that awaits it, or a file, which has one at a time: they bound the queue.
    pub(super) fn file_pool(&self) -> Settings {
        Settings {
            thread_name: format!("{}-file", self.thread_name),
            max_threads: MOST_FILE_THREADS,
            max_queued: usize::MAX,
            block_signals: true,
            ..self.blocking_pool()
        }
    }
}
