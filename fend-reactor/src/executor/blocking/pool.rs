//! [`Pool`]: threads that run jobs, first in, first out.

#[cfg(all(test, loom))]
mod loom_models;

use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use super::job::Job;
use super::metrics::BlockingPoolMetrics;
use super::queue::{Help, Push, Queue};
use super::room::{Place, Room};
use super::seat::Seat;
use super::settings::Settings;
use crate::executor::lookout::Lookout;
use crate::executor::shared::Shared;
use crate::executor::threads::Threads;
use crate::fork::{FORKED, Origin};
use crate::sync::{Mutex, MutexGuard};
use crate::task::{CancelCause, JoinHandle, Meta, PoolInfo};
use crate::wake_list::WakeList;

/// A pool has no threads at first, starts one when a job finds none idle, up to a limit, and each ends after a while without work.
#[derive(Debug)]
pub(in crate::executor) struct Pool {
    /// In the child of a fork the lock may be held by a thread that is not there.
    origin: Origin,
    settings: Settings,
    info: PoolInfo,
    queue: Mutex<Queue>,
    threads: Arc<Threads>,
}

impl Pool {
    pub(in crate::executor) fn new(settings: Settings) -> Arc<Pool> {
        let info = settings.info();
        Arc::new(Pool {
            origin: Origin::here(),
            settings,
            info,
            queue: Mutex::default(),
            threads: Arc::default(),
        })
    }

    pub(super) fn info(&self) -> &PoolInfo {
        &self.info
    }

    pub(super) fn is_here(&self) -> bool {
        self.origin.is_here()
    }

    pub(in crate::executor) fn metrics(&self) -> BlockingPoolMetrics {
        if !self.is_here() {
            return BlockingPoolMetrics::default();
        }
        let queue = self.queue.lock();
        BlockingPoolMetrics {
            threads: queue.threads,
            idle_threads: queue.idle(),
            peak_threads: queue.counts.peak,
            queued: queue.waiting(),
            running: queue.running,
            completed: queue.counts.completed,
            cancelled: queue.counts.cancelled,
            refused: queue.counts.refused,
        }
    }

    /// Gives the pool a job, which runs as a visitor of `runtime`.
    pub(in crate::executor) fn spawn<T: Send + 'static>(
        self: &Arc<Self>,
        runtime: Option<Arc<Shared>>,
        f: impl FnOnce() -> T + Send + 'static,
        meta: Meta,
    ) -> JoinHandle<T> {
        let (job, handle) = Job::new(self, runtime, f, meta);
        self.push(job, None);
        handle
    }

    /// Queues a job, and sees to it that somebody comes for it. When there is no room, or no thread and none can be started, the job is
    /// cancelled: its handle resolves, and nothing waits for what never comes.
    pub(super) fn push(self: &Arc<Self>, job: Job, place: Option<Place<'_>>) {
        if !self.is_here() {
            if let Some(place) = place {
                place.take();
            }
            job.refuse(CancelCause::Forked);
            return;
        }
        let reserved = place.is_some();
        let pushed = self.queue.lock().push(job, &self.settings, reserved);
        if let Some(place) = place {
            place.take();
        }
        match pushed {
            Push::Queued(help) => self.fetch(help),
            Push::Full(job) => {
                job.refuse(CancelCause::QueueFull);
            }
            Push::Closed(job) => {
                job.refuse(CancelCause::ShutDown);
            }
        }
    }

    /// Fetches who is needed.
    fn fetch(self: &Arc<Self>, help: Option<Help>) {
        match help {
            None => {}
            Some(Help::Call(call)) => call.wake(),
            Some(Help::Start(number)) => self.start_thread(number),
        }
    }

    fn start_thread(self: &Arc<Self>, number: usize) {
        if self.try_start_thread(number).is_err() {
            self.start_failed();
        }
    }

    fn try_start_thread(self: &Arc<Self>, number: usize) -> io::Result<()> {
        let pool = self.clone();
        let name = format!("{}-{number}", self.settings.thread_name);
        self.threads.start(name, self.settings.stack_size, move || {
            if pool.settings.block_signals {
                crate::sys::block_signals();
            }
            pool.run();
        })
    }

    /// Other threads come for the jobs in time; without any, the jobs are over.
    fn start_failed(&self) {
        let orphans = self.queue.lock().start_failed();
        let refused = self.cancel(orphans, CancelCause::NoThread);
        self.queue.lock().count_refused(refused);
        self.change_room(|_| ());
    }

    /// Cancels jobs that were taken out of the queue. Gives the number of those that were not withdrawn before.
    fn cancel(&self, jobs: VecDeque<Job>, cause: CancelCause) -> usize {
        let all = jobs.len();
        let cancelled = jobs.into_iter().filter_map(|job| job.refuse(cause).then_some(())).count();
        if cancelled < all {
            self.queue.lock().forget_withdrawn(all - cancelled);
        }
        cancelled
    }

    /// A thread's life.
    fn run(self: &Arc<Self>) {
        let (seat, lookout) = (Arc::new(Seat::new()), Lookout::new());
        let mut queue = self.queue.lock();
        queue.started();
        while let Some(job) = self.wait_for_job(queue, &seat, &lookout) {
            let began = run_caught(job);
            // The job may have forked, and this be the child.
            assert!(self.is_here(), "{FORKED}");
            queue = self.queue.lock();
            queue.ran(began);
            if queue.room.is_wanted() {
                drop(queue);
                self.change_room(|_| ());
                queue = self.queue.lock();
            }
        }
    }

    /// `None` ends the thread: nothing came for long enough, or the pool takes no more jobs.
    fn wait_for_job<'a>(
        self: &'a Arc<Self>,
        mut queue: MutexGuard<'a, Queue>,
        seat: &Arc<Seat>,
        lookout: &Lookout,
    ) -> Option<Job> {
        let mut until = None;
        loop {
            if let Some(job) = queue.take() {
                let help = queue.help(&self.settings);
                drop(queue);
                self.fetch(help);
                return Some(job);
            }
            if queue.is_ending() || until.is_some_and(|until| Instant::now() >= until) {
                queue.thread_ends();
                return None;
            }
            queue = self.idle(queue, seat, lookout, &mut until);
        }
    }

    /// Looks about for the next call, if that pays, then sleeps.
    fn idle<'a>(
        &'a self,
        mut queue: MutexGuard<'a, Queue>,
        seat: &Arc<Seat>,
        lookout: &Lookout,
        until: &mut Option<Instant>,
    ) -> MutexGuard<'a, Queue> {
        let since = Instant::now();
        if until.is_none() {
            *until = since.checked_add(self.settings.keep_alive);
        }
        queue.goes_idle(seat);
        if lookout.pays() {
            drop(queue);
            let called = lookout.look(|| seat.is_called());
            queue = self.queue.lock();
            if called {
                queue.comes_back(seat);
                return queue;
            }
        }
        queue = seat.sleep(queue, *until);
        lookout.slept(seat.is_called().then(|| since.elapsed()));
        queue.comes_back(seat);
        queue
    }

    /// A job that waits was aborted.
    pub(super) fn withdrawn(&self) {
        if !self.is_here() {
            return;
        }
        let swept = self.queue.lock().withdrawn();
        drop(swept);
        self.change_room(|_| ());
    }

    /// Changes what is promised to those who wait for room, and promises what there is then.
    pub(super) fn change_room(&self, change: impl FnOnce(&mut Room)) {
        if !self.is_here() {
            return;
        }
        let mut woken = WakeList::default();
        let mut queue = self.queue.lock();
        change(&mut queue.room);
        queue.offer_room(&self.settings, &mut woken);
        drop(queue);
        woken.wake_all();
    }

    /// Looks at who waits for room, and whether there is any.
    pub(super) fn with_room<R>(&self, look: impl FnOnce(&mut Room, bool) -> R) -> R {
        let mut queue = self.queue.lock();
        let is_free = queue.is_ending() || queue.has_room(&self.settings);
        look(&mut queue.room, is_free)
    }

    /// Nobody can give jobs any more. Those that wait are run, and then the threads end.
    pub(super) fn finish(&self) {
        if !self.is_here() {
            return;
        }
        let calls = self.queue.lock().finish();
        calls.into_iter().for_each(|call| call.wake());
    }

    /// Cancels the jobs that wait, and lets the idle threads go. Gives the number of those that were cancelled.
    pub(in crate::executor) fn close(&self) -> usize {
        if !self.is_here() {
            return 0;
        }
        let (waiting, calls) = self.queue.lock().close();
        calls.into_iter().for_each(|call| call.wake());
        let cancelled = self.cancel(waiting, CancelCause::ShutDown);
        self.queue.lock().count_cancelled(cancelled);
        self.change_room(|_| ());
        cancelled
    }

    /// Waits for the jobs that run. Gives the number of threads that have not ended by `deadline`.
    pub(in crate::executor) fn wait(&self, deadline: Instant) -> usize {
        if self.is_here() { self.threads.wait(deadline) } else { 0 }
    }
}

/// What a job panics with is its result. But it may hold the last of what is shared with others, whose destructors are the user's too.
fn run_caught(job: Job) -> bool {
    match catch_unwind(AssertUnwindSafe(|| job.run())) {
        Ok(began) => began,
        Err(payload) => {
            // Its destructor might panic in turn.
            std::mem::forget(payload);
            true
        }
    }
}
