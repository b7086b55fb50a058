//! What all threads of a runtime share, and what they do to each other: queue, wake, hand over.

use std::any::Any;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, SeqCst};
use std::sync::atomic::{AtomicBool, AtomicUsize, fence};

use super::blocking::BlockingPool;
use super::builder::Config;
use super::current::{Current, Role};
use super::idle::Idle;
use super::injector::Injector;
use super::metrics::WorkerCounters;
use super::monitor::Monitor;
use super::parker::Parker;
use super::run_queue::{RunQueue, Stealer};
use super::threads::Threads;
use super::worker::{self, Core, Root};
use crate::clock::Clock;
use crate::context;
use crate::driver::Driver;
use crate::random::Random;
use crate::sync::Mutex;
use crate::task::{OwnedTasks, Runnable, Schedule, TaskInfo};

/// A runtime, seen from its workers, its tasks and everybody who holds a handle.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(super) config: Config,
    pub(crate) clock: Arc<Clock>,
    pub(crate) drivers: Box<[Arc<Driver>]>,
    pub(super) workers: Box<[Worker]>,
    pub(super) injector: Injector,
    pub(super) idle: Idle,
    pub(super) owned: OwnedTasks,
    pub(super) blocking: BlockingPool,
    pub(super) monitor: Monitor,
    /// Background workers and the monitor, for the shutdown to wait for.
    pub(super) threads: Arc<Threads>,
    /// The cores that no thread holds: all of them at first. A background worker takes its own for good, a thread in
    /// `block_on` takes core 0 for as long as it stays.
    vacant: Mutex<Vec<Core>>,
    seat_vacant: AtomicBool,
    /// Threads in `block_on`, worker 0 and guests alike.
    blocked_on: Mutex<Vec<Arc<Parker>>>,
    /// The futures of all calls to `block_on`, nested ones too.
    roots: Mutex<Vec<Arc<Root>>>,
    /// Threads that hold a core.
    active_workers: AtomicUsize,
    workers_started: AtomicBool,
    shut_down: AtomicBool,
}

/// One worker, seen from the others.
#[derive(Debug)]
pub(super) struct Worker {
    pub(super) stealer: Stealer,
    /// The parker of the thread that holds the core. Worker 0's changes with the thread in `block_on`.
    pub(super) parker: Mutex<Arc<Parker>>,
    pub(super) counters: WorkerCounters,
}

/// What a task knows of its runtime.
#[derive(Debug)]
pub(super) struct Scheduler(pub(super) Arc<Shared>);

impl Shared {
    /// # Errors
    /// What opening the dispatchers says.
    pub(super) fn new(config: Config) -> io::Result<Arc<Shared>> {
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
            clock,
            drivers,
            workers: workers.into(),
            injector: Injector::new(),
            idle: Idle::new(),
            owned: OwnedTasks::new(config.worker_threads.next_power_of_two()),
            blocking: BlockingPool::new(),
            monitor: Monitor::new(config.drivers, config.worker_threads),
            threads: Arc::default(),
            vacant: Mutex::new(cores),
            seat_vacant: AtomicBool::new(true),
            blocked_on: Mutex::default(),
            roots: Mutex::default(),
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

    // Queueing and waking.

    /// Queues a task: on the current thread's own queue if it is a worker here, else on the injector.
    #[inline]
    pub(super) fn schedule(self: &Arc<Self>, task: Runnable) {
        let away = context::with_current(|current| match current {
            Some(current) if Arc::ptr_eq(&current.shared, self) => current.push(task),
            _ => Err(task),
        });
        if let Err(task) = away {
            self.injector.push(task);
            self.notify();
        }
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

    pub(super) fn unpark(&self, parker: &Parker) {
        if let Some(driver) = parker.unpark() {
            self.drivers[driver].wake();
        }
    }

    pub(super) fn unpark_worker(&self, worker: usize) {
        let parker = self.workers[worker].parker.lock().clone();
        self.unpark(&parker);
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

    // Workers and seats.

    pub(super) fn active_workers(&self) -> usize {
        self.active_workers.load(Acquire)
    }

    /// Every worker sleeps and no blocking job runs: nothing happens but by the kernel or another thread. A thread whose own
    /// future was woken counts as asleep until it has got up, so that is asked too, and last: a job wakes before it ends.
    pub(super) fn is_quiet(&self) -> bool {
        fence(SeqCst);
        self.idle.asleep() == self.active_workers()
            && !self.has_queued_tasks()
            && self.blocking.jobs() == 0
            && !self.roots.lock().iter().any(|root| root.is_woken())
    }

    /// A future is about to be run by `block_on`.
    pub(super) fn enter_root(&self, root: &Arc<Root>) {
        self.roots.lock().push(root.clone());
    }

    pub(super) fn leave_root(&self, root: &Arc<Root>) {
        self.roots.lock().retain(|entered| !Arc::ptr_eq(entered, root));
    }

    /// Nobody works here: only the monitor can attend the drivers.
    pub(super) fn is_deserted(&self) -> bool {
        self.active_workers() == 0 && self.blocked_on.lock().is_empty()
    }

    pub(super) fn has_vacant_seat(&self) -> bool {
        self.seat_vacant.load(Acquire)
    }

    fn take_core(&self, worker: usize) -> Option<Core> {
        let mut vacant = self.vacant.lock();
        let position = vacant.iter().position(|core| core.index == worker)?;
        if worker == 0 {
            self.seat_vacant.store(false, Relaxed);
        }
        self.active_workers.fetch_add(1, AcqRel);
        Some(vacant.swap_remove(position))
    }

    /// Makes the thread in `block_on` worker 0, if nobody is.
    #[inline]
    pub(super) fn seat(&self, current: &Current) {
        if current.role == Role::InBlockOn && self.has_vacant_seat() && current.worker().is_none() {
            if let Some(core) = self.take_core(0) {
                current.take_core(core);
            }
        }
    }

    /// A thread comes to `block_on`.
    pub(super) fn arrive(self: &Arc<Self>, current: &Current) {
        let mut blocked_on = self.blocked_on.lock();
        blocked_on.push(current.parker.clone());
        let several = blocked_on.len() > 1;
        drop(blocked_on);
        self.seat(current);
        if several {
            // Each has its own future to be woken for, and the one in the driver may get stuck in a task.
            self.start_monitor();
        }
        self.monitor.release_driver(self);
    }

    /// A thread leaves `block_on`: its local tasks end, its core goes to whom comes next, and its driver is handed on.
    pub(super) fn leave(&self, current: &Current) {
        current.close_local();
        current.end_search();
        self.blocked_on.lock().retain(|parker| !Arc::ptr_eq(parker, &current.parker));
        let core = current.core.take();
        if let Some(core) = core {
            let mut vacant = self.vacant.lock();
            vacant.push(core);
            self.active_workers.fetch_sub(1, AcqRel);
            self.seat_vacant.store(true, std::sync::atomic::Ordering::Release);
            drop(vacant);
            if self.is_shut_down() {
                // The shutdown may have emptied the vacant cores before this one came.
                self.empty_vacant_cores();
            }
        }
        if self.has_queued_tasks() {
            self.notify();
        }
        let next = self.blocked_on.lock().first().cloned();
        match next {
            Some(next) => self.unpark(&next),
            None => {
                self.offer_driver();
            }
        }
        self.monitor.notice_departure();
    }

    /// Starts the background workers, once. Where a thread cannot be had, the runtime has fewer workers.
    #[inline]
    pub(super) fn start_workers(self: &Arc<Self>) {
        if !self.workers_started.load(Relaxed) {
            self.start_workers_now();
        }
    }

    #[cold]
    fn start_workers_now(self: &Arc<Self>) {
        if self.workers_started.swap(true, AcqRel) {
            return;
        }
        for index in 1..self.workers.len() {
            let Some(core) = self.take_core(index) else { break };
            if self.start_worker(core).is_err() {
                break;
            }
        }
        self.start_monitor();
    }

    fn start_worker(self: &Arc<Self>, core: Core) -> io::Result<()> {
        let name = format!("{}-{}", self.config.thread_name, core.index);
        let shared = self.clone();
        // The core comes back if the thread cannot be made.
        let seat = BackgroundSeat { shared: self.clone(), core: Some(core) };
        self.threads.start(name, self.config.thread_stack_size, move || {
            let mut seat = seat;
            let core = seat.core.take().expect("filled above");
            let current = Current::background(shared, core);
            let entered = context::enter(current.clone());
            worker::run_background(&current);
            current.close_local();
            drop(entered);
        })
    }

    pub(super) fn start_monitor(self: &Arc<Self>) {
        self.monitor.start(self);
    }

    // Shutting down: the steps; `runtime.rs` has their order.

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
        self.owned.close_and_shut_down();
        drop(self.injector.close());
        self.empty_vacant_cores();
    }

    /// Lets go of tasks that lie in the queue of a core without a thread. They hold the runtime, and the runtime holds the core.
    fn empty_vacant_cores(&self) {
        let mut vacant = std::mem::take(&mut *self.vacant.lock());
        for core in &mut vacant {
            while core.queue.pop().is_some() {}
        }
        self.vacant.lock().append(&mut vacant);
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
    let core = Core { index, queue, random, searching: false, awake_since: 0 };
    let parker = Mutex::new(Arc::new(Parker::new()));
    (core, Worker { stealer, parker, counters: WorkerCounters::default() })
}

/// Counts a worker out when its thread ends, or could not be made.
struct BackgroundSeat {
    shared: Arc<Shared>,
    core: Option<Core>,
}

impl Drop for BackgroundSeat {
    fn drop(&mut self) {
        self.shared.active_workers.fetch_sub(1, AcqRel);
        self.shared.vacant.lock().extend(self.core.take());
    }
}

impl Schedule for Scheduler {
    #[inline]
    fn schedule(&self, task: Runnable) {
        self.0.schedule(task);
    }

    #[inline]
    fn reschedule(&self, task: Runnable) {
        self.0.schedule(task);
    }

    fn owned(&self) -> Option<&OwnedTasks> {
        Some(&self.0.owned)
    }

    fn unhandled_panic(&self, info: TaskInfo<'_>, payload: Box<dyn Any + Send>) {
        self.0.unhandled_panic(info, payload);
    }
}

/// What a blocking job knows of its runtime: it is on no list, and polled once.
#[derive(Debug)]
pub(super) struct BlockingScheduler(pub(super) Arc<Shared>);

impl Schedule for BlockingScheduler {
    fn schedule(&self, task: Runnable) {
        unreachable!("a blocking job is ready at its first poll, but {task:?} was woken");
    }

    fn reschedule(&self, task: Runnable) {
        self.schedule(task);
    }

    fn owned(&self) -> Option<&OwnedTasks> {
        None
    }

    fn unhandled_panic(&self, info: TaskInfo<'_>, payload: Box<dyn Any + Send>) {
        self.0.unhandled_panic(info, payload);
    }
}
