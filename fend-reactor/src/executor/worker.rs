//! A worker's loop: the same for background threads and for the thread in `block_on`.
//!
//! ```text
//!   loop: the future of block_on, if woken
//!         next task: own queue (every 61st time the driver and the injector first), local tasks, injector, others' queues
//!         none: park: in a driver if one is free, else on its own
//! ```

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{AcqRel, Acquire};
use std::task::{Context, Poll, Wake};
use std::time::Duration;

use super::current::Current;
use super::local::LocalTasks;
use super::park;
use super::parker::Parker;
use super::run_queue::RunQueue;
use super::shared::Shared;
use crate::context;
use crate::random::Random;
use crate::task::Runnable;

/// Tasks between two looks at what the queue does not show: injector and driver. A prime, so that it does not fall into
/// step with a program's own rhythm.
const TICKS: u32 = 61;

/// What makes a thread a worker. Moves to the thread that takes the role.
#[derive(Debug)]
pub(crate) struct Core {
    pub(super) index: usize,
    pub(super) queue: RunQueue,
    pub(super) random: Random,
    /// This worker is the one that searches.
    pub(super) searching: bool,
    /// More tasks wait on the injector than here, so it goes first: what runs goes behind the others there when this queue
    /// overflows, and all take turns.
    pub(super) crowded: bool,
}

/// The future of a `block_on`, seen from its waker.
#[derive(Debug)]
pub(super) struct Root {
    woken: AtomicBool,
    parker: Arc<Parker>,
    shared: Arc<Shared>,
}

impl Root {
    pub(super) fn new(current: &Current) -> Arc<Root> {
        Arc::new(Root {
            woken: AtomicBool::new(true),
            parker: current.parker.clone(),
            shared: current.shared.clone(),
        })
    }

    pub(super) fn is_woken(&self) -> bool {
        self.woken.load(Acquire)
    }

    fn take_woken(&self) -> bool {
        self.is_woken() && self.woken.swap(false, AcqRel)
    }
}

impl Wake for Root {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.woken.swap(true, AcqRel) {
            return;
        }
        // On its own thread it does not sleep, and looks at `woken` before it does.
        let awake = context::with_current(|current| {
            current.is_some_and(|current| Arc::ptr_eq(&current.parker, &self.parker))
        });
        if !awake {
            self.shared.unpark(&self.parker);
        }
    }
}

/// Runs tasks and the future behind `poll_root` until that is ready.
///
/// Whatever is polled may have forked, and this may be the child: it must not go on to run the parent's tasks, or to wait in its driver. So
/// the loop looks after each poll.
///
/// # Panics
/// In the child of a fork.
pub(super) fn run_until<T>(
    current: &Current,
    root: &Root,
    cx: &mut Context<'_>,
    mut poll_root: impl FnMut(&mut Context<'_>) -> Poll<T>,
) -> T {
    loop {
        current.shared.assert_here();
        if root.take_woken() {
            current.begin_poll(cx.waker().data());
            if let Poll::Ready(value) = poll_root(cx) {
                return value;
            }
            current.shared.assert_here();
        }
        current.shared.seat(current);
        if !step(current) {
            park::park(current, Some(root));
        }
    }
}

/// Runs tasks until the runtime shuts down.
///
/// # Panics
/// In the child of a fork, as [`run_until`].
pub(super) fn run_background(current: &Current) {
    while !current.shared.is_shut_down() {
        current.shared.assert_here();
        if !step(current) {
            park::park(current, None);
        }
    }
    current.end_search();
}

/// Runs one task. False: there is none.
fn step(current: &Current) -> bool {
    let Some(task) = next_task(current) else { return false };
    current.begin_poll(task.waker_data());
    task.run();
    true
}

fn next_task(current: &Current) -> Option<Runnable> {
    let tick = current.tick.get().wrapping_add(1);
    current.tick.set(tick);
    let looks_around = tick % TICKS == 0 || current.look_soon.take();
    if looks_around {
        look_around(current);
    }
    if looks_around || current.is_crowded() {
        if let Some(task) = from_injector(current) {
            return Some(task);
        }
    }
    // Own and local queue take turns at being first.
    let local_first = tick % 2 == 0;
    if local_first {
        if let Some(task) = current.local().and_then(LocalTasks::pop) {
            return Some(task);
        }
    }
    own(current)
        .or_else(|| if local_first { None } else { current.local().and_then(LocalTasks::pop) })
        .or_else(|| from_injector(current))
        .or_else(|| steal(current))
}

fn own(current: &Current) -> Option<Runnable> {
    current.core.borrow_mut().as_mut()?.queue.pop()
}

/// A look at the driver without waiting, so that a worker with an endless queue does not starve its I/O and timers.
fn look_around(current: &Current) {
    let driver = current.driver();
    if !driver.has_work() {
        return;
    }
    if let Some(attendance) = driver.try_attend() {
        attendance.turn(Some(Duration::ZERO)).expect("waiting for events");
    }
}

fn from_injector(current: &Current) -> Option<Runnable> {
    let shared = &current.shared;
    if shared.injector.len() == 0 {
        return None;
    }
    let mut core = current.core.borrow_mut();
    let core = core.as_mut()?;
    let task = if core.crowded {
        // Others would only be pushed back by the next tasks that go behind them.
        shared.injector.pop()
    } else {
        shared.injector.pop_into(&mut core.queue, shared.workers.len())
    };
    core.crowded = shared.injector.len() > core.queue.len();
    task
}

/// Takes half the queue of another worker, starting at a random one.
fn steal(current: &Current) -> Option<Runnable> {
    let shared = &current.shared;
    let workers = &shared.workers;
    let mut core = current.core.borrow_mut();
    let core = core.as_mut()?;
    if workers.len() == 1 || !(core.searching || shared.idle.start_search()) {
        return None;
    }
    core.searching = true;
    let start = core.random.below(workers.len());
    for victim in (start..workers.len()).chain(0..start).filter(|&victim| victim != core.index) {
        if let Some((task, count)) = workers[victim].stealer.steal_into(&mut core.queue) {
            workers[core.index].counters.steals.add(count as u64);
            return Some(task);
        }
    }
    None
}

impl Current {
    #[inline]
    fn is_crowded(&self) -> bool {
        self.core.borrow().as_ref().is_some_and(|core| core.crowded)
    }

    /// This thread is about to poll: counts it, and hands the search on, since a searcher that runs a long task would keep
    /// all others asleep. A guest hands on the driver that it came from, for the same reason.
    fn begin_poll(&self, waker: *const ()) {
        if let Some(core) = self.core.borrow_mut().as_mut() {
            self.shared.workers[core.index].counters.polls.add(1);
            if std::mem::take(&mut core.searching) {
                self.shared.idle.end_search();
                if self.shared.has_queued_tasks() {
                    self.shared.notify();
                }
            }
        } else if self.left_driver.take() {
            self.shared.offer_driver();
        }
        if context::begin_poll(waker) {
            self.look_soon.set(true);
        }
    }

    /// Ends this worker's search, if it is the searcher. It looks at all queues once more before it sleeps.
    pub(super) fn end_search(&self) {
        if let Some(core) = self.core.borrow_mut().as_mut() {
            if std::mem::take(&mut core.searching) {
                self.shared.idle.end_search();
            }
        }
    }

    /// This worker was woken to search.
    pub(super) fn begin_search(&self) {
        if let Some(core) = self.core.borrow_mut().as_mut() {
            core.searching = true;
        }
    }
}
