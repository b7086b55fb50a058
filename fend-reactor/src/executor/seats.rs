//! Who is a worker when: threads that come to `block_on` and leave it, and the background workers.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
use std::sync::atomic::fence;

use super::current::{Current, Role};
use super::shared::Shared;
use super::worker::{self, Core};
use crate::context;

impl Shared {
    pub(super) fn active_workers(&self) -> usize {
        self.active_workers.load(Acquire)
    }

    /// Every thread of the runtime sleeps, nobody has woken one, and no blocking job runs: nothing happens but by the kernel or by
    /// threads outside. The jobs are asked before the threads: a job wakes whom it wakes before it ends.
    pub(super) fn is_quiet(&self) -> bool {
        fence(SeqCst);
        self.jobs.load(Acquire) == 0
            && self.idle.asleep() == self.active_workers()
            && !self.has_queued_tasks()
            && self.blocked_on.lock().iter().all(|parker| parker.is_asleep())
            && self.idle.sleepers_all(|worker| self.workers[worker].parker.lock().is_asleep())
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
                // From now on there may be a task to get stuck in.
                self.monitor.notice_activity();
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
        if !self.is_here() {
            // In the child of a fork nobody comes next.
            return;
        }
        current.close_local();
        current.end_search();
        self.blocked_on.lock().retain(|parker| !Arc::ptr_eq(parker, &current.parker));
        let core = current.core.take();
        if let Some(core) = core {
            self.workers[core.index].counters.sleeps(self.clock.now());
            let mut vacant = self.vacant.lock();
            vacant.push(core);
            self.active_workers.fetch_sub(1, AcqRel);
            self.seat_vacant.store(true, Release);
            drop(vacant);
            if self.is_shut_down() {
                // The shutdown may have emptied the vacant cores before this one came.
                self.empty_vacant_cores();
            }
        }
        if self.has_queued_tasks() {
            self.notify();
        }
        let others = self.blocked_on.lock().clone();
        if others.is_empty() {
            self.offer_driver();
        }
        // All of them: the one that is asked first may be stuck in its future.
        others.iter().for_each(|parker| self.unpark(parker));
        if self.clock.is_paused() {
            // One thread less to wait for.
            self.wake_drivers();
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
}

/// Counts a worker out when its thread ends, or could not be made.
struct BackgroundSeat {
    shared: Arc<Shared>,
    core: Option<Core>,
}

impl Drop for BackgroundSeat {
    fn drop(&mut self) {
        if !self.shared.is_here() {
            return;
        }
        self.shared.active_workers.fetch_sub(1, AcqRel);
        self.shared.vacant.lock().extend(self.core.take());
    }
}
