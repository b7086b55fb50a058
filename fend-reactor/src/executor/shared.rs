//! What all threads of a runtime share, and how they queue tasks and wake each other.
//!
//! Who is a worker when is told in `seats`, the end in `shutdown`.

use std::any::Any;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::AcqRel;
use std::sync::atomic::{AtomicBool, AtomicUsize};

use super::blocking::Pool;
use super::config::Config;
use super::id::Id;
use super::idle::Idle;
use super::injector::Injector;
use super::metrics::WorkerCounters;
use super::monitor::Monitor;
use super::parker::Parker;
use super::run_queue::{RunQueue, Stealer};
use super::threads::Threads;
use super::worker::Core;
use crate::clock::Clock;
use crate::context;
use crate::driver::Driver;
use crate::fork::{FORKED, Origin};
use crate::random::Random;
use crate::sync::Mutex;
use crate::task::{OwnedTasks, Runnable, TaskInfo};

/// A runtime, seen from its workers, its tasks and everybody who holds a handle.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(super) id: Id,
    origin: Origin,
    pub(super) config: Config,
    pub(crate) clock: Arc<Clock>,
    pub(crate) drivers: Box<[Arc<Driver>]>,
    pub(super) workers: Box<[Worker]>,
    pub(super) injector: Injector,
    pub(super) idle: Idle,
    pub(super) owned: OwnedTasks,
    /// For the user's jobs.
    pub(super) blocking: Arc<Pool>,
    /// For calls on files, which jobs that sleep must not hold up, nor the reverse.
    pub(super) files: Arc<Pool>,
    /// Jobs that were given from here to any pool, and wait or run; the paused clock stands still while there are any.
    pub(super) jobs: AtomicUsize,
    pub(super) monitor: Monitor,
    /// Background workers and the monitor, for the shutdown to wait for.
    pub(super) threads: Arc<Threads>,
    /// The cores that no thread holds: all of them at first. A background worker takes its own for good, a thread in
    /// `block_on` takes core 0 for as long as it stays.
    pub(super) vacant: Mutex<Vec<Core>>,
    pub(super) seat_vacant: AtomicBool,
    /// Threads in `block_on`, worker 0 and guests alike.
    pub(super) blocked_on: Mutex<Vec<Arc<Parker>>>,
    /// Threads that hold a core.
    pub(super) active_workers: AtomicUsize,
    pub(super) workers_started: AtomicBool,
    pub(super) shut_down: AtomicBool,
}

/// One worker, seen from the others.
#[derive(Debug)]
pub(super) struct Worker {
    pub(super) stealer: Stealer,
    /// The parker of the thread that holds the core. Worker 0's changes with the thread in `block_on`.
    pub(super) parker: Mutex<Arc<Parker>>,
    pub(super) counters: Arc<WorkerCounters>,
}

impl Shared {
    /// # Errors
    /// What opening the dispatchers says, and with the feature `tokio-context` what starting a tokio runtime does.
    pub(super) fn new(config: Config) -> io::Result<Arc<Shared>> {
        #[cfg(feature = "tokio-context")]
        crate::tokio_context::prepare()?;
        let clock = Arc::new(Clock::new());
        if config.start_paused {
            clock.pause();
        }
        let drivers = (0..config.drivers)
            .map(|index| Driver::new(index, config.dispatcher, clock.clone()))
            .collect::<io::Result<Box<[_]>>>()?;
        let seed = config.seed.unwrap_or_else(Random::seed);
        let (cores, workers): (Vec<_>, Vec<_>) =
            (0..config.worker_threads).map(|index| core_and_worker(index, seed)).unzip();
        let shared = Arc::new(Shared {
            id: Id::next(),
            origin: Origin::here(),
            clock,
            drivers,
            workers: workers.into(),
            injector: Injector::new(),
            idle: Idle::new(),
            owned: OwnedTasks::new(config.worker_threads.next_power_of_two()),
            blocking: Pool::new(config.blocking_pool()),
            files: Pool::new(config.file_pool()),
            jobs: AtomicUsize::new(0),
            monitor: Monitor::new(config.drivers, config.worker_threads),
            threads: Arc::default(),
            vacant: Mutex::new(cores),
            seat_vacant: AtomicBool::new(true),
            blocked_on: Mutex::default(),
            active_workers: AtomicUsize::new(0),
            workers_started: AtomicBool::new(config.worker_threads == 1),
            shut_down: AtomicBool::new(false),
            config,
        });
        for driver in &shared.drivers {
            let weak = Arc::downgrade(&shared);
            driver.on_outside_wait(move || {
                if let Some(shared) = weak.upgrade() {
                    shared.start_monitor();
                }
            });
        }
        Ok(shared)
    }

    /// Whether this is the process that made the runtime, and no child of it: there, nothing of it may be touched.
    #[inline]
    pub(super) fn is_here(&self) -> bool {
        self.origin.is_here()
    }

    /// For what has no error to give.
    ///
    /// # Panics
    /// In the child of a fork.
    #[inline]
    #[track_caller]
    pub(super) fn assert_here(&self) {
        assert!(self.is_here(), "{FORKED}");
    }

    /// Queues a task: on the current thread's own queue if it is a worker here, else on the injector.
    ///
    /// In the child of a fork the wake-up is forgotten. A waker leads here from anywhere, so it is here that this must be found out, before
    /// the first lock.
    #[inline]
    pub(super) fn schedule(self: &Arc<Self>, task: Runnable) {
        if !self.is_here() {
            return;
        }
        let away = context::with_current(|current| match current {
            Some(current) if Arc::ptr_eq(&current.shared, self) => current.push(task),
            _ => Err(task),
        });
        if let Err(task) = away {
            self.inject(task);
        }
    }

    /// Queues a task on the injector.
    pub(super) fn inject(&self, task: Runnable) {
        self.injector.push(task);
        self.notify();
    }

    /// There is more work than the workers that are awake will take: wakes one more, unless one searches already.
    pub(super) fn notify(&self) {
        if let Some(worker) = self.idle.wake_one() {
            self.unpark_worker(worker);
        }
    }

    /// Whether any queue that workers share holds a task.
    pub(super) fn has_queued_tasks(&self) -> bool {
        self.injector.len() > 0 || self.workers.iter().any(|worker| worker.stealer.len() > 0)
    }

    /// Nobody sleeps here in the child of a fork.
    pub(super) fn unpark(&self, parker: &Parker) {
        if !self.is_here() {
            return;
        }
        if let Some(driver) = parker.unpark() {
            self.drivers[driver].wake();
        }
    }

    pub(super) fn unpark_worker(&self, worker: usize) {
        self.unpark(&self.workers[worker].parker.lock());
    }

    pub(super) fn wake_drivers(&self) {
        for driver in &self.drivers {
            driver.wake();
        }
    }

    /// A driver was left: somebody who sleeps on his own takes it over. False: nobody does.
    pub(super) fn offer_driver(&self) -> bool {
        if let Some(worker) = self.idle.wake_attendant() {
            self.unpark_worker(worker);
            return true;
        }
        // Threads in `block_on` look for a free driver whenever they wake.
        let blocked_on = self.blocked_on.lock();
        let sleeper = blocked_on.iter().find(|parker| parker.is_asleep_on_its_own()).cloned();
        drop(blocked_on);
        sleeper.inspect(|parker| self.unpark(parker)).is_some()
    }

    /// The runtime in a few words: every ring slot would be pages.
    pub(super) fn describe(&self, mut debug: fmt::DebugStruct<'_, '_>) -> fmt::Result {
        debug
            .field("workers", &self.workers.len())
            .field("drivers", &self.drivers.len())
            .field("dispatcher", &self.config.dispatcher)
            .field("tasks_alive", &self.owned.len())
            .field("shut_down", &self.is_shut_down())
            .finish_non_exhaustive()
    }

    pub(super) fn begin_job(&self) {
        self.jobs.fetch_add(1, AcqRel);
    }

    pub(super) fn end_job(&self) {
        self.jobs.fetch_sub(1, AcqRel);
        // A paused clock waits for jobs: let the workers look again.
        if self.clock.is_paused() {
            self.wake_drivers();
        }
    }

    pub(super) fn unhandled_panic(&self, info: TaskInfo<'_>, payload: Box<dyn Any + Send>) {
        if let Some(hook) = &self.config.unhandled_panic.0 {
            hook(info, payload);
        }
    }
}

fn core_and_worker(index: usize, seed: u64) -> (Core, Worker) {
    let (queue, stealer) = RunQueue::new();
    let random = Random::from_seed(seed.wrapping_add((index as u64) << 32));
    let counters = Arc::<WorkerCounters>::default();
    let core = Core { index, queue, random, searching: false, turns: 0, counters: counters.clone() };
    let parker = Mutex::new(Arc::new(Parker::new()));
    (core, Worker { stealer, parker, counters })
}
