//! Going to sleep: in a driver that nobody attends, else on one's own; and what a paused clock makes of it.

use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::fence;
use std::time::{Duration, Instant};

use super::current::Current;
use super::local::LocalTasks;
use super::metrics::WorkerCounters;
use super::parker::Place;
use super::root::Root;
use super::shared::Shared;
use super::worker::TICKS;
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
        if self.current.lookout.pays() && self.looks_about() {
            return;
        }
        self.current.end_search();
        let slept_at = self.count_park();
        match free_driver(shared, self.worker) {
            Some(attendance) => self.in_driver(attendance, slept_at),
            None => self.on_its_own(slept_at),
        }
        shared.monitor.notice_activity();
    }

    /// Looks for what other threads may bring. True: there is something. While this worker searches, whoever queues a task wakes nobody;
    /// of several workers therefore only the searcher looks about.
    #[cold]
    fn looks_about(&self) -> bool {
        let shared = &self.current.shared;
        let searches = shared.workers.len() == 1 || self.is_searching();
        if !searches || shared.clock.is_paused() {
            return false;
        }
        let found = self.current.lookout.look(|| self.is_brought_something());
        if found {
            self.counters().parks.add(1);
        }
        found
    }

    fn is_searching(&self) -> bool {
        self.current.core.borrow().as_ref().is_some_and(|core| core.searching)
    }

    /// What other threads have for this one, but for what they have begun themselves: that is stolen only by a search.
    fn is_brought_something(&self) -> bool {
        self.current.shared.injector.len() > 0
            || self.root.is_some_and(Root::is_woken)
            || self.current.local().is_some_and(LocalTasks::has_work)
    }

    fn in_driver(&self, mut attendance: Attendance<'_>, slept_at: Nanos) {
        let (shared, parker) = (&self.current.shared, &self.current.parker);
        let place = Place::Driver(attendance.driver().index());
        shared.idle.sleep(self.worker, place);
        if self.sees_work() || !parker.prepare(place) {
            return self.wake_up(slept_at);
        }
        wait(self.current, &mut attendance);
        // That was a look at the driver, and at everything else before it.
        self.current.until_look.set(TICKS - 1);
        parker.finish();
        // Awake before the tasks are woken, so that they do not wake their own worker.
        self.wake_up(slept_at);
        attendance.dispatch();
    }

    fn on_its_own(&self, slept_at: Nanos) {
        let shared = &self.current.shared;
        shared.idle.sleep(self.worker, Place::Own);
        shared.monitor.release_driver(shared);
        if !self.sees_work() {
            self.current.parker.sleep_after(None, || tell_the_clock(shared));
        }
        self.wake_up(slept_at);
    }

    fn wake_up(&self, slept_at: Nanos) {
        self.count_wake(slept_at);
        if self.current.shared.idle.wake_up(self.worker) {
            self.current.begin_search();
        }
    }

    /// The look at everything between saying that one sleeps and sleeping.
    fn sees_work(&self) -> bool {
        let shared = &self.current.shared;
        // What is queued beside a searcher is the searcher's: it looks again when it ends.
        (shared.has_queued_tasks() && !shared.idle.has_searcher())
            || self.current.local().is_some_and(LocalTasks::has_work)
            || self.root.is_some_and(Root::is_woken)
            || (self.root.is_none() && shared.is_shut_down())
    }

    fn count_park(&self) -> Nanos {
        let now = self.now();
        self.counters().parks.add(1);
        self.counters().sleeps(now);
        now
    }

    fn count_wake(&self, slept_at: Nanos) {
        let now = self.now();
        self.counters().wakes(now);
        let idle = Duration::from_nanos(now.saturating_sub(slept_at));
        self.current.lookout.slept(self.is_brought_something().then_some(idle));
    }

    fn counters(&self) -> &WorkerCounters {
        &self.current.shared.workers[self.worker].counters
    }

    fn now(&self) -> Nanos {
        self.current.shared.clock.now()
    }
}

/// Waits in the driver for whatever comes.
fn wait(current: &Current, attendance: &mut Attendance<'_>) {
    if current.shared.clock.is_paused() {
        wait_paused(&current.shared, attendance);
        // Up first: what it has fetched nobody else sees.
        current.parker.finish();
        attendance.wait(Some(Duration::ZERO)).expect("waiting for events");
    } else {
        attendance.wait(None).expect("waiting for events");
    }
}

/// With a paused clock the last thread to fall asleep moves time on to the next timer. While a blocking job runs time stands
/// still; while a task waits for a real fd, it is given a moment of real time first.
#[cold]
fn wait_paused(shared: &Shared, attendance: &mut Attendance<'_>) {
    let next = || shared.drivers.iter().filter_map(|driver| driver.next_deadline()).min();
    if next().is_none() || !shared.is_quiet() {
        attendance.wait_for_news(None).expect("waiting for events");
        return;
    }
    // Whoever is seen asleep, and did not fall asleep since `naps` was read, was asleep all the while: neither did it send what nobody
    // has looked for, nor did a timer before `next` come, nor was one taken that has not been heard of yet.
    let naps = loop {
        let in_flight = shared.drivers.iter().any(|driver| driver.has_waiters());
        let grace = if in_flight { QUIET } else { Duration::ZERO };
        let start = Instant::now();
        let news = attendance.wait_for_news(Some(grace)).expect("waiting for events");
        // A signal ends the wait early, and says nothing of the I/O that was waited for.
        let waited = start.elapsed() >= grace;
        if news || !waited {
            return;
        }
        let naps = shared.idle.naps();
        // Data for another driver has come, but its attendant waits for a processor: that is no silence. (Where no task waits it can only
        // be a wake-up, which stays for as long as nobody attends.)
        if !shared.drivers.iter().any(|driver| driver.has_waiters() && driver.has_events()) {
            break naps;
        }
    };
    let Some(next) = next() else { return };
    if shared.is_quiet() && shared.idle.naps() == naps {
        shared.clock.advance_to(next);
        shared.wake_drivers();
    }
}

/// The last thread to sleep moves a paused clock, and only one in a driver can: it looks again.
fn tell_the_clock(shared: &Shared) {
    if shared.clock.is_paused() {
        fence(SeqCst);
        shared.wake_drivers();
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
    shared.idle.count_nap();
    current.left_driver.set(false);
    match free_driver(shared, 0).filter(|_| !shared.is_shut_down()) {
        Some(mut attendance) => {
            if parker.prepare(Place::Driver(attendance.driver().index())) {
                if may_sleep() {
                    wait(current, &mut attendance);
                }
                parker.finish();
                attendance.dispatch();
            } else {
                drop(attendance);
            }
            // As a rule it comes back at once: it hands the driver on only when it has something to run.
            current.left_driver.set(true);
        }
        None if may_sleep() => {
            shared.monitor.release_driver(shared);
            parker.sleep_after(None, || tell_the_clock(shared));
        }
        None => {}
    }
}

/// A driver that nobody attends: the worker's own, or another one that has work; one with work before one without.
fn free_driver(shared: &Shared, worker: usize) -> Option<Attendance<'_>> {
    let drivers = &*shared.drivers;
    let home = worker % drivers.len();
    if drivers.len() == 1 {
        return drivers[0].try_attend();
    }
    let others = (home + 1..drivers.len()).chain(0..home).filter(|&index| drivers[index].has_work());
    if drivers[home].has_work() {
        [home].into_iter().chain(others).find_map(|index| drivers[index].try_attend())
    } else {
        others.chain([home]).find_map(|index| drivers[index].try_attend())
    }
}
