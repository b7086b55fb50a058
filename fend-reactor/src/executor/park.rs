//! Going to sleep: in a driver that nobody attends, else on one's own; and what a paused clock makes of it.

use std::time::{Duration, Instant};

use super::current::Current;
use super::local::LocalTasks;
use super::metrics::WorkerCounters;
use super::parker::Place;
use super::shared::Shared;
use super::worker::Root;
use crate::clock::Nanos;
use crate::driver::Attendance;

/// How long real I/O must have been quiet before a paused clock moves on although a task waits for an fd. Data on loopback
/// takes microseconds; a peer in another process answers within this as a rule.
const QUIET: Duration = Duration::from_millis(10);

/// Sleeps until there may be something to do.
pub(super) fn park(current: &Current, root: Option<&Root>) {
    match current.worker() {
        Some(worker) => Worker { current, worker, root }.park(),
        None => park_guest(current, root),
    }
}

/// A worker about to sleep.
struct Worker<'a> {
    current: &'a Current,
    worker: usize,
    root: Option<&'a Root>,
}

impl Worker<'_> {
    fn park(self) {
        let shared = &self.current.shared;
        self.current.end_search();
        self.count_park();
        match free_driver(shared, self.worker) {
            Some(attendance) => self.in_driver(attendance),
            None => self.on_its_own(),
        }
        self.count_wake();
        shared.monitor.notice_activity();
    }

    fn in_driver(&self, mut attendance: Attendance<'_>) {
        let (shared, parker) = (&self.current.shared, &self.current.parker);
        let place = Place::Driver(attendance.driver().index());
        shared.idle.sleep(self.worker, place);
        let waits = !self.sees_work() && parker.prepare(place);
        if waits {
            if shared.clock.is_paused() {
                self.wait_paused(&mut attendance);
            } else {
                attendance.wait(None).expect("waiting for events");
            }
            let _ = parker.finish();
        }
        // Awake before the tasks are woken, so that they do not wake their own worker.
        self.wake_up();
        if waits {
            attendance.dispatch();
        }
    }

    fn on_its_own(&self) {
        let shared = &self.current.shared;
        shared.idle.sleep(self.worker, Place::Own);
        if shared.clock.is_paused() {
            // The last one to sleep moves the clock, and only one in a driver can.
            shared.wake_drivers();
        }
        shared.monitor.release_driver(shared);
        if !self.sees_work() {
            self.current.parker.sleep(None);
        }
        self.wake_up();
    }

    fn wake_up(&self) {
        if self.current.shared.idle.wake_up(self.worker) {
            self.current.begin_search();
        }
    }

    /// The look at everything between saying that one sleeps and sleeping.
    fn sees_work(&self) -> bool {
        let shared = &self.current.shared;
        shared.has_queued_tasks()
            || self.current.local().is_some_and(LocalTasks::has_work)
            || self.root.is_some_and(Root::is_woken)
            || (self.root.is_none() && shared.is_shut_down())
    }

    fn count_park(&self) {
        self.counters().parks.add(1);
        self.counters().sleeps(self.now());
    }

    fn count_wake(&self) {
        self.counters().wakes(self.now());
    }

    fn counters(&self) -> &WorkerCounters {
        &self.current.shared.workers[self.worker].counters
    }

    fn now(&self) -> Nanos {
        self.current.shared.clock.now()
    }

    /// With a paused clock the last worker to fall asleep moves time on to the next timer. While a blocking job runs time stands
    /// still; while a task waits for a real fd, it is given a moment of real time first.
    fn wait_paused(&self, attendance: &mut Attendance<'_>) {
        let shared = &self.current.shared;
        let next = shared.drivers.iter().filter_map(|driver| driver.next_deadline()).min();
        let Some(next) = next.filter(|_| shared.is_quiet()) else {
            attendance.wait(None).expect("waiting for events");
            return;
        };
        let in_flight = shared.drivers.iter().any(|driver| driver.has_waiters());
        let grace = if in_flight { QUIET } else { Duration::ZERO };
        let start = Instant::now();
        let ready = attendance.wait(Some(grace)).expect("waiting for events");
        // A wake-up ends the wait early, and says nothing of the I/O that was waited for.
        let waited = start.elapsed() >= grace;
        if ready == 0 && waited && !self.current.parker.is_notified() && shared.is_quiet() {
            shared.clock.advance_to(next);
            shared.wake_drivers();
        }
    }
}

/// A thread in `block_on` that is no worker sleeps in a driver too when nobody else does.
fn park_guest(current: &Current, root: Option<&Root>) {
    let shared = &current.shared;
    let parker = &current.parker;
    let may_sleep = || {
        !(root.is_some_and(Root::is_woken)
            || current.local().is_some_and(LocalTasks::has_work)
            || shared.has_vacant_seat())
    };
    match free_driver(shared, 0).filter(|_| !shared.is_shut_down()) {
        Some(mut attendance) => {
            if parker.prepare(Place::Driver(attendance.driver().index())) {
                if may_sleep() {
                    attendance.wait(None).expect("waiting for events");
                }
                let _ = parker.finish();
                attendance.dispatch();
            }
            drop(attendance);
            shared.offer_driver();
        }
        None if may_sleep() => {
            if shared.clock.is_paused() {
                // It may have been this thread that a worker, looking whether all was quiet, saw awake.
                shared.wake_drivers();
            }
            shared.monitor.release_driver(shared);
            parker.sleep(None);
        }
        None => {}
    }
}

/// A driver that nobody attends: the worker's own, or another one that has work.
fn free_driver(shared: &Shared, worker: usize) -> Option<Attendance<'_>> {
    let drivers = &shared.drivers;
    let home = worker % drivers.len();
    let others = (home + 1..drivers.len()).chain(0..home).filter(|&index| drivers[index].has_work());
    [home].into_iter().chain(others).find_map(|index| drivers[index].try_attend())
}
