//! What the current thread is doing for which runtime: found by `spawn`, timers and sources.
//!
//! A thread that runs a worker's loop, a blocking job, or holds an [`EnterGuard`](crate::runtime::EnterGuard) has a
//! [`Current`]. Any other thread is served by the process-wide default runtime.

use std::cell::{Cell, RefCell};
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use crate::clock::Clock;
use crate::driver::Driver;
use crate::executor::{Current, Shared, default_shared};

struct Context {
    current: RefCell<Option<Rc<Current>>>,
    /// What is left of the running task's I/O budget.
    budget: Cell<u32>,
}

/// Outside fend's tasks.
const UNLIMITED: u32 = u32::MAX;

/// Successful I/O operations in one poll of a task before it must let others run. An operation on a ready socket takes
/// around 2 us, so a task leaves after a quarter of a millisecond at most.
const BUDGET: u32 = 128;

thread_local! {
    static CONTEXT: Context = const { Context { current: RefCell::new(None), budget: Cell::new(UNLIMITED) } };
}

/// Puts back what was current before, when dropped.
#[derive(Debug)]
pub(crate) struct Entered {
    before: Option<Rc<Current>>,
    budget: u32,
    /// Must be dropped on the thread it was made on.
    not_send: PhantomData<*const ()>,
}

/// Makes `current` the current thread's. Nests.
pub(crate) fn enter(current: Rc<Current>) -> Entered {
    let entered = CONTEXT.try_with(|context| Entered {
        before: context.current.replace(Some(current)),
        budget: context.budget.replace(UNLIMITED),
        not_send: PhantomData,
    });
    // While the thread ends there is nothing to enter any more, and nothing to put back.
    entered.unwrap_or_else(|_| Entered { before: None, budget: UNLIMITED, not_send: PhantomData })
}

impl Drop for Entered {
    fn drop(&mut self) {
        // While the thread ends its context may be gone, and `before` with it.
        let left = CONTEXT.try_with(|context| {
            context.budget.set(self.budget);
            context.current.replace(self.before.take())
        });
        drop(left);
    }
}

/// What this thread is doing; `None` outside any runtime, and while the thread ends.
#[inline]
pub(crate) fn with_current<R>(f: impl FnOnce(Option<&Rc<Current>>) -> R) -> R {
    let mut f = Some(f);
    let run = |current: Option<&Rc<Current>>| f.take().expect("called once")(current);
    let mut run = run;
    match CONTEXT.try_with(|context| context.current.try_borrow().ok().map(|current| run(current.as_ref()))) {
        Ok(Some(result)) => result,
        Ok(None) | Err(_) => run(None),
    }
}

/// The runtime of this thread, if it has one.
pub(crate) fn current_shared() -> Option<Arc<Shared>> {
    with_current(|current| current.map(|current| current.shared.clone()))
}

/// The runtime of this thread, else the default one.
pub(crate) fn shared() -> Arc<Shared> {
    current_shared().unwrap_or_else(default_shared)
}

/// The driver that this thread registers with: its worker's, else one of the process-wide default runtime.
pub(crate) fn current_driver() -> Arc<Driver> {
    with_current(|current| current.map(|current| current.driver().clone())).unwrap_or_else(default_driver)
}

/// The driver that serves threads without a runtime.
pub(crate) fn default_driver() -> Arc<Driver> {
    default_shared().drivers[0].clone()
}

/// All drivers of the current runtime.
pub(crate) fn current_drivers() -> Vec<Arc<Driver>> {
    shared().drivers.to_vec()
}

/// The clock of the current runtime.
pub(crate) fn current_clock() -> Arc<Clock> {
    with_current(|current| current.map(|current| current.shared.clock.clone()))
        .unwrap_or_else(|| default_shared().clock.clone())
}

/// The current thread starts to wait for something of `driver`. When it is not one that attends the driver's runtime,
/// somebody else must: the runtime's monitor.
#[inline]
pub(crate) fn waits_on(driver: &Driver) {
    let attends = with_current(|current| current.is_some_and(|current| current.attends(driver)));
    if !attends {
        driver.outside_wait();
    }
}

/// Gives the task that is polled next its budget.
#[inline]
pub(crate) fn refill_budget() {
    let _ = CONTEXT.try_with(|context| context.budget.set(BUDGET));
}

/// Takes one unit of the running task's I/O budget. When it is used up, the task is woken and must return
/// `Pending`, so that one busy source cannot starve its worker. Unlimited outside fend's tasks.
#[inline]
pub(crate) fn poll_budget(cx: &mut TaskContext<'_>) -> Poll<()> {
    let left = CONTEXT.try_with(|context| {
        let left = context.budget.get();
        if left != UNLIMITED && left != 0 {
            context.budget.set(left - 1);
        }
        left
    });
    match left {
        Ok(0) => {
            cx.waker().wake_by_ref();
            Poll::Pending
        }
        _ => Poll::Ready(()),
    }
}
