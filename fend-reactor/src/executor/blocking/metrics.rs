//! A pool's counters, as users see them.

/// A snapshot of a pool's counters, taken at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct BlockingPoolMetrics {
    /// Threads, busy or idle, those that are being started among them.
    pub threads: usize,
    /// Threads without a job, which nobody has called yet.
    pub idle_threads: usize,
    /// The most threads that there have been at once.
    pub peak_threads: usize,
    /// Jobs that wait for a thread.
    pub queued: usize,
    /// Jobs that a thread has taken. A job counts until its thread has come back from it, a moment after its handle has resolved.
    pub running: usize,
    /// Jobs that have run to their end, or panicked.
    pub completed: u64,
    /// Jobs that were aborted before they began, or that the end of the pool kept from it.
    pub cancelled: u64,
    /// Jobs that found the queue full, or no thread and none to be had.
    pub refused: u64,
}

impl BlockingPoolMetrics {
    /// Jobs that are not over: those that wait and those that run.
    #[must_use]
    pub fn jobs(&self) -> usize {
        self.queued + self.running
    }
}
