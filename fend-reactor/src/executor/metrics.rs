//! Counters, and the snapshot of them that users see.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::blocking::BlockingPoolMetrics;
use super::shared::{Shared, Worker};
use crate::clock::Nanos;

/// What one worker counts. Written by the thread that holds the core, read by anybody. On cache lines of its own: all but the core's
/// thread look here rarely.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(super) struct WorkerCounters {
    pub(super) polls: Counter,
    pub(super) steals: Counter,
    pub(super) parks: Counter,
    /// While it sleeps, or nobody holds its core: for how long it has been awake. While it is awake, [`AWAKE`] and the time since when it
    /// would be so without its sleeps. One word, so that no stretch is seen twice or not at all.
    awake: AtomicU64,
    /// The most that was shown: who looks while it falls asleep may be ahead of what it notes.
    shown: AtomicU64,
}

const AWAKE: u64 = 1 << 63;

impl WorkerCounters {
    pub(super) fn wakes(&self, now: Nanos) {
        let since = now.saturating_sub(self.awake_for(now));
        self.awake.store(AWAKE | since, Relaxed);
    }

    pub(super) fn sleeps(&self, now: Nanos) {
        self.awake.store(self.awake_for(now) & !AWAKE, Relaxed);
    }

    fn awake_for(&self, now: Nanos) -> u64 {
        let awake = self.awake.load(Relaxed);
        if awake & AWAKE == 0 { awake } else { now.saturating_sub(awake & !AWAKE) }
    }

    /// Never less than before.
    fn busy(&self, now: Nanos) -> Duration {
        let busy = self.awake_for(now);
        Duration::from_nanos(busy.max(self.shown.fetch_max(busy, Relaxed)))
    }
}

/// A counter with one writer: adding is a load and a store, no locked instruction.
#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    #[inline]
    pub(super) fn add(&self, n: u64) {
        self.0.store(self.0.load(Relaxed).wrapping_add(n), Relaxed);
    }

    #[inline]
    pub(super) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// A snapshot of a runtime's counters, from [`Runtime::metrics`](super::Runtime::metrics) or
/// [`Handle::metrics`](super::Handle::metrics).
///
/// Counters only grow, over the runtime's life. They are read one after the other while the runtime works, so sums may be off by
/// what happened meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metrics {
    /// Tasks that were spawned and are not over. Blocking jobs are not among them.
    pub tasks_alive: usize,
    /// Tasks in the queue that all workers share.
    pub injector_len: usize,
    /// One entry a worker; worker 0 is the thread in `block_on`.
    pub workers: Vec<WorkerMetrics>,
    /// One entry a driver.
    pub drivers: Vec<DriverMetrics>,
    /// The pool for jobs of [`spawn_blocking`](crate::spawn_blocking).
    pub blocking: BlockingPoolMetrics,
    /// The pool for calls on files.
    pub files: BlockingPoolMetrics,
}

/// One worker's share of [`Metrics`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerMetrics {
    /// Polls of tasks, the future of `block_on` among them.
    pub polls: u64,
    /// Tasks taken from other workers.
    pub steals: u64,
    /// Times it ran out of work: it went to sleep, or looked about for a moment and found some.
    pub parks: u64,
    /// Time spent awake, by the runtime's clock.
    pub busy: Duration,
    /// Tasks that wait in its own queue.
    pub queue_len: usize,
}

/// One driver's share of [`Metrics`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DriverMetrics {
    /// Times a thread asked the kernel what is ready.
    pub turns: u64,
    /// Readiness events that reached a source.
    pub events: u64,
    /// Timers that came due.
    pub timers: u64,
}

impl Metrics {
    pub(super) fn of(shared: &Shared) -> Metrics {
        Metrics {
            tasks_alive: shared.owned.len(),
            injector_len: shared.injector.len(),
            workers: shared
                .workers
                .iter()
                .map(|worker| WorkerMetrics::of(worker, shared.clock.now()))
                .collect(),
            drivers: shared
                .drivers
                .iter()
                .map(|driver| DriverMetrics {
                    turns: driver.turns(),
                    events: driver.events(),
                    timers: driver.timers_fired(),
                })
                .collect(),
            blocking: shared.blocking.metrics(),
            files: shared.files.metrics(),
        }
    }

    /// The sum over all workers.
    pub fn polls(&self) -> u64 {
        self.workers.iter().map(|worker| worker.polls).sum()
    }

    /// The sum over all workers.
    pub fn steals(&self) -> u64 {
        self.workers.iter().map(|worker| worker.steals).sum()
    }

    /// The sum over all workers.
    pub fn parks(&self) -> u64 {
        self.workers.iter().map(|worker| worker.parks).sum()
    }

    /// The sum over all drivers.
    pub fn driver_turns(&self) -> u64 {
        self.drivers.iter().map(|driver| driver.turns).sum()
    }

    /// The sum over all drivers.
    pub fn driver_events(&self) -> u64 {
        self.drivers.iter().map(|driver| driver.events).sum()
    }
}

impl WorkerMetrics {
    fn of(worker: &Worker, now: Nanos) -> WorkerMetrics {
        WorkerMetrics {
            polls: worker.counters.polls.get(),
            steals: worker.counters.steals.get(),
            parks: worker.counters.parks.get(),
            busy: worker.counters.busy(now),
            queue_len: worker.stealer.len(),
        }
    }
}
