//! The monitor: a thread that looks every few milliseconds whether anything is left alone.
//!
//! A worker that leaves its driver to run a task may get stuck in that task. Handing the driver on each time would cost a
//! wake-up per event, so nobody does; instead the monitor finds a driver that nobody has attended since its last look, and has an idle worker attend
//! it, or attends it itself. In the same way it finds tasks queued behind a stuck worker.
//!
//! It also attends for those who do not run tasks here at all: threads of other executors that wait for this runtime's
//! sockets and timers while nobody is in `block_on`.
//!
//! It starts when it can be of use (a second worker, a second thread in `block_on`, a wait from outside), so a plain
//! `block_on` costs no thread. When all workers have slept for a while, it sleeps without end, and the first one to wake up
//! wakes it. The delay keeps that off the path of single events.

use std::sync::Arc;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, SeqCst};
use std::sync::atomic::{AtomicBool, fence};
use std::time::Duration;

use super::parker::{Parker, Place};
use super::shared::Shared;

/// Time between two looks. What a stuck worker leaves alone is found within two of them.
const PERIOD: Duration = Duration::from_millis(4);

/// Quiet looks before the monitor sleeps without end.
const PATIENCE: u32 = 25;

#[derive(Debug)]
pub(super) struct Monitor {
    parker: Parker,
    started: AtomicBool,
    /// It sleeps without end, and must be woken when work starts.
    asleep: AtomicBool,
    /// It waits in driver 0, and must be told to leave when a worker wants in.
    attending: AtomicBool,
    drivers: usize,
    workers: usize,
}

impl Monitor {
    pub(super) fn new(drivers: usize, workers: usize) -> Monitor {
        Monitor {
            parker: Parker::new(),
            started: AtomicBool::new(false),
            asleep: AtomicBool::new(false),
            attending: AtomicBool::new(false),
            drivers,
            workers,
        }
    }

    /// Makes sure that the monitor runs and is awake. When no thread can be had it is tried again next time.
    pub(super) fn start(&self, shared: &Arc<Shared>) {
        if self.started.load(Acquire) {
            if shared.is_deserted() && !self.attending.load(Relaxed) {
                // Somebody outside waits, and nobody else will attend: not even a nap may last.
                let _ = self.parker.unpark();
            } else {
                self.rouse();
            }
            return;
        }
        if shared.is_shut_down() || self.started.swap(true, AcqRel) {
            return;
        }
        let monitored = shared.clone();
        let name = format!("{}-monitor", shared.config.thread_name);
        if shared.threads.start(name, None, move || monitored.monitor.run(&monitored)).is_err() {
            self.started.store(false, Relaxed);
        }
    }

    /// A worker woke up.
    #[inline]
    pub(super) fn notice_activity(&self) {
        // One that starts later is awake.
        if self.started.load(Relaxed) {
            fence(SeqCst);
            self.rouse();
        }
    }

    /// A thread left `block_on`: nobody may be left to attend.
    pub(super) fn notice_departure(&self) {
        self.notice_activity();
    }

    #[inline]
    fn rouse(&self) {
        if self.asleep.load(Relaxed) {
            let _ = self.parker.unpark();
        }
    }

    /// Somebody wants the driver that the monitor sits in.
    pub(super) fn release_driver(&self, shared: &Shared) {
        fence(SeqCst);
        if self.attending.load(Relaxed) {
            shared.unpark(&self.parker);
        }
    }

    pub(super) fn wake(&self, shared: &Shared) {
        shared.unpark(&self.parker);
    }

    fn run(&self, shared: &Shared) {
        let mut watch = Watch { turns: vec![0; self.drivers], polls: vec![0; self.workers] };
        let mut quiet = 0;
        while !shared.is_shut_down() {
            // One turn follows the other: those outside should not feel the period.
            while self.attend(shared) {
                quiet = 0;
            }
            quiet = if watch.look(shared) { 0 } else { quiet + 1 };
            if quiet < PATIENCE {
                self.parker.sleep(Some(PERIOD));
            } else {
                self.sleep_long(shared);
                quiet = 0;
            }
        }
    }

    /// Waits in driver 0 for threads outside the runtime, until somebody else wants to. False: it is not needed there.
    fn attend(&self, shared: &Shared) -> bool {
        let driver = &shared.drivers[0];
        let needed = || shared.is_deserted() && !shared.is_shut_down() && driver.has_work();
        if !needed() {
            return false;
        }
        let Some(mut attendance) = driver.try_attend() else { return false };
        self.attending.store(true, Relaxed);
        fence(SeqCst);
        let waits = needed() && self.parker.prepare(Place::Driver(0));
        if waits {
            attendance.wait(None).expect("waiting for events");
            self.parker.finish();
        }
        self.attending.store(false, Relaxed);
        if waits {
            attendance.dispatch();
        } else {
            drop(attendance);
        }
        if !shared.is_deserted() {
            shared.offer_driver();
        }
        true
    }

    fn sleep_long(&self, shared: &Shared) {
        self.asleep.store(true, Relaxed);
        fence(SeqCst);
        if is_safe_to_leave(shared) {
            self.parker.sleep(None);
        }
        self.asleep.store(false, Relaxed);
    }
}

/// All workers sleep, and whatever can happen is attended by one of them, or by nobody's wish.
fn is_safe_to_leave(shared: &Shared) -> bool {
    shared.idle.asleep() == shared.active_workers()
        && !shared.is_shut_down()
        && shared.drivers.iter().all(|driver| driver.is_attended() || !driver.has_work())
}

/// What was seen at the last look.
struct Watch {
    turns: Vec<u64>,
    polls: Vec<u64>,
}

impl Watch {
    /// Looks after drivers and queues. True: something is going on.
    fn look(&mut self, shared: &Shared) -> bool {
        // Both, always.
        self.look_at_drivers(shared) | self.look_at_queues(shared)
    }

    fn look_at_drivers(&mut self, shared: &Shared) -> bool {
        let mut active = shared.idle.asleep() != shared.active_workers();
        for (driver, seen) in shared.drivers.iter().zip(&mut self.turns) {
            let turns = driver.turns();
            let attended = driver.is_attended() || turns != *seen;
            active |= turns != *seen;
            *seen = turns;
            if attended || !driver.has_work() {
                continue;
            }
            active = true;
            if !shared.offer_driver() {
                if let Some(attendance) = driver.try_attend() {
                    attendance.turn(Some(Duration::ZERO)).expect("waiting for events");
                    // That was no worker's turn: at the next look it is as unattended as now.
                    *seen = driver.turns();
                }
            }
        }
        active
    }

    /// A worker that has not polled since the last look, with tasks behind it, is stuck.
    fn look_at_queues(&mut self, shared: &Shared) -> bool {
        if shared.active_workers() == 0 {
            // Nobody is there to run what is queued, and whoever comes looks at the queues.
            return false;
        }
        let mut left_alone = shared.injector.len() > 0;
        for (worker, seen) in shared.workers.iter().zip(&mut self.polls) {
            let polls = worker.counters.polls.get();
            left_alone |= polls == *seen && worker.stealer.len() > 0;
            *seen = polls;
        }
        if left_alone {
            shared.notify();
        }
        left_alone
    }
}
