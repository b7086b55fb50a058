//! [`BlockingPoolBuilder`]: the limits of a pool of the user's own, checked.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::named::BlockingPool;
use super::pool::Pool;
use super::settings::Settings;
use crate::executor::setting::{in_range, name_of_threads};

/// Sets up a [`BlockingPool`].
#[derive(Debug, Clone, Default)]
#[must_use = "a builder does nothing until `build`"]
pub struct BlockingPoolBuilder {
    name: Option<String>,
    max_threads: Option<usize>,
    max_queued: Option<usize>,
    keep_alive: Option<Duration>,
    stack_size: Option<usize>,
}

impl BlockingPoolBuilder {
    /// What errors call the pool, and its threads are called: thread 1 of `"thumbnails"` is `thumbnails-1`. `pool` by default. The kernel
    /// shows the first 15 bytes.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The most threads, at least 1. 64 by default.
    pub fn max_threads(mut self, count: usize) -> Self {
        self.max_threads = Some(count);
        self
    }

    /// The most jobs that wait while all threads are busy, at least 1. By default only memory bounds it.
    pub fn max_queued(mut self, count: usize) -> Self {
        self.max_queued = Some(count);
        self
    }

    /// How long a thread stays without work. 10 s by default.
    pub fn keep_alive(mut self, duration: Duration) -> Self {
        self.keep_alive = Some(duration);
        self
    }

    /// The stack size of the threads in bytes. std's default is 2 MiB, and `RUST_MIN_STACK` changes it.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = Some(bytes);
        self
    }

    /// Makes the pool. It has no threads yet.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when a number is 0, or the name has a NUL byte in it, which no thread's may, naming the setting.
    pub fn build(self) -> io::Result<BlockingPool> {
        let name = name_of_threads("name", self.name.unwrap_or_else(|| "pool".to_owned()))?;
        let shared_name: Arc<str> = name.as_str().into();
        let pool = Pool::new(Settings {
            thread_name: name,
            max_threads: in_range("max_threads", self.max_threads.unwrap_or(64), usize::MAX)?,
            max_queued: in_range("max_queued", self.max_queued.unwrap_or(usize::MAX), usize::MAX)?,
            keep_alive: self.keep_alive.unwrap_or(Duration::from_secs(10)),
            stack_size: self.stack_size,
            block_signals: false,
            name: Some(shared_name.clone()),
        });
        Ok(BlockingPool::over(pool, shared_name))
    }
}
