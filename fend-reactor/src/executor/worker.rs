//! A worker's loop: the same for background threads and for the thread in `block_on`.
//!
//! ```text
//!   loop: the future of block_on, if woken, and if those that waited (up to 16 of them) have had their turn
//!         next task: own queue and local tasks in turn, then injector, others' queues
//!             every 61st time the driver and the injector first
//!             when what was queued here has had its turn, tasks of the injector join it, in exchange for some if it is full
//!         none: park: in a driver if one is free, else on its own
//! ```

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use super::current::Current;
use super::metrics::WorkerCounters;
use super::park;
use super::root::Root;
use super::run_queue::RunQueue;
use super::shared::Shared;
use crate::context;
use crate::random::Random;
use crate::task::{Ran, Runnable};

/// Tasks between two looks at what the queue does not show: injector and driver. A prime, so that it does not fall into
/// step with a program's own rhythm.
pub(super) const TICKS: u32 = 61;

/// Most tasks that run between two polls of the future of a `block_on`: of those that wait when it has been polled, so many have their turn
/// before it has its next.
const OTHERS: usize = 16;

/// What makes a thread a worker. Moves to the thread that takes the role.
#[derive(Debug)]
pub(crate) struct Core {
    pub(super) index: usize,
    pub(super) queue: RunQueue,
    pub(super) random: Random,
    /// This worker is the one that searches.
    pub(super) searching: bool,
    /// Tasks of the own queue to run before those on the injector have their turn.
    pub(super) turns: usize,
    /// The worker's own.
    pub(super) counters: Arc<WorkerCounters>,
}

/// Runs tasks and the future behind `poll_root`, which has been polled once, until that is ready.
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
    current.shared.assert_here();
    // Once so many polls are counted, those that waited have had their turn.
    let mut turn = current.polls() + current.queue_len().min(OTHERS) as u64;
    loop {
        if root.is_woken() && current.polls() >= turn && root.take_woken() {
            current.count_poll();
            current.begin_poll(cx.waker().data());
            if let Poll::Ready(value) = poll_root(cx) {
                return value;
            }
            current.shared.assert_here();
            turn = current.polls() + current.queue_len().min(OTHERS) as u64;
        }
        if !step(current) {
            // Those that were to go first have gone elsewhere. If the future is woken, this does not sleep.
            turn = 0;
            park::park(current, Some(root));
            current.shared.assert_here();
        }
    }
}

/// Runs tasks until the runtime shuts down.
///
/// # Panics
/// In the child of a fork, as [`run_until`].
pub(super) fn run_background(current: &Current) {
    while !current.shared.is_shut_down() {
        if !step(current) {
            park::park(current, None);
            current.shared.assert_here();
        }
    }
    current.end_search();
}

/// Runs one task. False: there is none.
#[inline(always)]
fn step(current: &Current) -> bool {
    let until_look = current.until_look.get();
    current.until_look.set(until_look.wrapping_sub(1));
    // Own and local queue take turns at being first.
    if until_look % 2 == 1 && current.local().is_some() && step_local(current) {
        return true;
    }
    if until_look == 0 && step_around(current) {
        return true;
    }
    match own(current) {
        Some(task) => run(current, task),
        None => return step_elsewhere(current),
    }
    true
}

/// Looks around, and runs what came from outside. False: nothing did.
#[cold]
fn step_around(current: &Current) -> bool {
    match look_around(current) {
        Some(task) => run(current, task),
        None => return false,
    }
    true
}

/// This thread's own queue is empty, or it has none yet.
#[cold]
fn step_elsewhere(current: &Current) -> bool {
    if step_local(current) {
        return true;
    }
    match from_elsewhere(current) {
        Some(task) => run(current, task),
        None => return false,
    }
    true
}

/// Runs a task of the queues that workers share.
#[inline(always)]
fn run(current: &Current, task: Runnable) {
    current.begin_poll(task.waker_data());
    let ran = task.run();
    current.shared.assert_here();
    if let Ran::Again(task) = ran {
        current.queue(task);
    }
}

/// Runs one of the tasks that stay on this thread. False: there is none.
fn step_local(current: &Current) -> bool {
    let Some(local) = current.local() else { return false };
    let Some(task) = local.pop() else { return false };
    current.count_poll();
    current.begin_poll(task.waker_data());
    let ran = task.run();
    current.shared.assert_here();
    if let Ran::Again(task) = ran {
        local.push(task);
    }
    true
}

/// The oldest task of the own queue, counted.
#[inline(always)]
fn own(current: &Current) -> Option<Runnable> {
    let mut core = current.core.borrow_mut();
    let core = core.as_mut()?;
    if core.turns == 0 {
        core.begin_round(&current.shared);
    }
    core.turns -= 1;
    let task = core.queue.pop()?;
    core.count_poll(&current.shared);
    Some(task)
}

fn from_elsewhere(current: &Current) -> Option<Runnable> {
    current.shared.seat(current);
    if current.shared.injector.len() > 0 {
        current.core.borrow_mut().as_mut()?.turns = 0;
    }
    own(current).or_else(|| steal(current))
}

/// A look at the driver without waiting, so that a worker with an endless queue does not starve its I/O and timers, and at what came to the
/// injector.
fn look_around(current: &Current) -> Option<Runnable> {
    current.until_look.set(TICKS - 1);
    let driver = current.driver();
    if driver.has_work() {
        if let Some(attendance) = driver.try_attend() {
            attendance.turn(Some(Duration::ZERO)).expect("waiting for events");
        }
    }
    if current.worker().is_none() || current.shared.injector.len() == 0 {
        return None;
    }
    let task = current.shared.injector.pop()?;
    current.count_poll();
    Some(task)
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
            core.counters.steals.add(count as u64);
            core.count_poll(shared);
            return Some(task);
        }
    }
    None
}

impl Core {
    /// All that were queued here have had their turn: now it is that of the tasks on the injector, which join them.
    #[inline]
    fn begin_round(&mut self, shared: &Shared) {
        self.turns = TICKS as usize;
        if shared.injector.len() > 0 {
            self.exchange(shared);
        }
    }

    #[cold]
    fn exchange(&mut self, shared: &Shared) {
        shared.injector.exchange(&mut self.queue, shared.workers.len());
        self.turns = self.queue.len().max(1);
    }

    /// This worker is about to poll: counts it, and hands the search on, since a searcher that runs a long task would keep
    /// all others asleep.
    #[inline]
    fn count_poll(&mut self, shared: &Shared) {
        self.counters.polls.add(1);
        if self.searching {
            self.hand_search_on(shared);
        }
    }

    #[cold]
    fn hand_search_on(&mut self, shared: &Shared) {
        self.searching = false;
        shared.idle.end_search();
        if shared.has_queued_tasks() {
            shared.notify();
        }
    }
}

impl Current {
    /// As [`Core::count_poll`]. A guest has nothing to count, and hands on the driver that it came from.
    pub(super) fn count_poll(&self) {
        if let Some(core) = self.core.borrow_mut().as_mut() {
            core.count_poll(&self.shared);
        } else if self.left_driver.take() {
            self.shared.offer_driver();
        }
    }

    /// Polls that this worker has counted; none where nothing is counted, and nobody else has a turn.
    fn polls(&self) -> u64 {
        self.core.borrow().as_ref().map_or(0, |core| core.counters.polls.get())
    }

    /// This thread polls next what has a waker with this data.
    #[inline]
    pub(super) fn begin_poll(&self, waker: *const ()) {
        if context::begin_poll(waker) {
            // As many tasks that use up their budget as polls between two looks would keep timers waiting for too long.
            self.until_look.set(0);
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
