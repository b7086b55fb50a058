//! The blocking pool: threads for code that blocks, so that workers need not.
//!
//! Jobs run first in, first out. A thread is started when a job finds none idle, up to the limit; it ends after a while
//! without work. A job is a task that is polled once, so a [`JoinHandle`](crate::task::JoinHandle) works the same for both.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::{AcqRel, Acquire};
use std::time::{Duration, Instant};

use super::shared::Shared;
use super::threads::Threads;
use crate::sync::{Condvar, Mutex};
use crate::task::Runnable;

#[derive(Debug)]
pub(super) struct BlockingPool {
    queue: Mutex<Queue>,
    work: Condvar,
    threads: Arc<Threads>,
    /// Jobs that wait or run; the paused clock stands still while there are any.
    jobs: AtomicUsize,
}

#[derive(Debug, Default)]
struct Queue {
    jobs: VecDeque<Runnable>,
    idle: usize,
    started: usize,
    running: usize,
    closed: bool,
}

/// What a push asks for.
enum Push {
    Called,
    Start(String),
    Full,
    Closed(Runnable),
}

impl BlockingPool {
    pub(super) fn new() -> BlockingPool {
        BlockingPool {
            queue: Mutex::default(),
            work: Condvar::new(),
            threads: Arc::default(),
            jobs: AtomicUsize::new(0),
        }
    }

    pub(super) fn threads(&self) -> usize {
        self.threads.alive()
    }

    pub(super) fn jobs(&self) -> usize {
        self.jobs.load(Acquire)
    }

    /// Queues a job, with a thread to run it. When no thread can be started and none exists, the job is cancelled: its handle
    /// resolves, and nothing waits for a thread that never comes.
    pub(super) fn push(&self, shared: &Arc<Shared>, job: Runnable) {
        self.jobs.fetch_add(1, AcqRel);
        match self.enqueue(shared, job) {
            Push::Called => self.work.notify_one(),
            Push::Full => {}
            Push::Closed(job) => self.cancel(shared, job),
            Push::Start(name) => {
                if self.start_thread(shared, name).is_err() {
                    self.thread_failed(shared);
                }
            }
        }
    }

    fn enqueue(&self, shared: &Shared, job: Runnable) -> Push {
        let mut queue = self.queue.lock();
        if queue.closed {
            return Push::Closed(job);
        }
        queue.jobs.push_back(job);
        // A thread that was called stays idle, and its job queued, until it wakes up.
        if queue.idle >= queue.jobs.len() {
            return Push::Called;
        }
        if queue.running >= shared.config.max_blocking_threads {
            return Push::Full;
        }
        queue.running += 1;
        queue.started += 1;
        Push::Start(format!("{}-blocking-{}", shared.config.thread_name, queue.started))
    }

    fn start_thread(&self, shared: &Arc<Shared>, name: String) -> io::Result<()> {
        let thread_shared = shared.clone();
        self.threads.start(name, shared.config.thread_stack_size, move || {
            let _context = crate::context::enter(super::current::Current::visitor(thread_shared.clone()));
            thread_shared.blocking.run(&thread_shared);
        })
    }

    fn thread_failed(&self, shared: &Shared) {
        let mut queue = self.queue.lock();
        queue.running -= 1;
        // Other threads will come to the job in time.
        let orphans = if queue.running == 0 { std::mem::take(&mut queue.jobs) } else { VecDeque::new() };
        drop(queue);
        for job in orphans {
            job.refuse();
            self.end_job(shared);
        }
    }

    fn cancel(&self, shared: &Shared, job: Runnable) {
        // A job is on no list of tasks, so that this ends it.
        drop(job);
        self.end_job(shared);
    }

    fn end_job(&self, shared: &Shared) {
        self.jobs.fetch_sub(1, AcqRel);
        // A paused clock waits for jobs: let the workers look again.
        if shared.clock.is_paused() {
            shared.wake_drivers();
        }
    }

    /// A thread's life.
    fn run(&self, shared: &Arc<Shared>) {
        while let Some(job) = self.next_job(shared.config.thread_keep_alive) {
            job.run();
            self.end_job(shared);
        }
    }

    /// `None` ends the thread: nothing came for `keep_alive`, or the pool is closed.
    fn next_job(&self, keep_alive: Duration) -> Option<Runnable> {
        let mut queue = self.queue.lock();
        let until = Instant::now().checked_add(keep_alive);
        loop {
            if queue.closed {
                break;
            }
            if let Some(job) = queue.jobs.pop_front() {
                return Some(job);
            }
            let left = until.map_or(Duration::MAX, |until| until.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                break;
            }
            queue.idle += 1;
            queue = self.work.wait_timeout(queue, left);
            queue.idle -= 1;
        }
        queue.running -= 1;
        None
    }

    /// Cancels the jobs that wait and lets idle threads go.
    pub(super) fn close(&self, shared: &Shared) {
        let mut queue = self.queue.lock();
        queue.closed = true;
        let waiting = std::mem::take(&mut queue.jobs);
        drop(queue);
        self.work.notify_all();
        waiting.into_iter().for_each(|job| self.cancel(shared, job));
    }

    /// Waits for the jobs that run. Gives the number of threads that have not ended by `deadline`.
    pub(super) fn wait(&self, deadline: Instant) -> usize {
        self.threads.wait(deadline)
    }
}
